/** uPlot in the page's colours: lines, bands, bars. The text equivalent stands beside it, as a table. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, day, monthYear } from "../format/times";
import { theme, zone } from "../state/prefs";
import { colours, type Palette } from "./colours";

export type PlotData = (readonly (number | null)[])[];

export interface PlotProps {
  /** What the picture shows, for those who do not see it. */
  label: string;
  height: number;
  data: PlotData;
  /** Remade when the colours change; otherwise only the data are set anew. */
  options: (palette: Palette) => Omit<uPlot.Options, "width" | "height">;
  /** Changes when the options must be made again for another reason. */
  shape?: string;
}

export function Plot({ label, height, data, options, shape = "" }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const made = new uPlot({ ...options(colours()), width: element.clientWidth || 300, height }, data as unknown as uPlot.AlignedData, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme.value, zone.value, shape, height]);

  useEffect(() => {
    plot.current?.setData(data as unknown as uPlot.AlignedData);
  }, [data]);

  return <div ref={box} class={`plot h${height}`} role="img" aria-label={label} />;
}

/** An axis of times, given in milliseconds. */
export function timeAxis(palette: Palette): uPlot.Axis {
  return {
    ...axis(palette),
    size: 28,
    space: 70,
    values: (_plot, splits, _axis, _space, step) => splits.map((value) => (step < 86_400_000 ? (clock(value) === "00:00" ? day(value) : clock(value)) : step < 25 * 86_400_000 ? day(value) : monthYear(value))),
  };
}

export function axis(palette: Palette, values?: (value: number) => string): uPlot.Axis {
  return {
    stroke: palette.muted,
    font: "11px system-ui, sans-serif",
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1, size: 4 },
    ...(values ? { values: (_plot: uPlot, splits: number[]) => splits.map((value) => (value === null ? "" : values(value))) } : {}),
  };
}

export const QUIET: Pick<uPlot.Options, "legend" | "cursor" | "ms"> = { legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } }, ms: 1 };
