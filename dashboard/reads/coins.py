"""The followed coins, in their order."""

from __future__ import annotations

from dashboard.context import Context


async def followed_coins(context: Context) -> list[str]:
    return list(context.settings.candles.coins)
