/** A table whose cells are tinted by what they say: the picture and its text at once. */
import type { Correlation } from "../api/types";
import { counted, signed } from "../format/numbers";

const SHADES = 5;

export function CorrelationTable({ of: { coins, values, minutes } }: { of: Correlation }) {
  if (coins.length === 0) return <p class="muted">No coin has candles in this period.</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Correlation of one-minute returns">
      <table class="correlation">
        <caption class="sr-only">Correlation of one-minute returns</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="sr-only">Coin</span>
            </th>
            {coins.map((coin) => (
              <th key={coin} scope="col" class="figure">
                {coin}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {coins.map((coin, row) => (
            <tr key={coin}>
              <th scope="row">{coin}</th>
              {coins.map((other, column) => {
                const value = values[row]?.[column] ?? null;
                return (
                  <td key={other} class={`figure ${shade(value)}`} title={`${counted(minutes[row]?.[column] ?? 0, "minute")} of both`}>
                    {signed(value, 2)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shade(value: number | null): string {
  if (value === null) return "muted";
  const strength = Math.min(SHADES, Math.round(Math.abs(value) * SHADES));
  return strength ? `${value > 0 ? "plus" : "less"}-${strength}` : "";
}
