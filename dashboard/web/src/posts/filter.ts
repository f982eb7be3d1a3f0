/** The filters of the list of posts: from the address, to the API, and on what arrives live. Pure but for the address. */
import type { Query } from "../api/client";
import type { Post } from "../api/types";
import { millis } from "../format/times";
import { bounds, PERIODS, type PeriodName } from "../state/period";
import { horizons, now } from "../state/session";
import { param } from "../state/url";

export interface PostFilter {
  coin: string;
  period: PeriodName | "";
  hot: boolean;
  source: string;
  text: string;
  sort: "time" | "votes" | "move";
  horizon: number;
}

export function horizonOf(): number {
  const wanted = Number(param("horizon"));
  if (horizons.value.includes(wanted)) return wanted;
  return horizons.value.includes(60) ? 60 : (horizons.value.at(-1) ?? 60);
}

export function filterOfAddress(): PostFilter {
  const [period, sort] = [param("period"), param("sort")];
  return {
    coin: param("coin"),
    period: period in PERIODS ? (period as PeriodName) : "",
    hot: param("hot") === "1",
    source: param("source"),
    text: param("text"),
    sort: sort === "votes" || sort === "move" ? sort : "time",
    horizon: horizonOf(),
  };
}

export function queryOf(filter: PostFilter): Query<"/api/posts"> {
  return {
    ...(filter.period ? bounds(filter.period) : {}),
    ...(filter.coin ? { coin: filter.coin } : {}),
    ...(filter.hot ? { hot: true } : {}),
    ...(filter.source ? { source: filter.source } : {}),
    ...(filter.text ? { text: filter.text } : {}),
    sort: filter.sort,
    horizon: filter.horizon,
  };
}

/** Whether a post that arrives belongs into the list. */
export function matches(post: Post, filter: PostFilter): boolean {
  const title = post.title.toLowerCase();
  const published = millis(post.published_at) ?? 0;
  return (
    (!filter.coin || post.coins.includes(filter.coin)) &&
    (!filter.hot || post.hot === true) &&
    (!filter.source || post.source === filter.source) &&
    (!filter.period || now.value === null || published >= now.value - PERIODS[filter.period].span) &&
    filter.text.toLowerCase().split(/\s+/).every((word) => title.includes(word))
  );
}
