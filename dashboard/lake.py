"""The Delta tables as the page reads them: with Polars, filters pushed down to the files, bounded in rows."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError


class LakeAway(Exception):
    """Raised when a table cannot be read; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class LakeTables:
    """The tables below `path`, a folder or an address. Blocking: to be called in a thread."""

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/")

    def versions(self, *tables: str) -> tuple[int | None, ...]:
        """What changes with every change of each table; None for one that was not written yet.

        Raises `LakeAway` when one cannot be read.
        """
        return tuple(self._version(table) for table in tables)

    def _version(self, table: str) -> int | None:
        try:
            return DeltaTable(f"{self._path}/{table}").version()
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise _away(table, error) from error

    def read(
        self, table: str, schema: Mapping[str, pl.DataType], where: pl.Expr, most_rows: int, newest_by: str
    ) -> pl.DataFrame:
        """The columns of `schema` of the rows for which `where` holds, `most_rows` of them at the most.

        Where there are more, those with the largest `newest_by`, a column of `schema`: rows lie in no order of time.
        A table that was not written yet has no rows. Raises `LakeAway` when it cannot be read; a file that was cut off
        makes Polars panic, which is no `Exception`.
        """
        try:
            rows = pl.scan_delta(DeltaTable(f"{self._path}/{table}")).filter(where)
            wanted = rows.select(pl.col(name).cast(kind) for name, kind in schema.items())
            found = wanted.head(most_rows + 1).collect()
            # To find the newest takes all rows into account: it is only done where some must be left out.
            return found if found.height <= most_rows else wanted.top_k(most_rows, by=newest_by).collect()
        except TableNotFoundError:
            return pl.DataFrame(schema=dict(schema))
        except (DeltaError, OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _away(table, error) from error


def _away(table: str, error: BaseException) -> LakeAway:
    return LakeAway(f"The table {table} of the lake cannot be read now ({type(error).__name__})")
