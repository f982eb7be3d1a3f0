"""What became of a price: each outcome, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streaming.why.fate import Due, Fate, Known, Outcome, Written, closes_at, fate_of
from streaming.why.look import Found
from streaming.why.text import as_text
from tests.unit.health.builders import AT, report

PUBLISHED = datetime(2026, 3, 2, 9, 41, 27, tzinfo=UTC)
DUE = Due(15, datetime(2026, 3, 2, 9, 56, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC))
CANDLE = {"seen_at": datetime(2026, 3, 2, 9, 56, 3, tzinfo=UTC)}
KNOWN = Known(
    first_seen_at=PUBLISHED + timedelta(minutes=2),
    rows={},
    candles={},
    watermark=datetime(2026, 3, 2, 2, tzinfo=UTC),
    now=datetime(2026, 3, 2, 10, 30, tzinfo=UTC),
    lateness_minutes=360,
    held=frozenset({15}),
    repaired_at=datetime(2026, 3, 2, 10, 20, tzinfo=UTC),
)
COMMITTED = "committed to the lake 2026-03-02 12:00:30.000 (machine's time)"


def row(**changes: Any) -> dict[str, Any]:
    priced = {
        "price": 2417.31,
        "price_status": "exact",
        "exchange": "binance",
        "seen_at": PUBLISHED + timedelta(minutes=2),
        "repaired_at": None,
    }
    return {**priced, **changes}


@pytest.mark.parametrize(
    ("changes", "outcome", "says"),
    [
        ({"rows": {15: row()}}, Outcome.PRICED, "2417.31 (exact, binance), post seen 2026-03-02 09:43:27"),
        ({"rows": {15: row()}}, Outcome.PRICED, "when its candle was seen is not known"),
        ({"rows": {15: row()}, "candles": {15: CANDLE}}, Outcome.PRICED, "candle seen 2026-03-02 09:56:03"),
        ({"rows": {15: row(repaired_at=KNOWN.now)}}, Outcome.PRICED, "by the repair at 2026-03-02 10:30:00"),
        ({"rows": {15: row(price=None)}}, Outcome.NO_CANDLE, "no candle of that minute has come since"),
        (
            {"rows": {15: row(price=None)}, "candles": {15: CANDLE}},
            Outcome.NO_CANDLE,
            "the candle came at 2026-03-02 09:56:03, after the hour was closed: the next repair prices it",
        ),
        ({"now": DUE.target_time - timedelta(minutes=1)}, Outcome.NOT_DUE, "its minute closes at 2026-03-02 09:56"),
        ({}, Outcome.WAITING, "until the data's clock passes about 2026-03-02 16:00:00; in Spark's state"),
        ({"held": frozenset()}, Outcome.WAITING, "not in Spark's state yet"),
        ({"held": None}, Outcome.WAITING, "from the watermark, because Spark's state could not be read"),
        ({"candles": {15: CANDLE}}, Outcome.WAITING, "one of the next batches writes it"),
        # The hour itself is closed by a watermark that has reached it.
        ({"watermark": DUE.hour}, Outcome.LATE, "the stream closed the hour 2026-03-02 09:00"),
        ({"watermark": DUE.hour - timedelta(seconds=1)}, Outcome.WAITING, "no candle yet"),
        ({"watermark": DUE.hour, "repaired_at": None}, Outcome.LATE, "none has run yet"),
        ({"watermark": DUE.hour, "by_mongodb": False}, Outcome.LATE, "is only known to MongoDB"),
        ({"watermark": None}, Outcome.WAITING, "no candle yet"),
        ({"rows": {60: row()}}, Outcome.WAITING, "no candle yet"),
    ],
)
def test_a_price(changes: dict[str, Any], outcome: Outcome, says: str) -> None:
    fate = fate_of(DUE, replace(KNOWN, **changes))
    assert fate.outcome is outcome, fate
    assert says in fate.says


@pytest.mark.parametrize(
    ("written", "by_mongodb", "says"),
    [
        ({}, True, "written to MongoDB, not to the lake yet"),
        ({15: None}, True, "written by a batch or a repair; which one is not kept any more"),
        ({15: None}, False, "written by a batch or a repair; which one is only known with MongoDB"),
        ({15: Written(AT, None, None)}, True, f"written by the repair; {COMMITTED}"),
        ({15: Written(AT, 41, None)}, True, f"written by batch 41, whose report is not kept any more; {COMMITTED}"),
        (
            {15: Written(AT, 41, None)},
            False,
            f"written by batch 41, whose report is only known with MongoDB; {COMMITTED}",
        ),
        (
            {15: Written(AT, 41, report(sinks={"compute": 0.41, "mongodb": 0.07, "delta": 0.9, "compact": 3.0}))},
            True,
            "written by batch 41, which began 2026-03-02 12:00:27.000: compute 0.410 s, mongodb 0.070 s, "
            f"delta 0.900 s; {COMMITTED}",
        ),
    ],
)
def test_how_a_row_was_written(written: dict[int, Written | None], by_mongodb: bool, says: str) -> None:
    for price in (2417.31, None):
        known = replace(KNOWN, rows={15: row(price=price)}, written=written, by_mongodb=by_mongodb)
        assert fate_of(DUE, known).written == says
    assert fate_of(DUE, replace(KNOWN, written=written)).written == "", "there is no row"


def test_an_hour_is_given_up_when_both_clocks_have_passed_it() -> None:
    # The watermark lags by the lateness and one hour: it reaches 09:00 when a candle of 16:00 has come.
    assert closes_at(DUE, 360) == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_the_text_tells_the_steps_of_the_post_and_one_line_a_horizon() -> None:
    post = {
        "_id": "cryptopanic:1", "title": "T" * 200, "published_at": PUBLISHED, "created_at": None,
        "first_seen_at": KNOWN.first_seen_at, "seen_at": KNOWN.first_seen_at, "hot_at": None,
    }  # fmt: skip
    text = as_text([Found(post, "ETH", (Fate(DUE, Outcome.WAITING, "because", "written so"),))]).splitlines()
    assert text[0] == f"cryptopanic:1  {'T' * 80}"
    assert [line.split()[0] for line in text[1:4]] == ["published", "first", "last"]
    assert text[4].split()[:4] == ["in", "Kafka", "not", "kept:"]
    assert text[-2].split() == ["ETH", "15", "min", "2026-03-02", "09:56", "waiting", "because"]
    assert text[-1].strip() == "written so"
    rows = tuple(Fate(DUE, Outcome.PRICED, "priced", how) for how in ("so", "so", "otherwise", ""))
    told = [line.strip() for line in as_text([Found(post, "ETH", rows)]).splitlines()[-6:]]
    assert [line for line in told if not line.startswith("ETH")] == ["so", "otherwise"]
    assert [place for place, line in enumerate(told) if not line.startswith("ETH")] == [2, 4], "once, behind the last"
    assert "\x1b" not in as_text([Found(post | {"title": "\x1b[2J"}, "ETH", says="refused: \x1b[2J\n")])
    assert as_text([Found(None, "ETH", says="not received")]) == "The post is not received."
    assert as_text([Found(post, "ETH", says="not tagged")]).endswith("ETH: not tagged.")
