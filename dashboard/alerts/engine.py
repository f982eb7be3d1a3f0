"""The alerts at work: a thread of the page's server that looks every few seconds, and sends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import PyMongoError

from dashboard.alerts import destinations, facts, journal, store
from dashboard.alerts.alert import Alert, HeldBack, Memory
from dashboard.alerts.destinations import Delivery, Destination
from dashboard.alerts.rules import Staleness, hot_posts, unusual_moves
from dashboard.models.alerts import AlertRules
from dashboard.surprises import Surprises
from newswake.clock import Clock, SystemClock
from newswake.errors import NewswakeError
from newswake.health.levels import Health, Kind, Level, Verdict
from newswake.health.read import read as read_health
from newswake.health.rules import judge
from newswake.settings import Settings

log = logging.getLogger(__name__)
surprises = Surprises(log)

LOOK_SECONDS: Final = 2.0
# More at once is a flood: the others are looked at the next time.
MOST_AT_ONCE: Final = 10

HEALTH_EVERY: Final = timedelta(seconds=10)
AWAY: Final = (Kind.SERVICE, "mongodb", Level.DOWN)

Send = Callable[[Destination, str, str], Delivery]


class Engine:
    """`clock` is the machine's: cooldown and quiet hours are for people. What news is, is in the data's time."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        settings: Settings,
        clock: Clock | None = None,
        send: Send = destinations.send,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock or SystemClock()
        self._send = send
        self._usual = facts.UsualMoves(database, settings)
        self._staleness = Staleness()
        self._health: Health | None = None
        self._memory, self._recalled = Memory(), False
        self._looked_at: datetime | None = None
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_seconds: float) -> None:
        """Stop looking. A message that is under way is waited for, for a while."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._trouble = ""
            except (PyMongoError, NewswakeError) as error:
                self._say_once(error)
            except Exception as error:  # noqa: BLE001  a row that fits nothing must not end all later alerts
                surprises.tell("alerts could not be looked for", error)
            self._clock.wait(LOOK_SECONDS, self._stop)

    def look(self) -> None:
        """Once: read, judge, send, log. Raises `SettingsError` for a damaged file, `PyMongoError` for the log."""
        at, rules = self._clock.now(), store.rules(self._settings)
        found: list[Alert] = []
        if self._health is None or at - self._health.at >= HEALTH_EVERY:
            self._health = self._read_health(at)
            found += self._staleness.look(self._health) if rules.stale_data else []
        if not any((one.kind, one.subject, one.level) == AWAY for one in self._health.verdicts):
            self._recall(at)
            found += self._news(rules)
        new = {alert.key: alert for alert in found if not self._memory.knows(alert)}
        for alert in list(new.values())[:MOST_AT_ONCE]:
            held_back = self._memory.judge(alert, rules, at)
            self._memory.note(alert, held_back, at)
            self._tell(alert, held_back, at)

    def _read_health(self, at: datetime) -> Health:
        try:
            return judge(read_health(self._database, at))
        except PyMongoError as error:
            says = f"it does not answer ({type(error).__name__})"
            return Health(at, None, False, (Verdict(*AWAY, says),))

    def _news(self, rules: AlertRules) -> list[Alert]:
        now = facts.newest_close(self._database)
        if now is None:
            return []
        since = min(now, self._looked_at or now) - facts.FRESH
        coins = frozenset(rules.coins) or facts.watched_coins(self._database, self._settings)
        found = hot_posts(facts.hot_since(self._database, since), coins) if rules.hot_post else []
        if rules.unusual_move:
            wakes, titles = facts.wakes_since(self._database, since)
            found += unusual_moves(
                wakes, titles, coins, rules.times_usual, lambda coin, horizon: self._usual.of(coin, horizon, now)
            )
        self._looked_at = now
        return found

    def _recall(self, at: datetime) -> None:
        """What former servers have told, once; while the database is away, it is what this one has."""
        if not self._recalled:
            journal.ensure(self._database)
            self._memory.add(journal.remembered(self._database, at))
            self._recalled = True

    def _tell(self, alert: Alert, held_back: HeldBack, at: datetime) -> None:
        if held_back:
            return self._note(alert, "", Delivery(False), held_back, at)
        channels = [one for one in store.all_destinations(self._settings) if one.enabled]
        if not channels:
            return self._note(alert, "", Delivery(False, "there is no channel"), held_back, at)
        for channel in channels:
            delivery = self._send(channel, alert.title, alert.body)
            if not delivery.delivered:
                log.warning("an alert did not arrive at %s: %s", channel.name, delivery.reason)
            self._note(alert, channel.name, delivery, held_back, at)
        return None

    def _note(self, alert: Alert, channel: str, delivery: Delivery, held_back: HeldBack, at: datetime) -> None:
        try:
            journal.write(self._database, self._settings, alert, channel, delivery, held_back, at)
        except PyMongoError as error:  # that it is away may be the very alert
            log.warning("an alert could not be logged: %s (%s)", alert.title, type(error).__name__)

    def _say_once(self, error: Exception) -> None:
        sentence = str(error) if isinstance(error, NewswakeError) else f"MongoDB is away ({type(error).__name__})"
        if sentence != self._trouble:
            log.warning("alerts are not looked for: %s", sentence)
        self._trouble = sentence
