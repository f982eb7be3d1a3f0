/** Bars as they are drawn: columns to rows, and the holes between them as empty places. Pure. */
import type { Bar, Bars } from "../api/types";

/** At most so many empty places for one hole: a chart of nothing helps nobody. */
const LONGEST_HOLE = 1_000;

export function barsOf(columns: Bars, forming: Bar | null): Bar[] {
  const bars = columns.time.map((time, at) => ({
    time,
    open: columns.open[at] ?? 0,
    high: columns.high[at] ?? 0,
    low: columns.low[at] ?? 0,
    close: columns.close[at] ?? 0,
    volume: columns.volume[at] ?? 0,
    minutes: columns.minutes[at] ?? 0,
    filled: columns.filled[at] ?? 0,
    forming: false,
  }));
  return forming ? withBar(bars, forming) : bars;
}

/** The bars with one more, or one replaced: the newest nearly always, so the search begins at the end. */
export function withBar(bars: Bar[], bar: Bar): Bar[] {
  let at = bars.length;
  while (at > 0 && (bars[at - 1]?.time ?? 0) > bar.time) at -= 1;
  const replaced = bars[at - 1]?.time === bar.time;
  return [...bars.slice(0, replaced ? at - 1 : at), bar, ...bars.slice(at)];
}

/** Older bars before those that are there; where both have a time, the newer answer stays. */
export function withOlder(bars: Bar[], older: Bar[]): Bar[] {
  const first = bars[0]?.time ?? Infinity;
  return [...older.filter((bar) => bar.time < first), ...bars];
}

/** The times between two bars at which there is none. */
export function holes(before: number, after: number, step: number): number[] {
  const times: number[] = [];
  for (let time = before + step; time < after && times.length < LONGEST_HOLE; time += step) times.push(time);
  return times;
}

/** Bars, and empty places in the holes between them, in order of time. */
export function withHoles(bars: Bar[], step: number): (Bar | { time: number })[] {
  return bars.flatMap((bar, at) => {
    const before = bars[at - 1];
    return before ? [...holes(before.time, bar.time, step).map((time) => ({ time })), bar] : [bar];
  });
}

/** How many holes there are, for the words beside the chart. */
export function countHoles(bars: Bar[], step: number): number {
  return bars.filter((bar, at) => at > 0 && bar.time - (bars[at - 1]?.time ?? bar.time) > step).length;
}
