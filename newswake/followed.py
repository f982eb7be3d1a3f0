"""The followed coins: a list in MongoDB. The page writes wishes, the candle producer answers them.

One document a coin in `followed_coins`; `_id` is its code. A wish is `checking` until the producer has asked its
exchange: then it is `following`, or `refused` with a reason. A coin that was removed keeps its document, so that a list
from which everything was removed is not taken for a new one, which is filled from the setting candles.coins.

Times are those of this machine, except `followed_from`, which is the market's.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from newswake.coins import clean_codes
from newswake.errors import WishError

COLLECTION: Final = "followed_coins"
# What an exchange calls a coin; it also becomes the name of a view.
CODE: Final = re.compile(r"[A-Z0-9]{1,20}")
# Each is one request a minute: more would come near to the limits of most exchanges.
MOST_COINS: Final = 200
DUPLICATE_KEY: Final = 11000


class Status(StrEnum):
    CHECKING = "checking"  # wished for; the producer has not answered yet
    FOLLOWING = "following"
    REFUSED = "refused"  # the exchange has no market of it; add it again to ask again
    REMOVED = "removed"


@dataclass(frozen=True)
class Followed:
    """A coin of the list.

    `position` gives the order, the most important first. `reason` says why it is refused, or what is wrong with a coin
    that is followed. `market` is as ccxt writes it, such as BTC/USDT. `followed_from` is the first minute of its
    history, `caught_up_at` when all of it was published; both None until then.
    """

    coin: str
    status: Status
    position: int
    wished_at: datetime
    reason: str | None = None
    market: str | None = None
    followed_from: datetime | None = None
    caught_up_at: datetime | None = None

    @staticmethod
    def of(document: Mapping[str, Any]) -> Followed:
        optional = {name: document.get(name) for name in ("reason", "market", "followed_from", "caught_up_at")}
        return Followed(
            document["_id"], Status(document["status"]), document["position"], document["wished_at"], **optional
        )


def read(database: Database[dict[str, Any]]) -> list[Followed]:
    """The list in its order, wishes and refusals included; removed coins are not in it."""
    found = database[COLLECTION].find({"status": {"$ne": Status.REMOVED}}).sort([("position", 1), ("_id", 1)])
    return [Followed.of(document) for document in found]


def coins_of(database: Database[dict[str, Any]]) -> tuple[str, ...]:
    """The coins that are followed; empty as long as no producer has ever run."""
    return tuple(one.coin for one in read(database) if one.status is Status.FOLLOWING)


def seed(database: Database[dict[str, Any]], coins: Sequence[str]) -> None:
    """Fill a list that was never filled; these are followed without a wish."""
    if database[COLLECTION].find_one({"seeded": True}) is not None:
        return
    now = datetime.now(UTC)
    documents = [
        {"_id": coin, "status": Status.FOLLOWING, "position": place, "wished_at": now, "seeded": True}
        for place, coin in enumerate(coins)
    ]
    try:
        database[COLLECTION].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(one["code"] != DUPLICATE_KEY for one in error.details["writeErrors"]):
            raise  # the others are wished for already


def add(database: Database[dict[str, Any]], coin: str) -> Followed:
    """Wish for a coin; what it is then. One that is on the list stays as it is, one that was refused is asked again.

    Raises `WishError` for what can be no coin, or when the list is full.
    """
    code = next(iter(clean_codes([coin])), "")
    if not CODE.fullmatch(code):
        raise WishError("A coin is named by its code, up to 20 letters and digits, such as BTC")
    coins = database[COLLECTION]
    on_list = {"$in": [Status.CHECKING, Status.FOLLOWING]}
    if coins.count_documents({"status": on_list, "_id": {"$ne": code}}) >= MOST_COINS:
        raise WishError(f"{MOST_COINS} coins are followed already; remove one first")
    last = coins.find_one({"_id": {"$ne": code}}, sort=[("position", -1)])
    wish = {
        "status": Status.CHECKING,
        "position": last["position"] + 1 if last else 0,
        "wished_at": datetime.now(UTC),
        **dict.fromkeys(("reason", "market", "followed_from", "caught_up_at")),
    }
    with contextlib.suppress(DuplicateKeyError):  # it is on the list
        coins.update_one({"_id": code, "status": {"$nin": on_list["$in"]}}, {"$set": wish}, upsert=True)
    return next(one for one in read(database) if one.coin == code)


def remove(database: Database[dict[str, Any]], coin: str) -> bool:
    """Take a coin from the list; whether it was on it. What is known of it stays."""
    code = next(iter(clean_codes([coin])), "")
    found = database[COLLECTION].update_one(
        {"_id": code, "status": {"$ne": Status.REMOVED}}, {"$set": {"status": Status.REMOVED}}
    )
    return found.modified_count > 0


def answer(database: Database[dict[str, Any]], coin: str, change: Mapping[str, Any]) -> None:
    """Set fields of a coin that is on the list; a coin that was removed meanwhile stays so."""
    on_list = {"$in": [Status.CHECKING, Status.FOLLOWING]}
    database[COLLECTION].update_one({"_id": coin, "status": on_list}, {"$set": dict(change)})
