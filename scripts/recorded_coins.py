"""Which coins a recording has candles of."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from newswake.coins import is_plain
from newswake.settings import Candles
from producers.recordings.columns import scan, unreadable
from producers.recordings.folder import open_folder
from producers.recordings.symbols import split_symbol


def recorded_coins(recording: Path, candles: Candles) -> list[str]:
    """The coins of a recording's candles, in the order of the settings, then of the alphabet.

    Raises `RecordingError` when the folder holds no recording, or a file cannot be read.
    """
    found: set[str] = set()
    for path in open_folder(recording).candles:
        try:
            names = scan(path, ("symbol",)).select("symbol").unique().collect()["symbol"].drop_nulls()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise unreadable(path, error) from error
        coins = {split_symbol(str(name), candles.quote)[0] for name in names}
        found |= {coin for coin in coins if is_plain(coin)}  # the rows of the others are no candles
    return [coin for coin in candles.coins if coin in found] + sorted(found - {*candles.coins})
