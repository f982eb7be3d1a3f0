/** Periods count back from the data's own now. They are resolved when something is fetched, not before. */
import { now } from "./session";
import { param } from "./url";

const HOUR = 3_600_000;

export const PERIODS = {
  "1h": { label: "1 h", words: "the last hour", span: HOUR },
  "24h": { label: "24 h", words: "the last 24 hours", span: 24 * HOUR },
  "7d": { label: "7 d", words: "the last 7 days", span: 168 * HOUR },
  "30d": { label: "30 d", words: "the last 30 days", span: 720 * HOUR },
  "1y": { label: "1 y", words: "the last year", span: 365 * 24 * HOUR },
} as const;

/** Minutes after which figures of a period that ends now are asked for again. */
export const REFRESH = 5;

export type PeriodName = keyof typeof PERIODS;
export const PERIOD_NAMES = Object.keys(PERIODS) as PeriodName[];

/** That of the address, where it is one of `names`: another view may have longer ones. */
export function periodOf(fallback: PeriodName = "24h", names: readonly PeriodName[] = PERIOD_NAMES): PeriodName {
  return names.find((name) => name === param("period")) ?? fallback;
}

/** `from` and `to` for the API; `to` is left to the server, whose now may be newer than ours. */
export function bounds(period: PeriodName): { from?: string } {
  return now.value === null ? {} : { from: new Date(now.value - PERIODS[period].span).toISOString() };
}
