/** The bars of one coin and interval on a board: fetched, prolonged to the left, kept up to date. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Bar, Interval } from "../api/types";
import { advance } from "../state/session";
import { type Resource, useResource, useTopic } from "../state/resource";
import type { Candles } from "../api/types";
import { barsOf, withBar, withHeard, withOlder } from "./bars";
import type { Board } from "./board";

export const AT_ONCE = 1_000;
const MOST = 20_000;

export interface Shown {
  key: string;
  bars: Bar[];
  step: number;
  older: string | null;
}

export interface CandleFeed {
  resource: Resource<Candles>;
  /** What the board shows; null before the first answer. */
  shown: Shown | null;
  /** Fetch what lies before, unless that is under way or there is none. */
  more: () => void;
}

export function useCandles(coin: string, interval: Interval, board: { current: Board | null }): CandleFeed {
  const key = `candles:${coin}:${interval}`;
  const heard = useRef<{ key: string; bars: Bar[] }>({ key, bars: [] });
  const resource = useResource(key, (signal) => {
    heard.current = { key, bars: [] };
    return get("/api/candles", { coin, interval, limit: AT_ONCE }, signal);
  });
  const [shown, setShown] = useState<Shown | null>(null);
  const current = useRef<Shown | null>(null);
  const fetching = useRef(false);

  const set = (next: Shown) => {
    current.current = next;
    setShown(next);
  };

  useEffect(() => {
    const { data } = resource;
    if (!data || resource.dataKey !== key) return;
    const before = current.current?.key === key ? current.current : null;
    const fresh = withHeard(barsOf(data.bars, data.forming), heard.current.key === key ? heard.current.bars : []);
    const bars = before ? withOlder(fresh, before.bars) : fresh;
    set({ key, bars, step: data.interval_seconds * 1000, older: before ? before.older : data.older });
    advance(data.now);
    board.current?.show(bars, data.interval_seconds * 1000, before !== null);
  }, [resource.data]);

  useTopic(coin ? key : null, (message) => {
    if (message.type !== "candle") return;
    if (resource.busy) heard.current.bars.push(message.bar);
    const before = current.current;
    if (before?.key !== key) return;
    const last = before.bars.at(-1)?.time ?? 0;
    const next = { ...before, bars: withBar(before.bars, message.bar) };
    advance(message.now);
    if (message.bar.time >= last) board.current?.update(message.bar);
    else board.current?.show(next.bars, next.step, true);
    set(next);
  });

  const more = () => {
    const before = current.current;
    if (!before?.older || before.key !== key || before.bars.length >= MOST || fetching.current) return;
    fetching.current = true;
    get("/api/candles", { coin, interval, until: before.older, limit: AT_ONCE })
      .then((answer) => {
        const now = current.current;
        if (now?.key !== key) return;
        const next = { ...now, bars: withOlder(now.bars, barsOf(answer.bars, null)), older: answer.older };
        board.current?.show(next.bars, next.step, true);
        set(next);
      })
      .catch((error: unknown) => console.warn("Older candles did not come", error))
      .finally(() => {
        fetching.current = false;
      });
  };

  return { resource, shown: shown?.key === key ? shown : null, more };
}
