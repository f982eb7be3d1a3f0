/** Open, high, low, close, volume of the bar under the crosshair, else of the newest. */
import type { Bar } from "../api/types";
import { compact, price } from "../format/numbers";
import { dayClock, zoneName } from "../format/times";
import { Change } from "../ui/change";

export function Legend({ bar, hovered }: { bar: Bar | null; hovered: boolean }) {
  if (!bar) return <div class="legend" />;
  const figures: [string, string][] = [
    ["O", price(bar.open, bar.close)],
    ["H", price(bar.high, bar.close)],
    ["L", price(bar.low, bar.close)],
    ["C", price(bar.close)],
    ["Vol", compact(bar.volume)],
  ];
  return (
    <div class="legend" data-hovered={hovered}>
      <span class="muted">
        {dayClock(bar.time)} {zoneName()}
      </span>
      {figures.map(([name, value]) => (
        <span key={name}>
          <abbr>{name}</abbr> {value}
        </span>
      ))}
      <Change value={bar.open ? bar.close / bar.open - 1 : null} />
      {bar.forming && <span class="tag">forming</span>}
    </div>
  );
}
