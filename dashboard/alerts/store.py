"""Rules and channels, in a file of the home that only its owner may read; channels of the settings beside them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pymongo.database import Database

from dashboard import private
from dashboard.alerts import destinations, journal
from dashboard.alerts.alert import Alert
from dashboard.alerts.destinations import Destination
from dashboard.models.alerts import AlertRules, Alerts, Channel, NewChannel, Tested
from dashboard.refusals import Invalid, NotThere
from newswake.errors import SettingsError
from newswake.settings import Settings

FILE: Final = "alerts.json"
MOST_CHANNELS: Final = 20
OF_SETTINGS: Final = "setting-"


def read(settings: Settings) -> Alerts:
    """What the page may see. Raises `SettingsError` for a file that cannot be read."""
    return Alerts(channels=[_channel(one) for one in all_destinations(settings)], rules=rules(settings))


def rules(settings: Settings) -> AlertRules:
    """Those in force; the defaults while nobody has set any."""
    path = _path(settings)
    try:
        return AlertRules.model_validate(private.load(path).get("rules", {}))
    except ValidationError:
        raise SettingsError(f"{path} does not hold rules as we write them: mend it, or delete it") from None


def set_rules(settings: Settings, new: AlertRules) -> AlertRules:
    """Raises `Invalid` where only one end of the quiet hours is given."""
    if (new.quiet_from is None) != (new.quiet_until is None):
        raise Invalid("quiet_until", "Quiet hours have a beginning and an end")
    with private.changing(_path(settings)) as file:
        file["rules"] = new.model_dump(mode="json")
    return new


def all_destinations(settings: Settings) -> list[Destination]:
    """Those of the setting alerts.urls, then those of the page."""
    urls = settings.alerts.urls.get_secret_value().split()
    given = [
        Destination(f"{OF_SETTINGS}{place}", f"setting alerts.urls, {place}", SecretStr(url))
        for place, url in enumerate(urls, start=1)
    ]
    return given + _stored(_path(settings), private.load(_path(settings)))


def add_channel(settings: Settings, new: NewChannel) -> Channel:
    """Raises `Invalid` for an address that apprise does not know, or when there are too many."""
    added = Destination(secrets.token_hex(8), new.name, new.url, new.enabled)
    if added.service() is None:
        raise Invalid(
            "url",
            "apprise knows no service with this address, or lacks a library for it; it looks like tgram://token/chat",
        )
    path = _path(settings)
    with private.changing(path) as file:
        held = _stored(path, file)
        if len(held) >= MOST_CHANNELS:
            raise Invalid("url", f"There are {MOST_CHANNELS} channels already")
        file["channels"] = [_as_json(one) for one in (*held, added)]
    return _channel(added)


def remove_channel(settings: Settings, id: str) -> None:
    """Raises `NotThere` for an unknown id, `Invalid` for a channel of the settings."""
    if id.startswith(OF_SETTINGS):
        raise Invalid("id", "This channel is in the setting alerts.urls; remove it there")
    path = _path(settings)
    with private.changing(path) as file:
        held = _stored(path, file)
        if all(one.id != id for one in held):
            raise NotThere("There is no such channel")
        file["channels"] = [_as_json(one) for one in held if one.id != id]


def test_channel(settings: Settings, database: Database[dict[str, Any]], id: str) -> Tested:
    """Send a test through one channel, enabled or not, and log it. Raises `NotThere` for an unknown id."""
    found = next((one for one in all_destinations(settings) if one.id == id), None)
    if found is None:
        raise NotThere("There is no such channel")
    alert = Alert(
        "test", f"test:{secrets.token_hex(4)}", "test", "newswake: a test", "Alerts will arrive like this one."
    )
    delivery = destinations.send(found, alert.title, alert.body)
    journal.write(database, settings, alert, found.name, delivery)
    return Tested(delivered=delivery.delivered, reason=delivery.reason)


def _channel(of: Destination) -> Channel:
    return Channel(id=of.id, name=of.name, service=of.service() or "unknown", address=of.masked(), enabled=of.enabled)


def _stored(path: Path, file: dict[str, Any]) -> list[Destination]:
    try:
        return [
            Destination(one["id"], one["name"], SecretStr(one["url"]), bool(one["enabled"]))
            for one in file.get("channels", [])
        ]
    except (KeyError, TypeError):
        raise SettingsError(f"{path} does not hold channels as we write them: mend it, or delete it") from None


def _as_json(one: Destination) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "url": one.url.get_secret_value(), "enabled": one.enabled}


def _path(settings: Settings) -> Path:
    return settings.home / FILE
