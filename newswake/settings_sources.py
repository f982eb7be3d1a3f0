"""Where settings come from, which source wins, and how they are shown.

Kept apart from `settings.py` so that the list of settings reads as a list.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from newswake.errors import NewswakeError, SettingsError
from newswake.settings import Settings

PREFIX = "NEWSWAKE_"
DEFAULT_HOME = Path(".newswake/live")
DEFAULT_CONF = Path(__file__).resolve().parent.parent / "conf" / "newswake.toml"
# Variables with our prefix that are not settings of a group.
PLAIN_VARIABLES = frozenset({"NEWSWAKE_HOME", "NEWSWAKE_CONF"})
# Set by our own tests to inject faults; never read outside them.
TEST_PREFIX = "NEWSWAKE_TEST_"

Key = tuple[str, str]


@dataclass(frozen=True)
class Resolved:
    """The settings in force, and for each (group, name) the source that won."""

    settings: Settings
    origins: Mapping[Key, str]


def known_keys() -> dict[Key, type[BaseModel]]:
    """Every (group, name) that exists, with the model that holds it."""
    return {
        (group, name): model
        for group, field in Settings.model_fields.items()
        if isinstance(model := field.annotation, type) and issubclass(model, BaseModel)
        for name in model.model_fields
    }


def resolve(conf: Path | None = None, environ: Mapping[str, str] | None = None) -> Resolved:
    """Read all sources. Raises `SettingsError` for an unknown key, a malformed file or a value that does not fit."""
    environ = os.environ if environ is None else environ
    home = Path(environ.get("NEWSWAKE_HOME") or DEFAULT_HOME).absolute()
    conf = conf or Path(environ.get("NEWSWAKE_CONF") or DEFAULT_CONF)

    layers: list[tuple[str, dict[Key, object]]] = []
    services = home / "services.env"
    if services.is_file():
        layers.append((str(services), _from_variables(read_env_file(services), str(services))))
    if conf.is_file():
        layers.append((str(conf), _from_toml(conf)))
    elif "NEWSWAKE_CONF" in environ:
        raise SettingsError(f"NEWSWAKE_CONF names {conf}, which is not there")
    layers.append(("environment", _from_variables(environ, "the environment")))

    values: dict[str, dict[str, object]] = {}
    origins: dict[Key, str] = dict.fromkeys(known_keys(), "default")
    for origin, layer in layers:
        for (group, name), value in layer.items():
            values.setdefault(group, {})[name] = value
            origins[group, name] = f"{origin} {variable_of(group, name)}" if origin == "environment" else origin
    try:
        settings = Settings.model_validate({"home": home, **values})
    except ValidationError as error:
        raise SettingsError(_explain(error, origins)) from None
    return Resolved(settings, origins)


def variable_of(group: str, name: str) -> str:
    """The environment variable of a setting.

    >>> variable_of("kafka", "bootstrap_servers")
    'NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS'
    """
    return f"{PREFIX}{group}__{name}".upper()


def read_env_file(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; blank lines and `#` comments are skipped.

    Raises `SettingsError` for a file that cannot be read, or is no text.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError:
        raise SettingsError(
            f"{path} is not a text of NAME=value lines: delete it, the services write it anew"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _unreadable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{path}, which holds settings, cannot be read: {error.strerror}")


def _from_variables(variables: Mapping[str, str], where: str) -> dict[Key, object]:
    known = {variable_of(*key): key for key in known_keys()}
    found: dict[Key, object] = {}
    for variable, text in variables.items():
        if not variable.startswith(PREFIX) or variable in PLAIN_VARIABLES or variable.startswith(TEST_PREFIX):
            continue
        if variable not in known:
            raise SettingsError(f"{where} sets {variable}, which is no setting{_nearest(variable, known)}")
        key = known[variable]
        found[key] = _split(variable, text) if _is_list(key) else text
    return found


def _from_toml(path: Path) -> dict[Key, object]:
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    known = known_keys()
    groups = {group for group, _ in known}
    found: dict[Key, object] = {}
    for group, table in document.items():
        if group in groups and not isinstance(table, dict):
            raise SettingsError(f"{path} sets {group}, which is a group: write [{group}] and its settings below it")
        if group not in groups:
            raise SettingsError(f"{path} has a group [{group}], which does not exist{_nearest(group, groups)}")
        for name, value in table.items():
            if (group, name) not in known:
                names = {known_name for known_group, known_name in known if known_group == group}
                raise SettingsError(f"{path} sets {group}.{name}, which is no setting{_nearest(name, names)}")
            found[group, name] = value
    return found


def _is_list(key: Key) -> bool:
    annotation = known_keys()[key].model_fields[key[1]].annotation
    parts = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return any(typing.get_origin(part) is tuple for part in parts)


def _split(variable: str, text: str) -> list[object]:
    """A list in a variable: JSON, or values between commas."""
    if text.lstrip().startswith("["):
        try:
            return list(json.loads(text))
        except ValueError as error:
            raise SettingsError(f"{variable} is a list that is not valid JSON: {error}") from None
    return [part.strip() for part in text.split(",") if part.strip()]


def _nearest(word: str, known: typing.Iterable[str]) -> str:
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]}?" if matches else ""


def _explain(error: ValidationError, origins: Mapping[Key, str]) -> str:
    """One line a wrong value: its name, what was expected, where it was set. Never the value: it may be a secret."""
    lines = []
    for detail in error.errors(include_input=False, include_url=False):
        place = tuple(str(part) for part in detail["loc"])
        origin = origins.get((place[0], place[1]), "") if len(place) > 1 else ""
        said = detail["msg"].removeprefix("Value error, ")
        lines.append(f"{'.'.join(place)}: {said}" + (f" (set in {origin})" if origin else ""))
    return "; ".join(lines)


def shown(value: object) -> str:
    """A value as text, secrets masked."""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else "(empty)"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(empty)"
    return "(empty)" if value == "" else str(value)


def main() -> None:
    """Print every setting with its value, its origin and its meaning."""
    from rich.console import Console
    from rich.table import Table

    try:
        resolved = resolve()
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    table = Table(title=f"Settings in force (NEWSWAKE_HOME={resolved.settings.home})", title_justify="left")
    for column in ("setting", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for (group, name), model in known_keys().items():
        value = getattr(getattr(resolved.settings, group), name)
        origin = resolved.origins[group, name]
        table.add_row(f"{group}.{name}", shown(value), origin, model.model_fields[name].description)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
