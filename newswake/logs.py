"""Logging: one line an event, times in UTC, secrets masked before anything is written."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import BaseModel, SecretStr

from newswake.settings import Settings


class MaskSecrets(logging.Filter):
    """Replaces every known secret in a record, its arguments and its traceback included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        # As they stand in an address as well. The longest first, so that one which holds another is masked whole.
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        self._secrets = sorted({form for form in forms if len(form) >= 4}, key=len, reverse=True)

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
    """Every non-empty `SecretStr` in a tree of settings, and the passwords inside anything that is an address."""
    found: list[str] = []
    addresses: list[str] = []
    for _, value in model:
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found.extend(secrets_of(value))
        elif isinstance(value, str):
            addresses.append(value)
        elif isinstance(value, tuple):
            addresses.extend(part for part in value if isinstance(part, str))
    passwords = [password for text in (*found, *addresses) for password in passwords_in(text)]
    return list(dict.fromkeys(secret for secret in (*found, *passwords) if secret))


def secrets_of_environment(environ: Mapping[str, str]) -> list[str]:
    """What is secret in the variables of others that we go by: the keys of S3, and the passwords of proxies."""
    proxies = [value for name, value in environ.items() if name.lower().endswith("_proxy")]
    keys = [environ[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if environ.get(name)]
    return [*keys, *(password for proxy in proxies for password in passwords_in(proxy))]


def passwords_in(address: str) -> list[str]:
    """The password inside an address, which a driver may name without the rest, as written and as meant.

    >>> passwords_in("http://reader:p%40ss@127.0.0.1:8080"), passwords_in("no address")
    (['p%40ss', 'p@ss'], [])
    """
    try:
        password = urlsplit(address).password
    except ValueError:
        return []
    return list(dict.fromkeys((password, unquote(password)))) if password else []


def configure(settings: Settings, program: str, level: int = logging.INFO) -> None:
    """Send all log records to standard error as `time level program message`.

    No secret of the settings, and none that others put into the environment (keys of S3, proxies), is written: not in
    a record, and not in the stack trace of an error that nobody expected.
    """
    masking = MaskSecrets([*secrets_of(settings), *secrets_of_environment(os.environ)])
    formatter = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {program} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(masking)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("urllib3", "py4j", "ccxt", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    _mask_stack_traces(masking)


def _mask_stack_traces(masking: MaskSecrets) -> None:
    """What ends a program or one of its threads is written without secrets too."""

    def write(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
        sys.stderr.write(masking.mask("".join(traceback.format_exception(kind, error, at))))

    def of_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_type is not SystemExit:
            write(ended.exc_type, ended.exc_value, ended.exc_traceback)

    sys.excepthook = write
    threading.excepthook = of_thread
