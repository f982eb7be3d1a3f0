"""What keeps the lake small beside the queries: files that compaction has replaced are deleted once they are old.

Compaction itself belongs to the query that appends to a table (streaming/sinks/compaction.py), because it conflicts
with a writer that reads the table. This does not: it only deletes what no version of the last `lake.keep_hours` needs.
Delta prunes the tables' own logs when it writes its checkpoints, Spark the checkpoints of the queries.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from streaming import event_log
from streaming.context import Context
from streaming.files import Files
from streaming.schemas import TABLES
from streaming.sinks import delta
from streaming.sinks.steps import named_jobs

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
RETRY = timedelta(hours=1)


class Housekeeping:
    """Runs in a thread of its own, at most once in `lake.vacuum_hours`, however often the process is started again.

    When it was last done stands in a small file beside the checkpoints.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._files = Files(context.spark)
        self._path = f"{context.settings.checkpoints_path}/vacuumed"
        self._pause = timedelta(hours=context.settings.lake.vacuum_hours)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="housekeeping")
        self._running: Future[None] | None = None
        self._look_at = 0.0
        self._not_before: datetime | None = None

    def look(self, now: float) -> None:
        """Start it when it is due; `now` in seconds of a monotonic clock."""
        if now < self._look_at or (self._running is not None and not self._running.done()):
            return
        self._look_at = now + LOOK_SECONDS
        self._bound_event_log()
        if self.is_due(datetime.now(UTC)):
            self._running = self._worker.submit(self.vacuum)

    def _bound_event_log(self) -> None:
        spark = self._context.spark.sparkContext
        folder = urlsplit(spark.getConf().get("spark.eventLog.dir", "") or "")
        if spark.getConf().get("spark.eventLog.enabled", "false") != "true" or folder.scheme not in ("", "file"):
            return
        events = Path(unquote(folder.path))
        try:
            event_log.forget_old(events, spark.applicationId)
            event_log.bound(event_log.folder_of(events, spark.applicationId))
        except (OSError, ValueError) as error:  # ValueError: a line that is not whole
            log.warning("the event log was not kept within bounds: %s", error)

    def is_due(self, now: datetime) -> bool:
        """Whether it was last done long enough ago. A new lake has nothing to delete: its time begins now."""
        if self._not_before is not None and now < self._not_before:
            return False
        try:
            done_at = datetime.fromisoformat(self._files.read_text(self._path).strip())
        except (OSError, ValueError):
            if self._not_before is not None:  # it could not be noted
                return True
            self._done(now)
            return False
        return now >= done_at + self._pause

    def vacuum(self) -> None:
        """All tables. What fails is said and tried again in an hour: the queries need not end for it."""
        began, now = time.monotonic(), datetime.now(UTC)
        try:
            for name in TABLES:
                if delta.is_table(self._context.spark, self._context.table(name)):
                    with named_jobs(self._context.spark, f"housekeeping: delete old files of {name}"):
                        delta.vacuum(self._context.spark, self._context.table(name))
        except (PySparkException, Py4JError) as error:
            log.warning("old files of the lake were not deleted: %s", str(error).partition("\n")[0])
            now += RETRY - self._pause
        else:
            log.info("old files of the lake deleted in %.1f s", time.monotonic() - began)
        self._done(now)

    def finish(self) -> None:
        """What is under way ends with the session; the next start does it again."""
        self._bound_event_log()  # one that is run once has had no other time for it
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _done(self, at: datetime) -> None:
        """Note it. What cannot be noted, on a full disk, still counts for as long as this process lives."""
        self._not_before = at + self._pause
        try:
            self._files.write_text(self._path, at.isoformat())
        except (OSError, Py4JError) as error:
            log.warning("when old files were deleted cannot be noted: %s", str(error).partition("\n")[0])
