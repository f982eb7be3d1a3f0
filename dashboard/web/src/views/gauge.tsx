import { get } from "../api/client";
import type { Gauge } from "../api/types";
import { counted, signed, whole } from "../format/numbers";
import { dayClock } from "../format/times";
import { bounds, periodOf, PERIODS, REFRESH } from "../state/period";
import { useResource } from "../state/resource";
import { coin } from "../state/session";
import { addressWith } from "../state/url";
import { CoinPicker, Exports, Page, Panel, PeriodPicker } from "../ui/controls";
import { axis, Plot, QUIET, timeAxis } from "../ui/plot";
import { Shown } from "../ui/states";
import { AsTable } from "../ui/table";
import { Dial } from "../ui/dial";
import { Spark } from "../ui/spark";

const LEANINGS: Record<Gauge["leaning"], string> = {
  positive: "Positive",
  slightly_positive: "Slightly positive",
  neutral: "Neutral",
  slightly_negative: "Slightly negative",
  negative: "Negative",
  unknown: "No votes",
};

export function GaugeView() {
  const [code, period] = [coin.value, periodOf()];
  const one = useResource(`${code}:${period}`, (signal) => get("/api/gauge", { coin: code, ...bounds(period) }, signal), REFRESH);
  const all = useResource(`all:${period}`, (signal) => get("/api/gauges", bounds(period), signal), REFRESH);
  return (
    <Page
      title="Gauge"
      controls={
        <>
          <CoinPicker value={code} />
          <PeriodPicker />
          <Exports path="gauge" query={{ coin: code, ...bounds(period) }} />
        </>
      }
    >
      <Shown of={one} what="the gauge" rows={8}>
        {(gauge) => (
          <div class="grid">
            <Panel title={`Votes on ${gauge.coin}, ${PERIODS[period].words}`}>
              <div class="gauge-now">
                <Dial value={gauge.value} label={gauge.sentence} />
                <div>
                  <p class="gauge-word">
                    {gauge.has_votes && gauge.leaning === "unknown" ? "Too few votes" : LEANINGS[gauge.leaning]} {gauge.has_votes && <span class="muted">{signed(gauge.value)}</span>}
                  </p>
                  <p>{gauge.sentence}</p>
                  {gauge.has_votes && (
                    <p class="muted">
                      {counted(gauge.votes, "vote")} on {counted(gauge.posts, "post")}
                      {gauge.low !== null && gauge.high !== null && `; 95% band ${signed(gauge.low)} to ${signed(gauge.high)}`}. Few votes are drawn towards neutral.
                    </p>
                  )}
                </div>
              </div>
              {gauge.has_votes ? <Sums gauge={gauge} /> : <Substitutes gauge={gauge} />}
            </Panel>
            <Panel title="History">{gauge.has_votes ? <History gauge={gauge} /> : <p class="muted">No source that votes, so there is no history of votes.</p>}</Panel>
          </div>
        )}
      </Shown>
      <Panel title="All followed coins">
        <Shown of={all} what="all gauges">
          {(answer) => (
            <ul class="multiples">
              {answer.gauges.map((gauge) => (
                <li key={gauge.coin}>
                  <a href={addressWith({ coin: gauge.coin })} aria-current={gauge.coin === code ? "true" : undefined}>
                    <SmallGauge gauge={gauge} />
                  </a>
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </Panel>
    </Page>
  );
}

/** The gauge of a coin among the others; without votes the tone of the titles in its place, and it says so. */
function SmallGauge({ gauge }: { gauge: Gauge }) {
  const tone = gauge.substitutes.find((one) => one.kind === "title_tone");
  const value = gauge.value ?? tone?.value ?? null;
  return (
    <>
      <b>{gauge.coin}</b>
      <Dial value={value} small quiet={!gauge.has_votes} />
      <span class="figure-word">{signed(value)}</span>
      {gauge.line.value.filter((one) => one !== null).length > 1 && <Spark values={gauge.line.value} tone="accent" width={96} height={22} />}
      <span class="muted">{gauge.has_votes ? counted(gauge.votes, "vote") : "tone, not votes"}</span>
      <span class="sr-only">{gauge.has_votes ? gauge.sentence : tone?.sentence}</span>
    </>
  );
}

function Sums({ gauge }: { gauge: Gauge }) {
  const kinds = ["positive", "negative", "important", "liked", "disliked", "toxic", "lol", "saved", "comments"] as const;
  return (
    <ul class="vote-grid">
      {kinds.map((kind) => (
        <li key={kind} class={kind === "positive" ? "up" : kind === "negative" ? "down" : ""}>
          <b>{whole(gauge.sums[kind])}</b>
          <span>{kind}</span>
        </li>
      ))}
    </ul>
  );
}

function Substitutes({ gauge }: { gauge: Gauge }) {
  return (
    <div class="substitutes">
      <p class="notice">No source here has votes. What follows is not votes, and is only the next best thing.</p>
      {gauge.substitutes.map((substitute) => (
        <div key={substitute.kind} class="substitute">
          <h3>
            {substitute.label} <span class="tag">not votes</span>
          </h3>
          <p>{substitute.sentence}</p>
          <p class="muted">
            {substitute.kind === "title_tone"
              ? `Tone ${signed(substitute.value)}, from ${counted(substitute.count, "title")}`
              : `${counted(substitute.value ?? 0, "outlet")} at the most; ${counted(substitute.count, "story", "stories")} with several`}
          </p>
        </div>
      ))}
    </div>
  );
}

/** So few have no line worth the name. */
const FEW_POINTS = 6;

function History({ gauge }: { gauge: Gauge }) {
  const { line } = gauge;
  if (line.time.length < 2) return <p class="muted">Too short a time for a history.</p>;
  const known = line.value.filter((value) => value !== null).length;
  const first = line.value.findIndex((value) => value !== null);
  return (
    <>
      <Plot
        label={`History of the gauge of ${gauge.coin}`}
        height={200}
        data={[line.time, line.value]}
        shape={known > FEW_POINTS ? "line" : "points"}
        options={(palette) => ({
          ...QUIET,
          scales: { y: { range: [-1, 1] } },
          axes: [timeAxis(palette), { ...axis(palette, (value) => signed(value, 1)), size: 44 }],
          series: [{}, { stroke: palette.accent, width: 1.8, points: { show: known <= FEW_POINTS, size: 7, fill: palette.accent }, fill: palette.band, fillTo: 0 }],
        })}
      />
      {first > 0 && <p class="muted">No votes were known before {dayClock(line.time[first] ?? 0)}.</p>}
      <AsTable
        caption="History of the gauge"
        rows={line.time.map((time, at) => ({ time, value: line.value[at] ?? null, votes: (line.positive[at] ?? 0) + (line.negative[at] ?? 0) }))}
        rowKey={(row) => row.time}
        columns={[
          { name: "Time", cell: (row) => dayClock(row.time) },
          { name: "Gauge", figure: true, cell: (row) => signed(row.value) },
          { name: "Votes", figure: true, cell: (row) => whole(row.votes) },
        ]}
      />
    </>
  );
}
