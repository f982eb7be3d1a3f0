/** The posts of what the chart shows, asked for again when a post of the coin comes or changes. */
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api/client";
import type { Interval, Markers } from "../api/types";
import { type Resource, useResource, useTopic } from "../state/resource";

const SETTLE = 800;

export interface MarkerQuery {
  coin: string;
  interval: Interval;
  horizon: number;
  hot: boolean;
  /** The oldest time shown, in milliseconds; null while nothing is. */
  from: number | null;
}

export function useMarkers({ coin, interval, horizon, hot, from }: MarkerQuery): Resource<Markers | null> {
  const key = `${coin}:${interval}:${horizon}:${hot}:${from ?? ""}`;
  const resource = useResource<Markers | null>(key, async (signal) => {
    if (from === null) return null;
    return get("/api/markers", { coin, interval, horizon, from: new Date(from).toISOString(), ...(hot ? { hot } : {}) }, signal);
  });
  const timer = useRef(0);
  useTopic("posts", (message) => {
    if (message.type !== "post" || !message.post.coins.includes(coin)) return;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(resource.reload, SETTLE);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return resource;
}
