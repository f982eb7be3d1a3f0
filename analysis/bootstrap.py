"""How much a mean and a median would differ had other stories been told: the bootstrap over groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVEL: Final = 0.95
CELLS_AT_ONCE: Final = 125_000  # of a table of draws and values: 1 MB, which stays in the cache of a processor

REACH: Final = 6.0  # standard deviations of a median's place


@dataclass(frozen=True)
class Band:
    """Where the middle 95 % of the draws lie."""

    low: float
    high: float


def band(draws: Floats) -> Band:
    """The percentile interval (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13)."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Band(float(low), float(high))


@dataclass(frozen=True)
class Samples:
    """The mean, the median and the mean size (absolute value) of each sample."""

    means: Floats
    medians: Floats
    sizes: Floats


def resampled(values: Floats, groups: Ints, draws: int, generator: np.random.Generator) -> Samples:
    """`draws` samples, each of as many groups as there are, drawn with replacement.

    `groups[i]` is the group of `values[i]`, from 0 on, none without a value. A group that is drawn brings all of its
    values, so that values which belong together stay together (cluster bootstrap: Davison and Hinkley, "Bootstrap
    Methods and their Application", 1997, section 3.8).
    """
    number = int(groups.max()) + 1
    counts = np.bincount(groups, minlength=number)
    sums, absolute = np.bincount(groups, values, number), np.bincount(groups, np.abs(values), number)
    order = np.argsort(values, kind="stable")
    rising, owners = values[order], groups[order]
    means, medians, sizes = [], [], []
    for count in _portions(draws, values.size):
        weights = _drawn(number, count, generator).astype(np.float64)  # whole numbers, multiplied by BLAS
        total = weights @ counts
        means.append((weights @ sums) / total)
        sizes.append((weights @ absolute) / total)
        medians.append(_weighted_medians(rising, owners, weights, counts))
    return Samples(np.concatenate(means), np.concatenate(medians), np.concatenate(sizes))


def _drawn(number: int, draws: int, generator: np.random.Generator) -> Ints:
    """How often each of `number` groups is in each of `draws` samples of `number`; faster than `multinomial`."""
    samples = generator.integers(0, number, (draws, number)) + number * np.arange(draws)[:, np.newaxis]
    counts: Ints = np.bincount(samples.ravel(), minlength=draws * number).reshape(draws, number)
    return counts


def _weighted_medians(rising: Floats, owners: Ints, weights: Floats, counts: Ints) -> Floats:
    """The median of each sample; `weights[s, g]` says how often sample `s` has group `g`, `owners` whose a value is.

    A median lies where half of the values lie below it, give or take some standard deviations: only there is each
    value counted, unless a sample has its median elsewhere.
    """
    half, spread = rising.size // 2, int(REACH * np.sqrt((counts.astype(np.float64) ** 2).sum()) / 2) + 1
    total = weights @ counts
    for first, last in ((max(0, half - spread), half + spread), (0, rising.size)):
        below = weights @ np.bincount(owners[:first], minlength=counts.size)
        reached = below[:, np.newaxis] + np.cumsum(weights[:, owners[first:last]], axis=1)
        if (2 * below < total).all() and (2 * reached[:, -1] > total).all():
            break
    middle = total[:, np.newaxis] / 2
    lower, upper = (reached >= middle).argmax(axis=1), (reached > middle).argmax(axis=1)
    medians: Floats = (rising[first + lower] + rising[first + upper]) / 2
    return medians


def _portions(draws: int, width: int) -> Iterator[int]:
    """Numbers of draws that add up to `draws`, each small enough for the memory."""
    at_once = max(1, CELLS_AT_ONCE // max(1, width))
    for start in range(0, draws, at_once):
        yield min(at_once, draws - start)
