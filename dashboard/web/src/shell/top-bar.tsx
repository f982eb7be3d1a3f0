/** The strip at the top: the coins with their prices, whether it is live, the zone, the colours. */
import { price } from "../format/numbers";
import { clock, zoneName } from "../format/times";
import { theme, toggleTheme, toggleZone } from "../state/prefs";
import { coin, now, tickers } from "../state/session";
import { addressWith, place } from "../state/url";
import { Change, toneOf } from "../ui/change";
import { Icon } from "../ui/icons";
import { Spark } from "../ui/spark";
import { Live } from "./live";

export function TopBar() {
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="newswake, to the chart">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span>newswake</span>
      </a>
      <Strip />
      <div class="top-tools">
        <Live />
        <button type="button" class="tool" onClick={toggleZone} title="Times in UTC, or of this machine">
          <Icon name="clock" size={16} />
          <span class="clock-now">{now.value ? clock(now.value) : "--:--"}</span>
          <span>{zoneName()}</span>
        </button>
        <button type="button" class="tool" onClick={toggleTheme} aria-label={theme.value === "dark" ? "Light colours" : "Dark colours"}>
          <Icon name={theme.value === "dark" ? "sun" : "moon"} size={17} />
        </button>
      </div>
    </header>
  );
}

function Strip() {
  const path = place.value.path === "/coins" || place.value.path === "/alerts" || place.value.path === "/health" || place.value.path === "/portfolio" ? "/" : place.value.path;
  return (
    <nav class="strip" aria-label="Followed coins">
      {tickers.value.map((ticker) => (
        <a key={ticker.coin} class="ticker" href={addressWith({ coin: ticker.coin }, path)} aria-current={ticker.coin === coin.value ? "true" : undefined}>
          <b>{ticker.coin}</b>
          <span class="ticker-price">{price(ticker.price)}</span>
          <Change value={ticker.change_24h} />
          <Spark values={ticker.spark} tone={toneOf(ticker.change_24h)} width={46} height={18} />
        </a>
      ))}
    </nav>
  );
}
