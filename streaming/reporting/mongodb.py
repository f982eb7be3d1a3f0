"""To MongoDB: each report in the capped collection `query_progress`, and the application's sign of life."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake.health.inputs import Application
from newswake.health.read import APPLICATION, APPLICATION_ID, REPORTS
from streaming.reporting.board import document_of
from streaming.reporting.listener import Told

log = logging.getLogger(__name__)


class MongoStore:
    """Never raises: what cannot be stored is logged and lost. A failure is logged once until it is over."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._away = False

    def store(self, told: Sequence[Told]) -> None:
        """Each report as a document, in their order."""
        if told:
            self._try(lambda: self._database[REPORTS].insert_many([dict(one.document) for one in told]))

    def sign(self, application: Application) -> None:
        """The application's sign of life: one document, replaced."""
        document = document_of(application)
        self._try(lambda: self._database[APPLICATION].replace_one({"_id": APPLICATION_ID}, document, upsert=True))

    def _try(self, write: Any) -> None:
        try:
            write()
            self._away = False
        except PyMongoError as error:
            if not self._away:
                log.warning("progress reports cannot be stored: %s", type(error).__name__)
            self._away = True
