/** The votes of a post now, and how they grew. */
import { useMemo } from "preact/hooks";
import type { Card, Votes } from "../api/types";
import { DASH, fixed, whole } from "../format/numbers";
import { dayClock } from "../format/times";
import { axis, Plot, QUIET, timeAxis } from "../ui/plot";
import { AsTable } from "../ui/table";

export const KINDS = ["positive", "negative", "important", "liked", "disliked", "lol", "toxic", "saved", "comments"] as const satisfies readonly (keyof Votes)[];

export function VotesNow({ card }: { card: Card }) {
  const { votes } = card.post;
  return (
    <section class="card-section" aria-label="Votes">
      <h3>Votes</h3>
      {votes ? (
        <ul class="vote-grid">
          {KINDS.map((kind) => (
            <li key={kind} class={kind === "positive" ? "up" : kind === "negative" ? "down" : ""}>
              <b>{votes[kind] === null || votes[kind] === undefined ? DASH : whole(votes[kind])}</b>
              <span>{kind}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted">This source has no votes.</p>
      )}
      {card.post.panic_score !== null && <p class="muted">Panic score {fixed(card.post.panic_score, 1)}</p>}
      {votes && <VotePlot card={card} />}
    </section>
  );
}

function VotePlot({ card }: { card: Card }) {
  const { history } = card;
  const data = useMemo(() => (history ? [history.time, history.positive, history.negative, history.important] : []), [history]);
  if (!history || history.time.length < 2) {
    return <p class="muted">{card.history_words || "Seen once so far, so there is no history yet."}</p>;
  }
  const rows = history.time.map((time, at) => ({ time, at }));
  return (
    <>
      <p class="key">
        <span class="up">━ positive</span> <span class="down">┅ negative</span> <span class="accent">━ important</span>
      </p>
      <Plot
        label="Positive, negative and important votes by the time that we saw them"
        height={110}
        data={data}
        options={(palette) => ({
          ...QUIET,
          scales: { y: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.1)] } },
          axes: [timeAxis(palette), { ...axis(palette, (value) => (Number.isInteger(value) ? whole(value) : "")), size: 40 }],
          series: [
            {},
            { stroke: palette.up, width: 1.6, points: { show: false } },
            { stroke: palette.down, width: 1.6, dash: [5, 3], points: { show: false } },
            { stroke: palette.accent, width: 1.2, points: { show: false } },
          ],
        })}
      />
      <AsTable
        caption="Votes by time"
        rows={rows}
        rowKey={(row) => row.time}
        columns={[{ name: "Seen", cell: (row) => dayClock(row.time) }, ...KINDS.map((kind) => ({ name: kind, figure: true, cell: (row: { at: number }) => whole(history[kind][row.at]) }))]}
      />
    </>
  );
}
