/** The wake of a post on one coin: the price at every horizon beside what is usual, and what a reader could have had. */
import type { Horizon, Wake } from "../api/types";
import { DASH, fixed, horizon as horizonText, price, share } from "../format/numbers";
import { dayClock, full } from "../format/times";
import { Change } from "../ui/change";
import { Table } from "../ui/table";
import { WakePlot } from "./wake-plot";

export function WakeSection({ wake, quote }: { wake: Wake; quote: string }) {
  return (
    <section class="card-section" aria-label={`Wake of ${wake.coin}`}>
      <h3>
        {wake.coin} <span class="muted">in {quote}</span>
      </h3>
      {!wake.followed && <p class="muted">{wake.coin} is not followed, so its prices are missing.</p>}
      {wake.followed && <WakePlot wake={wake} />}
      {wake.since_seen && (
        <p class="since-seen">
          Since first seen <Change value={wake.since_seen.change} /> <span class="muted">{wake.since_seen.words}</span>
        </p>
      )}
      <Table
        caption={`Prices of ${wake.coin} after the post`}
        rows={wake.horizons}
        rowKey={(row) => row.minutes}
        columns={[
          { name: "After", cell: (row) => <span title={full(row.target_time)}>{horizonText(row.minutes)}</span> },
          { name: "Price", figure: true, cell: (row) => <PriceCell row={row} /> },
          { name: "Return", figure: true, cell: (row) => (row.minutes === 0 ? DASH : <Change value={row.change} tone={row.tone} />) },
          { name: "Usual ±", figure: true, cell: (row) => <Usual row={row} /> },
          { name: "Since seen", figure: true, cell: (row) => (row.minutes === 0 ? DASH : <Change value={row.change_since_seen} />) },
        ]}
      />
    </section>
  );
}

/** A price, or in words why there is none or what it is worth. */
function PriceCell({ row }: { row: Horizon }) {
  const words = row.state === "filled" ? "carried" : row.state === "open" ? "still open" : row.state;
  return (
    <span title={row.words}>
      {row.price === null ? <span class="muted">{words}</span> : price(row.price)}
      {row.price !== null && row.state === "filled" && <span class="tag">carried</span>}
      {row.repaired_at && (
        <span class="tag" title={`Priced later, at ${dayClock(row.repaired_at)}`}>
          repaired
        </span>
      )}
    </span>
  );
}

function Usual({ row }: { row: Horizon }) {
  if (row.usual === null) return <>{DASH}</>;
  return (
    <span title={`Median of ${row.usual_count} stretches of the 7 days before`}>
      {share(row.usual, 2)}
      {row.times_usual !== null && <span class="muted"> {fixed(row.times_usual, 1)}×</span>}
    </span>
  );
}
