"""Feeds: their entries as drafts, whole or not at all, asked for only where they changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import ManualClock
from newswake.errors import SettingsError, SourceRefusal, SourceRetry
from newswake.settings import Settings
from producers.posts.coins import Recogniser, load_table
from producers.posts.feeds import Feed, by_source, load_feeds
from producers.posts.http import Fetcher
from producers.posts.rss import RssSource, drafts_of, parsed_entries, stable_id
from producers.posts.source import Draft

from .conftest import START, Answer, Asked, NewsServer

RECOGNISER = Recogniser(load_table())
FEED = Feed(url="https://www.example.com/feed", kind="news")


def rss(*items: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'.encode()


def item(
    number: int = 1, date: str = "Fri, 10 Jan 2025 11:00:00 GMT", title: str = "Solana &amp;amp; $LINK rise"
) -> str:
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item><title>{title}</title><link>https://example.com/{number}</link><guid>g{number}</guid>{dated}</item>"


def drafts(body: bytes) -> list[Draft]:
    return list(drafts_of(parsed_entries(body, "example.com"), FEED, RECOGNISER, START))


def test_an_entry() -> None:
    (draft,) = drafts(rss(item()))
    assert draft == Draft(
        id="g1",
        title="Solana & $LINK rise",
        published_at=datetime(2025, 1, 10, 11, tzinfo=UTC),
        kind="news",
        url="https://example.com/1",
        domain="example.com",
        currencies=("SOL", "LINK"),
    )


def test_atom() -> None:
    (draft,) = drafts(
        b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>urn:1</id>'
        b'<title type="html">&lt;b&gt;Bitcoin&lt;/b&gt; up</title><link href="https://example.com/a"/>'
        b"<updated>2025-01-10T10:00:00Z</updated></entry></feed>"
    )
    assert (draft.id, draft.title, draft.currencies) == ("urn:1", "Bitcoin up", ("BTC",))
    assert (draft.published_at, draft.dated) == (datetime(2025, 1, 10, 10, tzinfo=UTC), False)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_an_entry_without_a_time(date: str) -> None:
    (draft,) = drafts(rss(item(date=date)))
    assert (draft.published_at, draft.dated) == (None, False)


def test_a_time_ahead_of_our_clock_is_not_believed() -> None:
    (draft,) = drafts(rss(item(date="Fri, 10 Jan 2025 12:00:01 GMT")))
    assert draft.dated is False


def test_ids() -> None:
    bare = "<item><title>Only a title</title></item>"
    linked = "<item><title>x</title><link>https://example.com/l</link></item>"
    odd = "<item><title>x</title><guid>odd</guid><link>javascript:alert(1)</link></item>"
    found = drafts(rss(bare, linked, odd, "<item><description></description></item>"))
    assert [draft.id for draft in found] == ["Only a title", "https://example.com/l", "odd"]
    assert found[2].url is None
    long_id = "https://example.com/" + "x" * 300
    assert stable_id(long_id) == stable_id(long_id)
    assert len(stable_id(long_id) or "") == 71
    assert stable_id(long_id) != stable_id(long_id + "y")
    bracketed = drafts(rss("<item><title>[Updated] Bitcoin</title></item>", "<item><title>{Bitcoin</title></item>"))
    assert [draft.id[:7] for draft in bracketed] == ["sha256:", "sha256:"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><html><body>Just a moment</body></html>", "web page"),
        (b"", "nothing"),
        (b"/etc/passwd", "something"),
        (b'{"results": []}', "something"),
        (rss(item(), item(2))[:-60], "cut"),
    ],
)
def test_what_is_no_feed_is_refused_whole(body: bytes, said: str) -> None:
    with pytest.raises(SourceRetry, match=said):
        parsed_entries(body, "example.com")


def with_entities(declared: str, title: str) -> bytes:
    return rss(item(title=title)).replace(b"<rss", f"<!DOCTYPE rss [{declared}]><rss".encode(), 1)


def test_entities_that_grow_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(SourceRetry, match="grows"):
        parsed_entries(with_entities(f'<!ENTITY l0 "ha">{laughs}', "&l9;"), "example.com")


def test_an_entity_that_names_a_file_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("contents of a file")
    for draft in drafts(with_entities(f'<!ENTITY file SYSTEM "{secret.as_uri()}"><!ENTITY ok "fine">', "&ok; &file;")):
        assert "contents" not in draft.title


@pytest.fixture
def make(settings: Settings, clock: ManualClock) -> Callable[..., RssSource]:
    def make(*paths: str, host: str) -> RssSource:
        feeds = [Feed(url=f"{host}{path}") for path in paths]
        return RssSource("rss.test", feeds, Fetcher(settings.posts, clock.now, True), RECOGNISER, clock.now)

    return make


def test_an_unchanged_feed_is_asked_for_with_its_tag_once_it_was_published(
    make: Callable[..., RssSource], server: NewsServer
) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(304) if asked.headers.get("if-none-match") == '"a"' else Answer(200, rss(item()), {"ETag": '"a"'})

    server.answer = answer
    source = make("/rss", host=server.url)
    assert len(source.poll(START).drafts) == 1
    assert len(source.poll(START).drafts) == 1, "not published yet: asked for whole"
    source.published()
    poll = source.poll(START)
    assert (poll.drafts, poll.error, poll.read_until) == ((), None, START)


def test_two_feeds_of_a_host_are_one_source(make: Callable[..., RssSource], server: NewsServer) -> None:
    bodies = {"/a": rss(item(1, title="First"), item(2)), "/b": rss(item(1, title="Second"), item(3))}
    server.answer = lambda asked: Answer(200, bodies[asked.path])
    poll = make("/a", "/b", host=server.url).poll(START)
    assert {draft.id: draft.title for draft in poll.drafts}["g1"] == "First"
    assert len(poll.drafts) == 3
    server.answer = lambda asked: Answer(200, bodies["/b"]) if asked.path == "/b" else Answer(451)
    poll = make("/a", "/b", host=server.url).poll(START)
    assert len(poll.drafts) == 2
    assert isinstance(poll.error, SourceRefusal)
    assert poll.read_until is None


def test_redirects_are_followed_to_the_feed(make: Callable[..., RssSource], server: NewsServer) -> None:
    moved = Answer(301, headers={"Location": "/new"})
    server.answer = lambda asked: moved if asked.path == "/old" else Answer(200, rss(item()))
    assert len(make("/old", host=server.url).poll(START).drafts) == 1
    server.answer = lambda asked: Answer(302, headers={"Location": asked.path})
    error = make("/old", host=server.url).poll(START).error
    assert "redirects" in str(error)


def test_the_list_of_feeds() -> None:
    feeds = load_feeds(None)
    assert len(feeds) >= 15
    assert {feed.kind for feed in feeds} == {"news", "announcement"}
    assert "rss.coindesk.com" in by_source(feeds)
    assert load_feeds(()) == ()
    kraken = next(feed.url for feed in feeds if "kraken" in feed.url)
    assert [feed.kind for feed in load_feeds((kraken, "https://other.example/rss"))] == ["announcement", "news"]
    with pytest.raises(SettingsError, match=r"rss\.feeds"):
        load_feeds(("ftp://example.com/feed",))


def test_a_name_of_a_source_fits_the_contract() -> None:
    observed = Draft("1", "t", START).observed(Feed(url="http://[::1]:8080/rss").source, START, START)
    assert observed.source == "rss.--1"
    longest = Feed(url=f"https://{'a' * 60}.{'b' * 60}.com/rss")
    assert len(Draft("1", "t", START).observed(longest.source, START, START + timedelta(1)).source) == 64
