"""Candles of a recording: checked, without repetitions, forward in time over all coins, in windows that fit memory."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import polars as pl

from newswake.errors import RecordingError
from producers.recordings.columns import as_flag, as_number, as_time, scan, unreadable
from producers.recordings.symbols import split_symbol

log = logging.getLogger(__name__)

PRICES = ("open", "high", "low", "close")
REQUIRED = ("symbol", "open_time", *PRICES, "volume")
OPTIONAL = ("trades", "taker_buy_volume", "filled", "seen_at")
IDENTITY = ("exchange", "symbol", "quote", "open_time")
WINDOW_ROWS = 600_000
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass
class CandleRecording:
    """Candles of one or more files, as columns `exchange, symbol, quote, open_time, open, …`.

    `first` is the first open time, `last` the last one, `rows` the usable rows, repetitions among them.
    `repeated` counts the rows left out because their minute had come before; it is complete after `windows()`.
    Keeps a scratch folder for what was CSV: use it as a context manager.
    """

    frame: pl.LazyFrame
    first: datetime
    last: datetime
    rows: int
    unusable: int
    columns: tuple[str, ...]
    scratch: tempfile.TemporaryDirectory[str]
    repeated: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.scratch.cleanup()

    @property
    def end(self) -> datetime:
        """When the last candle closed."""
        return self.last + MINUTE

    def windows(self) -> Iterator[pl.DataFrame]:
        """Whole hours, forward in time, sorted by time and coin; of one minute the first row of the files wins."""
        self.repeated = 0
        start = self.first.replace(minute=0, second=0, microsecond=0)
        hours = int((self.last - start) / HOUR) + 1
        step = max(1, int(hours * WINDOW_ROWS / max(self.rows, 1))) * HOUR
        while start <= self.last:
            inside = (pl.col("open_time") >= start) & (pl.col("open_time") < start + step)
            window = self.frame.filter(inside).collect()
            kept = window.unique(IDENTITY, keep="first", maintain_order=True)
            self.repeated += len(window) - len(kept)
            if len(kept):
                yield kept.sort("open_time", "symbol", "quote", "exchange")
            start += step


def open_candles(paths: Sequence[Path], exchange: str, quote: str) -> CandleRecording:
    """The candles of `paths`; `exchange` and `quote` are used where the file does not say.

    A row without a whole minute or without finite, positive, coherent prices is no candle: it is left out, counted
    and logged, and its minute is a gap.

    Raises `RecordingError` when a file cannot be read, lacks a column, or holds no candle.
    """
    scratch = tempfile.TemporaryDirectory(prefix="newswake-recording-")
    try:
        parts = [_normalised(path, exchange, quote, Path(scratch.name)) for path in paths]
        present = [name for name in OPTIONAL if any(name in part.collect_schema().names() for part in parts)]
        rows = pl.concat(parts, how="diagonal").select(*IDENTITY, *PRICES, "volume", *present)
        usable = rows.filter(_is_candle())
        total = rows.select(pl.len()).collect().item()
        first, last, count = (
            usable.select(pl.col("open_time").min().alias("first"), pl.col("open_time").max().alias("last"), pl.len())
            .collect()
            .row(0)
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        scratch.cleanup()
        raise unreadable(paths[0], error) from error
    except RecordingError:
        scratch.cleanup()
        raise
    if not count:
        scratch.cleanup()
        raise RecordingError(f"The recording {', '.join(map(str, paths))} holds no usable candle ({total} rows)")
    if total > count:
        log.warning("%d of %d rows are no candles (time, prices or symbol) and are left out", total - count, total)
    return CandleRecording(usable, first, last, count, total - count, tuple(present), scratch)


def _is_candle() -> pl.Expr:
    prices = [pl.col(name).is_finite() & (pl.col(name) > 0) for name in PRICES]
    return pl.all_horizontal(
        *prices,
        pl.col("high") >= pl.col("low"),
        pl.col("volume").is_finite() & (pl.col("volume") >= 0),
        pl.col("open_time").dt.truncate("1m") == pl.col("open_time"),
        pl.col("symbol").str.contains(r"^[^\s{}\[\]\":/]{1,32}$"),
    )


def _normalised(path: Path, exchange: str, quote: str, scratch: Path) -> pl.LazyFrame:
    raw = scan(path, REQUIRED)
    kinds = raw.collect_schema()
    names = raw.select(pl.col("symbol").cast(pl.String).unique()).collect()["symbol"].drop_nulls().to_list()
    pairs = {name: split_symbol(name, quote) for name in names}
    symbol = pl.col("symbol").cast(pl.String)
    own_quote = symbol.replace_strict({name: pair[1] for name, pair in pairs.items()}, return_dtype=pl.String)
    columns = [
        _text_or("exchange", kinds, pl.lit(exchange)).str.to_lowercase(),
        symbol.replace_strict({name: pair[0] for name, pair in pairs.items()}, return_dtype=pl.String).alias("symbol"),
        _text_or("quote", kinds, own_quote).str.to_uppercase(),
        as_time("open_time", kinds["open_time"]),
        *(as_number(name, kinds[name]) for name in (*PRICES, "volume")),
    ]
    if "trades" in kinds:
        columns.append(as_number("trades", kinds["trades"], pl.Int64))
    if "taker_buy_volume" in kinds:
        columns.append(as_number("taker_buy_volume", kinds["taker_buy_volume"]))
    if "filled" in kinds:
        columns.append(as_flag("filled", kinds["filled"]))
    if "seen_at" in kinds:
        columns.append(as_time("seen_at", kinds["seen_at"]))
    frame = raw.select(columns)
    if path.suffix.lower() != ".csv":
        return frame
    # Windows read the file again and again; text would be parsed each time.
    binary = scratch / f"{len(list(scratch.iterdir()))}.parquet"
    frame.sink_parquet(binary)
    return pl.scan_parquet(binary)


def _text_or(name: str, kinds: pl.Schema, fallback: pl.Expr) -> pl.Expr:
    if name not in kinds:
        return fallback.alias(name)
    return pl.coalesce(pl.col(name).cast(pl.String).str.strip_chars(), fallback).alias(name)
