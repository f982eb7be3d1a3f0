"""Codes of coins, as they are compared everywhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def clean_codes(codes: list[str]) -> list[str]:
    """Coin codes trimmed, upper case, without blanks and repetitions, in their first order.

    >>> clean_codes(["BTC ", "eth", "BTC", " "])
    ['BTC', 'ETH']
    """
    return list(dict.fromkeys(code for raw in codes if (code := raw.strip().upper())))


Codes = Annotated[tuple[str, ...], AfterValidator(lambda codes: tuple(clean_codes(list(codes))))]
