/** What a view shows of the server: loaded, loading again (the old stays in place), or refused with a sentence. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { epoch, listen } from "../api/live";
import type { LiveMessage } from "../api/types";
import { now } from "./session";

export interface Resource<T> {
  data: T | null;
  /** The key that `data` belongs to: older than the one asked for while `busy`. */
  dataKey: string;
  error: Refusal | null;
  busy: boolean;
  reload: () => void;
  change: (update: (data: T) => T) => void;
}

const PASSING = new Set(["busy", "database_away", "took_too_long", "exchange_away"]);
const AGAIN_AFTER = 4_000;

interface State<T> {
  data: T | null;
  dataKey: string;
  error: Refusal | null;
  busy: boolean;
}

/** `everyMinutes` of the data's time it is fetched again, where it is about a period that ends now; 0: never. */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMinutes = 0): Resource<T> {
  const [state, setState] = useState<State<T>>({ data: null, dataKey: key, error: null, busy: true });
  const [turn, setTurn] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  const missed = epoch.value;
  const round = everyMinutes ? Math.floor((now.value ?? 0) / (everyMinutes * 60_000)) : 0;

  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    setState((before) => ({ ...before, busy: true }));
    loader.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, dataKey: key, error: null, busy: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const refusal = error instanceof Refusal ? error : new Refusal("failed", String(error));
        setState((before) => ({ data: before.dataKey === key ? before.data : null, dataKey: key, error: refusal, busy: false }));
        if (PASSING.has(refusal.code)) timer = window.setTimeout(() => setTurn((value) => value + 1), AGAIN_AFTER);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, turn, missed, round]);

  return {
    ...state,
    reload: () => setTurn((value) => value + 1),
    change: (update) => setState((before) => (before.data === null ? before : { ...before, data: update(before.data) })),
  };
}

/** Hear a live topic while the component is shown; null hears nothing. */
export function useTopic(topic: string | null, handler: (message: LiveMessage) => void): void {
  const current = useRef(handler);
  current.current = handler;
  useEffect(() => (topic ? listen(topic, (message) => current.current(message)) : undefined), [topic]);
}
