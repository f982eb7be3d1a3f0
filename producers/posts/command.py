"""`python -m producers posts`: read CryptoPanic and RSS feeds, publish what is new or changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from newswake import logs
from newswake.clock import clock_from
from newswake.errors import SettingsError
from newswake.kafka import ensure_topics
from newswake.settings import Settings, load
from producers.coverage import Ledger
from producers.posts import cryptopanic
from producers.posts.coins import Recogniser, load_table
from producers.posts.cryptopanic import CryptoPanicSource
from producers.posts.cryptopanic_api import PostsApi
from producers.posts.feeds import by_source, load_feeds
from producers.posts.http import Fetcher
from producers.posts.loop import Poller, run
from producers.posts.observations import ObservationStore
from producers.posts.outbox import Outbox
from producers.posts.quota import MonthlyQuota
from producers.posts.rss import RssSource
from producers.posts.source import Source
from producers.process import run_until_signal
from producers.publisher import Publisher
from producers.states import StateBoard

log = logging.getLogger(__name__)
KEEP = timedelta(days=60)
GRACE_SECONDS = 5.0  # longer than the outbox takes to say that the broker is gone


def posts() -> None:
    """Publish posts of CryptoPanic (when a key is set) and of RSS feeds until it is told to stop."""
    settings = load()
    logs.configure(settings, "posts")
    if run_until_signal(lambda stop: _work(settings, stop), GRACE_SECONDS):
        log.info("stopped; everything is on the broker")
    else:
        log.info("stopped while the broker or a file was outstanding; the next start goes on")


def _work(settings: Settings, stop: threading.Event) -> None:
    clock = clock_from(settings.clock.url)
    keep = max(KEEP, 2 * timedelta(hours=settings.posts.lookback_hours + settings.cryptopanic.delay_hours))
    store = ObservationStore(settings.home / "posts" / "published.sqlite", keep)
    sources = sources_from(settings, clock.now, store.read_until(cryptopanic.NAME))
    ensure_topics(settings.kafka)
    ledger = Ledger(settings.mongo, "posts")
    board = StateBoard(forget_others(settings.home / "states", sources), ledger)
    outbox = Outbox(Publisher(settings.kafka), settings.kafka.posts_topic, store)
    pollers = [Poller(source, outbox, board, clock, settings.posts.poll_seconds) for source in sources]
    log.info("reads %s", ", ".join(source.name for source in sources))
    ledger.start()
    try:
        run(pollers, outbox, clock, stop)
    finally:
        ledger.close()


def sources_from(
    settings: Settings, now: Callable[[], datetime], cryptopanic_read_until: datetime | None = None
) -> list[Source]:
    """The sources that the settings ask for. Raises `SettingsError` when there are none."""
    sources: list[Source] = []
    if settings.cryptopanic.key.get_secret_value():
        counter = settings.home / "quota" / f"cryptopanic.{settings.cryptopanic.plan}.json"
        quota = MonthlyQuota(counter, settings.cryptopanic.monthly_quota, settings.posts.poll_seconds, now)
        # A redirect would be asked with the key in its address, wherever it leads: it is not followed.
        api = PostsApi(settings.cryptopanic, Fetcher(settings.posts, now, follow_redirects=False))
        sources.append(CryptoPanicSource(settings.cryptopanic, settings.posts, api, quota, cryptopanic_read_until))
    feeds = load_feeds(settings.rss.feeds)
    recogniser = Recogniser(load_table()) if feeds else None
    for name, group in by_source(feeds).items():
        assert recogniser is not None
        fetcher = Fetcher(settings.posts, now, follow_redirects=True)
        sources.append(RssSource(name, group, fetcher, recogniser, now))
    if not sources:
        raise SettingsError(
            "There is no source of posts: set cryptopanic.key (NEWSWAKE_CRYPTOPANIC__KEY) or name feeds in rss.feeds"
        )
    return sources


def forget_others(folder: Path, sources: Iterable[Source]) -> Path:
    """Remove the states of sources that are read no more, so that nobody takes them for the present."""
    names = {f"posts.{source.name}.json" for source in sources}
    for file in folder.glob("posts.*.json"):
        if file.name not in names:
            file.unlink(missing_ok=True)
    return folder
