import { useMemo } from "preact/hooks";
import { get } from "../api/client";
import type { Estimate, WakeRow, Wakes } from "../api/types";
import { counted, DASH, horizon as horizonText, percent, share, whole } from "../format/numbers";
import { bounds, periodOf, PERIODS, REFRESH } from "../state/period";
import { useResource } from "../state/resource";
import { param, setParams } from "../state/url";
import { Change } from "../ui/change";
import { CoinPicker, Exports, Page, Panel, PeriodPicker, Segmented, Select, Toggle } from "../ui/controls";
import { axis, Plot, QUIET } from "../ui/plot";
import { Empty, Shown } from "../ui/states";
import { Table } from "../ui/table";

const SIGNS = ["any", "positive", "negative", "even"] as const;
type Sign = (typeof SIGNS)[number];

export function WakesView() {
  const [coin, source, period] = [param("coin"), param("source"), periodOf("30d")];
  const sign: Sign = SIGNS.find((one) => one === param("sign")) ?? "any";
  const hot = param("hot") !== "0";
  const query = () => ({ ...(coin ? { coin } : {}), ...(source ? { source } : {}), sign, hot, ...bounds(period) });
  const found = useResource(JSON.stringify([coin, source, sign, hot, period]), (signal) => get("/api/wakes", query(), signal), REFRESH);
  const sources = useResource("sources", (signal) => get("/api/sources", {}, signal));
  const off = found.data?.sign_off ?? "";
  const listed = sources.data?.sources.map((one) => ({ value: one.source, label: one.source })) ?? [];
  return (
    <Page
      title="Wakes"
      controls={
        <>
          <CoinPicker value={coin} all="all coins" />
          <Select label="Source" options={[{ value: "", label: "all sources" }, ...listed]} value={source} choose={(value) => setParams({ source: value })} />
          <PeriodPicker fallback="30d" />
          {off ? (
            <span class="muted" title={off}>
              Votes: filter is off
            </span>
          ) : (
            <Segmented label="Votes" options={SIGNS.map((value) => ({ value, label: value }))} value={sign} choose={(value) => setParams({ sign: value === "any" ? null : value })} />
          )}
          <Toggle label="Only hot" on={hot} set={(on) => setParams({ hot: on ? null : "0" })} />
          <Exports path="wakes" query={query()} />
        </>
      }
    >
      <Shown of={found} what="wakes" rows={8}>
        {(wakes) => <WakesBody wakes={wakes} words={PERIODS[period].words} />}
      </Shown>
    </Page>
  );
}

function WakesBody({ wakes, words }: { wakes: Wakes; words: string }) {
  const posts = Math.max(0, ...wakes.rows.map((row) => row.posts));
  return (
    <>
      <p class="notice exploratory" role="note">
        {wakes.label}
      </p>
      {wakes.sign_off && <p class="notice">The filter by votes is off: {wakes.sign_off}</p>}
      <Panel title={`Return after ${wakes.hot ? "hot posts" : "posts"} on ${wakes.coin ?? "all coins"}, ${words}`} aside={<>{counted(posts, "post")}{wakes.hot ? `, ${whole(wakes.hot_in_time)} of them hot within 5 minutes` : ""}{wakes.cut ? ", only the newest" : ""}</>}>
        {posts === 0 ? (
          <Empty title="No posts to measure">Choose a longer period, or fewer filters.</Empty>
        ) : (
          <>
            <BandPlot rows={wakes.rows} />
            <RowsTable rows={wakes.before ? [wakes.before, ...wakes.rows] : wakes.rows} />
            <p class="muted after-table">
              Size: the mean move, up or down; beside it the same at random times, which says whether prices moved more than they do anyway.
              {wakes.before && " Where the hour before stands out as well, the news followed the price."}
            </p>
          </>
        )}
        <p class="muted after-table">
          {wakes.sentence} {counted(posts, "post")} with a price at publication and after it.
        </p>
      </Panel>
    </>
  );
}

function BandPlot({ rows }: { rows: WakeRow[] }) {
  const data = useMemo(() => {
    const of = (pick: (row: WakeRow) => number | null) => rows.map(pick);
    return [
      rows.map((_row, at) => at),
      of((row) => row.random?.mean.low ?? null),
      of((row) => row.random?.mean.high ?? null),
      of((row) => row.mean.low),
      of((row) => row.mean.high),
      of((row) => row.random?.mean.value ?? null),
      of((row) => row.mean.value),
      of((row) => row.median.value),
    ];
  }, [rows]);
  return (
    <>
      <p class="key">
        <span class="accent">━ mean after posts, with its 95% band</span> <span class="accent">┅ median after posts</span> <span class="muted">━ mean at random times, with its band</span>
      </p>
      <Plot
        label="Mean return by horizon after posts and at random times; the table below has the figures"
        height={240}
        data={data}
        shape={rows.map((row) => row.horizon_minutes).join()}
        options={(palette) => ({
          ...QUIET,
          scales: { x: { time: false, range: [-0.2, rows.length - 0.8] } },
          axes: [
            { ...axis(palette, (at) => (rows[at] ? horizonText(rows[at].horizon_minutes) : "")), incrs: [1], size: 28, space: 40 },
            { ...axis(palette, (value) => percent(value)), size: 64 },
          ],
          bands: [
            { series: [2, 1], fill: palette.grid },
            { series: [4, 3], fill: palette.band },
          ],
          series: [
            {},
            { stroke: palette.flat, width: 0.5, points: { show: false } },
            { stroke: palette.flat, width: 0.5, points: { show: false } },
            { stroke: palette.accent, width: 0.5, points: { show: false } },
            { stroke: palette.accent, width: 0.5, points: { show: false } },
            { stroke: palette.muted, width: 1.5, points: { show: false } },
            { stroke: palette.accent, width: 2.2, points: { show: true, size: 6, fill: palette.accent } },
            { stroke: palette.accent, width: 1.4, dash: [5, 4], points: { show: false } },
          ],
        })}
      />
    </>
  );
}

function RowsTable({ rows }: { rows: WakeRow[] }) {
  return (
    <Table
      caption="Returns by horizon"
      rows={rows}
      rowKey={(row) => row.horizon_minutes}
      rowClass={(row) => (row.few ? "few" : "")}
      columns={[
        { name: "After", cell: (row) => (row.horizon_minutes < 0 ? `${horizonText(-row.horizon_minutes)} before` : horizonText(row.horizon_minutes)) },
        { name: "Posts", figure: true, cell: (row) => <>{whole(row.posts)}{row.few && <span class="tag">few</span>}</> },
        { name: "Stories", figure: true, cell: (row) => whole(row.stories) },
        { name: "Apart", figure: true, wide: true, cell: (row) => <span title="stories whose stretches do not overlap">{whole(row.separate)}</span> },
        { name: "Mean", figure: true, cell: (row) => <WithBand of={row.mean} /> },
        { name: "Median", figure: true, cell: (row) => <WithBand of={row.median} /> },
        { name: "Random mean", figure: true, cell: (row) => <WithBand of={row.random?.mean} /> },
        { name: "Random median", figure: true, cell: (row) => <WithBand of={row.random?.median} /> },
        { name: "Size", figure: true, cell: (row) => <WithBand of={row.size} size /> },
        { name: "Random size", figure: true, cell: (row) => <WithBand of={row.random?.size} size /> },
      ]}
    />
  );
}

/** `size`: it has no direction, so neither sign nor colour. */
function WithBand({ of, size = false }: { of: Estimate | undefined; size?: boolean }) {
  if (!of || of.value === null) return <>{DASH}</>;
  const text = size ? share : percent;
  return (
    <span class="with-band">
      {size ? <span>{share(of.value, 3)}</span> : <Change value={of.value} decimals={3} />}
      {of.low !== null && of.high !== null && (
        <small class="muted">
          {text(of.low, 3)} to {text(of.high, 3)}
        </small>
      )}
    </span>
  );
}
