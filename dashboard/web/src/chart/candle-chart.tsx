/** The chart of one coin: candles, volume, posts; the legend, what hovers, the keys, and the text equivalent. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Bar, Interval, Marker } from "../api/types";
import { compact, counted, horizon as horizonText, price } from "../format/numbers";
import { dayClock } from "../format/times";
import { theme, zone } from "../state/prefs";
import { now, quote } from "../state/session";
import { addressWith, setParams } from "../state/url";
import { Change } from "../ui/change";
import { Empty, Failed, Loading } from "../ui/states";
import { AsTable } from "../ui/table";
import { countHoles, isForming } from "./bars";
import { Board, type Hover } from "./board";
import { ClusterList } from "./cluster-list";
import { Legend } from "./legend";
import { markerKey } from "./markers";
import { useCandles } from "./use-candles";
import { useMarkers } from "./use-markers";

interface Props {
  coin: string;
  interval: Interval;
  horizon: number;
  hot: boolean;
}

const ROWS_IN_TABLE = 60;

export function CandleChart({ coin, interval, horizon, hot }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const board = useRef<Board | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [cluster, setCluster] = useState<Marker | null>(null);
  const { resource, shown, more } = useCandles(coin, interval, board);
  const markers = useMarkers({ coin, interval, horizon, hot, from: shown?.bars[0]?.time ?? null });
  const nearStart = useRef(more);
  nearStart.current = more;

  const pick = (marker: Marker) => {
    if (marker.id) setParams({ post: marker.id });
    else setCluster(marker);
  };

  useEffect(() => {
    if (!box.current) return undefined;
    const made = new Board(box.current, { hover: setHover, pick, nearStart: () => nearStart.current() });
    board.current = made;
    if (shown) made.show(shown.bars, shown.step, false);
    return () => {
      board.current = null;
      made.remove();
    };
  }, []);
  useEffect(() => board.current?.restyle(), [theme.value, zone.value]);
  useEffect(() => board.current?.mark(markers.data?.coin === coin ? markers.data.markers : []), [markers.data, coin, shown === null]);
  useEffect(() => setCluster(null), [coin, interval]);

  const newest = shown?.bars.at(-1) ?? null;
  const empty = shown !== null && shown.bars.length === 0;
  return (
    <div class="chart">
      <Legend bar={hover?.bar ?? newest} hovered={Boolean(hover?.bar)} />
      <div class="chart-area">
        <div
          ref={box}
          class="chart-canvas"
          role="group"
          tabIndex={0}
          aria-label={sentence(coin, interval, newest, markers.data?.posts ?? 0)}
          aria-describedby="chart-keys"
          data-bars={shown?.bars.length ?? 0}
          data-markers={markers.data?.markers.length ?? 0}
          onKeyDown={(event) => board.current && keys(event, board.current)}
        />
        {!shown && <div class="chart-over">{resource.error && !resource.busy ? <Failed sentence={resource.error.message} retry={resource.reload} /> : <Loading what="candles" rows={6} />}</div>}
        {empty && (
          <div class="chart-over">
            <Empty title={`No candles of ${coin} yet`}>They are drawn as soon as the first minute has closed.</Empty>
          </div>
        )}
        {hover?.marker && <Tip hover={hover} marker={hover.marker} horizon={horizon} />}
        {cluster && <ClusterList marker={cluster} coin={coin} horizon={horizon} close={() => setCluster(null)} />}
      </div>
      <p id="chart-keys" class="sr-only">
        Left and right move the chart, plus and minus zoom, End goes to the newest bar. The tables below say the same.
      </p>
      <div class="chart-foot">
        <span class="muted">
          {shown && shown.bars.length > 0 && countHoles(shown.bars, shown.step) > 0 && `${counted(countHoles(shown.bars, shown.step), "gap")} without candles · `}
          {markers.data ? `${counted(markers.data.posts, "post")}${markers.data.cut ? " (only the newest)" : ""}, coloured by the return after ${horizonText(horizon)}` : "\u00a0"}
        </span>
        <a class="muted" href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
          TradingView Lightweight Charts™
        </a>
      </div>
      <div class="as-tables">
        <AsTable
          caption={`The newest candles of ${coin}`}
          rows={() => (shown?.bars ?? []).slice(-ROWS_IN_TABLE).reverse()}
          rowKey={(bar) => bar.time}
          columns={[
            { name: "Opens", cell: (bar) => `${dayClock(bar.time)}${shown && isForming(bar, shown.step, now.value) ? " (forming)" : ""}` },
            { name: "Open", figure: true, cell: (bar) => price(bar.open) },
            { name: "High", figure: true, cell: (bar) => price(bar.high) },
            { name: "Low", figure: true, cell: (bar) => price(bar.low) },
            { name: "Close", figure: true, cell: (bar) => price(bar.close) },
            { name: "Volume", figure: true, cell: (bar) => compact(bar.volume) },
          ]}
        />
        <AsTable
          caption="Posts on the chart"
          rows={() => [...(markers.data?.markers ?? [])].reverse()}
          rowKey={markerKey}
          columns={[
            { name: "Time", cell: (marker) => dayClock(marker.time) },
            { name: "Post", cell: (marker) => (marker.id ? <a href={addressWith({ post: marker.id })}>{marker.title}</a> : <button type="button" class="linkish" onClick={() => setCluster(marker)}>{counted(marker.count, "post")}</button>) },
            { name: `After ${horizonText(horizon)}`, figure: true, cell: (marker) => <Change value={marker.change} tone={marker.tone} /> },
          ]}
        />
      </div>
    </div>
  );
}

function sentence(coin: string, interval: string, bar: Bar | null, posts: number): string {
  return bar ? `Candles of ${coin} every ${interval}; the newest closes at ${price(bar.close)} ${quote.value}. ${counted(posts, "post")} marked.` : `Candles of ${coin}`;
}

function keys(event: KeyboardEvent, board: Board): void {
  const verbs: Record<string, () => void> = {
    ArrowLeft: () => board.move(-0.2),
    ArrowRight: () => board.move(0.2),
    "+": () => board.zoom(0.7),
    "=": () => board.zoom(0.7),
    "-": () => board.zoom(1.4),
    End: () => board.toNewest(),
  };
  const verb = verbs[event.key];
  if (!verb) return;
  event.preventDefault();
  verb();
}

function Tip({ hover, marker, horizon }: { hover: Hover; marker: Marker; horizon: number }) {
  const left = hover.x > 260;
  const place = { top: `${Math.max(8, hover.y - 12)}px`, ...(left ? { right: `calc(100% - ${hover.x - 14}px)` } : { left: `${hover.x + 14}px` }) };
  return (
    <div class="tip" style={place}>
      <div class="tip-title">{marker.count > 1 ? `${counted(marker.count, "post")}, such as: ${marker.title}` : marker.title}</div>
      <div>
        <Change value={marker.change} tone={marker.tone} /> <span class="muted">after {horizonText(horizon)}{marker.count > 1 ? `, median of ${marker.measured}` : ""}</span>
      </div>
    </div>
  );
}
