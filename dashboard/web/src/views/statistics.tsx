import { useMemo } from "preact/hooks";
import { get } from "../api/client";
import type { Describe, Statistics } from "../api/types";
import { compact, counted, fixed, percent, price, share, whole } from "../format/numbers";
import { bounds, periodOf, PERIODS, REFRESH } from "../state/period";
import { useResource } from "../state/resource";
import { coin } from "../state/session";
import { CoinPicker, Exports, Page, Panel, PeriodPicker } from "../ui/controls";
import { Shown } from "../ui/states";
import { AsTable, Table } from "../ui/table";
import { Bars } from "../ui/bars";
import { CorrelationTable } from "./correlation";

const NAMES: Record<Describe["column"], string> = { open: "Open", high: "High", low: "Low", close: "Close", volume: "Volume", return: "Return, 1 min" };

function figure(row: Describe, value: number | null): string {
  if (row.column === "return") return percent(value, 3);
  return row.column === "volume" ? compact(value) : price(value, row.median);
}

export function StatisticsView() {
  const [code, period] = [coin.value, periodOf()];
  const found = useResource(`${code}:${period}`, (signal) => get("/api/statistics", { coin: code, ...bounds(period) }, signal), REFRESH);
  return (
    <Page
      title="Statistics"
      controls={
        <>
          <CoinPicker value={code} />
          <PeriodPicker />
          <Exports path="statistics" query={{ coin: code, ...bounds(period) }} />
        </>
      }
    >
      <Shown of={found} what="statistics" rows={10}>
        {(data) => (
          <div class="grid">
            <Panel full title={`${data.coin}, minutes of ${PERIODS[period].words}`} {...(data.cut ? { aside: "only the newest minutes" } : {})}>
              <DescribeTable rows={data.candles} />
            </Panel>
            <div class="column">
              <Panel title="One-minute returns">
                <ReturnHistogram returns={data.returns} />
              </Panel>
              <Panel title="Correlation of one-minute returns">
                <CorrelationTable of={data.correlation} />
              </Panel>
            </div>
            <PostPanel posts={data.posts} coin={data.coin} />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function DescribeTable({ rows }: { rows: Describe[] }) {
  const columns = (["mean", "std", "min", "q25", "median", "q75", "max"] as const).map((name) => ({
    name: { mean: "Mean", std: "Std", min: "Min", q25: "25%", median: "50%", q75: "75%", max: "Max" }[name],
    figure: true,
    cell: (row: Describe) => (row.column === "return" && name === "std" ? share(row.std, 3) : figure(row, row[name])),
  }));
  return (
    <Table
      caption="Description of the candles"
      rows={rows}
      rowKey={(row) => row.column}
      columns={[{ name: "Column", cell: (row) => NAMES[row.column] }, { name: "Count", figure: true, cell: (row) => whole(row.count) }, ...columns]}
    />
  );
}

function ReturnHistogram({ returns }: { returns: Statistics["returns"] }) {
  const bins = useMemo(() => returns.counts.map((count, at) => ({ from: returns.edges[at] ?? 0, to: returns.edges[at + 1] ?? 0, count })), [returns]);
  if (bins.length === 0) return <p class="muted">No two minutes in a row in this period.</p>;
  const outside = returns.below + returns.above;
  return (
    <>
      <Bars
        label="Histogram of one-minute returns"
        height={180}
        values={bins.map((bin) => bin.count)}
        names={bins.map((bin) => percent((bin.from + bin.to) / 2, 2))}
        tone={(at) => ((bins[at]?.to ?? 0) <= 0 ? "down" : (bins[at]?.from ?? 0) >= 0 ? "up" : "flat")}
      />
      <p class="muted">{outside > 0 ? `${counted(returns.below, "return")} below and ${whole(returns.above)} above are not drawn.` : "\u00a0"}</p>
      <AsTable
        caption="Histogram of returns"
        rows={bins}
        rowKey={(bin) => bin.from}
        columns={[
          { name: "From", cell: (bin) => percent(bin.from, 3) },
          { name: "To", figure: true, cell: (bin) => percent(bin.to, 3) },
          { name: "Minutes", figure: true, cell: (bin) => whole(bin.count) },
        ]}
      />
    </>
  );
}

function PostPanel({ posts, coin: code }: { posts: Statistics["posts"]; coin: string }) {
  const hours = posts.by_hour;
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  return (
    <Panel title={`Posts about ${code}`}>
      <dl class="facts">
        <div>
          <dt>Posts</dt>
          <dd>{whole(posts.posts)}</dd>
        </div>
        <div>
          <dt>Hot</dt>
          <dd>
            {whole(posts.hot)} <span class="muted">of {whole(posts.posts - posts.hot_unknown)} whose source says</span>
          </dd>
        </div>
        <div>
          <dt>Share hot</dt>
          <dd>{share(posts.hot_share, 1)}</dd>
        </div>
      </dl>
      <h3>By hour of day (UTC)</h3>
      <Bars label="Posts by hour of day, UTC" height={110} values={hours.map((row) => row.posts)} names={hours.map((row) => clock(row.hour))} tone={() => "accent"} />
      <AsTable caption="Posts by hour" rows={hours} rowKey={(row) => row.hour} columns={[{ name: "Hour", cell: (row) => clock(row.hour) }, { name: "Posts", figure: true, cell: (row) => whole(row.posts) }, { name: "Hot", figure: true, cell: (row) => whole(row.hot) }]} />
      <h3>By source</h3>
      <Table
        caption="Posts by source"
        rows={posts.by_source}
        rowKey={(row) => row.source}
        columns={[
          { name: "Source", cell: (row) => row.source },
          { name: "Posts", figure: true, cell: (row) => whole(row.posts) },
          { name: "Hot", figure: true, cell: (row) => whole(row.hot) },
          { name: "Share", figure: true, cell: (row) => (posts.posts ? `${fixed((row.posts / posts.posts) * 100, 0)}%` : "–") },
        ]}
      />
    </Panel>
  );
}
