import { useState } from "preact/hooks";
import { get, write } from "../api/client";
import type { Followed } from "../api/types";
import { price } from "../format/numbers";
import { dayClock } from "../format/times";
import { type Resource, useResource, useTopic } from "../state/resource";
import { tickers } from "../state/session";
import { addressWith } from "../state/url";
import { Outcome, useAction } from "../ui/action";
import { Change } from "../ui/change";
import { Page, Panel } from "../ui/controls";
import { Shown } from "../ui/states";
import { Table } from "../ui/table";

const STATES = { checking: "asking the exchange", backfilling: "fetching its history", following: "followed", refused: "refused" } as const;

export function CoinsView() {
  const followed = useResource<Followed>("followed", (signal) => get("/api/followed", {}, signal));
  useTopic("followed", () => followed.reload());
  return (
    <Page title="Followed coins">
      <AddCoin followed={followed} />
      <Panel title="Coins" aside={followed.data ? `${followed.data.exchange}, priced in ${followed.data.quote}` : ""}>
        <Shown of={followed} what="followed coins">
          {(data) => <CoinTable data={data} reload={followed.reload} />}
        </Shown>
      </Panel>
    </Page>
  );
}

function AddCoin({ followed }: { followed: Resource<Followed> }) {
  const [code, setCode] = useState("");
  const action = useAction();
  const add = async (event: Event) => {
    event.preventDefault();
    const wanted = code.trim().toUpperCase();
    if (!wanted) return;
    const done = await action.run(async () => {
      const coin = await write("post", "/api/followed", { coin: wanted });
      return coin.words || `${coin.coin} is being checked with the exchange.`;
    });
    if (done) {
      setCode("");
      followed.reload();
    }
  };
  return (
    <Panel title="Follow a coin">
      <form class="form-row" onSubmit={(event) => void add(event)}>
        <label class="field">
          <span>Code of the coin</span>
          <input name="coin" value={code} maxLength={32} placeholder="such as LINK" autocapitalize="characters" autocomplete="off" spellcheck={false} required onInput={(event) => setCode(event.currentTarget.value)} />
        </label>
        <button class="button primary" type="submit" disabled={action.busy}>
          Follow
        </button>
      </form>
      <Outcome of={action} />
      <p class="muted">It is checked with the exchange and followed within a minute; 24 hours are fetched, and posts that were waiting for it are priced. Nothing is started anew.</p>
    </Panel>
  );
}

function CoinTable({ data, reload }: { data: Followed; reload: () => void }) {
  const action = useAction();
  const remove = (coin: string) =>
    void action
      .run(async () => {
        await write("delete", "/api/followed/{coin}", undefined, coin);
        return `${coin} is not followed any more. Its candles and prices stay.`;
      })
      .then(reload);
  const prices = new Map(tickers.value.map((ticker) => [ticker.coin, ticker]));
  return (
    <>
      <Table
        caption="Followed coins"
        rows={data.coins}
        rowKey={(row) => row.coin}
        columns={[
          { name: "Coin", cell: (row) => <a href={addressWith({ coin: row.coin }, "/", [])}>{row.coin}</a> },
          { name: "Price", figure: true, cell: (row) => price(prices.get(row.coin)?.price) },
          { name: "24 h", figure: true, cell: (row) => <Change value={prices.get(row.coin)?.change_24h} /> },
          { name: "State", cell: (row) => <><span class={`tag state-${row.state}`}>{STATES[row.state]}</span> {(row.state === "refused" || row.state === "following") && row.words !== "followed" && <span class="muted sentence">{row.words}</span>}</> },
          { name: "Newest candle", wide: true, cell: (row) => dayClock(row.newest_candle) },
          { name: "Since", wide: true, cell: (row) => dayClock(row.added_at) },
          {
            name: "Remove",
            cell: (row) => (
              <button type="button" class="button small" aria-label={`Remove ${row.coin}`} disabled={action.busy} onClick={() => remove(row.coin)}>
                Remove
              </button>
            ),
          },
        ]}
      />
      <Outcome of={action} />
    </>
  );
}
