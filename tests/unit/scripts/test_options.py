"""What spark-submit is given on a cluster and for a lake on S3, and what it is not given else."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from newswake.errors import SettingsError, SetupError
from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts import options, submit
from scripts.places import CONF


def settings(home: Path, **variables: str) -> Settings:
    conf = home / "empty.toml"
    conf.touch()
    return resolve(environ={"NEWSWAKE_HOME": str(home), "NEWSWAKE_CONF": str(conf), **variables}).settings


@pytest.fixture
def jvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jars of no content in the place of the fetched ones; none for S3."""
    folder = tmp_path / "jvm"
    (folder / "spark").mkdir(parents=True)
    (folder / "spark" / "delta.jar").touch()
    monkeypatch.setattr(options, "JVM", folder)
    return folder


AVRO_LIMITS = {f"-Dorg.apache.avro.limits.{kind}.maxLength=100000" for kind in ("collectionItems", "string")}
KEPT_CONNECTIONS = "-Dmongodb.keep_alive_ms=300000"


def conf_of(line: list[str]) -> dict[str, str]:
    pairs = [value.partition("=") for name, value in itertools.pairwise(line) if name == "--conf"]
    return {name: value for name, _, value in pairs}


def test_one_machine_gets_the_defaults_alone(tmp_path: Path, jvm: Path) -> None:
    assert options.further(settings(tmp_path), "local[*]", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}) == {}
    assert options.jars(settings(tmp_path)) == [jvm / "spark" / "delta.jar"]


def test_every_jvm_bounds_what_avro_may_claim() -> None:
    """Without these a message of forty bytes ends the JVM, at each start anew (tests/spark/test_parsing_avro.py)."""
    defaults = options.properties(submit.DEFAULTS)
    assert set(defaults[submit.JAVA_OPTIONS].split()) >= AVRO_LIMITS
    assert set(defaults[options.EXECUTOR_JAVA_OPTIONS].split()) >= AVRO_LIMITS
    for wanted in (submit.QUICK_START, submit.HISTORY):
        assert set(submit.java_options(wanted, {}).split()) >= AVRO_LIMITS


def test_every_jvm_keeps_its_connections_from_minute_to_minute() -> None:
    defaults, cluster = options.properties(submit.DEFAULTS), options.properties(options.CLUSTER)
    for options_of in (defaults[submit.JAVA_OPTIONS], *(p[options.EXECUTOR_JAVA_OPTIONS] for p in (defaults, cluster))):
        assert KEPT_CONNECTIONS in options_of.split()


def test_live_plans_go_without_more_rules_not_without_other_ones() -> None:
    standing = options.properties(submit.DEFAULTS)[submit.EXCLUDED_RULES].split(",")
    excluded = submit.quick_start_conf()[submit.EXCLUDED_RULES].split(",")
    assert excluded == [*standing, *submit.UNUSED_RULES] and len(standing) == 2
    assert len(set(excluded)) == len(excluded)
    assert submit.quick_start_conf("tools") == submit.INTERPRETED


def test_a_quick_start_leaves_alone_what_the_user_has_set(
    tmp_path: Path, jvm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, small, planned = Settings(home=tmp_path), "spark.buffer.pageSize=1m", "spark.sql.exchange.reuse=false"
    assert {small, planned} < {*submit.command(settings, "local[2]", [], quick_start=True)}
    by_hand = submit.command(settings, "local[2]", [], quick_start=True, program="tools")
    assert not {small, planned} & {*by_hand}, "a tool may read whole tables"
    monkeypatch.setattr(submit, "DEFAULTS", tmp_path / "spark-defaults.conf")
    submit.DEFAULTS.write_text("spark.buffer.pageSize 4m\n")
    own = submit.command(settings, "local[2]", [], quick_start=True)
    assert planned in own and small not in own


def test_a_cluster_gets_its_file_and_the_format_of_the_log(tmp_path: Path, jvm: Path) -> None:
    conf = conf_of(submit.command(settings(tmp_path), "spark://host:7077", ["--once"]))
    given = options.properties(options.CLUSTER)
    assert {name: conf[name] for name in given if name != options.EXECUTOR_JAVA_OPTIONS}.items() <= given.items()
    java = conf[options.EXECUTOR_JAVA_OPTIONS].split()
    log = f"-Dlog4j2.configurationFile={(CONF / 'log4j2.properties').as_uri()}"
    assert java == [*given[options.EXECUTOR_JAVA_OPTIONS].split(), log]
    assert "-Duser.timezone=UTC" in java
    assert set(java) >= AVRO_LIMITS
    assert not [name for name in conf if "s3a" in name]


def test_a_lake_on_s3_gets_its_jars_and_no_credentials(tmp_path: Path, jvm: Path) -> None:
    on_s3 = settings(tmp_path, NEWSWAKE_LAKE__PATH="s3a://bucket/lake/")
    assert on_s3.lake_path == "s3a://bucket/lake"
    with pytest.raises(SetupError, match=r"is on S3, whose jars are not in .*s3: run `make setup`"):
        submit.command(on_s3, "local[2]", [])
    (jvm / "s3").mkdir()
    (jvm / "s3" / "hadoop-aws.jar").touch()
    assert options.jars(on_s3)[-1] == jvm / "s3" / "hadoop-aws.jar"
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert "spark.hadoop.fs.s3a.path.style.access" not in options.further(on_s3, "local[2]", keys)
    further = options.further(on_s3, "local[2]", {**keys, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert further["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert not {"key", "secret"} & set(further.values())


def test_checkpoints_alone_on_s3_need_it_too(tmp_path: Path) -> None:
    assert settings(tmp_path, NEWSWAKE_LAKE__CHECKPOINTS="s3a://bucket/c").on_s3
    assert not settings(tmp_path, NEWSWAKE_LAKE__PATH="hdfs://name/lake").on_s3


def test_the_name_that_spark_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="begin with s3a://"):
        settings(tmp_path, NEWSWAKE_LAKE__PATH="s3://bucket/lake")


def test_a_local_lake_under_a_cluster_of_other_machines_is_said(tmp_path: Path) -> None:
    assert options.advice(settings(tmp_path), "spark://127.0.0.1:7077") == ""
    assert "lake.path" in (said := options.advice(settings(tmp_path), "spark://host:7077")) and "\n" not in said
    shared = settings(tmp_path, NEWSWAKE_LAKE__PATH="hdfs://n/l", NEWSWAKE_LAKE__CHECKPOINTS="s3a://bucket/c")
    assert options.advice(shared, "spark://host:7077") == ""


def test_the_files_for_spark_name_each_setting_once() -> None:
    for file in (submit.DEFAULTS, options.CLUSTER, options.S3):
        names = [line.split()[0] for line in file.read_text().splitlines() if line.startswith("spark.")]
        assert sorted(set(names)) == sorted(names) and set(names) == set(options.properties(file))
