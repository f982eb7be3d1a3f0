/** What every view needs from the server: coins, horizons, now, banners. */
import { batch, computed, signal } from "@preact/signals";
import { get, Refusal, useToken } from "../api/client";
import { connect, listen } from "../api/live";
import type { Banner, Health, Session, Ticker } from "../api/types";
import { millis, type Moment } from "../format/times";
import { param } from "./url";

const TRY_AGAIN = 2_000;

export const session = signal<Session | null>(null);
export const sessionError = signal<Refusal | null>(null);
export const tickers = signal<Ticker[]>([]);
export const health = signal<Health | null>(null);
/** The close of the newest closed candle, in milliseconds: what "ago" and periods count back from. */
export const now = signal<number | null>(null);

export const coins = computed(() => session.value?.coins ?? []);
export const quote = computed(() => session.value?.quote ?? "");
export const horizons = computed(() => (session.value?.horizons ?? []).filter((minutes) => minutes > 0));
export const banners = computed<Banner[]>(() => health.value?.banners ?? session.value?.banners ?? []);

/** The coin of the address, else the first that is followed. */
export const coin = computed(() => param("coin") || coins.value[0] || "");

export function advance(moment: Moment): void {
  const value = millis(moment);
  if (value !== null && value > (now.value ?? 0)) now.value = value;
}

export async function openSession(): Promise<void> {
  try {
    // The tickers take longer, and the view does not need them.
    const listing = get("/api/coins", {});
    listing.catch(() => undefined); // what it failed with is thrown below, once the session is there
    const answer = await get("/api/session", {});
    useToken(answer.token);
    batch(() => {
      session.value = answer;
      sessionError.value = null;
      if (answer.now !== null) advance(answer.now);
    });
    const listed = await listing;
    batch(() => {
      tickers.value = listed.coins;
      if (listed.now !== null) advance(listed.now);
    });
  } catch (error) {
    sessionError.value = error instanceof Refusal ? error : new Refusal("failed", String(error));
    setTimeout(() => void openSession(), TRY_AGAIN);
  }
}

export function startSession(): void {
  void openSession();
  listen("coins", (message) => {
    if (message.type !== "coins") return;
    tickers.value = message.coins;
    for (const ticker of message.coins) advance(ticker.price_at);
  });
  listen("health", (message) => {
    if (message.type !== "health") return;
    health.value = message.health;
    advance(message.health.now);
  });
  listen("followed", () => void openSession());
  connect(() => void openSession());
}
