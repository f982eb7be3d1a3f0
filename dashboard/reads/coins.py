"""The followed coins, in their order."""

from __future__ import annotations

from typing import Final

from dashboard.context import Context
from dashboard.models.followed import CoinState, Followed, FollowedCoin
from dashboard.moments import MINUTE
from dashboard.reads.candles import LATEST, newest_before
from newswake.followed import COLLECTION, Status
from newswake.followed import Followed as Listed

WORDS: Final[dict[CoinState, str]] = {
    "checking": "the exchange is being asked",
    "backfilling": "its last hours are being fetched",
    "following": "followed",
    "refused": "the exchange has no market of it",
}


async def followed_coins(context: Context) -> list[str]:
    """Those that have or will have candles; the setting's while the list was never filled."""
    return [one.coin for one in await _listed(context) if one.status is Status.FOLLOWING]


async def followed(context: Context) -> Followed:
    market = context.settings.candles
    coins = [await as_shown(context, one) for one in await _listed(context)]
    return Followed(exchange=market.exchange, quote=market.quote, coins=coins)


async def as_shown(context: Context, listed: Listed) -> FollowedCoin:
    newest = await newest_before(context.tables, context.settings.candles, listed.coin, LATEST)
    state = _state(listed)
    return FollowedCoin(
        coin=listed.coin,
        added_at=listed.wished_at,
        state=state,
        words=listed.reason or WORDS[state],
        market=listed.market,
        candles_from=listed.followed_from,
        newest_candle=newest + MINUTE if newest else None,
    )


async def _listed(context: Context) -> list[Listed]:
    rows = await context.tables.find(
        COLLECTION, {"status": {"$ne": Status.REMOVED}}, sort=[("position", 1), ("_id", 1)], limit=1_000
    )
    if not rows and await context.tables.one(COLLECTION, {}) is None:
        at = context.started_at
        return [Listed(coin, Status.FOLLOWING, place, at) for place, coin in enumerate(context.settings.candles.coins)]
    return [Listed.of(row) for row in rows]


def _state(listed: Listed) -> CoinState:
    if listed.status is Status.CHECKING:
        return "checking"
    if listed.status is Status.REFUSED:
        return "refused"
    return "following" if listed.caught_up_at else "backfilling"
