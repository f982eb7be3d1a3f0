"""No secret is written to a log, wherever in a record it stands."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from newswake import logs
from newswake.settings import CryptoPanic, Kafka, Mongo, Settings

KEY, PASSWORD = "planted-key-4711", "planted-password"
URI = f"mongodb://user:{PASSWORD}@127.0.0.1:27017"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {"home": tmp_path, "cryptopanic": {"key": KEY}, "mongo": {"uri": URI}, "kafka": {"sasl_password": PASSWORD}}
    )


@pytest.fixture
def written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the configured logging writes; the handlers of the tests' runner come back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure(settings, "program")
    yield stream
    root.handlers = before
    root.setLevel(level)


def test_every_secret_of_the_settings_is_found(settings: Settings) -> None:
    assert sorted(logs.secrets_of(settings)) == sorted([KEY, PASSWORD, URI])
    assert logs.secrets_of(Kafka()) == logs.secrets_of(CryptoPanic()) == []
    assert logs.secrets_of(Mongo()) == ["mongodb://127.0.0.1:27017"]


def test_secrets_are_masked_in_messages_arguments_and_tracebacks(written: io.StringIO) -> None:
    log = logging.getLogger("some.module")
    log.info("asking with %s", KEY)
    log.warning("https://news.example/?auth_token=" + KEY)
    log.error("uri %(uri)s", {"uri": URI})
    try:
        raise ConnectionError(f"refused: {URI} {KEY}")
    except ConnectionError:
        log.exception("failed with %r", PASSWORD)
    text = written.getvalue()
    assert "refused:" in text
    assert text.count("********") >= 6
    assert KEY not in text
    assert PASSWORD not in text


def test_a_line_tells_time_level_program_and_module(written: io.StringIO) -> None:
    logging.getLogger("some.module").info("it is %d o'clock", 3)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO program some\.module: it is 3 o'clock\n", written.getvalue()
    )


def test_a_secret_is_masked_as_an_address_has_it_and_in_a_stack_trace(tmp_path: Path) -> None:
    program = """
import threading
from newswake import logs
from newswake.settings import load

logs.configure(load(), "program")
def fail():
    raise ValueError("of http://a/?auth_token=one%2Ftwo%2Bthree one/two+three proxy-password feed-password s3-secret")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise ValueError("main http://a/?auth_token=one%2Ftwo%2Bthree one/two+three proxy-password feed-password s3-secret")
"""
    environ = {
        "NEWSWAKE_HOME": str(tmp_path),
        "NEWSWAKE_CRYPTOPANIC__KEY": "one/two+three",
        "NEWSWAKE_RSS__FEEDS": "http://me:feed-password@127.0.0.1/rss",
        "https_proxy": "http://me:proxy-password@127.0.0.1:1",
        "AWS_SECRET_ACCESS_KEY": "s3-secret",
    }
    ended = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("auth_token=******** ******** ******** ******** ********") == 2, ended.stderr
    assert "Traceback" in ended.stderr and "line 8" in ended.stderr


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    masking = logs.MaskSecrets([PASSWORD, URI, "abc", ""])
    assert masking.mask(f"<{URI}> <{PASSWORD}> <abc>") == "<********> <********> <abc>"
