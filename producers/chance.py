"""Chance that is a function of a seed and of names, not of the order in which it is asked.

Any part of a generated history can so be computed alone, in any order, again after a restart, and comes out the same.
"""

from __future__ import annotations

import hashlib
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

_NORMAL = NormalDist()


def key_of(*parts: int | str) -> int:
    """A number of 64 bits from a seed and names.

    >>> key_of(1, "BTC") == key_of(1, "BTC") != key_of(2, "BTC")
    True
    """
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def uniform(*parts: int | str) -> float:
    """A number in (0, 1)."""
    return ((key_of(*parts) >> 11) + 0.5) / float(1 << 53)


def normal(*parts: int | str) -> float:
    """A number from the standard normal distribution."""
    return _NORMAL.inv_cdf(uniform(*parts))


def stream(*parts: int | str) -> np.random.Generator:
    """A stream of random numbers of its own."""
    return np.random.Generator(np.random.PCG64(key_of(*parts)))


def uniforms(key: int, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """One number in [0, 1) for each of `numbers`, the same whichever others are asked along with it.

    The mixing function is SplitMix64 (Steele, Lea and Flood, 2014).
    """
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)
