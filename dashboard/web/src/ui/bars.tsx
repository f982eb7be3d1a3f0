/** Upright bars with few labels; the table beside them has every figure. */
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { whole } from "../format/numbers";
import type { Palette } from "./colours";
import { axis, Plot, QUIET } from "./plot";

type BarTone = "up" | "down" | "flat" | "accent";

interface Props {
  label: string;
  height: number;
  values: number[];
  names: string[];
  tone: (at: number) => BarTone;
}

export function Bars({ label, height, values, names, tone }: Props) {
  const data = useMemo(() => [values.map((_value, at) => at), values], [values]);
  return (
    <Plot
      label={label}
      height={height}
      data={data}
      shape={names.join()}
      options={(palette) => ({
        ...QUIET,
        scales: { x: { time: false, range: [-0.6, values.length - 0.4] }, y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.08)] } },
        axes: [
          { ...axis(palette, (at) => names[at] ?? ""), size: 28, space: 64, incrs: [1, 2, 5, 10, 20, 50] },
          { ...axis(palette, (value) => (Number.isInteger(value) ? whole(value) : "")), size: 44, space: 26 },
        ],
        series: [{}, { paths: painted(tone, palette), width: 0, stroke: palette.flat, fill: palette.flat, points: { show: false } }],
      })}
    />
  );
}

function painted(tone: (at: number) => BarTone, palette: Palette): uPlot.Series.PathBuilder {
  const colour: uPlot.Series.BarsPathBuilderFacet = { unit: 3, values: (plot) => (plot.data[0] as number[]).map((at) => palette[tone(at)]) };
  return uPlot.paths.bars?.({ size: [0.82, 60], disp: { fill: colour, stroke: colour } }) as uPlot.Series.PathBuilder;
}
