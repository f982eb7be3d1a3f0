"""Logging: one line an event, times in UTC, secrets masked before anything is written."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from newswake.settings import Settings


class MaskSecrets(logging.Filter):
    """Replaces every known secret in a record, its arguments and its traceback included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        # The longest first, so that a secret which holds another one is masked whole.
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.mask(record.exc_text)
        return True


def secrets_of(model: BaseModel) -> list[str]:
    """Every non-empty `SecretStr` in a tree of settings, and the passwords inside those that are addresses."""
    found: list[str] = []
    for _, value in model:
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found.extend(secrets_of(value))
    passwords = [password for secret in found if (password := _password_in(secret))]
    return list(dict.fromkeys(secret for secret in (*found, *passwords) if secret))


def _password_in(secret: str) -> str | None:
    """The password inside an address, which a driver may name without the rest."""
    try:
        return urlsplit(secret).password
    except ValueError:
        return None


def configure(settings: Settings, program: str, level: int = logging.INFO) -> None:
    """Send all log records to standard error as `time level program message`."""
    formatter = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {program} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(MaskSecrets(secrets_of(settings)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("urllib3", "py4j", "ccxt", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
