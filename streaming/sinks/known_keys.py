"""Which keys a table holds, remembered in the driver as hashes: a filter in front of the exact comparison.

Nearly every batch has only keys that its table does not hold. To see that by reading the table is most of the work of a
small batch: Spark plans a join, and Delta lays out its list of files. Here it is a look into sorted arrays.

The filter may only err to one side. Where it finds a key, perhaps by the same hash, or does not cover what it is asked
for, the table is read and compared. So all that counts is that it holds every key of the part that it covers; hence it
goes with a version of the table, and is made anew when somebody else has written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.schemas import KEYS, TABLES
from streaming.sinks import delta
from streaming.sinks.new_rows import Span, span_of

DAY_MICROS = 24 * 3_600 * 1_000_000
# Eight bytes each, and about half as much again while two runs become one.
MOST_KEYS = 10_000_000

Hashes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BatchKeys:
    """The keys of the rows of one batch.

    `hashes`: one 64-bit hash a row, sorted. `oldest`, `newest`: microseconds since the epoch of the rows' time, None
    where they have none.
    """

    hashes: Hashes
    oldest: int | None = None
    newest: int | None = None

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def span(self) -> Span | None:
        return span_of(self.oldest, self.newest)

    @property
    def are_unique(self) -> bool:
        """No two rows have the same key. False where two hashes are the same by chance."""
        return not np.any(self.hashes[1:] == self.hashes[:-1])


def keys_of(rows: DataFrame, table: str, time: str | None = None) -> BatchKeys:
    """The keys of `rows`, in the types of the table's columns, and their span of the column `time`. One job."""
    kinds = {field.name: field.dataType for field in TABLES[table]}
    # Cast, because a number hashes by its type.
    columns = [F.xxhash64(*(F.col(name).cast(kinds[name]) for name in KEYS[table])).alias("hash")]
    columns += [F.unix_micros(time).alias("time")] if time else []
    found = rows.select(*columns).toArrow()
    hashes = np.sort(found["hash"].to_numpy())
    if not time or not len(hashes):
        return BatchKeys(hashes)
    times = found["time"].to_numpy()
    return BatchKeys(hashes, int(times.min()), int(times.max()))


class KnownKeys:
    """The keys of one table: all of them, or, with a column `time`, those from a day before some batch on.

    At most `most` are held. A table with `time` is then learned anew from where the next batch is; one of which more
    would have to be held is compared with each batch. For one writer, under what guards the table.
    """

    def __init__(self, spark: SparkSession, table: str, path: str, time: str | None = None, most: int = MOST_KEYS):
        self._spark = spark
        self._table = table
        self._path = path
        self._time = time
        self._most = most
        self._versions = delta.Versions(spark, path)
        self._version: int | None = None
        self._since: int | None = None
        self._runs: list[Hashes] = []
        self._too_many = False

    def lack(self, batch: BatchKeys) -> bool:
        """True: the table has none of these keys, and no two of them are the same. False: it has to be looked into."""
        if self._too_many:
            return False
        newest = self._versions.newest()
        if self._version != newest:
            self._forget()  # also where nothing else is asked: what is written next must not hide it
        if not batch.are_unique:
            return False
        if self._version is None:
            self._learn(batch, newest)
        covered = self._since is None or (batch.oldest is not None and batch.oldest >= self._since)
        return self._version is not None and covered and not any(_meet(run, batch.hashes) for run in self._runs)

    def written(self, batch: BatchKeys, *, appended: bool) -> None:
        """The table has got those rows of the batch that it lacked, by one append, or by none if it lacked none."""
        if self._version is None:
            return
        version = self._version + appended
        if version != self._versions.newest() or len(self) + len(batch) > self._most:
            self._forget()
            return
        self._version = version
        self._runs.append(batch.hashes)
        # A run is at least twice as long as the next: few have to be searched, and a key is seldom moved.
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 > len(self._runs[-2]):
            self._runs[-2:] = [_merged(*self._runs[-2:])]

    @contextmanager
    def same_rows(self) -> Iterator[None]:
        """What is done to the table in the block changes its files and not its rows."""
        version, self._version = self._version, None
        is_current = version is not None and version == self._versions.newest()
        yield
        if version is not None and is_current and (newest := self._versions.newest()) - version in (0, 1):
            self._version = newest

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def _learn(self, batch: BatchKeys, version: int) -> None:
        """The version is from before the table is read: what is known may then only be more than that."""
        table = delta.read(self._spark, self._path)
        if self._time is not None and batch.oldest is not None:
            self._since = batch.oldest - DAY_MICROS
            table = table.where(F.col(self._time) >= F.timestamp_micros(F.lit(self._since)))
        count = table.count()
        if count + len(batch) > self._most:
            # With a time, the next batch may be where there are fewer.
            self._too_many = self._time is None
            return
        self._runs = [keys_of(table, self._table).hashes] if count else []
        self._version = version

    def _forget(self) -> None:
        self._version, self._since, self._runs = None, None, []


def _merged(run: Hashes, other: Hashes) -> Hashes:
    both = np.concatenate((run, other))
    both.sort(kind="stable")  # two runs that are sorted: one pass
    return both


def _meet(run: Hashes, hashes: Hashes) -> bool:
    """Whether two sorted arrays have an element in common."""
    if not len(run):
        return False
    places = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
    return bool(np.any(run[places] == hashes))
