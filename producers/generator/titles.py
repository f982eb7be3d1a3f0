"""Titles of generated posts: plain sentences that name coins as the press does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from producers.generator.universe import COINS

_ONE = (
    "{0} holders wait for the next decision on fees",
    "Analysts disagree on where {0} goes from here",
    "{0} network activity reaches a new high this month",
    "Fund files for a {0} product in a third country",
    "{0} developers delay the upgrade by two weeks",
    "Large {0} transfer to an exchange draws attention",
    "Court ruling leaves {0} traders guessing",
)
_MORE = (
    "{0} and {1}: what the week brought",
    "Why {0} moved and {1} did not",
    "{0}, {1} listed by another broker",
    "Survey: students prefer {0} to {1}",
)
_NONE = (
    "Regulators publish a draft on custody",
    "Exchange hires a new head of compliance",
    "What central banks say about digital money",
    "Conference on wallets opens with a long queue",
)


def title_of(codes: Sequence[str], chance: np.random.Generator) -> str:
    """A title that names the first coins of `codes`; a number at its end keeps titles apart."""
    names = [COINS[code].name if code in COINS else code for code in codes]
    forms = _MORE if len(names) > 1 else _ONE if names else _NONE
    return f"{str(chance.choice(forms)).format(*names)} (part {int(chance.integers(1, 9999))})"
