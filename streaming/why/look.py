"""What is known of a post: looked up in MongoDB, in the lake, in the reports of batches, and in Spark's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo.database import Database
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from newswake.errors import ServiceError
from newswake.health.inputs import MINUTE
from newswake.health.limits import limits_for
from newswake.health.read import REPORTS, read, read_reports
from newswake.health.report import Report, report_of
from newswake.health.rules import data_now
from newswake.settings import Streaming
from streaming.context import Context
from streaming.queries import post_prices
from streaming.schemas import POSTS
from streaming.transforms.due import due_rows
from streaming.why.fate import Due, Fate, Known, Written, fate_of
from streaming.why.places import Document, InLake, InMongo, Place, ids_in
from streaming.why.state import held_horizons
from streaming.why.written import Commit, LakeRow, RowsInLake

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """A post, and what became of each of its prices; `says` is all there is when it is not joined with the coin."""

    post: Document | None
    coin: str
    fates: tuple[Fate, ...] = ()
    says: str = ""


def why(context: Context, database: Database[dict[str, Any]] | None, post: str, coin: str) -> list[Found]:
    """One a post of that id: two sources may use the same. `post` is an id, or source:id.

    Raises `ServiceError` when no post is named.
    """
    if not post or not coin:
        raise ServiceError("Name a post and a coin: make why POST=9000017 COIN=BTC")
    symbol = coin.strip().upper()
    lake = InLake(context)
    # In the order of asking: the lake, which takes longer, only of what MongoDB does not have.
    places: list[Place] = [lake] if database is None else [InMongo(database), lake]
    look = _Look(context, database, lake, places)
    documents = look.first(lambda place: place.posts(post))
    if not documents:
        return [Found(None, symbol, says=look.not_held(post))]
    return [look.found(document, symbol) for document in documents]


@dataclass(frozen=True)
class _Look:
    """At MongoDB, which is None when it does not answer, and at the lake."""

    context: Context
    database: Database[dict[str, Any]] | None
    lake: InLake
    places: Sequence[Place]

    def first(self, asked: Callable[[Place], T]) -> T | None:
        """What the first place has that has anything."""
        return next((found for place in self.places if (found := asked(place))), None)

    def not_held(self, post: str) -> str:
        """Refused, not read yet, or never received."""
        keys = [name.encode() for name in ids_in(post)]
        letter = self.first(lambda place: place.refused(keys))
        if letter is not None:
            place = f"{letter['topic']}, partition {letter['partition']}, offset {letter['offset']}"
            return f"refused at {letter['kafka_time']:%Y-%m-%d %H:%M:%S}: {letter['reason']} ({place})"
        reports = read_reports(self.database).get("posts", ()) if self.database is not None else ()
        behind = sum(report.messages_behind for report in reports[:1])
        waiting = f"; the query posts has {behind:,} messages to read" if behind else ""
        return f"not received: neither a post nor a refused message of that id is there{waiting}"

    def found(self, post: Document, coin: str) -> Found:
        context, streaming = self.context, self.context.settings.streaming
        if coin not in post["currencies"]:
            tags = ", ".join(post["currencies"]) or "no coin"
            return Found(post, coin, says=f"not tagged with {coin}: it is tagged with {tags}")
        dues = due_of(context.spark, post, coin, streaming)
        if not dues:
            return Found(
                post, coin, says=f"not joined: streaming.join_posts is {streaming.join_posts}, hot is {post['hot']}"
            )
        checkpoint = context.checkpoint(post_prices.NAME)
        watermark = checkpoint.watermark()
        now, repaired_at = self._times(watermark)
        in_lake = RowsInLake(context.spark, context.table(post_prices.NAME), post, coin)
        held_by_lake = in_lake.rows()
        rows = {horizon: row.document for horizon, row in held_by_lake.items()} | self._rows(post, coin)
        # A post that was dated anew has the rows of its first date.
        dues = [
            replace(due, target_time=rows[due.horizon_minutes]["target_time"]) if due.horizon_minutes in rows else due
            for due in dues
        ]
        unknown = any(due.horizon_minutes not in rows for due in dues) and checkpoint.has_begun()
        known = Known(
            first_seen_at=post["first_seen_at"],
            rows=rows,
            candles=self._candles(dues, coin, now),
            watermark=watermark,
            now=now,
            lateness_minutes=streaming.lateness_minutes,
            held=held_horizons(context.spark, checkpoint.path, post["source"], post["post_id"], coin)
            if unknown
            else None,
            repaired_at=repaired_at,
            written=self._written(in_lake, held_by_lake),
            by_mongodb=self.database is not None,
        )
        return Found(post, coin, tuple(fate_of(due, known) for due in dues))

    def _times(self, watermark: datetime | None) -> tuple[datetime | None, datetime | None]:
        """The data's time, and when the last repair ended."""
        if self.database is None:
            return self.lake.newest_close(watermark), None
        inputs = read(self.database, datetime.now(UTC))
        now = data_now(inputs, limits_for(inputs.application))
        return now, inputs.repair.ended_at if inputs.repair else None

    def _rows(self, post: Document, coin: str) -> dict[int, Document]:
        if self.database is None:
            return {}
        asked = {"source": post["source"], "post_id": post["post_id"], "symbol": coin}
        return {int(row["horizon_minutes"]): row for row in self.database["post_prices"].find(asked)}

    def _candles(self, dues: Sequence[Due], coin: str, now: datetime | None) -> dict[int, Document]:
        """By horizon, of the minutes that are over."""
        minutes = {due.target_time - MINUTE for due in dues if now is None or due.target_time <= now}
        found: dict[datetime, Document] = {}
        for place in self.places:
            if absent := minutes - found.keys():
                found |= place.candles(coin, absent)
        return {
            due.horizon_minutes: found[due.target_time - MINUTE] for due in dues if due.target_time - MINUTE in found
        }

    def _written(self, lake: RowsInLake, rows: Mapping[int, LakeRow]) -> dict[int, Written | None]:
        oldest = self._report({})
        commits = lake.commits(rows, oldest.at if oldest else None)
        written = {commit: self._written_by(commit) for commit in set(commits.values()) if commit}
        return {horizon: written[commit] if commit else None for horizon, commit in commits.items()}

    def _written_by(self, commit: Commit) -> Written:
        if commit.batch is None:
            return Written(commit.at, None, None)
        checkpoint, batch = commit.batch
        # A batch that was cut off and repeated has written nothing the second time.
        return Written(commit.at, batch, self._report({"id": checkpoint, "batchId": batch, "rowsWritten": {"$gt": 0}}))

    def _report(self, asked: Document) -> Report | None:
        """The oldest report of the join that is kept and is as asked."""
        if self.database is None:
            return None
        kept = self.database[REPORTS].find_one({"name": post_prices.NAME, **asked}, sort=[("$natural", 1)])
        return report_of(kept) if kept else None


def due_of(spark: SparkSession, post: Document, coin: str, streaming: Streaming) -> list[Due]:
    """What the post is owed for the coin, by the join's own rule; nothing when it is not joined."""
    values = {name: post.get(name) for name in POSTS.names if name not in ("votes", "currencies")}
    values |= {"votes": None, "currencies": [coin]}
    frame = spark.createDataFrame([tuple(values[name] for name in POSTS.names)], POSTS)
    due = due_rows(frame.withColumn("position", F.lit(0)), streaming.horizons_minutes, streaming.join_posts)
    # As milliseconds, because PySpark gives times in the zone of the machine.
    rows = due.select(
        "horizon_minutes", F.unix_millis("target_time").alias("target"), F.unix_millis("hour").alias("hour")
    )
    return [
        Due(int(row["horizon_minutes"]), _utc(row["target"]), _utc(row["hour"]))
        for row in sorted(rows.collect(), key=lambda row: int(row["horizon_minutes"]))
    ]


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)
