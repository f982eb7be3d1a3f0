"""MongoDB as the page reads it: each question is bounded in time and in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

Document = dict[str, Any]
Sort = Sequence[tuple[str, int]]

AWAY_MS = 2_000  # a page that waits longer for a database that is away looks dead itself
SOCKET_MARGIN_MS = 5_000


class Tables:
    """The collections. Every method raises `PyMongoError` when the database is away or takes longer than allowed."""

    def __init__(self, database: AsyncDatabase[Document], milliseconds: int) -> None:
        self.database = database
        self._milliseconds = milliseconds

    async def find(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        limit: int,
        fields: Sequence[str] | None = None,
        sort: Sort | None = None,
    ) -> list[Document]:
        """At most `limit` documents; only the named fields where there are any."""
        projection = {"_id": 0, **dict.fromkeys(fields, 1)} if fields else None
        if fields and "_id" in fields:
            projection = dict.fromkeys(fields, 1)
        cursor = self.database[collection].find(
            where, projection, sort=sort, limit=limit, batch_size=limit, max_time_ms=self._milliseconds
        )
        return await cursor.to_list(limit)

    async def one(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        fields: Sequence[str] | None = None,
        sort: Sort | None = None,
    ) -> Document | None:
        found = await self.find(collection, where, limit=1, fields=fields, sort=sort)
        return found[0] if found else None

    async def aggregate(self, collection: str, stages: Sequence[Mapping[str, Any]], *, limit: int) -> list[Document]:
        """The documents that a pipeline makes, `limit` of them at the most."""
        cursor = await self.database[collection].aggregate(
            [*stages, {"$limit": limit}], maxTimeMS=self._milliseconds, batchSize=limit, allowDiskUse=False
        )
        return await cursor.to_list(limit)

    async def count(self, collection: str) -> int:
        """About how many documents a collection has, from its metadata."""
        return await self.database[collection].estimated_document_count(maxTimeMS=self._milliseconds)
