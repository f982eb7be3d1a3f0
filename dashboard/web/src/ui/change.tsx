/** A return: its sign, an arrow and a colour say the same, so that none of them is needed. */
import type { Tone } from "../api/types";
import { DASH, percent } from "../format/numbers";

type Figure = number | null | undefined;

export function toneOf(value: Figure): Tone {
  if (value === null || value === undefined) return "missing";
  return value > 0 ? "up" : value < 0 ? "down" : "flat";
}

const ARROWS: Record<Tone, string> = { up: "▲", down: "▼", flat: "", open: "", missing: "" };
const WORDS: Record<Tone, string> = { up: "", down: "", flat: "", open: "still open", missing: DASH };

export function Change({ value, tone = toneOf(value), decimals = 2 }: { value: Figure; tone?: Tone; decimals?: number }) {
  const text = value === null || value === undefined ? WORDS[tone] || DASH : percent(value, decimals);
  // What is shown as 0.00% goes neither up nor down.
  if ((tone === "up" || tone === "down") && !/[1-9]/.test(text)) return <span class="change flat">{text}</span>;
  return (
    <span class={`change ${tone}`}>
      {ARROWS[tone] && (
        <span class="arrow" aria-hidden="true">
          {ARROWS[tone]}
        </span>
      )}
      {text}
    </span>
  );
}
