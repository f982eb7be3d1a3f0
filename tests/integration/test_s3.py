"""The lake and the checkpoints on an S3-compatible store, by settings alone, with the keys from the environment."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from scripts.places import JVM
from tests.conftest import Fresh, free_ports
from tests.integration.application import Submit, assert_nothing_secret
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import World, at

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_400)]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
BUCKET = "newswake"
KEYS = {"AWS_ACCESS_KEY_ID": "planted-access-key", "AWS_SECRET_ACCESS_KEY": "planted-secret-key"}


@pytest.fixture
def store() -> Iterator[dict[str, str]]:
    """A local server that speaks S3, with one bucket; the variables by which others reach it."""
    if not any((JVM / "s3").glob("*.jar")):
        pytest.skip(f"the jars for a lake on S3 are not in {JVM / 's3'}: run `make setup`")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        environ = {**KEYS, "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1"}
        client(environ).create_bucket(Bucket=BUCKET)
        yield environ
    finally:
        server.stop()


def client(store: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=store["AWS_ENDPOINT_URL"],
        region_name=store["AWS_REGION"],
        aws_access_key_id=store["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=store["AWS_SECRET_ACCESS_KEY"],
    )


def done_at(store: dict[str, str]) -> datetime | None:
    """When old files were last deleted, as it stands beside the checkpoints; None while it is being replaced."""
    place = client(store)
    try:
        found = place.get_object(Bucket=BUCKET, Key="checkpoints/vacuumed")
    except place.exceptions.NoSuchKey:
        return None
    return datetime.fromisoformat(found["Body"].read().decode())


def until(world: World, time: datetime) -> World:
    """What had arrived by then."""
    posts = tuple(item for item in world.posts if item.at <= time)
    return World(posts, tuple(page for page in world.candles if page.at <= time))


def after(world: World, time: datetime) -> World:
    posts = tuple(item for item in world.posts if item.at > time)
    return World(posts, tuple(page for page in world.candles if page.at > time))


@pytest.mark.long
def test_a_lake_on_s3_goes_on_where_it_stopped_and_takes_one_writer(
    store: dict[str, str], submit: Submit, fresh: Fresh, tmp_path: Path
) -> None:
    places = {"path": f"s3a://{BUCKET}/lake", "checkpoints": f"s3a://{BUCKET}/checkpoints"}
    environ = {**store, **{f"NEWSWAKE_LAKE__{name.upper()}": place for name, place in places.items()}}
    lake = fresh.settings.lake.model_copy(update=places)
    written = Pipeline(None, fresh.settings.model_copy(update={"lake": lake}))
    written.storage_options = {**store, "AWS_ALLOW_HTTP": "true"}
    world, half = live_world(seed=95, hours=32, posts=12, quiet=(12, 20)), at(18)
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    try:
        publish(fresh.settings, until(world, half))
        first = submit("--once", **environ)
        assert first.ends(900) == 0, first.said[-3000:]
        assert 0 < written.table("post_prices").height < wanted.height
        assert not (fresh.home / "lake").exists() and not (fresh.home / "checkpoints").exists()

        publish(fresh.settings, after(world, half))
        (ui,) = free_ports(1)
        vacuumed = done_at(store)
        assert vacuumed is not None
        second = submit(NEWSWAKE_LOCAL__SPARK_UI_PORT=str(ui), NEWSWAKE_LAKE__VACUUM_HOURS="0.0001", **environ)
        collection = written.database["post_prices"]
        second.until(lambda: collection.count_documents({}) == wanted.height, 900)
        # A file that is there is replaced: on S3, a plain rename would not.
        second.until(lambda: (done_at(store) or vacuumed) > vacuumed, 900)
        # Nothing of the other home's is in its way; it is the same tables that are held.
        third = submit("--once", **{**environ, "NEWSWAKE_HOME": str(tmp_path / "elsewhere")})
        assert third.ends(900) == 2
        assert "newswake: Another streaming application writes these tables" in third.said
        applications = f"http://127.0.0.1:{ui}/api/v1/applications"
        name = requests.get(applications, timeout=30).json()[0]["id"]
        shown = requests.get(f"{applications}/{name}/environment", timeout=30).text
        assert "fs.s3a.path.style.access" in shown
        second.process.terminate()
        assert second.ends(900) == 0, second.said[-3000:]

        for rows in (written.table("post_prices"), written.prices_in_mongo()):
            assert difference(rows, wanted) == Difference()
        said = first.said + second.said + third.said
        assert_nothing_secret(said, fresh)
        for key in KEYS.values():
            assert key not in said and key not in shown
    finally:
        written.close()
