"""A view for every followed coin, also for one that is followed from now on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake import followed
from newswake.errors import ServiceError
from streaming import mongo_setup

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 1.0


class CoinViews:
    """Looks at the list of followed coins now and then; `made` have their views."""

    def __init__(self, database: Database[dict[str, Any]], made: Sequence[str]) -> None:
        self._database = database
        self._made = set(made)
        self._look_at = 0.0

    def look(self, now: float) -> None:
        """Make what is missing; `now` in seconds of a monotonic clock. What fails is said and tried again."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        try:
            with pymongo.timeout(PATIENCE_SECONDS):
                new = [coin for coin in followed.coins_of(self._database) if coin not in self._made]
                if new:
                    mongo_setup.ensure_views(self._database, new)
                    log.info("views of new coins: %s", ", ".join(new))
            self._made.update(new)
        except PyMongoError as error:
            log.warning("the views of new coins could not be made: %s", type(error).__name__)
        except ServiceError as error:  # a person gave its name to a collection
            log.warning("%s", error)
