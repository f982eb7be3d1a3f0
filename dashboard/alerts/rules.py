"""What is worth an alert (pure): a hot post, a move that is far from usual, data that nobody brings any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard.alerts.alert import Alert
from dashboard.portfolio.news import Wake
from newswake.health.levels import Health, Kind, Level
from newswake.health.words import span

# A program that is being started is down for a moment, too.
STEADY: Final = timedelta(minutes=2)
STALE_KINDS: Final = frozenset({Kind.APPLICATION, Kind.QUERY, Kind.CANDLES, Kind.SOURCE, Kind.SERVICE})
LONGEST_TITLE: Final = 200

Usual = Callable[[str, int], float | None]


def hot_posts(posts: Iterable[Mapping[str, Any]], coins: frozenset[str]) -> list[Alert]:
    """One alert a hot post (documents of `posts`) about any of the coins; its first such coin is its subject."""
    alerts = []
    for post in posts:
        about = [coin for coin in post.get("currencies") or () if coin in coins]
        if about:
            age = span(max(post["hot_at"] - post["published_at"], timedelta(0)))
            said = f"{plain(post.get('title'))}\n{post['source']}, hot {age} after it was published"
            link = post.get("url") or ""
            body = f"{said}\n{link}" if link.startswith(("http://", "https://")) else said
            title = f"Hot post on {', '.join(about)}"
            alerts.append(Alert("hot_post", f"hot_post:{post['_id']}", about[0], title, body, about[0], post["_id"]))
    return alerts


def unusual_moves(
    wakes: Iterable[Wake], titles: Mapping[str, str], coins: frozenset[str], times: float, usual: Usual
) -> list[Alert]:
    """One alert a post and coin whose price moved by more than `times` the usual at any of the measured horizons.

    `usual(coin, horizon)` is the median absolute return over the horizon (a fraction), None where it is not known.
    """
    alerts = []
    for wake in wakes:
        first = wake.prices.get(0)
        if wake.coin not in coins or first is None:
            continue
        for horizon, price in sorted(wake.prices.items()):
            expected = usual(wake.coin, horizon) if horizon > 0 else None
            change = price / first - 1
            if expected and abs(change) > times * expected:
                title = f"{wake.coin} {change:+.2%} within {_words(horizon)} of a post"
                body = f"{plain(titles.get(wake.post))}\n{abs(change) / expected:.1f} times the usual {expected:.2%}"
                key = f"unusual_move:{wake.post}:{wake.coin}"
                alerts.append(Alert("unusual_move", key, wake.coin, title, body, wake.coin, wake.post))
                break
    return alerts


@dataclass
class Staleness:
    """Since when something is down, by its kind and subject."""

    since: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def look(self, health: Health) -> list[Alert]:
        """One alert for each thing that has been down for a while, again only after it was well in between."""
        down = [one for one in health.verdicts if one.level is Level.DOWN and one.kind in STALE_KINDS]
        self.since = {(one.kind, one.subject): self.since.get((one.kind, one.subject), health.at) for one in down}
        alerts = []
        for verdict in down:
            since = self.since[verdict.kind, verdict.subject]
            if health.at - since >= STEADY:
                key = f"stale_data:{verdict.kind}:{verdict.subject}:{since:%Y-%m-%dT%H:%M:%S}"
                subject = f"{verdict.kind} {verdict.subject}"
                alerts.append(Alert("stale_data", key, subject, f"newswake: {subject} is down", plain(verdict.says)))
        return alerts


def _words(horizon: int) -> str:
    """A horizon for a person.

    >>> _words(15), _words(1440)
    ('15 min', '24 h')
    """
    return f"{horizon} min" if horizon % 60 else f"{horizon // 60} h"


def plain(text: str | None) -> str:
    """Text of others on one line, without control characters, and of bounded length.

    >>> plain("a\\x00 title\\r\\nBcc: everybody")
    'a title Bcc: everybody'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(printable.split())[:LONGEST_TITLE] or "(without a title)"
