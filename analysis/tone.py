"""The tone of a title, from the words in `conf/tone.toml`: a substitute for votes where a source has none."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from newswake.errors import SettingsError

DEFAULT_TABLE: Final = Path(__file__).resolve().parents[1] / "conf" / "tone.toml"
REACH: Final = 3
_WORD: Final = re.compile(r"[\w$%]+(?:['-]\w+)*")
Phrase = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[ '-][a-z0-9]+)*\*?$", max_length=60)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class ToneTable(BaseModel):
    """The words, as the file explains them. Made once; safe to share between threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    positive: Phrases
    negative: Phrases
    negators: Phrases

    @cached_property
    def _toned(self) -> re.Pattern[str]:
        return re.compile(f"(?P<positive>{_either(self.positive)})|(?P<negative>{_either(self.negative)})")

    @cached_property
    def _negated(self) -> re.Pattern[str]:
        """A negator and at most two words between it and the end of the text."""
        return re.compile(rf"(?:{_either(self.negators)})(?:\s+\S+){{0,{REACH - 1}}}\s*$")

    def tone_of(self, title: str) -> int:
        """1 when more is positive than negative, -1 when less, 0 when neither or as much."""
        text = " ".join(_WORD.findall(title.replace("’", "'").casefold()))
        tone = 0
        for match in self._toned.finditer(text):
            sign = 1 if match["positive"] else -1
            tone += -sign if self._negated.search(text, 0, match.start()) else sign
        return (tone > 0) - (tone < 0)


def load_tones(path: Path = DEFAULT_TABLE) -> ToneTable:
    """Raises `SettingsError` when the file is absent, malformed, or has a word in both lists."""
    try:
        table = ToneTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SettingsError(f"{path}, the table of tones, is not there") from None
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not a table of tones: {error}") from None
    both = sorted(set(table.positive) & set(table.negative))
    if both:
        raise SettingsError(f"{path} has {', '.join(both)} in both lists")
    return table


def _either(phrases: Iterable[str]) -> str:
    """Any of the phrases as whole words, the longest first."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    words = (re.escape(phrase.removesuffix("*")) + (r"\w*" if phrase.endswith("*") else "") for phrase in longest_first)
    return rf"(?<![\w'-])(?:{'|'.join(words)})(?![\w'-])"
