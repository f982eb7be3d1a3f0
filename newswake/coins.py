"""Codes of coins, as they are compared everywhere."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

# What the stream takes for the symbol of a page, and MongoDB for the name of a view.
PLAIN: Final = re.compile(r'(?!\.)[^\s{}\[\]":/$\x00]{1,32}(?<!\.)')


def clean_codes(codes: list[str]) -> list[str]:
    """Coin codes trimmed, upper case, without blanks and repetitions, in their first order.

    >>> clean_codes(["BTC ", "eth", "BTC", " "])
    ['BTC', 'ETH']
    """
    return list(dict.fromkeys(code for raw in codes if (code := raw.strip().upper())))


def is_plain(code: str) -> bool:
    """Whether a coin of this code can be followed.

    >>> [is_plain(code) for code in ("1INCH", "USDC.E", "BTC/USDT", "$BTC", "A B", ".")]
    [True, True, False, False, False, False]
    """
    return PLAIN.fullmatch(code) is not None


def _only_plain(codes: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(is_plain, codes)):
        raise ValueError("a coin is named by its code alone, such as BTC")
    return codes


Codes = Annotated[tuple[str, ...], AfterValidator(lambda codes: tuple(clean_codes(list(codes))))]
PlainCodes = Annotated[Codes, AfterValidator(_only_plain)]
