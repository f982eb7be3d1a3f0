"""Every way in which a server can fail to answer, told apart; and nothing of the key anywhere."""

from __future__ import annotations

import re
import time
import traceback
from datetime import timedelta

import pytest

from newswake.clock import ManualClock
from newswake.errors import SourceError, SourceRefusal, SourceRetry
from newswake.settings import Settings
from producers.posts.http import Fetcher, NotThere, QuotaSpent

from .conftest import KEY, START, Answer, NewsServer


@pytest.fixture
def fetcher(settings: Settings, clock: ManualClock) -> Fetcher:
    return Fetcher(settings.posts, clock.now, follow_redirects=False)


def failure(fetcher: Fetcher, url: str) -> SourceError:
    """The error of a request that holds the key; it must show it nowhere."""
    with pytest.raises(SourceError) as caught:
        fetcher.fetch(f"{url}/posts", {"auth_token": KEY})
    shown = "".join(traceback.format_exception(caught.value))
    context, seen = caught.value.__context__ or caught.value.__cause__, ""
    while context is not None:
        seen, context = f"{seen} {context!r}", context.__context__ or context.__cause__
    for secret in (KEY, "s3cret"):
        assert secret not in shown + seen + str(caught.value.args)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer(429, b'{"info": "Rate limit exceeded"}'), SourceRetry, "429.*Rate limit"),
        (Answer(429, b'{"info": "API monthly quota exceeded"}'), QuotaSpent, "quota"),
        (Answer(403, b'{"info": "API monthly quota exceeded. Upgrade your plan."}'), QuotaSpent, "quota"),
        (Answer(403, b"<html><title>Just a moment</title></html>"), SourceRefusal, "403.*Just a moment"),
        (Answer(401, b'{"info": "Token not found"}'), SourceRefusal, "401.*key"),
        (Answer(404), NotThere, "404.*address"),
        (Answer(451), SourceRefusal, "451.*country"),
        (Answer(400), SourceRefusal, "400"),
        (Answer(301, headers={"Location": "https://elsewhere.example/"}), SourceRefusal, "301"),
        (Answer(418), SourceRetry, "418"),
        (Answer(500, b"oops"), SourceRetry, "500"),
        (Answer(503), SourceRetry, "503"),
        (Answer(200, b"half", declared=4_000), SourceRetry, "breaks off"),
        (Answer(200, b"x" * 300_000), SourceRetry, "max_body_bytes"),
        (Answer(200, b"late", wait_seconds=5), SourceRetry, "within 0.5 s"),
        (Answer(200, b"slow" * 50, drip_seconds=0.1), SourceRetry, "within 0.5 s"),
    ],
)
def test_failures_are_told_apart(fetcher: Fetcher, server: NewsServer, answer: Answer, kind: type, said: str) -> None:
    server.answer = lambda asked: answer
    began = time.monotonic()
    error = failure(fetcher, server.url)
    assert type(error) is kind
    assert re.search(said, str(error)), error
    assert time.monotonic() - began < 3


def test_nobody_listens(fetcher: Fetcher, dead_port: int) -> None:
    error = failure(fetcher, f"http://127.0.0.1:{dead_port}")
    assert type(error) is SourceRetry
    assert "cannot be reached" in str(error)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("17", timedelta(seconds=17)),
        ("Fri, 10 Jan 2025 12:05:00 GMT", timedelta(minutes=5)),
        ("Fri, 10 Jan 2025 11:00:00 GMT", timedelta(0)),
        ("99999999", timedelta(days=1)),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after(fetcher: Fetcher, server: NewsServer, text: str, after: timedelta | None) -> None:
    server.answer = lambda asked: Answer(429, headers={"Retry-After": text})
    error = failure(fetcher, server.url)
    assert isinstance(error, SourceRetry)
    assert error.retry_at == (None if after is None else START + after)


def test_an_unchanged_document_is_not_sent_again(fetcher: Fetcher, server: NewsServer) -> None:
    tags = {"ETag": '"one"', "Last-Modified": "Fri, 10 Jan 2025 11:00:00 GMT"}

    def answer(asked: object) -> Answer:
        known = server.asked[-1].headers.get("if-none-match") == '"one"'
        return Answer(304) if known else Answer(200, b"body", tags)

    server.answer = answer
    first = fetcher.fetch(f"{server.url}/rss")
    assert first.body == b"body"
    second = fetcher.fetch(f"{server.url}/rss", validators=first.validators)
    assert second.body is None
    assert second.validators == first.validators
    assert server.asked[-1].headers["if-modified-since"] == tags["Last-Modified"]
    assert server.asked[-1].headers["user-agent"].startswith("newswake/")


def test_a_compressed_answer_that_grows_is_stopped(fetcher: Fetcher, server: NewsServer) -> None:
    import gzip

    bomb = gzip.compress(b"0" * 50_000_000)
    server.answer = lambda asked: Answer(200, bomb, {"Content-Encoding": "gzip"})
    assert "max_body_bytes" in str(failure(fetcher, server.url))
