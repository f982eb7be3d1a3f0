"""Services that ask for TLS and credentials: every program of ours gets in, and is told plainly when it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from newswake.errors import NewswakeError
from newswake.kafka import ensure_topics
from newswake.settings_sources import resolve
from streaming import mongo_setup
from tests.conftest import ROOT, free_ports
from tests.integration.application import Application
from tests.integration.pipeline import Pipeline
from tests.integration.secured import PASSWORD, Secured, secured_services
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.oracle import Difference, difference, expected
from tests.worlds.world import HOUR, Observed, World, at, hours_of

pytestmark = pytest.mark.integration

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
SECRETS = (PASSWORD, "secret-of-mongo", "a-wrong-password")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_services(tmp_path_factory.mktemp("secured")) as secured:
        yield secured


def recording(world: World, folder: Path) -> list[str]:
    """The world as files; returns the options of `replay` that name them."""
    candles = [
        {"symbol": page.symbol, "open_time": time, "volume": 1.5}
        | dict.fromkeys(("open", "high", "low", "close"), close)
        for page in world.candles
        for time, close in zip(page.times, page.closes, strict=True)
    ]
    posts = [
        {"post_id": item.post_id, "title": "t", "published_at": item.published_at, "seen_at": item.seen_at}
        | {"currencies": list(item.currencies), "hot": item.hot}
        for item in world.posts
        if isinstance(item, Observed)
    ]
    pl.DataFrame(candles).write_parquet(folder / "candles.parquet")
    pl.DataFrame(posts).write_parquet(folder / "posts.parquet")
    return ["--candles", str(folder / "candles.parquet"), "--posts", str(folder / "posts.parquet")]


def replay(environ: Mapping[str, str], *files: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "producers", "replay", *files],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_recording_goes_through_secured_services_to_the_row(secured: Secured, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = {
        **secured.environ,
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_LOCAL__SPARK_UI_PORT": str(free_ports(1)[0]),
        "NEWSWAKE_MONITOR__PORT": str(free_ports(1)[0]),
        "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
        "NEWSWAKE_STREAMING__LATENESS_MINUTES": str(LATENESS_MINUTES),
    }
    posts = tuple(Observed(at(n, 20), str(n), at(n, 3), ("BTC", "GHOST"), hot=n % 2 == 0) for n in range(1, 7))
    world = World(posts, tuple(hours_of("BTC", at(0), 8)))
    told = replay(environ, *recording(world, tmp_path))
    assert told.returncode == 0, told.stderr
    application = Application(environ, tmp_path / "log", "app", ["--once"])
    assert application.ends() == 0, application.said[-3000:]

    written = Pipeline(None, resolve(environ=environ).settings)
    wanted = expected(world, HORIZONS, at(7) - LATENESS_MINUTES * HOUR / 60 - HOUR)
    assert wanted["price"].count() > 20 and wanted["price"].null_count() > 5
    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    written.close()
    said = told.stderr + application.said
    for secret in SECRETS:
        assert secret not in said
        assert not [file for file in home.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def wrong(secured: Secured) -> dict[str, tuple[dict[str, str], str]]:
    """What is changed for the worse, and what the sentence must name."""
    uri, stranger = secured.mongo_uri, str(secured.stranger.certificate)
    kafka, mongo = "NEWSWAKE_KAFKA__", "NEWSWAKE_MONGO__URI"
    unknown, hidden = secured.stranger.sign("me"), secured.stranger.sign("hidden", "a-wrong-password")
    trusted = uri.partition("tlsCAFile=")[2]
    return {
        "password": ({f"{kafka}SASL_PASSWORD": "a-wrong-password"}, "kafka.sasl_password"),
        "authority": ({f"{kafka}SSL_CA_LOCATION": stranger}, "kafka.ssl_ca_location"),
        "certificate": ({f"{kafka}SSL_CLIENT_LOCATION": str(unknown)}, "kafka.ssl_client_location"),
        "key with a password": ({f"{kafka}SSL_CLIENT_LOCATION": str(hidden)}, "without a password"),
        "file": ({f"{kafka}SSL_CA_LOCATION": "/nowhere.pem"}, "/nowhere.pem"),
        "mongo password": (
            {mongo: uri.replace("secret-of-mongo", "a-wrong-password")},
            "password in the setting mongo",
        ),
        "mongo authority": (
            {mongo: uri.replace(trusted, stranger)},
            "not one that we trust (setting mongo.uri, option tlsCAFile)",
        ),
        "mongo file": ({mongo: uri.replace(trusted, "/nowhere.pem")}, "/nowhere.pem"),
        "mongo option": ({mongo: f"{uri}&tlsCertificateKeyFile=/x.pem"}, "tlsCertificateKeyFile"),
        "mongo address": ({mongo: "mongodb://u:a-wrong-password@h:a:1/"}, "mongo.uri"),
    }


def test_whatever_is_wrong_is_one_sentence(secured: Secured, tmp_path: Path) -> None:
    """What the set-up of the topics and of the collections raises; every program prints that and ends with 2."""
    for what, (changed, named) in wrong(secured).items():
        environ = {**secured.environ, "NEWSWAKE_MONGO__TIMEOUT_MS": "1500", **changed}
        settings = resolve(environ={**environ, "NEWSWAKE_HOME": str(tmp_path)}).settings
        with pytest.raises(NewswakeError) as refused:
            if what.startswith("mongo"):
                mongo_setup.connect(settings.mongo)
            else:
                ensure_topics(settings.kafka)
        sentence = str(refused.value)
        assert named in sentence and "\n" not in sentence, (what, sentence)
        assert not [secret for secret in SECRETS if secret in sentence], what


def test_a_producer_says_it_and_ends_with_2(secured: Secured, tmp_path: Path) -> None:
    world = World((Observed(at(1), "1", at(1)),), tuple(hours_of("BTC", at(0), 1)))
    files = recording(world, tmp_path)
    for what in ("password", "authority"):
        changed, named = wrong(secured)[what]
        refused = replay({**secured.environ, "NEWSWAKE_HOME": str(tmp_path), **changed}, *files)
        (sentence,) = [line for line in refused.stderr.splitlines() if line.startswith("newswake: ")]
        assert refused.returncode == 2
        assert named in sentence and "Traceback" not in refused.stderr
        assert not [secret for secret in SECRETS if secret in refused.stderr]


def test_nobody_gets_in_without_the_credentials(secured: Secured, tmp_path: Path) -> None:
    """The services of these tests do ask: without this, the test above would show nothing."""
    settings = resolve(environ={**secured.environ, "NEWSWAKE_HOME": str(tmp_path)}).settings
    open_kafka = settings.kafka.model_copy(update={"security_protocol": "SSL"})
    with pytest.raises(NewswakeError):
        ensure_topics(open_kafka, timeout_seconds=2.0)
    mongo = settings.mongo.model_copy(update={"uri": SecretStr(secured.mongo_uri.replace("u:secret-of-mongo@", ""))})
    with pytest.raises(NewswakeError, match="refuses us"):
        mongo_setup.connect(mongo)
