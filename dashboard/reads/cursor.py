"""The place in a list where the next page begins: a value of the order and an id, not a number of rows."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from dashboard.moments import LAST
from dashboard.refusals import Invalid
from newswake.clock import to_ms

LARGEST = to_ms(LAST)  # votes and returns are less


@dataclass(frozen=True)
class Place:
    """After the row with this `value` (null last) and `id`, in the order of `sort`."""

    sort: str
    value: float | None
    id: str

    def written(self) -> str:
        """
        >>> Place.read(Place("time:desc", 5.0, "rss:a").written(), "time:desc")
        Place(sort='time:desc', value=5.0, id='rss:a')
        """
        body = orjson.dumps([self.sort, self.value, self.id])
        return base64.urlsafe_b64encode(body).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str | None, sort: str) -> Place | None:
        """Raises `Invalid` for what is no place, or one in another order."""
        if text is None:
            return None
        try:
            body: Any = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError):
            raise Invalid("cursor", "This is not the `next` of a page") from None
        match body:
            case [str(order), None | int() | float() as value, str(id)] if abs(value or 0) < LARGEST:
                if order != sort:
                    raise Invalid("cursor", "This page had another order; begin with the first one")
                return cls(order, None if value is None else float(value), id)
        raise Invalid("cursor", "This is not the `next` of a page")
