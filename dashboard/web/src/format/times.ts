/** Times in the zone that the reader chose. A moment is epoch milliseconds or ISO text, always UTC from the server. */
import { zone } from "../state/prefs";
import { DASH } from "./numbers";

export type Moment = number | string | null | undefined;

export function millis(moment: Moment): number | null {
  if (moment === null || moment === undefined) return null;
  const value = typeof moment === "number" ? moment : Date.parse(moment);
  return Number.isFinite(value) ? value : null;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name}.${zone.value}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, hourCycle: "h23", ...(zone.value === "utc" ? { timeZone: "UTC" } : {}) });
    formats.set(key, found);
  }
  return found;
}

function shown(moment: Moment, name: string, options: Intl.DateTimeFormatOptions): string {
  const value = millis(moment);
  return value === null ? DASH : format(name, options).format(value);
}

export const clock = (moment: Moment) => shown(moment, "clock", { hour: "2-digit", minute: "2-digit" });
export const day = (moment: Moment) => shown(moment, "day", { day: "2-digit", month: "short" });
export const monthYear = (moment: Moment) => shown(moment, "month", { month: "short", year: "numeric" });
export const dayClock = (moment: Moment) => shown(moment, "dayclock", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
export const year = (moment: Moment) => shown(moment, "year", { year: "numeric" });

/** 2 Mar 2026, 10:14:05 with the zone's name. */
export function full(moment: Moment): string {
  const text = shown(moment, "full", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return text === DASH ? text : `${text} ${zoneName()}`;
}

export function zoneName(): string {
  return zone.value === "utc" ? "UTC" : "local";
}

/** 45 s, 12 min, 3 h, 5 d. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const size = Math.max(0, seconds);
  if (size < 90) return `${Math.round(size)} s`;
  if (size < 5400) return `${Math.round(size / 60)} min`;
  if (size < 172_800) return `${Math.round(size / 3600)} h`;
  return `${Math.round(size / 86_400)} d`;
}

/** How long before the data's own now. */
export function ago(moment: Moment, now: Moment): string {
  const [then, until] = [millis(moment), millis(now)];
  if (then === null || until === null) return DASH;
  if (then - until >= 60_000) return dayClock(then); // no candle has come since
  return until - then < 60_000 ? "just now" : `${span((until - then) / 1000)} ago`;
}
