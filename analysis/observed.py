"""Posts as they stood at a time, from their observations: never from what was seen later."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analysis.frames import OBSERVATIONS, taken, utc


def observed(observations: pl.DataFrame) -> pl.DataFrame:
    """Observations in the order in which they were seen, with the columns of `OBSERVATIONS`."""
    return taken(observations, OBSERVATIONS).sort("seen_at", maintain_order=True)


def posts_known(observations: pl.DataFrame, at: datetime | None = None) -> pl.DataFrame:
    """One row a post, from what was seen until `at` (all of it by default).

    Columns: source, post_id, and title, domain, published_at, currencies of the newest observation; `votes` of the
    newest one that has any (null: never seen); `hot`: True when any said so, else what the newest says; `hot_at`: when
    the first that said so was seen; `first_seen_at`.
    """
    rows = observed(observations)
    known = rows if at is None else rows.filter(pl.col("seen_at") <= utc(at))
    return (
        known.group_by("source", "post_id", maintain_order=True)
        .agg(
            pl.col("title", "domain", "published_at", "currencies").last(),
            pl.col("votes").filter(has_votes()).last(),
            pl.col("hot").last().alias("hot_last"),
            pl.col("seen_at").filter(pl.col("hot")).first().alias("hot_at"),
            pl.col("seen_at").first().alias("first_seen_at"),
        )
        .with_columns(pl.when(pl.col("hot_at").is_not_null()).then(True).otherwise("hot_last").alias("hot"))
        .drop("hot_last")
        .sort("published_at", "source", "post_id")
    )


def has_votes() -> pl.Expr:
    """Whether an observation says how many voted for or against."""
    return _count("positive").is_not_null() | _count("negative").is_not_null()


def _count(kind: str) -> pl.Expr:
    return pl.col("votes").struct.field(kind)


def tagged(coin: str | None) -> pl.Expr:
    """Whether a post is about `coin`; None: any."""
    return pl.lit(True) if coin is None else pl.col("currencies").list.contains(coin)
