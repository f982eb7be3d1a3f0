"""The list of posts against the generated week: filters, orders, pages that survive arrivals, cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pymongo import MongoClient

from dashboard.reads.cursor import Place
from dashboard.reads.posts import REACTIONS
from newswake.settings import Settings
from tests.integration.dashboard.conftest import Stored, serving
from tests.integration.dashboard.tables import NOW, START, make_tables

pytestmark = pytest.mark.integration

Row = dict[str, Any]


def all_pages(page: TestClient, limit: int = 50, **parameters: object) -> list[Row]:
    found: list[Row] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = page.get("/api/posts", params={**parameters, "limit": limit, **more})  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        found += answer.json()["posts"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def ids(posts: list[Row]) -> list[str]:
    return [post["id"] for post in posts]


def iso(moment: datetime) -> str:
    return moment.isoformat()


FILTERS: dict[str, tuple[dict[str, object], Callable[[Row], bool]]] = {
    "none": ({}, lambda post: True),
    "coin": ({"coin": "eth"}, lambda post: "ETH" in post["currencies"]),
    "hot": ({"hot": True}, lambda post: post["hot_at"] is not None),
    "never hot": ({"hot": False}, lambda post: post["hot_at"] is None),
    "source": ({"source": "hostile"}, lambda post: post["source"] == "hostile"),
    "words": ({"text": "BITCOIN month"}, lambda post: {"bitcoin", "month"} <= set(post["title"].lower().split())),
    "literal": ({"text": ".*"}, lambda post: ".*" in post["title"]),
    "period": (
        {"from": iso(START + timedelta(days=2)), "to": iso(START + timedelta(days=3))},
        lambda post: START + timedelta(days=2) <= post["published_at"] < START + timedelta(days=3),
    ),
    "several": (
        {"coin": "BTC", "hot": True, "from": iso(START + timedelta(days=1))},
        lambda post: "BTC" in post["currencies"] and post["hot_at"] and post["published_at"] >= START + timedelta(1),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_and_the_order_of_time(page: TestClient, stored: Stored, name: str) -> None:
    parameters, keeps = FILTERS[name]
    wanted = [post for post in stored.tables.posts if keeps(post)]
    wanted.sort(key=lambda post: (post["published_at"], post["_id"]), reverse=True)
    assert ids(all_pages(page, **parameters)) == [post["_id"] for post in wanted]
    assert ids(all_pages(page, order="asc", **parameters)) == [post["_id"] for post in reversed(wanted)]


def reactions(post: Row) -> int:
    counts = [post["votes"][kind] for kind in REACTIONS if post["votes"] and post["votes"][kind] is not None]
    return sum(counts) if counts else -1


def test_by_votes(page: TestClient, stored: Stored) -> None:
    wanted = sorted(stored.tables.posts, key=lambda post: (reactions(post), post["_id"]), reverse=True)
    found = all_pages(page, sort="votes")
    assert ids(found) == [post["_id"] for post in wanted]
    assert [post["reactions"] for post in found[:20]] == [reactions(post) for post in wanted[:20]]


def test_by_largest_move(page: TestClient, stored: Stored) -> None:
    horizon = 15
    prices = {
        (f"{row['source']}:{row['post_id']}", row["symbol"], row["horizon_minutes"]): row["price"]
        for row in stored.tables.prices.iter_rows(named=True)
    }
    moves: dict[str, float] = {}
    for post in stored.tables.posts:
        for coin in post["currencies"]:
            first, later = (prices.get((post["_id"], coin, at)) for at in (0, horizon))
            if first and later:
                moves[post["_id"]] = max(moves.get(post["_id"], 0.0), abs(later / first - 1))
    found = all_pages(page, sort="move", horizon=horizon)
    assert len(found) == len(stored.tables.posts)
    measured = [post for post in found if post["largest_move"] is not None]
    assert found[: len(measured)] == measured, "what is not measured comes last"
    assert {post["id"]: post["largest_move"] for post in measured} == pytest.approx(moves)
    values = [post["largest_move"] for post in measured]
    assert values == sorted(values, reverse=True)


def test_a_page_goes_on_where_it_was_while_posts_arrive(empty: Settings) -> None:
    tables = make_tables((0, 60))
    with MongoClient[Row](empty.mongo.uri.get_secret_value(), tz_aware=True) as client, serving(empty) as page:
        posts = client[empty.mongo.database]["posts"]
        posts.insert_many(tables.posts)
        first = page.get("/api/posts", params={"limit": 20}).json()
        arrived = [
            {**tables.posts[0], "_id": f"rss:{n}", "published_at": NOW + timedelta(seconds=n)} for n in range(30)
        ]
        posts.insert_many(arrived)
        second = page.get("/api/posts", params={"limit": 20, "cursor": first["next"]}).json()
    wanted = sorted(tables.posts, key=lambda post: (post["published_at"], post["_id"]), reverse=True)
    assert ids(first["posts"] + second["posts"]) == [post["_id"] for post in wanted[:40]]


YEAR_30000 = Place("time:desc:", 9e14, "a").written()


@pytest.mark.parametrize("cursor", ["AAAA", "bnVsbA", "WyJ0aW1lOmRlc2M6Iiwib25lIiwiYSJd", "x" * 1_000, YEAR_30000])
def test_a_place_that_is_none_is_refused(page: TestClient, cursor: str) -> None:
    answer = page.get("/api/posts", params={"cursor": cursor})
    assert answer.status_code == 422 and answer.json()["error"]["problems"][0]["where"] == "cursor"


def test_a_place_of_another_order_is_refused(page: TestClient) -> None:
    following = page.get("/api/posts", params={"limit": 5}).json()["next"]
    assert page.get("/api/posts", params={"cursor": following, "sort": "votes"}).status_code == 422


def test_returns_are_those_of_the_prices(page: TestClient, stored: Stored) -> None:
    prices = {
        (f"{row['source']}:{row['post_id']}", row["symbol"], row["horizon_minutes"]): row["price"]
        for row in stored.tables.prices.iter_rows(named=True)
    }
    checked = 0
    for post in page.get("/api/posts", params={"horizon": 5, "limit": 200}).json()["posts"]:
        for change in post["changes"]:
            first, later = (prices.get((post["id"], change["coin"], at)) for at in (0, 5))
            wanted = later / first - 1 if first and later else None
            assert change["change"] == (pytest.approx(wanted) if wanted is not None else None)
            checked += wanted is not None
    assert checked > 100
