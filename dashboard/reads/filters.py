"""Which posts: the filters of the list, the marks and the statistics, as a condition of MongoDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.moments import FIRST


@dataclass(frozen=True)
class PostFilter:
    """None leaves a filter out. `start` is included, `end` is not."""

    coin: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    hot: bool | None = None
    source: str | None = None
    text: str | None = None

    def where(self) -> dict[str, Any]:
        # Without an identity and a time it is no post, and has no place in any order.
        found: dict[str, Any] = {"_id": {"$type": "string"}}
        if self.coin is not None:
            found["currencies"] = self.coin
        if self.source is not None:
            found["source"] = self.source
        if self.hot is not None:
            found["hot_at"] = {"$ne": None} if self.hot else None
        found["published_at"] = {"$gte": self.start or FIRST, **({"$lt": self.end} if self.end else {})}
        if self.text is not None:
            # Text of the reader, so taken literally.
            words = [{"title": {"$regex": re.escape(word), "$options": "i"}} for word in self.text.split()]
            if words:
                found["$and"] = words
        return found
