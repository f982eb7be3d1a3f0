"""How well coins are recognised: precision and recall against the tags of recorded titles.

    python -m producers.posts.coins_report FILE [FILE ...] [--coins N] [--wrong CODE]

A file is Parquet with `title` and `currencies` (list of codes). The tags are an aggregator's own: it also reads the
body and the account that posted, so many tagged coins are not in the title at all. Two recalls are therefore given:
of all tags, and of the tags whose code or name stands in the title in some form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from newswake.coins import clean_codes
from newswake.settings import DEFAULT_COINS
from producers.posts.coins import CoinTable, Recogniser, load_table
from producers.posts.text import clean_text


@dataclass
class Score:
    """Counts of (title, coin) pairs: found and tagged, found only, tagged only; `named`: tagged and in the title."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    named: int = 0
    named_right: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def named_recall(self) -> float:
        return self.named_right / max(1, self.named)


@dataclass
class Report:
    titles: int = 0
    scores: dict[str, Score] = field(default_factory=dict)

    def total(self, coins: Iterable[str] | None = None) -> Score:
        total = Score()
        for symbol in self.scores if coins is None else coins:
            score = self.scores.get(symbol, Score())
            for name in vars(total):
                setattr(total, name, getattr(total, name) + getattr(score, name))
        return total


def titles_of(path: Path) -> Iterator[tuple[str, list[str]]]:
    """(title, tags) of a recording, the title as a producer would have it."""
    frame = pl.read_parquet(path, columns=["title", "currencies"])
    for title, tags in frame.iter_rows():
        yield clean_text(title or ""), clean_codes(list(tags or ()))


def judge(pairs: Iterable[tuple[str, list[str]]], table: CoinTable) -> Report:
    """Compare what is recognised with the tags, over the coins of the table; a former code is its coin of today."""
    recogniser, report = Recogniser(table), Report()
    mentions = _loose_mentions(table)
    for title, tags in pairs:
        report.titles += 1
        found = set(recogniser.coins_of(title))
        tagged = {table.current[tag] for tag in tags if tag in table.current}
        for symbol in found | tagged:
            score = report.scores.setdefault(symbol, Score())
            score.right += symbol in found and symbol in tagged
            score.wrong += symbol not in tagged
            score.missed += symbol not in found
            if symbol in tagged and mentions[symbol].search(title):
                score.named += 1
                score.named_right += symbol in found
    return report


def _loose_mentions(table: CoinTable) -> dict[str, re.Pattern[str]]:
    """A code or name in any case, everyday words included: more than any rule should find."""
    phrases = {coin.symbol: (*coin.codes, *coin.names, *coin.proper_names, *coin.word_names) for coin in table.coins}
    return {
        symbol: re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, forms))})(?![a-z0-9])", re.IGNORECASE)
        for symbol, forms in phrases.items()
    }


def show(report: Report, coins: Iterable[str], name: str) -> Table:
    table = Table(title=f"{name}: {report.titles:,} titles", title_justify="left")
    for column in ("coins", "tagged", "found", "precision", "recall of all tags", "recall where named"):
        table.add_column(column, justify="left" if column == "coins" else "right")
    symbols = list(coins)
    rows = [("all in the table", report.total()), (f"the {len(symbols)} below", report.total(symbols))]
    rows += [(symbol, report.scores.get(symbol, Score())) for symbol in symbols]
    for label, score in rows:
        counts = (f"{score.right + score.missed:,}", f"{score.right + score.wrong:,}")
        rates = (f"{rate:.3f}" for rate in (score.precision, score.recall, score.named_recall))
        table.add_row(label, *counts, *rates)
    return table


def main(
    files: Annotated[list[Path], typer.Argument(help="recordings with `title` and `currencies`", exists=True)],
    worst: Annotated[int, typer.Option(help="also list the coins with the most wrong finds")] = 0,
    wrong: Annotated[str, typer.Option(help="print titles in which this coin was found and is not tagged")] = "",
    missed: Annotated[str, typer.Option(help="print titles that name this coin, in which it was not found")] = "",
) -> None:
    """Print precision and recall of the recogniser against the tags of recorded titles."""
    console, table = Console(width=120), load_table()
    recogniser, mentions = Recogniser(table), _loose_mentions(table)
    for path in files:
        pairs = list(titles_of(path))
        report = judge(pairs, table)
        console.print(show(report, DEFAULT_COINS, path.name))
        if worst:
            by_wrong = Counter({symbol: score.wrong for symbol, score in report.scores.items()})
            console.print(show(report, [symbol for symbol, _ in by_wrong.most_common(worst)], "most wrong finds"))
        for title, tags in pairs if wrong or missed else ():
            found, tagged = recogniser.coins_of(title), [table.current.get(tag) for tag in tags]
            if wrong and wrong in found and wrong not in tagged:
                console.print(f"wrong: {title} {tags}", markup=False)
            if missed and missed in tagged and missed not in found and mentions[missed].search(title):
                console.print(f"missed: {title} {tags}", markup=False)


if __name__ == "__main__":
    typer.run(main)
