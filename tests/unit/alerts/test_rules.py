"""What is worth an alert, from a few posts, wakes and verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.alerts.rules import Staleness, hot_posts, unusual_moves
from dashboard.portfolio.news import Wake
from newswake.health.levels import Health, Kind, Level, Verdict

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
COINS = frozenset({"BTC", "ETH"})


def post(id: str, coins: list[str], **other: Any) -> dict[str, Any]:
    document = {
        "_id": f"rss:{id}", "source": "rss", "title": "A title", "url": "https://news.example/1", "currencies": coins,
        "published_at": NOON, "hot_at": NOON + timedelta(minutes=4),
    }  # fmt: skip
    return {**document, **other}


def test_a_hot_post_on_a_coin_that_is_watched() -> None:
    (found,) = hot_posts([post("1", ["SOL", "ETH", "BTC"]), post("2", ["SOL"]), post("3", [])], COINS)
    assert (found.key, found.subject, found.coin, found.post_id) == ("hot_post:rss:1", "ETH", "ETH", "rss:1")
    assert found.title == "Hot post on ETH, BTC"
    assert found.body == "A title\nrss, hot 4 min after it was published\nhttps://news.example/1"


def test_what_others_wrote_stays_text_on_one_line() -> None:
    hostile = post("1", ["BTC"], title="a\r\nBcc: you@example.org\x00" + "x" * 500, url="javascript:alert(1)")
    (found,) = hot_posts(
        [
            hostile,
        ],
        COINS,
    )
    first, *rest = found.body.split("\n")
    assert first.startswith("a Bcc: you@example.org x") and len(first) == 200
    assert rest == ["rss, hot 4 min after it was published"]
    (nameless,) = hot_posts([post("2", ["BTC"], title=None, url=None)], COINS)
    assert nameless.body.startswith("(without a title)")


def test_a_move_beyond_three_times_the_usual_is_told_once_at_its_first_horizon() -> None:
    usual = {("BTC", 5): 0.002, ("BTC", 60): 0.01, ("ETH", 5): None, ("SOL", 5): 0.001}
    wakes = [
        Wake("rss:1", "BTC", NOON, {0: 100.0, 5: 99.39, 60: 90.0}),  # -0.61 % is more than 3 x 0.2 %
        Wake("rss:2", "BTC", NOON, {0: 100.0, 5: 100.59, 60: 97.01}),
        Wake("rss:3", "BTC", NOON, {5: 50.0}),  # without the price at publication nothing moved
        Wake("rss:4", "ETH", NOON, {0: 100.0, 5: 50.0}),  # nobody knows what is usual
        Wake("rss:5", "SOL", NOON, {0: 100.0, 5: 50.0}),  # not watched
        Wake("rss:6", "BTC", NOON, {0: 100.0, 5: 100.1, 60: 104.0}),
    ]
    found = unusual_moves(wakes, {"rss:1": "Down it goes"}, COINS, 3.0, lambda coin, h: usual.get((coin, h)))
    assert [one.key for one in found] == ["unusual_move:rss:1:BTC", "unusual_move:rss:6:BTC"]
    assert found[0].title == "BTC -0.61% within 5 min of a post"
    assert found[0].body == "Down it goes\n3.0 times the usual 0.20%"
    assert found[1].title == "BTC +4.00% within 1 h of a post"


def health(at: datetime, *down: tuple[Kind, str]) -> Health:
    verdicts = [Verdict(kind, subject, Level.DOWN, "candles 9 min old, expected < 2 min") for kind, subject in down]
    return Health(at, at, False, (*verdicts, Verdict(Kind.SOURCE, "rss", Level.DEGRADED, "late")))


def test_what_stays_down_is_told_once_and_again_when_it_comes_back_down() -> None:
    staleness, candles, dead = Staleness(), (Kind.CANDLES, "BTC"), (Kind.DEAD_LETTERS, "")
    keys = []
    for minute in range(12):
        down = [] if minute == 6 else [candles, dead]
        keys += [one.key for one in staleness.look(health(NOON + timedelta(minutes=minute), *down))]
    first, second = (f"stale_data:candles:BTC:2025-01-06T12:{minute:02}:00" for minute in (0, 7))
    assert keys == [first] * 4 + [second] * 3
    (alert,) = staleness.look(health(NOON + timedelta(minutes=12), candles))
    assert (alert.subject, alert.title) == ("candles BTC", "newswake: candles BTC is down")
    assert alert.body == "candles 9 min old, expected < 2 min"
