"""What to ask the exchange for, and when to stop asking (pure). All times are epoch milliseconds on whole minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from newswake.messages import HOUR_MS, MINUTE_MS

# 16 hours are 960 rows: one request to most exchanges, and little memory even for hundreds of coins.
WINDOW_HOURS = 16
# A minute that the exchange has not given this long after its close will not come any more: it is a gap. Until then it
# is asked for again, because an exchange in trouble may answer with empty lists; 720 rows are still one request.
LATE_MS = 12 * HOUR_MS


def minute_floor(time: int) -> int:
    """The start of the minute that holds `time`.

    >>> minute_floor(1735689661234)
    1735689660000
    """
    return time - time % MINUTE_MS


def windows(start: int, until: int, hours: int = WINDOW_HOURS) -> Iterator[tuple[int, int]]:
    """`[start, until)` in pieces of at most `hours` hours that end on the hour, the last one at `until`.

    Pieces are published one after the other for all coins together, because the newest candle of any coin moves
    the clock of the stream.

    >>> list(windows(30 * 60_000, 130 * 60_000, hours=1))
    [(1800000, 3600000), (3600000, 7200000), (7200000, 7800000)]
    """
    while start < until:
        end = min(start - start % HOUR_MS + hours * HOUR_MS, until)
        yield start, end
        start = end


def next_minute(asked_from: int, asked_until: int, last_open_time: int | None, until: int) -> int:
    """From where a coin is to be asked next, after an answer for `[asked_from, asked_until)`.

    That is after its last candle, `last_open_time`; but no minute is asked for again that has been over for
    `LATE_MS` by the exchange's clock (`until`), so that a coin which is no longer traded does not hold anybody back.
    """
    after_last = asked_from if last_open_time is None else last_open_time + MINUTE_MS
    return max(asked_from, after_last, min(asked_until, until - LATE_MS))


def start_of_history(others: Collection[int], until: int, first_hours: int, later_hours: int) -> int:
    """From when on a coin without candles is asked for; `others` are the minutes from which the other coins go on.

    That is `later_hours` back from `until`, or `first_hours` as long as no other coin is nearer than `later_hours`:
    then it is the first start, or one after a first start that was broken off.

    >>> [(100 * HOUR_MS - start_of_history([x * HOUR_MS], 100 * HOUR_MS, 48, 24)) // HOUR_MS for x in (76, 77)]
    [48, 24]
    """
    later = until - later_hours * HOUR_MS
    return until - first_hours * HOUR_MS if all(minute <= later for minute in others) else later
