import { get } from "../api/client";
import type { CoinMover, PostRef, Spike } from "../api/types";
import { compact, counted, fixed, price, whole } from "../format/numbers";
import { dayClock, full, millis, span } from "../format/times";
import { bounds, type PeriodName, periodOf, PERIODS } from "../state/period";
import { useResource } from "../state/resource";
import { param } from "../state/url";
import { addressWith } from "../state/url";
import { Change } from "../ui/change";
import { CoinPicker, Exports, Page, Panel, PeriodPicker } from "../ui/controls";
import { Empty, Shown } from "../ui/states";
import { Table } from "../ui/table";
import { Icon } from "../ui/icons";

/** The server judges the minutes of two months at the most. */
const SPANS: PeriodName[] = ["1h", "24h", "7d", "30d"];

export function MovesView() {
  const [code, period] = [param("coin"), periodOf("24h", SPANS)];
  const query = () => ({ ...(code ? { coin: code } : {}), ...bounds(period) });
  const found = useResource(`${code}:${period}`, (signal) => get("/api/moves", { ...query(), limit: 50 }, signal), 1);
  return (
    <Page
      title="Moves"
      controls={
        <>
          <CoinPicker value={code} all="all coins" />
          <PeriodPicker names={SPANS} />
          <Exports path="moves" query={query()} />
        </>
      }
    >
      <Shown of={found} what="moves" rows={10}>
        {(moves) => (
          <>
            <div class="grid thirds">
              <Movers title="Gainers" rows={moves.gainers} />
              <Movers title="Losers" rows={moves.losers} />
              <Movers title="Most traded" rows={moves.leaders} turnover />
            </div>
            <Panel title="Minutes out of the ordinary" aside={`${counted(moves.found, "minute")} of ${whole(moves.minutes_judged)} beyond ${moves.threshold} robust standard deviations${moves.found > moves.spikes.length ? `, the newest ${moves.spikes.length} shown` : ""}`}>
              {moves.spikes.length === 0 ? (
                <Empty title="No such minute">Nothing moved beyond {moves.threshold} robust standard deviations in {PERIODS[period].words}.</Empty>
              ) : (
                <ul class="spikes">
                  {moves.spikes.map((spike) => (
                    <SpikeRow key={`${spike.coin}${spike.time}`} spike={spike} />
                  ))}
                </ul>
              )}
            </Panel>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Movers({ title, rows, turnover = false }: { title: string; rows: CoinMover[]; turnover?: boolean }) {
  return (
    <Panel title={title} aside="24 hours">
      {rows.length === 0 ? (
        <p class="muted">None in the last 24 hours.</p>
      ) : (
        <Table
          caption={`${title} of the last 24 hours`}
          rows={rows}
          rowKey={(row) => row.coin}
          columns={[
            { name: "Coin", cell: (row) => <><a href={addressWith({ coin: row.coin }, "/", [])}>{row.coin}</a>{row.stale && <span class="tag">old</span>}</> },
            { name: "Price", figure: true, cell: (row) => price(row.price) },
            ...(turnover ? [{ name: "Turnover", figure: true, cell: (row: CoinMover) => compact(row.quote_volume) }] : []),
            { name: "Change", figure: true, cell: (row) => <Change value={row.change} /> },
          ]}
        />
      )}
    </Panel>
  );
}

const NEWS = { posts: "news", no_news_seen: "no news seen", not_watching: "not watching" } as const;

function SpikeRow({ spike }: { spike: Spike }) {
  return (
    <li class="spike">
      <div class="spike-head">
        <time dateTime={spike.time} title={full(spike.time)}>
          {dayClock(spike.time)}
        </time>
        <b>{spike.coin}</b>
        <Change value={spike.change} />
        <span class="muted">{fixed(Math.abs(spike.score), 1)} deviations</span>
        <span class={`tag ${spike.news}`} title={spike.words}>
          {NEWS[spike.news]}
        </span>
        <a href={addressWith({ coin: spike.coin, interval: "1m" }, "/", [])}>
          Chart<span class="sr-only"> of {spike.coin}</span>
        </a>
      </div>
      {spike.news === "posts" ? (
        <ul class="spike-posts">
          {[...spike.before, ...spike.after].map((post) => (
            <PostLine key={post.id} post={post} from={spike.time} />
          ))}
        </ul>
      ) : (
        <p class="muted">{spike.words}</p>
      )}
    </li>
  );
}

/** A post beside a move: how long before or after it was published. */
function PostLine({ post, from }: { post: PostRef; from: string }) {
  const seconds = ((millis(post.published_at) ?? 0) - (millis(from) ?? 0)) / 1000;
  return (
    <li class="post" data-post={post.id}>
      <div class="post-meta">
        <time dateTime={post.published_at} title={full(post.published_at)}>
          {span(Math.abs(seconds))} {seconds < 0 ? "before" : "after"}
        </time>
        <span class="domain">{post.source}</span>
        {post.hot && (
          <span class="hot">
            <Icon name="flame" size={13} />
            hot
          </span>
        )}
      </div>
      <a class="post-title" href={addressWith({ post: post.id })}>
        {post.title || "(without a title)"}
      </a>
    </li>
  );
}
