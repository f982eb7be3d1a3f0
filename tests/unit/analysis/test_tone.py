from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.frames import Period
from analysis.told import told_in
from analysis.tone import DEFAULT_TABLE, ToneTable, load_tones
from analysis.tone_gauge import tone_agreement, tone_gauge
from newswake.errors import SettingsError
from tests.unit.analysis.made import after, observation, post_frame

DAY = Period(after(0), after(1_440))
TABLE = ToneTable(positive=("surge*", "all-time high", "win"), negative=("hack*", "fall"), negators=("not", "fails to"))


@pytest.mark.parametrize(
    ("title", "tone"),
    [
        ("Bitcoin surges past $100,000", 1),
        ("ETHEREUM HITS ALL-TIME HIGH", 1),
        ("Exchange hacked as bitcoin surges, then falls", 0),
        ("Exchange hacked", -1),
        ("Bitcoin will not fall", 1),
        ("Ripple fails to win appeal", -1),
        ("Not since the old days of the market did it fall", -1),
        ("The windfall of a twin", 0),
        ("", 0),
    ],
)
def test_tone_of_titles(title: str, tone: int) -> None:
    assert TABLE.tone_of(title) == tone


@given(st.text(max_size=200))
def test_any_title_has_a_tone(title: str) -> None:
    assert load_tones().tone_of(title) in (-1, 0, 1)


def test_the_table_of_the_project() -> None:
    table = load_tones()
    assert table.tone_of("Bitcoin crashes below $90K as exchange halts withdrawals") == -1
    assert table.tone_of("BlackRock’s ETF sees record inflows") == 1
    assert table.tone_of("Bitcoin is not bullish") == -1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not there"),
        ("positive = [", "is not a table of tones"),
        ('positive = ["up"]\nnegative = ["down"]\n', "negators"),
        ('positive = ["UP"]\nnegative = ["down"]\nnegators = ["not"]', "positive"),
        ('positive = ["up"]\nnegative = ["up", "down"]\nnegators = ["not"]', "has up in both lists"),
        ('positive = ["up"]\nnegative = ["down"]\nnegators = ["not"]\nothers = ["x"]', "others"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "tone.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_tones(file)


def test_a_story_has_one_tone() -> None:
    rows = [
        observation("1", 1, title="Hackers drain the Big Bridge"),
        observation("2", 2, title="Hackers drain Big Bridge"),
        observation("3", 3, title="Bitcoin surges"),
        observation("4", 4, title="A quiet Sunday"),
        observation("5", 5, title="Hacked", coins=["ETH"]),
    ]
    found = tone_gauge(told_in(post_frame(rows), DAY), "BTC", TABLE)
    assert (found.positive, found.negative, found.plain, found.titles) == (1, 1, 1, 4)
    assert found.value == 0
    assert found.sentence == (
        "The tone of titles, not votes: balanced; of 3 stories about BTC, 1 sound positive, 1 negative, 1 neither."
    )


def test_no_titles_no_tone() -> None:
    assert tone_gauge(told_in(post_frame([]), DAY), "BTC", TABLE).value is None


def test_agreement_with_votes() -> None:
    titles = {"Bitcoin surges": (5, 1), "Ether surges": (1, 5), "Hacked": (0, 4), "So be it": (9, 0), "Win": (1, 1)}
    rows = [
        observation(str(i), i, counts={"positive": positive, "negative": negative}, title=title)
        for i, (title, (positive, negative)) in enumerate(titles.items())
    ]
    found = tone_agreement(post_frame([*rows, observation("x", 9, title="Hacked")]), TABLE)
    assert (found.voted, found.toned) == (4, 3)
    assert (found.agree, found.always_positive) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    # Pairs (voted for, voted against): surges/surges 1/2, surges/hacked 1, so/surges 0, so/hacked 1.
    assert found.area == 2.5 / 4


def test_agreement_needs_votes_on_both_sides() -> None:
    rows = [observation("1", counts={"positive": 5}, title="Bitcoin surges")]
    assert tone_agreement(post_frame(rows), TABLE).area is None


def test_the_table_is_the_one_in_conf() -> None:
    assert DEFAULT_TABLE.parent.name == "conf"
