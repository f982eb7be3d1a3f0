"""Alerts: what is worth telling, to whom, and what was told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from dashboard.models.base import Answer
from newswake.coins import clean_codes

AlertKind = Literal["hot_post", "unusual_move", "stale_data", "test"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM, UTC")]


# Files of former versions are read with it, so it refuses no more than it must.
Code = Annotated[str, Field(min_length=1, max_length=32)]


def _as_compared(codes: object) -> object:
    texts = isinstance(codes, list) and all(isinstance(code, str) for code in codes)
    return clean_codes(codes) if texts and isinstance(codes, list) else codes


class Write(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Channel(Answer):
    """`address` is what apprise makes of it with its secrets masked."""

    id: str
    name: str
    service: str
    address: str
    enabled: bool


class NewChannel(Write):
    """`url` is an apprise address (tgram://…, mailto://…, json://…, dbus://…); it is never shown again."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    url: Annotated[SecretStr, Field(min_length=5, max_length=2_000)]
    enabled: bool = True


class AlertRules(Write):
    """Which alerts there are, for which coins (empty: followed coins and holdings), how often, and when not."""

    hot_post: bool = True
    unusual_move: bool = True
    stale_data: bool = True
    times_usual: Annotated[float, Field(ge=1, le=100)] = 3.0
    cooldown_minutes: Annotated[int, Field(ge=0, le=10_080)] = 30
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    coins: Annotated[list[Code], BeforeValidator(_as_compared), Field(max_length=200)] = []


class Alerts(Answer):
    channels: list[Channel]
    rules: AlertRules


class Sent(Answer):
    """`delivered` false with the reason, where a channel refused it; `held_back` names quiet hours or cooldown."""

    id: str
    sent_at: AwareDatetime
    kind: AlertKind
    coin: str | None
    post_id: str | None
    title: str
    body: str
    channel: str
    delivered: bool
    held_back: Literal["", "quiet_hours", "cooldown"]
    reason: str


class AlertLog(Answer):
    entries: list[Sent]
    next: str | None


class Tested(Answer):
    delivered: bool
    reason: str
