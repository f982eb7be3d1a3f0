"""Which coins a title is about: by name and by code, whole words only, with the table `conf/coins.toml`.

A name is a word like any other ("Solana", "bitcoin"), unless the table says that it is also an everyday word
("Near", "Optimism"): then it counts only beside a word of the trade ("Near Protocol", "Optimism token") or in a row
with other coins ("Cardano, Stellar and XRP"). A code counts where it is written as a ticker: `$LINK`, `(LINK)`,
`#LINK`, `LINK/USDT`, or in capitals in a title that is not itself in capitals. Codes that are also common
abbreviations ("AI", "OP", "S") count only with a sign that says ticker.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from newswake.errors import SettingsError

DEFAULT_TABLE = Path(__file__).resolve().parents[2] / "conf" / "coins.toml"

# Beside a code these make a market. Of BTC/USDT only BTC is meant; ETH/BTC is about both.
_UNITS = "USDT|USDC|FDUSD|BUSD|USD|EUR|KRW|PERP"
_SIDES = "BTC|ETH|BNB"
# Whole words; what follows @, & or a point is part of a handle, of AT&T, of a domain; so is what precedes ".com".
_BEFORE = r"(?<![\w@&.])"
_AFTER = r"(?!\w)(?!\.(?:com|org|io|net|co|fi|xyz|news|eth)\b)"
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_TAKEN = "\0"
_ROW_AFTER = re.compile(rf"(?:\s*,\s*(?:and\s+|&\s*|or\s+)?|\s*[&/+]\s*|\s+(?:and|or|vs\.?)\s+)[$#]?{_TAKEN}")
_ROW_BEFORE = re.compile(rf"{_TAKEN}(?:\s*,\s*(?:and\s+|&\s*|or\s+)?|\s*[&/+]\s*|\s+(?:and|or|vs\.?)\s+)$")


class Coin(BaseModel):
    """One line of the table.

    `names`: unmistakable names, any case. `proper_names`: need a capital. `word_names`: everyday words too.
    `former`: codes that the coin had before. `code`: how its codes are read: `plain` in capitals anywhere, `any_case`
    in any case, `word` not in a title in capitals, `sign` only where a sign says that it is a ticker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")]
    names: tuple[str, ...] = ()
    proper_names: tuple[str, ...] = ()
    word_names: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    code: Annotated[str, Field(pattern=r"^(plain|any_case|word|sign)$")] = "plain"

    @property
    def codes(self) -> tuple[str, ...]:
        return (self.symbol, *self.former)


class CoinTable(BaseModel):
    """`coins`; `trade_words`: what makes an everyday word a coin; `not_coins`: phrases that hide a name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coins: Annotated[tuple[Coin, ...], Field(min_length=1)]
    trade_words: tuple[str, ...]
    not_coins: tuple[str, ...] = ()

    @cached_property
    def current(self) -> dict[str, str]:
        """Any code, former ones included, to the code of today."""
        return {code: coin.symbol for coin in self.coins for code in coin.codes}


def load_table(path: Path = DEFAULT_TABLE) -> CoinTable:
    """Raises `SettingsError` when the file is absent, malformed or names a code twice."""
    try:
        table = CoinTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SettingsError(f"{path}, the table of coins, is not there") from None
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not a table of coins: {error}") from None
    named: set[str] = set()
    for code in (code for coin in table.coins for code in coin.codes):
        if code in named:
            raise SettingsError(f"{path} names the code {code} twice")
        named.add(code)
    return table


class Recogniser:
    """Finds the coins of a title. Made once from a table; safe to share between threads.

    Each step blanks what it has read with `_TAKEN`, so that what is left of "Bitcoin Cash" is not Bitcoin again.
    """

    def __init__(self, table: CoinTable) -> None:
        self._symbol_of_code = table.current
        self._kind_of_code = {code: coin.code for coin in table.coins for code in coin.codes}
        self._symbol_of_name = {name.casefold(): coin.symbol for coin in table.coins for name in coin.names}
        self._symbol_of_word = {
            name.casefold(): coin.symbol for coin in table.coins for name in (*coin.proper_names, *coin.word_names)
        }
        self._hidden = _words(table.not_coins, re.IGNORECASE)
        self._names = _words(self._symbol_of_name, re.IGNORECASE)
        self._proper_names = _words(name for coin in table.coins for name in coin.proper_names)
        self._word_names = _words(name for coin in table.coins for name in coin.word_names)
        self._before_trade = re.compile(rf"(?:['’]s)?[\s-]+(?:{_either(table.trade_words)})(?!\w)", re.IGNORECASE)
        codes = _either(self._symbol_of_code)
        self._signed = re.compile(
            rf"(?<![\w$])\$(?i:{codes})(?!\w)"
            rf"|(?<=\()\s*[$#]?(?:{codes})(?=\s*[/,)-]|USDT?\s*\))"
            rf"|{_BEFORE}(?:{codes})(?=[/-](?:{_SIDES}){_AFTER})"
            rf"|{_BEFORE}(?:{codes})(?:(?:[/-](?:{_UNITS})|USDT|USDC|USD){_AFTER})"
        )
        self._leading_code = re.compile(codes, re.IGNORECASE)
        self._capitals = _words(self._symbol_of_code)
        self._any_case = _words(
            (code for code, kind in self._kind_of_code.items() if kind == "any_case"), re.IGNORECASE
        )

    def coins_of(self, title: str) -> tuple[str, ...]:
        """The codes of the coins in `title`, in the order of the text, each once."""
        found: list[tuple[int, str]] = []
        text = self._hidden.sub(lambda match: " " * len(match[0]), _LINK.sub(lambda match: " " * len(match[0]), title))
        text = self._take(self._names, text, found, lambda match: self._symbol_of_name[_plain(match[0])])
        text = self._take(self._signed, text, found, self._symbol_of_signed)
        shouted = self._is_shouted(text)
        text = self._take(self._capitals, text, found, lambda match: self._symbol_of_capitals(match, shouted))
        text = self._take(self._any_case, text, found, lambda match: self._symbol_of_code[match[0].upper()])
        if not shouted:
            text = self._take(self._proper_names, text, found, lambda match: self._symbol_of_word[_plain(match[0])])
        self._take(self._word_names, text, found, self._symbol_of_everyday_word)
        return tuple(dict.fromkeys(symbol for _, symbol in sorted(found)))

    @staticmethod
    def _take(
        pattern: re.Pattern[str],
        text: str,
        found: list[tuple[int, str]],
        symbol_of: Callable[[re.Match[str]], str | None],
    ) -> str:
        """Note the coin of every match that has one, and blank it."""

        def note(match: re.Match[str]) -> str:
            symbol = symbol_of(match)
            if symbol is None:
                return match[0]
            found.append((match.start(), symbol))
            return _TAKEN * len(match[0])

        return pattern.sub(note, text)

    def _symbol_of_signed(self, match: re.Match[str]) -> str | None:
        code = self._leading_code.match(match[0].lstrip(" $#"))
        return self._symbol_of_code[code[0].upper()] if code else None

    def _symbol_of_capitals(self, match: re.Match[str], shouted: bool) -> str | None:
        kind = self._kind_of_code[match[0]]
        as_ticker = not shouted or match.string[: match.start()].endswith("#")
        reads = kind in ("plain", "any_case") or (kind == "word" and as_ticker)
        return self._symbol_of_code[match[0]] if reads else None

    def _symbol_of_everyday_word(self, match: re.Match[str]) -> str | None:
        """The coin of a word like "Near": beside a word of the trade, or in a row with other coins."""
        before, after = match.string[: match.start()], match.string[match.end() :]
        named = self._before_trade.match(after) or _ROW_AFTER.match(after) or _ROW_BEFORE.search(before)
        return self._symbol_of_word[_plain(match[0])] if named else None

    def _is_shouted(self, text: str) -> bool:
        """Whether the title is written in capitals, its tickers aside, so that capitals say nothing."""
        others = [word for word in _WORD.findall(text) if word not in self._symbol_of_code]
        capitals: int = sum(word.isupper() for word in others)
        return capitals * 2 > len(others)


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name).casefold()


def _either(phrases: Iterable[str]) -> str:
    """A pattern for any of `phrases`, the longest first; never an empty alternative, which would match everywhere."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in longest_first) or r"(?!)"


def _words(phrases: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?:{_either(phrases)}){_AFTER}", flags)
