"""What each coin did after one post, beside what it usually does, and what a reader could still have had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import anyio

from analysis.since_seen import SinceSeen as Found
from analysis.since_seen import since_first_seen
from analysis.usual import UsualMove
from dashboard.context import Context
from dashboard.database import Document
from dashboard.models.card import Horizon, PriceState, SinceSeen, Wake, Window
from dashboard.moments import MINUTE, newest_close
from dashboard.reads.candles import LATEST, bar_open, newest_before, of_market
from dashboard.reads.usual import frame_of, tone_of, usual_at
from newswake.clock import to_ms

BEFORE: Final = timedelta(minutes=30)
AFTER: Final = timedelta(hours=4)
MOST_COINS: Final = 25
WORDS: Final[dict[PriceState, str]] = {
    "exact": "measured",
    "filled": "carried: nobody traded in that minute, so the close before it stands",
    "missing": "missing: no candle of that minute came",
    "open": "still open",
    "waiting": "due: its minute has closed, the price is being joined",
}


async def wakes(context: Context, post: Document) -> list[Wake]:
    """One a coin of the post, 25 at the most."""
    now = await newest_close(context.tables)
    return [await _wake(context, post, coin, now) for coin in (post.get("currencies") or ())[:MOST_COINS]]


async def _wake(context: Context, post: Document, coin: str, now: datetime | None) -> Wake:
    horizons = context.settings.streaming.horizons_minutes
    published: datetime = post["published_at"]
    ids = {f"{post['_id']}:{coin}:{horizon}": horizon for horizon in horizons}
    rows = await context.tables.find("post_prices", {"_id": {"$in": list(ids)}}, limit=len(ids))
    prices = {ids[row["_id"]]: row for row in rows}
    usual = await usual_at(context.tables, context.settings.candles, coin, published, horizons)
    closes = await _closes(context, coin, published, post.get("first_seen_at"), horizons)
    found = None
    if now is not None and (seen := post.get("first_seen_at")):
        found = await anyio.to_thread.run_sync(
            since_first_seen, frame_of(coin, closes), coin, published, seen, now, horizons
        )
    return Wake(
        coin=coin,
        followed=bool(closes),
        horizons=[_horizon(published, now, horizon, prices, usual, found) for horizon in horizons],
        since_seen=_since_seen(found, post, now) if found else None,
        window=_window(closes, published, post.get("first_seen_at")),
    )


async def _closes(
    context: Context, coin: str, published: datetime, seen: datetime | None, horizons: Sequence[int]
) -> list[Document]:
    """The closes that a card needs: those of its plot, at its horizons, the first after it was seen, the newest."""
    minute = bar_open(published, 1)
    wanted: list[dict[str, Any]] = [{"open_time": {"$gte": minute - BEFORE - MINUTE, "$lt": minute + AFTER}}]
    targets = [minute + horizon * MINUTE - MINUTE for horizon in horizons]
    wanted.append({"open_time": {"$in": targets}})
    market = of_market(context.settings.candles, coin)
    edges = [newest] if (newest := await newest_before(context.tables, context.settings.candles, coin, LATEST)) else []
    if seen is not None:
        # It opens a minute before it closes, and must close when the post had been seen or later.
        after = {**market, "open_time": {"$gte": _minute_after(seen) - MINUTE}}
        first = await context.tables.one("candles", after, fields=["open_time"], sort=[("open_time", 1)])
        edges += [first["open_time"]] if first else []
    wanted.append({"open_time": {"$in": edges}})
    return await context.tables.find(
        "candles", {**market, "$or": wanted}, fields=["open_time", "close"], sort=[("open_time", 1)], limit=2_000
    )


def _minute_after(moment: datetime) -> datetime:
    minute = bar_open(moment, 1)
    return minute if minute == moment else minute + MINUTE


def _horizon(
    published: datetime,
    now: datetime | None,
    minutes: int,
    prices: Mapping[int, Document],
    usual: Sequence[UsualMove],
    found: Found | None,
) -> Horizon:
    row, first = prices.get(minutes), prices.get(0)
    target = row["target_time"] if row else bar_open(published, 1) + minutes * MINUTE
    due = now is not None and target <= now
    state: PriceState = row["price_status"] if row is not None else "waiting" if due else "open"
    price = row["price"] if row else None
    at_once = first["price"] if first else None
    change = price / at_once - 1 if price is not None and at_once else None
    normal = next(one for one in usual if one.horizon_minutes == minutes)
    return Horizon(
        minutes=minutes,
        target_time=target,
        state=state,
        words=WORDS[state] + (f" until {target:%H:%M} UTC" if state == "open" else ""),
        price=price,
        change=change,
        tone=tone_of(change, state, normal.move),
        usual=normal.move,
        usual_count=normal.minutes,
        times_usual=abs(change) / normal.move if change is not None and normal.move else None,
        change_since_seen=dict(found.by_horizon).get(minutes) if found else None,
        repaired_at=row.get("repaired_at") if row else None,
    )


def _since_seen(found: Found, post: Document, now: datetime | None) -> SinceSeen:
    seen: datetime = post["first_seen_at"]
    late = (seen - post["published_at"]).total_seconds() / 60
    if found.entry_time is None:
        words = "No candle has closed since we saw the post"
    else:
        words = f"We saw it {late:.0f} min after publication; from the first close after that until the newest one"
    return SinceSeen(
        entry_time=found.entry_time or _minute_after(seen),
        entry_price=found.entry_price,
        price_now=found.last_price,
        now=found.last_time or now,
        change=found.value,
        words=words,
    )


def _window(closes: Sequence[Document], published: datetime, seen: datetime | None) -> Window:
    minute = bar_open(published, 1)
    shown = [(row["open_time"] + MINUTE, row["close"]) for row in closes]
    shown = [(time, close) for time, close in shown if minute - BEFORE <= time <= minute + AFTER]
    return Window(
        time=[to_ms(time) for time, _ in shown],
        close=[close for _, close in shown],
        published=to_ms(published),
        first_seen=to_ms(seen) if seen else None,
    )
