from __future__ import annotations

from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.frames import OBSERVATIONS, Period, empty
from analysis.outlets import outlets
from analysis.stories import similarity, stories, tokens_of
from analysis.told import told_in
from tests.unit.analysis.made import Row, after, observation, post_frame

words = st.lists(st.sampled_from(["bitcoin", "etf", "sec", "sues", "wins", "falls", "up", "2"]), max_size=7)
posts = st.lists(
    st.builds(
        lambda number, minute, text: observation(str(number), minute, title=" ".join(text)),
        st.integers(0, 10_000),
        st.integers(0, 200),
        words,
    ),
    max_size=25,
    unique_by=lambda row: row["post_id"],
)


def by_hand(rows: list[Row]) -> dict[str, str]:
    """Every pair compared, in plain Python."""
    ordered = sorted(rows, key=lambda row: (row["published_at"], row["post_id"]))
    story = {row["post_id"]: f"cryptopanic:{row['post_id']}" for row in ordered}
    for one, other in combinations(ordered, 2):
        left, right = (set(row["title"].split()) for row in (one, other))
        near = abs(one["published_at"] - other["published_at"]) <= timedelta(minutes=60)
        if near and left | right and len(left & right) / len(left | right) >= 0.5:
            old, new = story[other["post_id"]], story[one["post_id"]]
            old, new = (old, new) if _place(ordered, new) < _place(ordered, old) else (new, old)
            story = {post: new if name == old else name for post, name in story.items()}
    return story


def _place(ordered: list[Row], story: str) -> int:
    return [f"cryptopanic:{row['post_id']}" for row in ordered].index(story)


@settings(max_examples=40)
@given(posts)
def test_stories_are_those_of_comparing_every_pair(rows: list[Row]) -> None:
    found = stories(post_frame(rows))
    assert dict(found.select("post_id", "story").iter_rows()) == by_hand(rows)


@settings(max_examples=40)
@given(posts, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stories(post_frame(shuffled)).equals(stories(post_frame(rows)))


def test_a_story_ends_after_an_hour() -> None:
    title = "SEC approves spot Bitcoin ETF"
    rows = [observation("1", 0, title=title), observation("2", 60, title=title), observation("3", 121, title=title)]
    assert stories(post_frame(rows))["story"].to_list() == ["cryptopanic:1", "cryptopanic:1", "cryptopanic:3"]


def test_what_is_said_in_other_words() -> None:
    rows = [
        observation("1", 0, title="Ripple Announces Chainlink Integration To Boost RLUSD Stablecoin"),
        observation(
            "2", 9, title="Ripple Adopts Chainlink Standard to Boost RLUSD Integration with DeFi", source="rss"
        ),
        observation("3", 9, title="Ripple wins in court"),
    ]
    assert stories(post_frame(rows))["story"].to_list() == ["cryptopanic:1", "cryptopanic:3", "cryptopanic:1"]


def test_titles_without_words_have_nothing_in_common() -> None:
    assert similarity(tokens_of("!!!"), tokens_of("🚀")) == 0
    assert stories(post_frame([observation("1", title="!!!"), observation("2", title="!!!")]))["story"].n_unique() == 2


def test_no_posts_no_stories() -> None:
    assert stories(empty(OBSERVATIONS)).is_empty()


def test_outlets_that_had_the_story_soon() -> None:
    title = "SEC approves spot Bitcoin ETF"
    rows = [
        observation("1", 10, title=title, domain="one.com", source="rss"),
        observation("2", 12, title=f"{title}s", domain="www.One.com", source="rss", coins=["ETH"]),
        observation("3", 40, title=title, domain="two.com", source="rss"),
        observation("4", 41, title=title, domain="late.com", source="rss"),
        observation("5", 30, title="Nothing else happens", source="cryptopanic"),
    ]
    found = outlets(told_in(post_frame(rows), Period(after(0), after(100))), "BTC")
    assert [(one.post_id, one.posts, one.outlets) for one in found.stories] == [("1", 4, 2), ("5", 1, 1)]
    assert found.sentence == (
        "Of 2 stories about BTC, 1 had more than one outlet within 30 minutes; the most widely told had 2."
    )
    assert [one.post_id for one in outlets(told_in(post_frame(rows), Period(after(0), after(100))), "ETH").stories] == [
        "1"
    ]


def test_an_outlet_that_is_not_seen_yet_is_not_counted() -> None:
    title = "SEC approves spot Bitcoin ETF"
    rows = [observation("1", 10, title=title, domain="a.com"), observation("2", 12, 90, title=title, domain="b.com")]
    assert outlets(told_in(post_frame(rows), Period(after(0), after(50)))).stories[0].outlets == 1
    assert outlets(told_in(post_frame(rows), Period(after(0), after(95)))).stories[0].outlets == 2
