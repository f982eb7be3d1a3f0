/** Something that writes: one at a time, with the sentence of what came of it. */
import { useState } from "preact/hooks";

export interface Action {
  busy: boolean;
  /** What to tell: what was done, or why it was refused. */
  said: string;
  failed: boolean;
  run: (work: () => Promise<string>) => Promise<boolean>;
}

export function useAction(): Action {
  const [state, setState] = useState({ busy: false, said: "", failed: false });
  return {
    ...state,
    run: async (work) => {
      setState({ busy: true, said: "", failed: false });
      try {
        setState({ busy: false, said: await work(), failed: false });
        return true;
      } catch (error) {
        setState({ busy: false, said: error instanceof Error ? error.message : String(error), failed: true });
        return false;
      }
    },
  };
}

export function Outcome({ of }: { of: Action }) {
  return (
    <p class={`outcome ${of.failed ? "bad" : ""}`} role={of.failed ? "alert" : "status"}>
      {of.busy ? "…" : of.said}
    </p>
  );
}
