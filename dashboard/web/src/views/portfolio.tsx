import { useState } from "preact/hooks";
import { get, write } from "../api/client";
import type { Holding, Portfolio } from "../api/types";
import { compact, DASH, fixed, horizon as horizonText, price, share, signed } from "../format/numbers";
import { ago, full } from "../format/times";
import { useResource, useTopic } from "../state/resource";
import { coin, coins, now } from "../state/session";
import { addressWith } from "../state/url";
import { Outcome, useAction } from "../ui/action";
import { Change, toneOf } from "../ui/change";
import { Exports, Page, Panel } from "../ui/controls";
import { Empty, Shown } from "../ui/states";
import { Table } from "../ui/table";

export function PortfolioView() {
  const portfolio = useResource<Portfolio>("portfolio", (signal) => get("/api/portfolio", {}, signal));
  const [edited, setEdited] = useState<Holding | null>(null);
  useTopic("portfolio", (message) => {
    if (message.type === "portfolio") portfolio.change(() => message.portfolio);
  });
  const done = () => {
    setEdited(null);
    portfolio.reload();
  };
  return (
    <Page title="Portfolio" controls={<Exports path="portfolio" query={{}} />}>
      <Shown of={portfolio} what="the portfolio" rows={8}>
        {(data) => (
          <>
            <Totals data={data} />
            <Panel title="Holdings" aside="kept on this machine">
              {data.holdings.length === 0 ? <Empty title="No holdings yet">Enter what you hold below. It stays on this machine.</Empty> : <Holdings data={data} edit={setEdited} changed={portfolio.reload} />}
            </Panel>
            <HoldingForm key={edited?.id ?? "new"} edited={edited} quote={data.quote} done={done} cancel={() => setEdited(null)} />
            <Movers data={data} />
          </>
        )}
      </Shown>
    </Page>
  );
}

function Totals({ data }: { data: Portfolio }) {
  return (
    <dl class="totals panel">
      <div>
        <dt>Value</dt>
        <dd>
          {fixed(data.value, 2)} <span class="muted">{data.quote}</span>
        </dd>
      </div>
      <div>
        <dt>Paid</dt>
        <dd>{fixed(data.cost, 2)}</dd>
      </div>
      <div>
        <dt>Profit</dt>
        <dd class={`change ${toneOf(data.profit)}`}>
          {signed(data.profit)} <Change value={data.profit !== null && data.cost ? data.profit / data.cost : null} />
        </dd>
      </div>
      {data.unpriced.length > 0 && (
        <div>
          <dt>Without a price</dt>
          <dd>{data.unpriced.join(", ")}</dd>
        </div>
      )}
    </dl>
  );
}

function Holdings({ data, edit, changed }: { data: Portfolio; edit: (holding: Holding) => void; changed: () => void }) {
  const action = useAction();
  const remove = (holding: Holding) =>
    void action
      .run(async () => {
        await write("delete", "/api/portfolio/{id}", undefined, holding.id);
        return `The holding of ${holding.coin} is gone.`;
      })
      .then(changed);
  return (
    <>
      <Table
        caption="Holdings"
        rows={data.holdings}
        rowKey={(row) => row.id}
        columns={[
          { name: "Coin", cell: (row) => <a href={addressWith({ coin: row.coin }, "/", [])}>{row.coin}</a> },
          { name: "Amount", figure: true, cell: (row) => compact(row.amount) },
          { name: "Paid each", figure: true, wide: true, cell: (row) => price(row.paid) },
          { name: "Price", figure: true, cell: (row) => <span title={row.price_at ? full(row.price_at) : ""}>{price(row.price)}</span> },
          { name: "Value", figure: true, cell: (row) => fixed(row.value, 2) },
          { name: "Profit", figure: true, cell: (row) => <><span class="wide">{signed(row.profit)} </span><Change value={row.profit_share} /></> },
          { name: "Share", figure: true, cell: (row) => (row.share === null ? DASH : <span class="share"><meter min={0} max={1} value={row.share} aria-label={`Share of ${row.coin}`} /> {share(row.share)}</span>) },
          {
            name: "Change",
            cell: (row) => (
              <span class="row-buttons">
                <button type="button" class="button small" aria-label={`Edit ${row.coin}`} onClick={() => edit(row)}>
                  Edit
                </button>
                <button type="button" class="button small" aria-label={`Remove ${row.coin}`} disabled={action.busy} onClick={() => remove(row)}>
                  Remove
                </button>
              </span>
            ),
          },
        ]}
      />
      <Outcome of={action} />
    </>
  );
}

function HoldingForm({ edited, quote, done, cancel }: { edited: Holding | null; quote: string; done: () => void; cancel: () => void }) {
  const [code, setCode] = useState(edited?.coin ?? coin.value);
  const [amount, setAmount] = useState(edited ? String(edited.amount) : "");
  const [paid, setPaid] = useState(edited ? String(edited.paid) : "");
  const action = useAction();
  const save = async (event: Event) => {
    event.preventDefault();
    const holding = { coin: code.trim().toUpperCase(), amount: Number(amount), paid: Number(paid) };
    const saved = await action.run(async () => {
      if (edited) await write("put", "/api/portfolio/{id}", holding, edited.id);
      else await write("post", "/api/portfolio", holding);
      return edited ? "Changed." : "Added.";
    });
    if (saved) {
      setAmount("");
      setPaid("");
      done();
    }
  };
  return (
    <Panel title={edited ? `Change the holding of ${edited.coin}` : "Add a holding"}>
      <form class="form-row" onSubmit={(event) => void save(event)}>
        <label class="field">
          <span>Coin</span>
          <input name="coin" list="coin-codes" value={code} maxLength={32} required autocomplete="off" onInput={(event) => setCode(event.currentTarget.value)} />
          <datalist id="coin-codes">
            {coins.value.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </label>
        <label class="field">
          <span>Amount</span>
          <input name="amount" type="number" inputMode="decimal" min="0" step="any" value={amount} required onInput={(event) => setAmount(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Paid for one, in {quote}</span>
          <input name="paid" type="number" inputMode="decimal" min="0" step="any" value={paid} required onInput={(event) => setPaid(event.currentTarget.value)} />
        </label>
        <button class="button primary" type="submit" disabled={action.busy}>
          {edited ? "Save" : "Add"}
        </button>
        {edited && (
          <button class="button" type="button" onClick={cancel}>
            Leave it
          </button>
        )}
      </form>
      <Outcome of={action} />
    </Panel>
  );
}

function Movers({ data }: { data: Portfolio }) {
  return (
    <Panel title="Posts of the last day that moved it" aside="amount × measured change">
      {data.moved_by.length === 0 ? (
        <p class="muted">No post of the last day about a coin that you hold is measured yet.</p>
      ) : (
        <Table
          caption="Posts that moved the portfolio"
          rows={data.moved_by}
          rowKey={(row) => `${row.post_id}:${row.coin}`}
          columns={[
            { name: "Post", cell: (row) => <a class="title-cell" href={addressWith({ post: row.post_id })}>{row.title}</a> },
            { name: "Age", wide: true, cell: (row) => ago(row.published_at, now.value) },
            { name: "Coin", cell: (row) => row.coin },
            { name: "After", wide: true, figure: true, cell: (row) => horizonText(row.horizon_minutes) },
            { name: "Return", figure: true, cell: (row) => <Change value={row.change} /> },
            { name: `Effect, ${data.quote}`, figure: true, cell: (row) => <span class={`change ${toneOf(row.effect)}`}>{signed(row.effect)}</span> },
          ]}
        />
      )}
    </Panel>
  );
}
