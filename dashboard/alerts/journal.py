"""What was sent, held back, or did not arrive: the collection `alert_log`, which forgets after a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from dashboard.alerts.alert import REMEMBERED, Alert, HeldBack, Memory
from dashboard.alerts.destinations import Delivery
from dashboard.models.alerts import AlertLog, Sent
from dashboard.refusals import Invalid
from newswake.settings import Settings

COLLECTION: Final = "alert_log"
LONGEST_MS: Final = 5_000
MOST_REMEMBERED: Final = 5_000


def ensure(database: Database[dict[str, Any]]) -> None:
    """The indexes, made when missing."""
    database[COLLECTION].create_indexes(
        [IndexModel([("sent_at", DESCENDING)]), IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0)]
    )


def write(
    database: Database[dict[str, Any]],
    settings: Settings,
    alert: Alert,
    channel: str,
    delivery: Delivery,
    held_back: HeldBack = "",
    at: datetime | None = None,
) -> None:
    """One alert and one channel; `channel` is empty for what was held back from all of them."""
    sent_at = at or datetime.now(UTC)
    database[COLLECTION].insert_one(
        {
            "sent_at": sent_at,
            "expire_at": sent_at + timedelta(days=settings.alerts.log_days),
            "kind": alert.kind,
            "key": alert.key,
            "subject": alert.subject,
            "coin": alert.coin,
            "post_id": alert.post_id,
            "title": alert.title,
            "body": alert.body,
            "channel": channel,
            "delivered": delivery.delivered,
            "held_back": held_back,
            "reason": delivery.reason,
        }
    )


def log(database: Database[dict[str, Any]], before: str | None, limit: int) -> AlertLog:
    """The newest first; `before` is the `next` of the page before. Raises `Invalid` where it is none."""
    try:
        where = {} if before is None else {"_id": {"$lt": ObjectId(before)}}
    except InvalidId:
        raise Invalid("before", "This is no place in the log") from None
    rows = list(database[COLLECTION].find(where, limit=limit + 1, max_time_ms=LONGEST_MS).sort("_id", DESCENDING))
    shown = rows[:limit]
    fields = [name for name in Sent.model_fields if name != "id"]
    entries = [Sent(id=str(row["_id"]), **{name: row[name] for name in fields}) for row in shown]
    return AlertLog(entries=entries, next=entries[-1].id if len(rows) > limit else None)


def remembered(database: Database[dict[str, Any]], at: datetime) -> Memory:
    """What a server that starts at `at` has to know, so that nothing is told twice and the cooldown goes on."""
    memory = Memory()
    rows = database[COLLECTION].find(
        {"sent_at": {"$gt": at - REMEMBERED}}, limit=MOST_REMEMBERED, max_time_ms=LONGEST_MS
    )
    for row in rows.sort("sent_at", DESCENDING):
        memory.told.setdefault(row["key"], row["sent_at"])
        if not row["held_back"]:
            memory.sent.setdefault((row["kind"], row["subject"]), row["sent_at"])
    return memory
