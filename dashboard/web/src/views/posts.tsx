import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { horizon as horizonText } from "../format/numbers";
import { filterOfAddress, queryOf } from "../posts/filter";
import { PostFeed } from "../posts/post-feed";
import { PERIOD_NAMES, PERIODS } from "../state/period";
import { useResource } from "../state/resource";
import { horizons } from "../state/session";
import { param, setParams } from "../state/url";
import { CoinPicker, Exports, Page, Segmented, Select, Toggle } from "../ui/controls";
import { Icon } from "../ui/icons";

const SETTLE = 300;

export function PostsView() {
  const filter = filterOfAddress();
  const sources = useResource("sources", (signal) => get("/api/sources", {}, signal));
  const listed = sources.data?.sources.map((one) => ({ value: one.source, label: `${one.source} (${one.posts})` })) ?? [];
  const periods = [{ value: "", label: "all" }, ...PERIOD_NAMES.map((name) => ({ value: name, label: PERIODS[name].label }))];
  const sorts = [
    { value: "time", label: "Newest" },
    { value: "votes", label: "Votes" },
    { value: "move", label: "Largest move" },
  ];
  const { sort, ...exported } = queryOf(filter);
  const { horizon } = filter;
  return (
    <Page
      title="Posts"
      controls={
        <>
          <SearchBox />
          <CoinPicker value={filter.coin} all="all coins" />
          <Select label="Source" options={[{ value: "", label: "all sources" }, ...listed]} value={filter.source} choose={(value) => setParams({ source: value })} />
          <Segmented label="Period" options={periods} value={filter.period} choose={(value) => setParams({ period: value })} />
          <Segmented label="Sort by" options={sorts} value={sort ?? "time"} choose={(value) => setParams({ sort: value === "time" ? null : value })} />
          <Select label="Return after" options={horizons.value.map((minutes) => ({ value: String(minutes), label: horizonText(minutes) }))} value={String(horizon)} choose={(value) => setParams({ horizon: value })} />
          <Toggle label="Only hot" on={filter.hot} set={(on) => setParams({ hot: on ? "1" : null })} />
          <Exports path="posts" query={exported} />
        </>
      }
    >
      <section class="panel flush" aria-label="List of posts">
        <PostFeed key={JSON.stringify(filter)} filter={filter} />
      </section>
    </Page>
  );
}

/** Words of the title; what is typed goes to the address once the typing pauses. */
function SearchBox() {
  const given = param("text");
  const [typed, setTyped] = useState(given);
  useEffect(() => setTyped(given), [given]);
  useEffect(() => {
    if (typed.trim() === given) return undefined;
    const timer = setTimeout(() => setParams({ text: typed.trim() }, given !== ""), SETTLE);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <span class="sr-only">Words of the title</span>
      <input type="search" value={typed} maxLength={100} placeholder="Words of the title" onInput={(event) => setTyped(event.currentTarget.value)} />
    </label>
  );
}
