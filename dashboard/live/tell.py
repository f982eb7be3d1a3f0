"""What changed, told to those who look: each topic is computed once, whoever many clients have it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeVar

import anyio

from dashboard import portfolio as holdings
from dashboard.context import Context
from dashboard.live.hub import Changes
from dashboard.live.topics import Candles, PostPrices, Posts, topic_of
from dashboard.models import live
from dashboard.moments import MINUTE, newest_close
from dashboard.reads import forming, health, posts, tickers, wake_of_post
from dashboard.reads.candles import bar_open, bars
from newswake.clock import from_ms

MOST_BARS: Final = 20  # of one topic in one round; more is history, which is asked for again
MOST_FORMING: Final = 8

T = TypeVar("T", Candles, Posts, PostPrices)


def _of_kind(context: Context, kind: type[T]) -> list[tuple[str, T]]:
    """The topics of a kind that anybody has, as texts and as what they mean."""
    pairs = ((text, topic_of(text)) for text in sorted(context.hub.topics()))
    return [(text, topic) for text, topic in pairs if isinstance(topic, kind)]


def has(context: Context, name: str) -> bool:
    return name in context.hub.topics()


async def changes(context: Context, found: Changes) -> None:
    """Tell everything but what is told at its own pace."""
    await _candles(context, found)
    await _posts(context, found)
    for text, prices in _of_kind(context, PostPrices):
        if prices.post in found.prices:
            await _wakes(context, text, prices.post)
    if found.followed:
        context.hub.tell("followed", live.FollowedChanged(topic="followed"))


async def _candles(context: Context, found: Changes) -> None:
    for text, topic in _of_kind(context, Candles):
        changed = {bar_open(opened, topic.minutes) for opened in found.minutes.get(topic.coin, ())}
        if "candles" in found.flood or len(changed) > MOST_BARS:
            context.hub.tell_to_ask_again([text])
        elif changed:
            await _bars(context, text, topic, changed)


async def _bars(context: Context, text: str, topic: Candles, changed: Iterable[datetime]) -> None:
    now = await newest_close(context.tables)
    for opened in sorted(changed):
        end = opened + topic.minutes * MINUTE
        for bar in await bars(context.tables, context.settings.candles, topic.coin, topic.minutes, opened, end, 1):
            _candle(context, text, topic, bar, now)


def _candle(context: Context, text: str, topic: Candles, bar: live.Bar, now: datetime | None) -> None:
    message = live.Candle(topic=text, coin=topic.coin, interval=topic.interval, bar=bar, now=now or from_ms(bar.time))
    context.hub.tell(text, message, key=str(bar.time))


async def _posts(context: Context, found: Changes) -> None:
    topics = _of_kind(context, Posts)
    if "posts" in found.flood:
        context.hub.tell_to_ask_again(text for text, _ in topics)
        return
    if not topics or not found.posts:
        return
    documents = await context.tables.find("posts", {"_id": {"$in": list(found.posts)}}, limit=len(found.posts))
    for text, topic in topics:
        for post in await posts.as_shown(context, documents, topic.horizon):
            message = live.PostChanged(topic=text, new=found.posts[post.id], post=post)
            context.hub.tell(text, message, key=post.id)


async def _wakes(context: Context, text: str, post: str) -> None:
    document = await context.tables.one("posts", {"_id": post})
    if document is not None:
        found = await wake_of_post.wakes(context, document)
        context.hub.tell(text, live.WakeChanged(topic=text, id=post, wakes=found))


async def open_bars(context: Context) -> None:
    """The bars that hold the open minute, of the charts that somebody looks at."""
    watched = _of_kind(context, Candles)[:MOST_FORMING]
    if not watched:
        return
    now = await newest_close(context.tables)
    for text, topic in watched:
        bar = await forming.bar(context, topic.coin, topic.minutes)
        if bar is not None:
            _candle(context, text, topic, bar, now)


async def coins(context: Context) -> None:
    found = await tickers.tickers(context)
    context.hub.tell("coins", live.CoinsChanged(topic="coins", coins=found.coins))


async def portfolio(context: Context) -> None:
    now = await newest_close(context.tables)
    found = await anyio.to_thread.run_sync(holdings.portfolio, context.database, context.settings, now)
    context.hub.tell("portfolio", live.PortfolioChanged(topic="portfolio", portfolio=found))


async def state(context: Context) -> None:
    context.hub.tell("health", live.HealthChanged(topic="health", health=await health.health(context)))
