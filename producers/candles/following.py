"""Which coins the producer follows: the list in MongoDB, and what the producer says of each of its coins.

A thread of its own reads the list every second and writes the answers. The producer neither waits for MongoDB nor ends
because it is away: it goes on with what it has, which a restart finds in a file of the home.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bson.errors import BSONError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake import followed
from newswake.errors import NewswakeError
from newswake.followed import Followed, Status
from newswake.mongo import client
from newswake.settings import Settings

log = logging.getLogger(__name__)

READ_SECONDS = 1.0
AWAY_SECONDS = 5.0
CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Wanted:
    """The coins to follow, in their order; those of them that were wished for and not answered yet."""

    coins: tuple[str, ...]
    wishes: frozenset[str] = frozenset()


class Following(Protocol):
    """The list as the loop sees it. Nothing here blocks or fails."""

    def wanted(self) -> Wanted: ...

    def found(self, coin: str, market: str | None, reason: str | None) -> None:
        """The exchange was asked: it has this market, or none for this reason. That is the answer to a wish."""
        ...

    def began(self, coin: str, at: datetime) -> None:
        """Its candles are asked for from `at` on, because it has none yet."""
        ...

    def caught_up(self, coin: str) -> None:
        """All its minutes up to now were published."""
        ...


class FollowedCoins:
    """A `Following` over the list in MongoDB; `start` before its use, `close` after it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.home / "candles" / "followed.json"
        self._known: dict[str, Followed] = {}
        kept = self._of_former_run()
        self._wanted = Wanted(settings.candles.coins if kept is None else kept)
        self._kept = kept
        self._unkept: tuple[str, ...] | None = None
        self._changes: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._stop, self._wake, self._asked = threading.Event(), threading.Event(), threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._work, name="followed", daemon=True)

    def start(self) -> None:
        """Read the list, or find that MongoDB is away."""
        self._thread.start()
        self._asked.wait(2 * self._settings.mongo.timeout_ms / 1000)

    def close(self) -> None:
        """Write what was said last, for a moment."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def wanted(self) -> Wanted:
        with self._lock:
            return self._wanted

    def found(self, coin: str, market: str | None, reason: str | None) -> None:
        with self._lock:
            is_wish = coin in self._wanted.wishes
            change: dict[str, Any] = {"market": market, "reason": reason}
            if is_wish:
                change["status"] = Status.REFUSED if market is None else Status.FOLLOWING
                refused = market is None
                self._wanted = Wanted(
                    tuple(one for one in self._wanted.coins if one != coin or not refused),
                    self._wanted.wishes - {coin},
                )
        if is_wish:
            log.info("%s: %s", coin, f"followed from now on, as {market}" if market else reason)
        self._say(coin, change)

    def began(self, coin: str, at: datetime) -> None:
        self._say(coin, {"followed_from": at, "caught_up_at": None})

    def caught_up(self, coin: str) -> None:
        with self._lock:
            is_told = coin in self._known and self._known[coin].caught_up_at is not None
            if is_told or "caught_up_at" in self._changes.get(coin, {}):
                return
        self._say(coin, {"caught_up_at": datetime.now(UTC)})

    def _say(self, coin: str, change: Mapping[str, Any]) -> None:
        """Queue what differs from what the list says."""
        with self._lock:
            known = self._known.get(coin)
            news = {name: value for name, value in change.items() if known is None or getattr(known, name) != value}
            if news:
                self._changes.setdefault(coin, {}).update(news)
                self._wake.set()

    def _work(self) -> None:
        database: Database[dict[str, Any]] | None = None
        while True:
            stopping = self._stop.is_set()
            try:
                if database is None:
                    database = client(self._settings.mongo)[self._settings.mongo.database]
                    followed.seed(database, self._settings.candles.coins)
                self._write(database)
                self._take(followed.read(database))
                if self._away:
                    log.info("the list of followed coins can be read again")
                self._away = False
            except (
                PyMongoError,
                BSONError,
                NewswakeError,
                KeyError,
                ValueError,
            ) as error:  # or what others wrote there
                self._went_away(error)
            self._asked.set()
            if stopping:
                return
            self._wake.wait(AWAY_SECONDS if self._away else READ_SECONDS)
            self._wake.clear()

    def _write(self, database: Database[dict[str, Any]]) -> None:
        with self._lock:
            changes = {coin: dict(change) for coin, change in self._changes.items()}
        for coin, change in changes.items():
            followed.answer(database, coin, change)
            with self._lock:
                said = self._changes[coin].items()
                left = {name: value for name, value in said if name not in change or change[name] != value}
                self._changes[coin] = left
                if not left:
                    del self._changes[coin]

    def _take(self, listed: Sequence[Followed]) -> None:
        coins = tuple(one.coin for one in listed if one.status is not Status.REFUSED)
        with self._lock:
            self._known = {one.coin: one for one in listed}
            if any("status" in change for change in self._changes.values()):
                return  # an answer is not on the list yet; it will be in a moment
            wishes = frozenset(one.coin for one in listed if one.status is Status.CHECKING)
            before, self._wanted = self._wanted, Wanted(coins, wishes)
        if set(before.coins) != set(coins):
            log.info("%d coins are followed: %s", len(coins), ", ".join(coins))
        self._keep(tuple(coin for coin in coins if coin not in wishes))

    def _went_away(self, error: Exception) -> None:
        if not self._away:
            # The text of the error may hold the address, and with it the password.
            log.warning(
                "MongoDB (setting mongo.uri) does not tell which coins are followed (%s): going on with %d coins",
                type(error).__name__, len(self._wanted.coins),
            )  # fmt: skip
        self._away = True

    def _of_former_run(self) -> tuple[str, ...] | None:
        try:
            coins = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        is_list = isinstance(coins, list) and all(isinstance(coin, str) for coin in coins)
        return tuple(coins) if is_list else None

    def _keep(self, coins: tuple[str, ...]) -> None:
        """Remember them for the next start. A disk that does not take them must not end the reading of the list."""
        if coins == self._kept:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".draft")
            draft.write_text(json.dumps(coins), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            if coins != self._unkept:
                log.warning("%s cannot be written (%s): a start without MongoDB will not know them", self._file, error)
            self._unkept = coins
            return
        self._kept = coins
