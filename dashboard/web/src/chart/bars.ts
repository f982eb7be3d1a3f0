/** Bars as they are drawn: columns to rows, and the holes between them as empty places. Pure. */
import type { Bar, Bars, Interval } from "../api/types";

const MINUTE = 60_000;
/** How long a bar lasts, in milliseconds. */
export const STEPS: Record<Interval, number> = { "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": 60 * MINUTE, "4h": 240 * MINUTE, "1d": 1440 * MINUTE };

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

/** Whether a bar says more than another of the same time: more of its minutes, or that they have closed. */
const saysMore = (bar: Bar, other: Bar) => bar.minutes > other.minutes || (bar.minutes === other.minutes && (!bar.forming || other.forming));

/** The bars of an answer with those that came while it was under way: the answer may be older than they are. */
export function withHeard(bars: Bar[], heard: Bar[]): Bar[] {
  return heard.reduce((all, bar) => {
    const known = all.find((one) => one.time === bar.time);
    return known && !saysMore(bar, known) ? all : withBar(all, bar);
  }, bars);
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

/** Whether more is to come into a bar: it has the open minute, or its interval has not ended at `now`, the newest close. */
export function isForming(bar: Bar, step: number, now: number | null): boolean {
  return bar.forming || (now !== null && bar.time + step > now);
}

/** How many holes there are, for the words beside the chart. */
export function countHoles(bars: Bar[], step: number): number {
  return bars.filter((bar, at) => at > 0 && bar.time - (bars[at - 1]?.time ?? bar.time) > step).length;
}
