import type { Interval } from "../api/types";
import { STEPS } from "../chart/bars";
import { CandleChart } from "../chart/candle-chart";
import { AT_ONCE } from "../chart/use-candles";
import { compact, counted, horizon as horizonText, price } from "../format/numbers";
import { horizonOf, type PostFilter } from "../posts/filter";
import { PostFeed } from "../posts/post-feed";
import { coin, horizons, now, quote, session, tickers } from "../state/session";
import { addressWith, param, setParams } from "../state/url";
import { Change } from "../ui/change";
import { Exports, Segmented, Select, Toggle } from "../ui/controls";
import { Empty } from "../ui/states";

const DEFAULT_INTERVAL = "5m";

export function ChartView() {
  const code = coin.value;
  const intervals = session.value?.intervals ?? [];
  const wanted = param("interval");
  const interval = (intervals.includes(wanted) ? wanted : DEFAULT_INTERVAL) as Interval;
  const horizon = horizonOf();
  const hot = param("hot") === "1";
  if (!code) {
    return (
      <Empty title="No coin is followed yet">
        <a href="/coins">Add one</a>
      </Empty>
    );
  }
  const filter: PostFilter = { coin: code, period: "", hot, source: "", text: "", sort: "time", horizon };
  return (
    <div class="chart-view">
      <section class="panel flush chart-panel" aria-label={`Chart of ${code}`}>
        <ChartHead code={code} />
        <div class="controls chart-controls">
          <Segmented label="Interval" options={intervals.map((value) => ({ value, label: value }))} value={interval} choose={(value) => setParams({ interval: value === DEFAULT_INTERVAL ? null : value })} />
          <Select label="Return after" options={horizons.value.map((minutes) => ({ value: String(minutes), label: horizonText(minutes) }))} value={String(horizon)} choose={(value) => setParams({ horizon: value })} />
          <Toggle label="Only hot" on={hot} set={(on) => setParams({ hot: on ? "1" : null })} />
          <Exports path="candles" query={{ coin: code, interval, ...drawn(interval) }} />
        </div>
        <CandleChart coin={code} interval={interval} horizon={horizon} hot={hot} />
      </section>
      <section class="panel flush feed-panel" aria-label={`Posts about ${code}`}>
        <header class="panel-head">
          <h2>Posts about {code}</h2>
          <a href={addressWith({ coin: code }, "/posts", ["coin"])}>All filters</a>
        </header>
        <PostFeed key={code} filter={filter} own />
      </section>
    </div>
  );
}

/** The period of the bars that are drawn at first, as far as one may ask for it: what the exports hold. */
function drawn(interval: Interval): { from?: string } {
  if (now.value === null) return {};
  const days = session.value?.limits.max_period_days ?? 1;
  return { from: new Date(now.value - Math.min(AT_ONCE * STEPS[interval], days * STEPS["1d"])).toISOString() };
}

function ChartHead({ code }: { code: string }) {
  const ticker = tickers.value.find((one) => one.coin === code);
  return (
    <header class="chart-head">
      <h1>
        {code}
        <span class="muted">/{quote.value}</span>
      </h1>
      <span class="chart-price">{price(ticker?.price)}</span>
      <dl class="chart-facts">
        <div>
          <dt>1 h</dt>
          <dd>
            <Change value={ticker?.change_1h} />
          </dd>
        </div>
        <div>
          <dt>24 h</dt>
          <dd>
            <Change value={ticker?.change_24h} />
          </dd>
        </div>
        <div class="wide">
          <dt>Volume 24 h</dt>
          <dd>{compact(ticker?.volume_24h)} <span class="muted">{code}</span></dd>
        </div>
        <div class="wide">
          <dt>Posts 24 h</dt>
          <dd>
            {ticker ? counted(ticker.posts_24h, "post") : "–"}
            <span class="muted">, {ticker?.hot_24h ?? 0} hot</span>
          </dd>
        </div>
      </dl>
    </header>
  );
}
