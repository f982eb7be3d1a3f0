"""What the application refuses, and how it says so: one sentence that names the cause and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from newswake.errors import ServiceError, SettingsError
from tests.conftest import free_ports
from tests.integration.pipeline import Pipeline
from tests.worlds.messages import publish
from tests.worlds.world import Beat, Observed, World, at, hours_of

pytestmark = [pytest.mark.spark, pytest.mark.integration]


def assert_sentence(text: str, *parts: str) -> None:
    assert "\n" not in text
    for part in parts:
        assert part in text


def test_an_old_checkpoint_keeps_its_settings_and_its_table(pipeline: Pipeline) -> None:
    publish(pipeline.settings, World((Observed(at(1), "1", at(1)), Beat(at(9))), tuple(hours_of("BTC", at(0), 9))))
    pipeline.once(["post_prices"])
    with pytest.raises(SettingsError) as refused:
        pipeline.once(horizons_minutes=(0, 30))
    assert not Path(pipeline.settings.checkpoints_path, "posts", "commits").exists(), "another query was started"
    assert_sentence(str(refused.value), "horizons_minutes is [0, 30], was [0, 1, 5", "make rebuild QUERY=post_prices")
    with pytest.raises(SettingsError, match="lateness_minutes is 30, was 120"):
        pipeline.once(["post_prices"], lateness_minutes=30)

    shutil.rmtree(Path(pipeline.settings.lake_path) / "post_prices")
    with pytest.raises(ServiceError) as gone:
        pipeline.once(["post_prices"])
    assert_sentence(str(gone.value), "lake/post_prices is gone", "restore the table, or `make rebuild")

    shutil.rmtree(Path(pipeline.settings.checkpoints_path) / "post_prices")
    pipeline.once(["post_prices"], horizons_minutes=(0, 30))
    assert sorted(pipeline.table("post_prices")["horizon_minutes"]) == [0, 30]


def test_a_broker_that_is_down_is_named(pipeline: Pipeline) -> None:
    kafka = pipeline.settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_ports(1)[0]}"})
    pipeline.settings = pipeline.settings.model_copy(update={"kafka": kafka})
    with pytest.raises(ServiceError) as refused:
        pipeline.once()
    assert_sentence(str(refused.value), kafka.bootstrap_servers, "kafka.bootstrap_servers")


def test_a_database_that_is_down_or_refuses_is_named(pipeline: Pipeline) -> None:
    address = pipeline.settings.mongo.uri.get_secret_value()
    credentials = address.partition("@")[0].partition("://")[2]
    user = credentials.partition(":")[0]
    for changed, parts in {
        address.replace(credentials, f"{user}:wrong-password"): ("refuses the user and the password", "mongo.uri"),
        f"mongodb://{credentials}@127.0.0.1:{free_ports(1)[0]}/": ("No MongoDB answers", "mongo.uri"),
    }.items():
        mongo = pipeline.settings.mongo.model_copy(update={"uri": SecretStr(changed), "timeout_ms": 1_000})
        other = Pipeline(pipeline.spark, pipeline.settings.model_copy(update={"mongo": mongo}))
        with pytest.raises(ServiceError) as refused:
            other.once()
        assert_sentence(str(refused.value), *parts)
        assert credentials.partition(":")[2] not in str(refused.value)
        assert "wrong-password" not in str(refused.value)
