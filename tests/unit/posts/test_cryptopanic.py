"""The two lists, their pages, the quota, and what the state says; against a local server."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import ManualClock, to_iso
from newswake.errors import SourceRefusal, SourceRetry
from newswake.settings import Settings
from producers.posts.cryptopanic import CryptoPanicSource
from producers.posts.cryptopanic_api import PostsApi
from producers.posts.http import Fetcher, QuotaSpent
from producers.posts.quota import MonthlyQuota
from producers.states import Condition

from .conftest import KEY, START, Answer, Asked, NewsServer

PAGE = 3


@dataclass
class Api:
    """Posts by id: minutes before START, and whether they are hot. Serves pages of three, newest first."""

    minutes: dict[int, float] = field(default_factory=dict)
    hot: set[int] = field(default_factory=set)
    url: str = ""

    def __call__(self, asked: Asked) -> Answer:
        if asked.query.get("auth_token") != KEY or asked.path != "/api/growth/v2/posts/":
            return Answer(401, b'{"status": "api_error", "info": "Token not found"}')
        ids = sorted(self.minutes, key=self.minutes.__getitem__)
        if asked.query.get("filter") == "hot":
            ids = [post_id for post_id in ids if post_id in self.hot]
        page = int(asked.query["page"])
        shown = ids[(page - 1) * PAGE : page * PAGE]
        if not shown and page > 1:
            return Answer(404, b'{"detail": "Invalid page."}')
        more = len(ids) > page * PAGE
        evil = f"http://elsewhere.invalid/api/growth/v2/posts/?auth_token={KEY}&page={page + 1}"
        body = {"next": evil if more else None, "previous": None, "results": [self._post(one) for one in shown]}
        return Answer(200, json.dumps(body).encode())

    def _post(self, post_id: int) -> dict:
        published = to_iso(START - timedelta(minutes=self.minutes[post_id]))
        link = f"https://cryptopanic.com/news/{post_id}?auth_token={KEY}" if post_id == 1 else f"https://a.b/{post_id}"
        instruments = [{"code": "BTC"}]
        return {"id": post_id, "title": f"Post {post_id}", "published_at": published, "url": link} | {
            "instruments": instruments, "votes": {"positive": post_id}, "source": {"domain": "a.b"}
        }  # fmt: skip


Make = Callable[..., CryptoPanicSource]


@pytest.fixture
def api(server: NewsServer) -> Api:
    server.answer = Api(url=server.url)
    return server.answer


@pytest.fixture
def make(settings: Settings, clock: ManualClock, tmp_path: Path) -> Make:
    def make(read_until: datetime | None = None, **changes: object) -> CryptoPanicSource:
        chosen = settings.cryptopanic.model_copy(update=changes)
        quota = MonthlyQuota(tmp_path / "quota.json", chosen.monthly_quota, settings.posts.poll_seconds, clock.now)
        fetcher = Fetcher(settings.posts, clock.now, follow_redirects=False)
        return CryptoPanicSource(chosen, settings.posts, PostsApi(chosen, fetcher), quota, read_until)

    return make


def hot_of(source: CryptoPanicSource, now: datetime = START) -> dict[str, bool | None]:
    poll = source.poll(now)
    assert poll.error is None
    return {draft.id: draft.hot for draft in poll.drafts}


def test_both_lists_are_read_and_merged(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes, api.hot = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}, {2, 5}
    poll = make().poll(START)
    assert {draft.id: draft.hot for draft in poll.drafts} == {"1": False, "2": True, "3": False, "4": False, "5": True}
    assert (poll.condition, poll.read_until) == (Condition.OK, START)
    assert [(asked.query.get("filter"), asked.query["page"]) for asked in server.asked] == [
        ("hot", "1"),
        (None, "1"),
        (None, "2"),
    ]


def test_pages_end_at_the_lookback(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes = {number: number * 600 for number in range(1, 40)}  # one in ten hours; the lookback is 26 h
    assert "2" in hot_of(make())
    assert max(int(asked.query["page"]) for asked in server.asked if "filter" not in asked.query) == 2


def test_pages_end_at_max_pages(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes, api.hot = {number: number for number in range(1, 20)}, {1, 5, 9, 19}
    known = hot_of(make(max_pages=2))
    assert known == {str(number): number in api.hot for number in (1, 2, 3, 4, 5, 6, 9, 19)}
    assert len(server.asked) == 4


def test_a_list_that_shrank_between_two_pages_ends_there(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes = {number: number for number in range(1, 5)}

    def shrinking(asked: Asked) -> Answer:
        answer = api(asked)
        if "filter" not in asked.query and asked.query["page"] == "1":
            api.minutes = {1: 1}
        return answer

    server.answer = shrinking
    assert set(hot_of(make())) == {"1", "2", "3"}


def test_the_currencies_filter(make: Make, api: Api, server: NewsServer) -> None:
    make(currencies=("BTC", "ETH")).poll(START)
    assert {asked.query["currencies"] for asked in server.asked} == {"BTC,ETH"}


def test_a_link_made_for_our_key_is_not_kept(make: Make, api: Api) -> None:
    api.minutes = {1: 1, 2: 2}
    assert [draft.url for draft in make().poll(START).drafts] == [None, "https://a.b/2"]


def test_a_delayed_plan_says_so_and_looks_back_further(make: Make, api: Api) -> None:
    api.minutes = {1: 60 * 49}
    poll = make(delay_hours=24).poll(START)
    assert poll.condition is Condition.DELAYED
    assert poll.read_until == START - timedelta(hours=24)
    assert "24 h" in poll.reason


def test_the_quota_limits_pages_and_paces_polls(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes, api.hot = {number: number for number in range(1, 20)}, set(range(1, 20))
    source = make(monthly_quota=100)
    source.poll(START)
    assert [(asked.query.get("filter"), asked.query["page"]) for asked in server.asked] == [("hot", "1"), (None, "1")]
    left = timedelta(days=31) - timedelta(days=9, hours=12)
    assert source.ready_at(START) - START == left * 2 / 98
    assert make(monthly_quota=100).ready_at(START) == source.ready_at(START)


def test_the_last_request_of_a_month_goes_to_the_hot_list(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes, api.hot = {1: 1, 2: 2}, {2}
    poll = make(monthly_quota=1).poll(START)
    assert [draft.id for draft in poll.drafts] == ["2"]
    assert (len(server.asked), poll.read_until) == (1, None)


def test_a_quota_that_is_spent_sends_nothing(make: Make, api: Api, server: NewsServer) -> None:
    source = make(monthly_quota=2)
    source.poll(START)
    server.asked.clear()
    poll = source.poll(START)
    assert isinstance(poll.error, SourceRetry)
    assert "monthly_quota" in str(poll.error)
    assert server.asked == []
    assert source.ready_at(START) == datetime(2025, 2, 1, tzinfo=START.tzinfo)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer(200, b"<html><body>Just a moment</body></html>"), SourceRetry, "a web page"),
        (Answer(200, b'{"results": [{"id": 1, "ti'), SourceRetry, "cut"),
        (Answer(200, b""), SourceRetry, "nothing"),
        (Answer(200, b'{"status": "api_error", "info": "what"}'), SourceRetry, "no list of posts.*what"),
        (Answer(200, b'{"status": "api_error", "info": "monthly quota exceeded"}'), QuotaSpent, "quota"),
        (Answer(200, b"[" * 100_000), SourceRetry, "cut"),
        (Answer(401, f'{{"info": "Token {KEY} not found"}}'.encode()), SourceRefusal, r"Token \*+ not found"),
        (Answer(403, b'{"info": "API monthly quota exceeded"}'), QuotaSpent, "quota"),
    ],
)
def test_bad_answers(make: Make, server: NewsServer, answer: Answer, kind: type, said: str) -> None:
    server.answer = lambda asked: answer
    poll = make().poll(START)
    assert type(poll.error) is kind
    assert re.search(said, str(poll.error))
    assert (poll.drafts, poll.read_until) == ((), None)


def test_a_spent_quota_is_asked_again_tomorrow_or_in_the_new_month(make: Make, server: NewsServer) -> None:
    server.answer = lambda asked: Answer(429, b'{"info": "API monthly quota exceeded"}')
    source = make()
    for now, again in [
        (START, START + timedelta(days=1)),
        (START.replace(day=31, hour=23), datetime(2025, 2, 1, tzinfo=START.tzinfo)),
    ]:
        error = source.poll(now).error
        assert isinstance(error, QuotaSpent)
        assert error.retry_at == again


def test_what_was_read_before_a_failure_is_kept_but_is_not_all(make: Make, api: Api, server: NewsServer) -> None:
    api.minutes = {number: number for number in range(1, 5)}
    fails = lambda asked: "filter" not in asked.query and asked.query["page"] == "2"  # noqa: E731
    server.answer = lambda asked: Answer(500) if fails(asked) else api(asked)
    poll = make().poll(START)
    assert {draft.id for draft in poll.drafts} == {"1", "2", "3"}
    assert isinstance(poll.error, SourceRetry)
    assert poll.read_until is None


def test_one_bad_post_does_not_cost_the_page(
    make: Make, api: Api, server: NewsServer, caplog: pytest.LogCaptureFixture
) -> None:
    def with_bad(asked: Asked) -> Answer:
        body = json.loads(api(asked).body)
        return Answer(200, json.dumps(body | {"results": [None, {"id": 5}, *body["results"]]}).encode())

    api.minutes = {2: 1}
    server.answer = with_bad
    assert set(hot_of(make())) == {"2"}
    assert "left out" in caplog.text


def test_the_key_is_in_no_log(make: Make, api: Api, server: NewsServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # as newswake.logs does
    api.minutes = {number: number for number in range(1, 9)}
    source = make()
    source.poll(START)
    for answer in (Answer(500), Answer(401, KEY.encode()), Answer(200, KEY.encode()), Answer(200, b"x", declared=9)):
        server.answer = lambda asked, answer=answer: answer
        error = source.poll(START).error
        assert KEY not in repr(error)
        logging.getLogger("test").warning("%s", error, exc_info=error)
    assert KEY not in caplog.text
    assert "s3cret" not in caplog.text
    assert all(asked.query["auth_token"] == KEY for asked in server.asked)


def test_what_came_while_nobody_looked_is_read(make: Make, api: Api, settings: Settings) -> None:
    usual = settings.posts.lookback_hours * 60
    api.minutes = {number: number * usual / 6 for number in range(1, 31)}
    everything = {"delay_hours": 0, "monthly_quota": 1_000_000, "max_pages": 100}
    window = sorted(int(draft.id) for draft in make(**everything).poll(START).drafts)
    assert window == list(range(1, 10))  # up to the page that ends behind it

    away = make(START - timedelta(minutes=3 * usual), **everything)
    assert max(int(draft.id) for draft in away.poll(START).drafts) >= 18
    away.published()
    assert sorted(int(draft.id) for draft in away.poll(START).drafts) == window


def test_a_poll_that_was_not_published_is_done_again(make: Make, api: Api, settings: Settings) -> None:
    usual = settings.posts.lookback_hours * 60
    api.minutes = {number: number * usual / 6 for number in range(1, 31)}
    source = make(START - timedelta(minutes=3 * usual), delay_hours=0, monthly_quota=1_000_000, max_pages=100)
    first = source.poll(START).drafts
    assert source.poll(START).drafts == first


def test_pages_that_run_out_are_said(make: Make, api: Api) -> None:
    api.minutes = {number: float(number) for number in range(1, 31)}
    poll = make(delay_hours=0, monthly_quota=1_000_000, max_pages=2).poll(START)
    assert "not further back than" in poll.reason
    assert "cryptopanic.max_pages" in poll.reason
    assert poll.error is None
