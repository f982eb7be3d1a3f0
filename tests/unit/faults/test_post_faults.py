"""Every way in which a source of posts can fail, met by the post producer over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import to_ms
from newswake.settings import Settings
from producers.posts.command import sources_from
from producers.posts.loop import Poller
from producers.posts.observations import ObservationStore
from producers.posts.outbox import Outbox
from tests.unit.faults.stand import LONG_TIMEOUT, SLOW, Elsewhere, Stand, timeout_for
from tests.unit.posts.conftest import KeptMessages

KEY = "pl4nted/key+of=cryptopanic"
FEED_PASSWORD = "pl4nted-feed-password"
POLL = 120.0
HOUR, DAY = 3600.0, 24 * 3600.0
PATHS = {"cryptopanic": "/api/developer", "rss.127.0.0.1": "/rss"}


class Producer:
    """One source of the post producer with everything but the broker."""

    def __init__(self, stand: Stand, name: str, store: ObservationStore, timeout_seconds: float) -> None:
        self.stand, self.name, self.path, self.sender = stand, name, PATHS[name], KeptMessages()
        settings = Settings.model_validate(
            {
                "home": stand.home,
                "posts": {"timeout_seconds": timeout_seconds, "poll_seconds": POLL, "lookback_hours": 6},
                "cryptopanic": {
                    "key": KEY, "base_url": f"{stand.url}/api", "monthly_quota": 1_000_000, "delay_hours": 0
                },
                "rss": {"feeds": [f"{stand.url.replace('//', f'//reader:{FEED_PASSWORD}@')}/rss"]},
            }
        )  # fmt: skip
        source = next(one for one in sources_from(settings, stand.clock.now) if one.name == name)
        outbox = Outbox(self.sender, "CryptoPanic", store)
        self.poller = Poller(source, outbox, stand.board, stand.clock, POLL, lambda: 0.5)

    @property
    def ids(self) -> set[str]:
        return {str(post["id"]) for post in self.sender.posts}

    def run(self, seconds: float) -> None:
        self.poller.run(self.stand.begin(seconds))

    def assert_complete(self, since: datetime) -> None:
        """What has arrived since `since` was published; of a feed, what is still in it."""
        now = to_ms(self.stand.clock.now()) - int(POLL * 1000)
        served = [post for post in self.stand.world.news.newest_first(now) if post.arrives_at <= now]
        if self.name != "cryptopanic":
            served = served[:30]
        expected = {str(post.id) for post in served if post.published_at >= to_ms(since)}
        assert expected and expected <= self.ids


@pytest.fixture
def make(stand: Stand, tmp_path: Path) -> Iterator[Callable[..., Producer]]:
    store = ObservationStore(tmp_path / "published.sqlite", timedelta(days=60))
    yield lambda name, timeout_seconds=LONG_TIMEOUT: Producer(stand, name, store, timeout_seconds)
    store.close()


FAULTS = [
    ("429", {}, "waiting", "429", POLL),
    ("429", {"retry_after": 900}, "waiting", "429", 900),
    ("418", {}, "waiting", "418", POLL),
    ("401", {}, "stopped", "401.*check the key", HOUR),
    ("403", {}, "waiting", "quota is spent", POLL),
    ("forbidden", {}, "stopped", "403", HOUR),
    ("451", {}, "stopped", "451.*country", HOUR),
    ("500", {}, "waiting", "500", POLL),
    ("503", {}, "waiting", "503", POLL),
    ("html", {}, "waiting", "a web page", POLL),
    ("truncated", {}, "waiting", "breaks off", POLL),
    ("cut", {}, "waiting", "cut", POLL),
    ("empty", {}, "waiting", "nothing", POLL),
    ("timeout", {"seconds": 2.0}, "waiting", "within 0.5 s", POLL),
    ("drip", {"seconds": 60}, "waiting", "within 0.5 s", POLL),
    ("drip_headers", {"seconds": 60}, "waiting", "within 0.5 s", POLL),
    ("dropped", {}, "waiting", "cannot be reached|breaks off", POLL),
    ("redirect", {"location": "ELSEWHERE"}, "stopped", "302.*not followed|404", HOUR),
]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(("mode", "more", "condition", "said", "least_pause"), FAULTS)
def test_a_fault_is_a_state_no_busy_loop_and_no_gap(
    stand: Stand,
    elsewhere: Elsewhere,
    make: Callable[..., Producer],
    name: str,
    mode: str,
    more: dict[str, object],
    condition: str,
    said: str,
    least_pause: float,
) -> None:
    producer, state_name, since = make(name, timeout_for(mode)), f"posts.{name}", stand.clock.now() - timedelta(hours=4)
    producer.run(2 * POLL + 1)
    assert stand.state(state_name)["condition"] == "ok"
    asked, good_rows, posts = len(stand.simulator.asked), len(stand.ledger.rows), len(producer.sender.posts)
    good_until, heartbeats = stand.ledger.rows[-1].polled_at, len(producer.sender.heartbeats)
    stand.fault(producer.path, mode, **{**more, **({"location": elsewhere.url} if mode == "redirect" else {})})

    began = stand.clock.now()
    producer.run(200 if mode in SLOW else 1000)
    state, bad = stand.state(state_name), stand.ledger.rows[good_rows:]
    assert state["condition"] == condition
    assert re.search(said, state["reason"]), state
    assert KEY not in state["reason"] and FEED_PASSWORD not in str(state)
    assert datetime.fromisoformat(state["last_ok_at"]) == good_until
    if name == "cryptopanic" and mode == "403":
        least_pause = DAY
    elapsed = (stand.clock.now() - began).total_seconds()
    assert 1 <= len(bad) <= 1 + elapsed / least_pause
    assert len(stand.simulator.asked) - asked == len(bad)
    assert all(not row.ok and re.search(said, row.reason or "") and row.covered_until is None for row in bad)
    assert bad[-1].gap_seconds == (bad[-1].polled_at - good_until).total_seconds()
    assert datetime.fromisoformat(state["next_try_at"]) >= bad[-1].polled_at + timedelta(seconds=least_pause)
    assert (len(producer.sender.posts), len(producer.sender.heartbeats)) == (posts, heartbeats)
    assert (elsewhere.asked == []) == (name == "cryptopanic" or mode != "redirect"), "a feed may move, a key may not"
    assert KEY not in str(elsewhere.asked) and "Authorization" not in str(elsewhere.asked)

    stand.cure()
    producer.run(2 * POLL + 1)
    assert stand.state(state_name)["condition"] == "ok"
    back = stand.ledger.rows[good_rows + len(bad)]
    assert back.ok and back.reason is None and back.covered_until is not None
    assert back.gap_seconds == (back.polled_at - good_until).total_seconds() >= POLL
    producer.assert_complete(since)
    assert len(producer.sender.heartbeats) > heartbeats


@pytest.mark.parametrize("name", PATHS)
def test_nobody_listens(stand: Stand, make: Callable[..., Producer], name: str) -> None:
    producer, since = make(name), stand.clock.now() - timedelta(hours=4)
    producer.run(1)
    stand.fault("/", "refused", seconds=0.6)
    producer.run(1000)
    state = stand.state(f"posts.{name}")
    assert (state["condition"], "cannot be reached" in state["reason"]) == ("waiting", True)
    assert sum(not row.ok for row in stand.ledger.rows) <= 8
    stand.simulator.stopping.wait(0.8)  # it listens again
    producer.run(POLL)
    assert stand.state(f"posts.{name}")["condition"] == "ok"
    producer.assert_complete(since)


@pytest.mark.parametrize("name", PATHS)
def test_no_news_is_not_the_same_as_not_watching(stand: Stand, make: Callable[..., Producer], name: str) -> None:
    producer = make(name)
    stand.fault(producer.path, "nothing")
    producer.run(5 * POLL)
    assert stand.state(f"posts.{name}")["condition"] == "ok"
    assert producer.sender.posts == []
    assert len(stand.ledger.rows) >= 5
    assert all(row.ok and row.covered_from is None and row.covered_until == row.polled_at for row in stand.ledger.rows)
    assert [row.gap_seconds for row in stand.ledger.rows[1:]] == [POLL] * (len(stand.ledger.rows) - 1)


@pytest.mark.parametrize("name", PATHS)
def test_posts_of_a_clock_that_is_ahead_are_dated_by_us(stand: Stand, make: Callable[..., Producer], name: str) -> None:
    producer = make(name)
    stand.fault(producer.path, "clock", seconds=6 * HOUR)
    producer.run(1)
    assert stand.state(f"posts.{name}")["condition"] == "ok"
    seen = {post["id"]: post for post in producer.sender.posts}
    limit = to_ms(stand.clock.now())
    ahead = {str(post.id) for post in stand.world.news.newest_first(limit + int(6 * HOUR) * 1000)}
    ahead -= {str(post.id) for post in stand.world.news.newest_first(limit + 300_000)}
    assert ahead & seen.keys()
    for post in seen.values():
        assert datetime.fromisoformat(post["published_at"]) <= stand.clock.now() + timedelta(minutes=5)


def test_a_quota_that_was_spent_for_days_leaves_no_gap(stand: Stand, make: Callable[..., Producer]) -> None:
    """The window that is read again reaches back to the last good poll, however long that is ago."""
    producer, since = make("cryptopanic"), stand.clock.now()
    producer.run(1)
    stand.fault(producer.path, "403")
    producer.run(DAY + 10)
    stand.cure()
    producer.run(POLL)
    producer.assert_complete(since)
