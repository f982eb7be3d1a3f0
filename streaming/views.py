"""The MongoDB views: what the collections say, without a second copy of it.

A view is (collection, aggregation pipeline). return(h) = price(h) / price(0) - 1, a fraction; null where either price
is missing.
"""

from __future__ import annotations

from typing import Any

View = tuple[str, list[dict[str, Any]]]


def impacts_view() -> View:
    """One document a post and coin: `prices`, `statuses` and `returns` by horizon (minutes, as text), hot, hot_at."""
    return "post_prices", _impacts()


def coin_view(symbol: str) -> View:
    """The impacts of one coin."""
    return "post_prices", [{"$match": {"symbol": symbol}}, *_impacts()]


def hot_last_hour_view() -> View:
    """Hot posts of the hour before now, with their impacts; now is the close of the newest candle."""
    hour_ms, minute_ms = 3_600_000, 60_000
    return "candles", [
        {"$sort": {"open_time": -1}},
        {"$limit": 1},
        {"$project": {"now": {"$add": ["$open_time", minute_ms]}}},
        {
            "$lookup": {
                "from": "posts",
                "let": {"now": "$now"},
                "pipeline": [
                    {
                        "$match": {
                            "hot_at": {"$ne": None},
                            "$expr": {
                                "$and": [
                                    {"$gt": ["$published_at", {"$subtract": ["$$now", hour_ms]}]},
                                    {"$lte": ["$published_at", "$$now"]},
                                ]
                            },
                        }
                    },
                    {"$sort": {"published_at": -1}},
                ],
                "as": "post",
            }
        },
        {"$unwind": "$post"},
        {"$replaceWith": "$post"},
        {
            "$lookup": {
                "from": "post_prices",
                "let": {"source": "$source", "post_id": "$post_id"},
                "pipeline": [
                    {
                        "$match": {
                            "$expr": {"$and": [{"$eq": ["$source", "$$source"]}, {"$eq": ["$post_id", "$$post_id"]}]}
                        }
                    },
                    *_by_coin(),
                    {"$project": {"_id": 0, "symbol": 1, "prices": 1, "statuses": 1, "returns": 1}},
                ],
                "as": "impacts",
            }
        },
    ]


def _impacts() -> list[dict[str, Any]]:
    return [
        *_by_coin(),
        {
            "$lookup": {
                "from": "posts",
                "localField": "post",
                "foreignField": "_id",
                "pipeline": [{"$project": {"title": 1, "url": 1, "hot": 1, "hot_at": 1, "first_seen_at": 1}}],
                "as": "post",
            }
        },
        {"$unwind": {"path": "$post", "preserveNullAndEmptyArrays": True}},
        {
            "$project": {
                "source": 1,
                "post_id": 1,
                "symbol": 1,
                "published_at": 1,
                "title": "$post.title",
                "url": "$post.url",
                # Once listed as hot, a post was hot, even if the list has dropped it since.
                "hot": {"$cond": [{"$gt": ["$post.hot_at", None]}, True, "$post.hot"]},
                "hot_at": "$post.hot_at",
                "first_seen_at": "$post.first_seen_at",
                "prices": 1,
                "statuses": 1,
                "returns": 1,
            }
        },
    ]


def _by_coin() -> list[dict[str, Any]]:
    """Rows of `post_prices` -> one document a post and coin, with `post`, the `_id` of its post."""
    horizon = {"$toString": "$horizon_minutes"}
    identity = {"source": "$source", "post_id": "$post_id", "symbol": "$symbol"}
    at_once = {"$cond": [{"$eq": ["$horizon_minutes", 0]}, "$price", None]}
    change = {"$subtract": [{"$divide": ["$$price.v", "$at_once"]}, 1]}
    known = {"$and": [{"$gt": ["$at_once", None]}, {"$gt": ["$$price.v", None]}]}
    returns = {
        "$map": {
            "input": "$prices",
            "as": "price",
            "in": {"k": "$$price.k", "v": {"$cond": [known, change, None]}},
        }
    }
    return [
        {"$sort": {"source": 1, "post_id": 1, "symbol": 1, "horizon_minutes": 1}},
        {
            "$group": {
                "_id": identity,
                "published_at": {"$min": "$published_at"},
                "at_once": {"$max": at_once},
                "prices": {"$push": {"k": horizon, "v": "$price"}},
                "statuses": {"$push": {"k": horizon, "v": "$price_status"}},
            }
        },
        {
            "$project": {
                "_id": {"$concat": ["$_id.source", ":", "$_id.post_id", ":", "$_id.symbol"]},
                "post": {"$concat": ["$_id.source", ":", "$_id.post_id"]},
                "source": "$_id.source",
                "post_id": "$_id.post_id",
                "symbol": "$_id.symbol",
                "published_at": 1,
                "prices": {"$arrayToObject": "$prices"},
                "statuses": {"$arrayToObject": "$statuses"},
                "returns": {"$arrayToObject": returns},
            }
        },
    ]
