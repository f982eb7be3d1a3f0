"""How often returns of each size were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

BINS: Final = 61  # odd: the middle bin is centred on no move
SHOWN_SHARE: Final = 0.995


@dataclass(frozen=True)
class Histogram:
    """`counts[i]` values lie in [edges[i], edges[i + 1]), the last bin with its right edge; others below or above."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int


def histogram(values: pl.Series, bins: int = BINS) -> Histogram:
    """Bins of equal width, symmetrical about 0, that hold 99.5 % of the values; the rest is counted, not drawn.

    A few minutes of extreme returns would otherwise put all others into one bin. Without values: no bins.
    """
    known = values.drop_nulls().to_numpy()
    if known.size == 0:
        return Histogram((), (), 0, 0)
    reach = float(np.quantile(np.abs(known), SHOWN_SHARE)) or float(np.abs(known).max()) or 1.0
    edges = np.linspace(-reach, reach, bins + 1)
    counts, _ = np.histogram(known, edges)
    below, above = int((known < edges[0]).sum()), int((known > edges[-1]).sum())
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), below, above)
