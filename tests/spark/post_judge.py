"""Whether a message of the posts topic is acceptable, judged in plain Python from the contract, without our code."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from tests.spark.judge import EARLIEST_MS, INT64, LATEST_MS, strict_json

VOTES = ("negative", "positive", "important", "liked", "disliked", "lol", "toxic", "saved", "comments")
TIMES = ("published_at", "created_at", "seen_at")
LONGEST = {"id": 512, "kind": 64, "title": 4_000, "url": 4_000, "domain": 512}
BEGINS_AS_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", re.ASCII)
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
SOURCE = re.compile(r"[a-z0-9_.-]{1,64}", re.ASCII)
CODE = re.compile(r'[^{}\[\]":]{0,64}')


class Unsure(Exception):
    """Raised where the contract leaves open how a value reads: a time with odd digits, a fraction as an id."""


def accepts_post(value: bytes | None, key: bytes | None) -> bool | None:
    """Whether a message that came at ARRIVED is to be accepted as an observation or a heartbeat; None: cannot tell."""
    try:
        body = strict_json(value)
    except ValueError:
        return False
    if not isinstance(body, dict) or not _typed(body):
        return False
    try:
        is_heartbeat = body.get("heartbeat") is not None and body.get("id") is None
        return _is_timely(body) and _is_plain(body) and (is_heartbeat or _is_post(body, key))
    except Unsure:
        return None


def _typed(body: dict[str, Any]) -> bool:
    """The fields that have a type, where they are there, have it; any value reads as text."""
    hot, score, votes, currencies = (body.get(name) for name in ("hot", "panic_score", "votes", "currencies"))
    counts = [votes.get(kind) for kind in VOTES] if isinstance(votes, dict) else []
    return (
        isinstance(hot, bool | None)
        and (score is None or (isinstance(score, int | float) and not isinstance(score, bool)))
        and isinstance(votes, dict | None)
        and all(map(_is_whole, (body.get("heartbeat"), *counts)))
        and isinstance(currencies, list | None)
        and all(isinstance(currency, dict | None) for currency in currencies or ())
    )


def _is_whole(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value in INT64)


def _text(value: Any) -> str | None:
    """A value as the text that it reads as; of an object or an array only how it begins is of interest."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        raise Unsure
    return {dict: "{", list: "["}.get(type(value), None if value is None else str(value))


def _is_timely(body: dict[str, Any]) -> bool:
    heartbeat = body.get("heartbeat")
    return (heartbeat is None or EARLIEST_MS <= heartbeat <= LATEST_MS) and all(
        body.get(name) is None or _is_time(body[name]) for name in TIMES
    )


def _is_time(value: Any) -> bool:
    if not isinstance(value, str) or not BEGINS_AS_TIME.match(value):
        return False
    if not TIME.fullmatch(value):
        raise Unsure
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return EARLIEST_MS <= math.floor(moment.timestamp() * 1000) <= LATEST_MS


def _is_plain(body: dict[str, Any]) -> bool:
    source = _text(body.get("source"))
    if source is not None and not source.strip(" ").startswith("{") and not SOURCE.fullmatch(source.strip(" ").lower()):
        return False
    currencies, votes = body.get("currencies") or (), body.get("votes") or {}
    # No character of a fraction as a code is one that codes must not have.
    codes = [None if currency is None else currency.get("code") for currency in currencies]
    texts = ["0" if isinstance(code, float) else _text(code) for code in codes]
    score = body.get("panic_score")
    return (
        all(text is not None and CODE.fullmatch(text) for text in texts)
        and len(texts) <= 500
        and all((votes.get(kind) or 0) >= 0 for kind in VOTES)
        and (score is None or abs(_double(score)) < math.inf)
        and all(_length(body.get(name), limit) <= limit for name, limit in LONGEST.items())
    )


def _length(value: Any, limit: int) -> int:
    """Of the text that a value reads as. How an object is written out is only known roughly."""
    if isinstance(value, dict | list | float):
        rough = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
        if limit // 2 < rough < 2 * limit:
            raise Unsure
        return rough
    return len(_text(value) or "")


def _is_post(body: dict[str, Any], key: bytes | None) -> bool:
    identity = _text(body.get("id"))
    return (
        identity is not None
        and identity.strip(" ") != ""
        and not re.match(r"\s*[\[{]", identity, re.ASCII)
        and (key is None or key == identity.encode())
        and body.get("title") is not None
        and body.get("published_at") is not None
    )


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
