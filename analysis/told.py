"""Which story each post of a period tells."""

from __future__ import annotations

import polars as pl

from analysis.frames import Period
from analysis.observed import posts_known
from analysis.stories import stories


def told_in(observations: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The posts published in the period, as known at its end, with the column `story`: what gauges without votes use.

    Grouping titles is what takes time here, and it is the same for every coin.
    """
    known = posts_known(observations, period.until).filter(period.holds("published_at"))
    return known.join(stories(known), on=["source", "post_id"])
