/** The four clocks of a post, and how long after publication each was. */
import type { Card } from "../api/types";
import { full, millis, span } from "../format/times";

export function Clocks({ clocks }: { clocks: Card["clocks"] }) {
  const published = millis(clocks.published_at) ?? 0;
  const rows: [string, string | null, string][] = [
    ["Published", clocks.published_at, ""],
    ["Created at its source", clocks.created_at, "not said"],
    ["First seen by us", clocks.first_seen_at, "not known"],
    ["First listed as hot", clocks.first_hot_at, "never so far"],
  ];
  return (
    <dl class="clocks">
      {rows.map(([name, moment, absent]) => {
        const later = ((millis(moment) ?? published) - published) / 1000;
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {moment ? full(moment) : <span class="muted">{absent}</span>}
              {moment && later >= 1 && <span class="muted"> · {span(later)} later</span>}
              {moment && later <= -1 && <span class="muted"> · {span(-later)} earlier</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
