import { get } from "../api/client";
import type { Health } from "../api/types";
import { compact, counted, DASH, fixed, whole } from "../format/numbers";
import { ago, dayClock, full, millis, type Moment, span } from "../format/times";
import { useResource, useTopic } from "../state/resource";
import { Page, Panel } from "../ui/controls";
import { Empty, Shown } from "../ui/states";
import { Table } from "../ui/table";

const LEVELS = { ok: "All is well", degraded: "Something needs a look", down: "Something is down" } as const;

export function HealthView() {
  const health = useResource<Health>("health", (signal) => get("/api/health", {}, signal));
  useTopic("health", (message) => {
    if (message.type === "health") health.change(() => message.health);
  });
  return (
    <Page title="Health">
      <Shown of={health} what="health" rows={8}>
        {(data) => (
          <>
            <section class={`panel health-now is-${data.level}`} aria-label="State">
              <p class="health-word">{LEVELS[data.level]}</p>
              <p>{data.sentence}</p>
              <dl class="facts">
                <div>
                  <dt>Newest candle</dt>
                  <dd title={full(data.candle.at)}>
                    {span(data.candle.seconds)} old <span class="muted">{dayClock(data.candle.at)}</span>
                  </dd>
                </div>
                <div>
                  <dt>Newest post</dt>
                  <dd title={full(data.post.at)}>
                    {span(data.post.seconds)} old <span class="muted">{dayClock(data.post.at)}</span>
                  </dd>
                </div>
                <div>
                  <dt>Database</dt>
                  <dd>{data.database}</dd>
                </div>
                <div>
                  <dt>Refused messages</dt>
                  <dd>{whole(data.dead_letters)}</dd>
                </div>
                <div>
                  <dt>Pages open</dt>
                  <dd>{whole(data.clients)}</dd>
                </div>
              </dl>
            </section>
            <Verdicts data={data} />
            <Panel title="Queries">
              <Queries data={data} />
            </Panel>
            <Panel title="Sources">
              <Sources data={data} />
            </Panel>
          </>
        )}
      </Shown>
    </Page>
  );
}

/** What the monitor's rules say, the worst first. */
function Verdicts({ data }: { data: Health }) {
  const order = ["down", "degraded", "ok"];
  const sorted = [...data.verdicts].sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
  return (
    <Panel title="What the rules say" aside={counted(sorted.filter((one) => one.level !== "ok").length, "remark")}>
      <Table
        caption="Verdicts"
        rows={sorted}
        rowKey={(row) => `${row.kind}:${row.subject}`}
        columns={[
          { name: "Subject", cell: (row) => row.subject },
          { name: "Kind", wide: true, cell: (row) => row.kind },
          { name: "Level", cell: (row) => <span class={`tag level-${row.level}`}>{row.level}</span> },
          { name: "What it says", cell: (row) => <span class="sentence">{row.sentence}</span> },
        ]}
      />
    </Panel>
  );
}

function Queries({ data }: { data: Health }) {
  if (data.queries.length === 0) return <Empty title="No query has reported yet">The streaming application reports every batch.</Empty>;
  return (
    <Table
      caption="Queries"
      rows={data.queries}
      rowKey={(row) => row.name}
      columns={[
        { name: "Query", cell: (row) => row.name },
        { name: "Level", cell: (row) => <span class={`tag level-${row.level}`}>{row.level}</span> },
        { name: "Reported", cell: (row) => <span title={full(row.reported_at)}>{ago(row.reported_at, data.checked_at)}</span> },
        { name: "Lag, messages", figure: true, cell: (row) => whole(row.lag_messages) },
        { name: "Watermark", figure: true, cell: (row) => <span title={full(row.watermark)}>{behind(row.watermark, data.now)}</span> },
        { name: "Batch", figure: true, wide: true, cell: (row) => whole(row.batch_id) },
        { name: "Batch takes", figure: true, wide: true, cell: (row) => (row.batch_seconds === null ? "–" : `${fixed(row.batch_seconds, 1)} s`) },
        { name: "Rows a second", figure: true, wide: true, cell: (row) => compact(row.rows_per_second) },
        { name: "State rows", figure: true, wide: true, cell: (row) => whole(row.state_rows) },
      ]}
    />
  );
}

function Sources({ data }: { data: Health }) {
  if (data.sources.length === 0) return <Empty title="No source has reported yet" />;
  return (
    <Table
      caption="Sources"
      rows={data.sources}
      rowKey={(row) => row.source}
      columns={[
        { name: "Source", cell: (row) => row.source },
        { name: "State", cell: (row) => <span class={`tag state-${row.condition}`}>{row.condition}</span> },
        { name: "Why", cell: (row) => row.reason || "–" },
        { name: "Next try", cell: (row) => dayClock(row.next_try_at) },
        { name: "Last answer", wide: true, cell: (row) => dayClock(row.last_ok_at) },
      ]}
    />
  );
}

function behind(watermark: Moment, now: Moment): string {
  const [at, until] = [millis(watermark), millis(now)];
  return at === null || until === null ? DASH : `${span((until - at) / 1000)} behind`;
}
