"""When the exchange says that it may be asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from producers.candles.answers import LONGEST_WAIT_SECONDS, retry_after, sent_at

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "37"}, 37),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "99999999999"}, LONGEST_WAIT_SECONDS),
        ({"Retry-After": "Mon, 06 Jan 2025 12:01:00 GMT"}, 60),
        # The exchange's clock is ten minutes ahead of ours: what counts is how long it wants us to wait.
        ({"Retry-After": "Mon, 06 Jan 2025 12:12:00 GMT", "Date": "Mon, 06 Jan 2025 12:10:00 GMT"}, 120),
        ({"Retry-After": "Mon, 06 Jan 2025 11:00:00 GMT"}, 0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e3", "٣", "Mon, 99 Jan 2025 12:01:00 GMT"])
def test_no_time_is_named(text: str) -> None:
    assert retry_after({"Retry-After": text}, NOW) is None
    assert retry_after({}, NOW) is None


def test_the_date_header_is_the_sender_s_clock() -> None:
    assert sent_at({"Date": "Mon, 06 Jan 2025 12:00:00 GMT"}) == NOW
    assert sent_at({}) is None
