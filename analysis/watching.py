"""Whether the sources of posts were being read at a time, from the polls that are on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from analysis.frames import COVERAGE, taken

# A poll reads on from the one before it; after a longer pause an answer may not reach back so far.
JOINED: Final = timedelta(hours=1)
# Holes up to this long are the pace of the polls.
PACE: Final = timedelta(minutes=5)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Watch:
    """The spans of publication times that each source's polls have told of, in order, apart from each other."""

    spans: Mapping[str, tuple[Span, ...]]

    def not_watching(self, since: datetime, until: datetime) -> tuple[str, ...]:
        """The sources whose polls leave a hole in these times."""
        return tuple(
            source for source, spans in self.spans.items() if not any(_holds(span, since, until) for span in spans)
        )

    def nobody(self, since: datetime, until: datetime) -> bool:
        """Whether no source was read throughout these times; so it is where no poll is on record."""
        return len(self.not_watching(since, until)) == len(self.spans)


def watch_of(coverage: pl.DataFrame) -> Watch:
    """Rows of `source_coverage` of the posts' sources -> what was watched.

    A good poll tells of the posts from `covered_from` to `covered_until`, and of those since what the good poll before
    it told, when that was made no longer ago than an hour: a source that is delayed is so at each poll. A poll that
    failed tells of nothing.
    """
    polls = (
        taken(coverage, COVERAGE)
        .with_columns(
            pl.when(pl.col("gap_seconds") <= JOINED.total_seconds())
            .then(pl.col("covered_until") - pl.duration(milliseconds=pl.col("gap_seconds") * 1000))
            .alias("joined_from")
        )
        .with_columns(
            pl.min_horizontal("covered_from", "joined_from", "covered_until").alias("begin"),
            pl.col("covered_until").alias("end"),
        )
        .sort("source", "begin", "end")
    )
    spans: dict[str, list[Span]] = {source: [] for source in polls["source"].unique(maintain_order=True)}
    for source, begin, end in (
        polls.filter(pl.col("ok") & pl.col("end").is_not_null()).select("source", "begin", "end").iter_rows()
    ):
        merged = spans[source]
        if merged and begin <= merged[-1][1] + PACE:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return Watch({source: tuple(merged) for source, merged in spans.items()})


def _holds(span: Span, since: datetime, until: datetime) -> bool:
    return span[0] <= since + PACE and until - PACE <= span[1]
