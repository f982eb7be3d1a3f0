/** The price from 30 minutes before to 4 hours after a post, with the moments of publication and of being seen. */
import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Wake } from "../api/types";
import { price } from "../format/numbers";
import { dayClock } from "../format/times";
import { axis, Plot, QUIET, timeAxis } from "../ui/plot";
import { AsTable } from "../ui/table";

const MINUTE = 60_000;

export function WakePlot({ wake }: { wake: Wake }) {
  const { window } = wake;
  const data = useMemo(() => withGaps(window.time, window.close), [window]);
  if (window.time.length < 2) return <p class="muted">No prices around the post yet.</p>;
  const seen = window.first_seen;
  return (
    <>
      <p class="key">
        <span class="hot">┃ published</span> {seen !== null && <span class="accent">┋ first seen</span>}
      </p>
      <Plot
        label={`Price of ${wake.coin} from 30 minutes before to 4 hours after the post`}
        height={150}
        data={data}
        shape={`${window.published}:${seen ?? ""}`}
        options={(palette) => ({
          ...QUIET,
          axes: [timeAxis(palette), { ...axis(palette, (value) => price(value, window.close[0])), size: 74 }],
          series: [{}, { stroke: palette.text, width: 1.5, points: { show: false }, spanGaps: false }],
          hooks: {
            draw: [
              (plot) => mark(plot, window.published, palette.hot, []),
              (plot) => seen !== null && mark(plot, seen, palette.accent, [4, 4]),
            ],
          },
        })}
      />
      <AsTable
        caption={`Prices of ${wake.coin} around the post`}
        rows={() => window.time.map((time, at) => ({ time, close: window.close[at] ?? null }))}
        rowKey={(row) => row.time}
        columns={[
          { name: "Closed", cell: (row) => dayClock(row.time) },
          { name: "Price", figure: true, cell: (row) => price(row.close) },
        ]}
      />
    </>
  );
}

/** Minutes without a candle break the line. */
export function withGaps(times: number[], values: number[]): [number[], (number | null)[]] {
  const [outTimes, outValues]: [number[], (number | null)[]] = [[], []];
  times.forEach((time, at) => {
    const before = times[at - 1];
    if (before !== undefined && time - before > MINUTE) {
      outTimes.push(before + MINUTE);
      outValues.push(null);
    }
    outTimes.push(time);
    outValues.push(values[at] ?? null);
  });
  return [outTimes, outValues];
}

function mark(plot: uPlot, time: number, colour: string, dash: number[]): void {
  const x = Math.round(plot.valToPos(time, "x", true));
  const { left, top, width, height } = plot.bbox;
  if (x < left || x > left + width) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = colour;
  plot.ctx.lineWidth = 2 * devicePixelRatio;
  plot.ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, top);
  plot.ctx.lineTo(x, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}
