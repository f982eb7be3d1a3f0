"""What is known now: MongoDB is read and the broker asked, wherever the settings say that they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pymongo
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs, ServiceState
from newswake.health.read import read
from newswake.kafka import failure, quiet_config
from newswake.mongo import client, refusal
from newswake.settings import Kafka, Settings
from streaming.monitor.figures import names_of, queries_of
from streaming.monitor.unread import unread

TIMEOUT_MS = 3_000


class MongoLook:
    """Connections are opened at the first look and kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: MongoClient[dict[str, Any]] | None = None
        self._admin: AdminClient | None = None
        self._topics: tuple[str, ...] = ()

    def at(self, moment: datetime) -> Inputs:
        """Raises `SettingsError` when an address cannot be used; a service that does not answer is said in words."""
        kafka = self._kafka(self._settings.kafka)
        if self._client is None:
            self._client = client(self._settings.mongo, TIMEOUT_MS)
        try:
            answers = ServiceState("mongodb", True, f"answers, database {self._settings.mongo.database}")
            with pymongo.timeout(TIMEOUT_MS / 1_000):  # of a server that hangs, too
                found = read(self._client[self._settings.mongo.database], moment, (kafka, answers))
        except PyMongoError as error:
            return Inputs(moment, services=(kafka, ServiceState("mongodb", False, str(refusal(error)))))
        return replace(found, unread=self._unread(found)) if kafka.answers else found

    def _kafka(self, kafka: Kafka) -> ServiceState:
        if self._admin is None:
            self._admin = AdminClient(quiet_config(kafka))
        try:
            topics = self._admin.list_topics(timeout=TIMEOUT_MS / 1_000).topics
        except KafkaException as error:
            return ServiceState("kafka", False, str(failure(kafka, error.args[0])))
        wanted = (kafka.posts_topic, kafka.candles_topic)
        self._topics = tuple(name for name in wanted if name in topics)
        absent = [name for name in wanted if name not in topics]
        says = f"answers, without {' and '.join(absent)}" if absent else f"answers at {kafka.bootstrap_servers}"
        return ServiceState("kafka", not absent, says)

    def _unread(self, found: Inputs) -> dict[str, dict[str, int]]:
        """Of queries that the application has not counted it for: all of them, while it says nothing.

        Empty where the broker does not tell it: then the last word of the application is shown, as such.
        """
        counted = (
            [name for name, query in queries_of(found).items() if query.messages_behind] if is_heard(found) else []
        )
        names = [name for name in names_of(found) if name not in counted]
        if not names:
            return {}
        try:
            return unread(quiet_config(self._settings.kafka), names, self._topics, TIMEOUT_MS / 1_000)
        except KafkaException:
            return {}

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
