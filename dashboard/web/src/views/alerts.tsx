import { useState } from "preact/hooks";
import { get, write } from "../api/client";
import type { AlertRules, Alerts, Sent } from "../api/types";
import { dayClock } from "../format/times";
import { useResource } from "../state/resource";
import { addressWith } from "../state/url";
import { Outcome, useAction } from "../ui/action";
import { Page, Panel, Toggle } from "../ui/controls";
import { Empty, Shown } from "../ui/states";
import { Table } from "../ui/table";
import { ChannelForm } from "./alert-channel-form";

export function AlertsView() {
  const alerts = useResource<Alerts>("alerts", (signal) => get("/api/alerts", {}, signal));
  const log = useResource("log", (signal) => get("/api/alerts/log", { limit: 50 }, signal));
  const changed = () => {
    alerts.reload();
    log.reload();
  };
  return (
    <Page title="Alerts">
      <Shown of={alerts} what="alerts" rows={8}>
        {(data) => (
          <div class="grid">
            <Panel title="Where they go">
              <Channels alerts={data} changed={changed} />
              <ChannelForm changed={changed} />
            </Panel>
            <Panel title="When there is one">
              <Rules key={JSON.stringify(data.rules)} rules={data.rules} changed={alerts.reload} />
            </Panel>
          </div>
        )}
      </Shown>
      <Panel
        title="What was sent"
        aside={
          <button type="button" class="button small" onClick={log.reload}>
            Look again
          </button>
        }
      >
        <Shown of={log} what="the log">
          {(data) => <Log entries={data.entries} />}
        </Shown>
      </Panel>
    </Page>
  );
}

function Channels({ alerts, changed }: { alerts: Alerts; changed: () => void }) {
  const action = useAction();
  const test = (id: string, name: string) =>
    void action
      .run(async () => {
        const tested = await write("post", "/api/alerts/channels/{id}/test", undefined, id);
        if (!tested.delivered) throw new Error(`${name} did not take it: ${tested.reason}`);
        return `${name} took the test.`;
      })
      .then(changed);
  const remove = (id: string, name: string) =>
    void action
      .run(async () => {
        await write("delete", "/api/alerts/channels/{id}", undefined, id);
        return `${name} is gone.`;
      })
      .then(changed);
  return (
    <>
      {alerts.channels.length === 0 ? (
        <Empty title="No channel yet">Add one below: Telegram, mail, a webhook, the desktop.</Empty>
      ) : (
        <Table
          caption="Channels"
          rows={alerts.channels}
          rowKey={(row) => row.id}
          columns={[
            { name: "Name", cell: (row) => row.name },
            { name: "Service", wide: true, cell: (row) => row.service },
            { name: "Address", wide: true, cell: (row) => <code>{row.address}</code> },
            {
              name: "Do",
              cell: (row) => (
                <span class="row-buttons">
                  <button type="button" class="button small" aria-label={`Send a test to ${row.name}`} disabled={action.busy} onClick={() => test(row.id, row.name)}>
                    Test
                  </button>
                  <button type="button" class="button small" aria-label={`Remove ${row.name}`} disabled={action.busy} onClick={() => remove(row.id, row.name)}>
                    Remove
                  </button>
                </span>
              ),
            },
          ]}
        />
      )}
      <Outcome of={action} />
    </>
  );
}

function Rules({ rules, changed }: { rules: AlertRules; changed: () => void }) {
  const [draft, setDraft] = useState(rules);
  const [listed, setListed] = useState(rules.coins.join(", "));
  const action = useAction();
  const set = (change: Partial<AlertRules>) => setDraft({ ...draft, ...change });
  const save = async (event: Event) => {
    event.preventDefault();
    const coins = listed.toUpperCase().split(/[\s,]+/).filter(Boolean);
    const saved = await action.run(async () => {
      await write("put", "/api/alerts/rules", { ...draft, coins });
      return "Saved.";
    });
    if (saved) changed();
  };
  return (
    <form class="form" onSubmit={(event) => void save(event)}>
      <Toggle label="A hot post on a followed coin or a holding" on={draft.hot_post} set={(on) => set({ hot_post: on })} />
      <Toggle label="A move of many times the usual after a post (how many: below)" on={draft.unusual_move} set={(on) => set({ unusual_move: on })} />
      <Toggle label="Stale data" on={draft.stale_data} set={(on) => set({ stale_data: on })} />
      <div class="form-row">
        <label class="field">
          <span>Times the usual move</span>
          <input type="number" min="1" max="100" step="0.5" value={draft.times_usual} onInput={(event) => set({ times_usual: Number(event.currentTarget.value) })} />
        </label>
        <label class="field">
          <span>Minutes between two of a kind</span>
          <input type="number" min="0" max="1440" step="1" value={draft.cooldown_minutes} onInput={(event) => set({ cooldown_minutes: Number(event.currentTarget.value) })} />
        </label>
      </div>
      <div class="form-row">
        <label class="field">
          <span>Quiet from (UTC)</span>
          <input type="time" value={draft.quiet_from?.slice(0, 5) ?? ""} onInput={(event) => set({ quiet_from: event.currentTarget.value || null })} />
        </label>
        <label class="field">
          <span>Quiet until (UTC)</span>
          <input type="time" value={draft.quiet_until?.slice(0, 5) ?? ""} onInput={(event) => set({ quiet_until: event.currentTarget.value || null })} />
        </label>
        <label class="field grow">
          <span>Only these coins (empty: followed and held)</span>
          <input value={listed} placeholder="BTC, ETH" onInput={(event) => setListed(event.currentTarget.value)} />
        </label>
      </div>
      <button class="button primary" type="submit" disabled={action.busy}>
        Save
      </button>
      <Outcome of={action} />
    </form>
  );
}

const KINDS = { hot_post: "hot post", unusual_move: "unusual move", stale_data: "stale data", test: "test" } as const;

function Log({ entries }: { entries: Sent[] }) {
  if (entries.length === 0) return <Empty title="Nothing was sent yet" />;
  return (
    <Table
      caption="Alerts that were sent or held back"
      rows={entries}
      rowKey={(row) => row.id}
      columns={[
        { name: "Time", cell: (row) => dayClock(row.sent_at) },
        { name: "Kind", cell: (row) => KINDS[row.kind] },
        { name: "Title", cell: (row) => (row.post_id ? <a class="title-cell" href={addressWith({ post: row.post_id })}>{row.title}</a> : <span class="title-cell">{row.title}</span>) },
        { name: "Channel", wide: true, cell: (row) => row.channel },
        { name: "Outcome", cell: (row) => <span title={row.reason}>{outcome(row)}</span> },
      ]}
    />
  );
}

function outcome(sent: Sent): string {
  if (sent.held_back) return sent.held_back === "quiet_hours" ? "held back: quiet hours" : "held back: cooldown";
  return sent.delivered ? "delivered" : `not delivered: ${sent.reason}`;
}
