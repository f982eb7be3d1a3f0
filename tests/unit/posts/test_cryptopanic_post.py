"""Posts of all three shapes of the API, as drafts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newswake.errors import MessageError
from newswake.messages import Votes
from producers.posts.cryptopanic_post import draft_of

TODAY = {
    "id": 20492911,
    "title": "Bitcoin &amp; <b>friends</b>  rise ",
    "published_at": "2025-01-10T11:00:00Z",
    "created_at": "2025-01-10T11:03:00.5Z",
    "kind": "news",
    "source": {"title": "Decrypt", "domain": "Decrypt.co"},
    "original_url": "https://decrypt.co/1",
    "url": "https://cryptopanic.com/news/1",
    "instruments": [{"code": "BTC "}, {"code": "eth"}, {"code": "BTC"}, {"code": ""}, {}, None],
    "votes": {"negative": 0, "positive": 3, "liked": None},
    "panic_score": 41,
    "something_new": [1, 2],
}


def test_todays_shape() -> None:
    draft = draft_of(TODAY, hot=True)
    assert draft.id == "20492911"
    assert draft.title == "Bitcoin & friends rise"
    assert draft.published_at == datetime(2025, 1, 10, 11, tzinfo=UTC)
    assert draft.created_at == datetime(2025, 1, 10, 11, 3, 0, 500_000, tzinfo=UTC)
    assert (draft.kind, draft.domain, draft.url) == ("news", "decrypt.co", "https://decrypt.co/1")
    assert draft.currencies == ("BTC", "ETH")
    assert draft.votes is not None
    assert (draft.votes.negative, draft.votes.positive, draft.votes.liked, draft.votes.toxic) == (0, 3, None, None)
    assert (draft.panic_score, draft.hot) == (41, True)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"votes": None}, "votes", None),
        ({"votes": {}}, "votes", None),
        ({"votes": {"positive": "3"}}, "votes", None),
        ({"votes": {"negative": -1}}, "votes", None),
        ({"votes": {"negative": -1, "positive": 2}}, "votes", Votes(positive=2)),
        ({"panic_score": -1}, "panic_score", -1),
        ({"panic_score": True}, "panic_score", None),
        ({"panic_score": float("nan")}, "panic_score", None),
        ({"instruments": None}, "currencies", ()),
        ({"instruments": None, "currencies": [{"code": "SOL"}]}, "currencies", ("SOL",)),
        ({"instruments": [{"code": "X" * 40}]}, "currencies", ()),
        ({"original_url": "javascript:alert(1)", "url": None}, "url", None),
        ({"original_url": None}, "url", "https://cryptopanic.com/news/1"),
        ({"title": "Bell\x07 \ud800NUL\x00"}, "title", "Bell NUL"),
        ({"title": "x" * 50_000}, "title", "x" * 2_000),
        ({"title": None, "description": "Instead"}, "title", "Instead"),
        ({"published_at": "2025-01-10 11:00:00"}, "published_at", datetime(2025, 1, 10, 11, tzinfo=UTC)),
        ({"published_at": "2025-01-10T13:00:00+02:00"}, "published_at", datetime(2025, 1, 10, 11, tzinfo=UTC)),
        ({"published_at": None}, "published_at", datetime(2025, 1, 10, 11, 3, 0, 500_000, tzinfo=UTC)),
        (
            {"published_at": "2026-01-10T11:00:00Z"},
            "published_at",
            datetime(2025, 1, 10, 11, 3, 0, 500_000, tzinfo=UTC),
        ),
    ],
)
def test_oddities(change: dict, field: str, value: object) -> None:
    assert getattr(draft_of(TODAY | change, hot=None), field) == value


@pytest.mark.parametrize("post", [None, [], {}, {"id": True}, {"id": 1}, {"id": 1, "published_at": "soon"}])
def test_what_cannot_be_known_again_or_placed_in_time_is_refused(post: object) -> None:
    with pytest.raises(MessageError):
        draft_of(post, hot=None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy
@given(st.fixed_dictionaries(dict.fromkeys(TODAY, json_values)))
def test_whatever_the_fields_hold_it_is_a_valid_observation_or_refused(post: dict) -> None:
    try:
        draft = draft_of(post | {"id": 7, "published_at": "2025-01-10T11:00:00Z"}, hot=False)
    except MessageError:
        pytest.fail("has an id and a time")
    assert draft.published_at is not None
    draft.observed("cryptopanic", draft.published_at, draft.published_at).to_json()


def test_recorded_answer_of_2022(shared_data: Path) -> None:
    answer = json.loads((shared_data / "api_samples" / "cryptopanic_v1_2022-03-14_posts.json").read_text())
    drafts = [draft_of(post, hot=None) for post in answer["results"]]
    without_tags = [post for post in answer["results"] if "currencies" not in post]
    assert len(drafts) == len(answer["results"]) == 20
    assert sum(not draft.currencies for draft in drafts) == len(without_tags) == 8
    assert all(draft.votes is not None and draft.votes.comments is not None for draft in drafts)
    assert all(code == code.strip().upper() for draft in drafts for code in draft.currencies)


def test_recorded_answer_of_2018(shared_data: Path) -> None:
    answer = json.loads((shared_data / "api_samples" / "cryptopanic_v1_2018-01-18_hot_moq.json").read_text())
    posts = [post for listing in answer.values() if isinstance(listing, dict) for post in listing.get("results", [])]
    drafts = [draft_of(post, hot=True) for post in posts]
    assert len(drafts) > 10
    assert any("<" in post["title"] for post in posts)
    assert not any("<span" in draft.title for draft in drafts)
    assert all(draft.votes is not None and draft.votes.positive is not None for draft in drafts)
    assert all(draft.votes is not None and draft.votes.saved is None for draft in drafts)
    assert {"reddit.com", "coinmarketcap.com"} <= {draft.domain for draft in drafts}
