"""The holdings, in a file of the home that only its owner may read."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from dashboard import private
from dashboard.models.portfolio import NewHolding
from dashboard.refusals import Invalid, NotThere
from newswake.coins import clean_codes
from newswake.errors import SettingsError
from newswake.settings import Settings

FILE: Final = "portfolio.json"
MOST: Final = 500


@dataclass(frozen=True)
class Held:
    """`amount` coins that were bought at `paid` each, in the quote's currency."""

    id: str
    coin: str
    amount: float
    paid: float


_LIST: Final = TypeAdapter(list[Held])


def read(settings: Settings) -> tuple[Held, ...]:
    """In the order in which they were added. Raises `SettingsError` for a file that cannot be read."""
    return tuple(_parsed(_path(settings), private.load(_path(settings))))


def add(settings: Settings, new: NewHolding) -> str:
    """The id of the new holding. Raises `Invalid` when there are too many."""
    path = _path(settings)
    with private.changing(path) as file:
        held = _parsed(path, file)
        if len(held) >= MOST:
            raise Invalid("coin", f"There are {MOST} holdings already")
        added = _held(secrets.token_hex(8), new)
        file["holdings"] = [asdict(one) for one in (*held, added)]
    return added.id


def change(settings: Settings, id: str, new: NewHolding) -> None:
    """Raises `NotThere` for an unknown id."""
    _replace(settings, id, [_held(id, new)])


def remove(settings: Settings, id: str) -> None:
    """Raises `NotThere` for an unknown id."""
    _replace(settings, id, [])


def _replace(settings: Settings, id: str, by: list[Held]) -> None:
    path = _path(settings)
    with private.changing(path) as file:
        held = _parsed(path, file)
        if all(one.id != id for one in held):
            raise NotThere("There is no such holding")
        file["holdings"] = [asdict(one) for old in held for one in (by if old.id == id else [old])]


def _held(id: str, new: NewHolding) -> Held:
    return Held(id, clean_codes([new.coin])[0], new.amount, new.paid)


def _parsed(path: Path, file: dict[str, object]) -> list[Held]:
    try:
        return _LIST.validate_python(file.get("holdings", []))
    except ValidationError:
        raise SettingsError(f"{path} does not hold holdings as we write them: mend it, or delete it") from None


def _path(settings: Settings) -> Path:
    return settings.home / FILE
