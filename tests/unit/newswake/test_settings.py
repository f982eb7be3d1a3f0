"""Which source of a setting wins, what is refused and with which words, and that secrets stay secret."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from newswake.errors import SettingsError
from newswake.settings import Kafka, Settings
from newswake.settings_sources import Resolved, known_keys, read_env_file, resolve, variable_of

SECRET = "hunter2-very-secret"
ROOT = str(Path(__file__).resolve().parents[3])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def resolved(home: Path, *, toml: str = "", services: str = "", **variables: str) -> Resolved:
    conf = home.parent / "newswake.toml"
    conf.write_text(toml, encoding="utf-8")
    if services:
        (home / "services.env").write_text(services, encoding="utf-8")
    return resolve(conf=conf, environ={"NEWSWAKE_HOME": str(home), **variables})


def test_without_any_source_the_defaults_hold(home: Path) -> None:
    found = resolved(home)
    assert found.settings == Settings(home=home)
    assert set(found.origins.values()) == {"default"}
    assert (found.settings.lake_path, found.settings.checkpoints_path) == (f"{home}/lake", f"{home}/checkpoints")


def test_the_environment_wins_over_the_file_and_the_file_over_the_services(home: Path) -> None:
    services = "# written at start\nNEWSWAKE_KAFKA__BOOTSTRAP_SERVERS=a:1\nNEWSWAKE_KAFKA__POSTS_TOPIC=a\n"
    services += "NEWSWAKE_KAFKA__CANDLES_TOPIC=a\n"
    toml = '[kafka]\nposts_topic = "b"\ncandles_topic = "b"\n'
    found = resolved(home, toml=toml, services=services, NEWSWAKE_KAFKA__CANDLES_TOPIC="c")
    kafka = found.settings.kafka
    assert (kafka.bootstrap_servers, kafka.posts_topic, kafka.candles_topic) == ("a:1", "b", "c")
    origins = [found.origins["kafka", name] for name in ("bootstrap_servers", "posts_topic", "candles_topic")]
    assert origins[0] == str(home / "services.env")
    assert origins[1].endswith("newswake.toml")
    assert origins[2] == "environment NEWSWAKE_KAFKA__CANDLES_TOPIC"
    assert found.origins["kafka", "retention_hours"] == "default"


def test_coins_are_written_in_one_way(home: Path) -> None:
    toml = '[candles]\ncoins = ["btc", " Eth ", "BTC", ""]\n'
    found = resolved(home, toml=toml, NEWSWAKE_CRYPTOPANIC__CURRENCIES="sol, Sol").settings
    assert (found.candles.coins, found.cryptopanic.currencies) == (("BTC", "ETH"), ("SOL",))
    with pytest.raises(SettingsError, match=r"candles\.coins"):
        resolved(home, toml='[candles]\ncoins = [" "]\n')


def test_settings_are_frozen(home: Path) -> None:
    with pytest.raises(ValidationError):
        resolved(home).settings.kafka.posts_topic = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("toml", "variables", "nearest"),
    [
        ("", {"NEWSWAKE_KAFKA__BOOTSTRAP_SERVER": "a:1"}, "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS"),
        ("", {"NEWSWAKE_STREAMING__LATENESS": "5"}, "NEWSWAKE_STREAMING__LATENESS_MINUTES"),
        ("[kafka]\npost_topic = 'x'", {}, "posts_topic"),
        ("[streming]\nlateness_minutes = 5", {}, "streaming"),
        ("lateness_minutes = 5", {}, None),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    home: Path, toml: str, variables: dict[str, str], nearest: str | None
) -> None:
    with pytest.raises(SettingsError) as refusal:
        resolved(home, toml=toml, **variables)
    assert (f"did you mean {nearest}?" in str(refusal.value)) == (nearest is not None)


def test_an_unknown_key_in_the_services_file_names_that_file(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"services\.env sets NEWSWAKE_KAFKA__SERVERS"):
        resolved(home, services="NEWSWAKE_KAFKA__SERVERS=a:1\n")


def test_variables_of_tests_and_of_others_are_no_settings(home: Path) -> None:
    assert resolved(home, NEWSWAKE_TEST_SHARED="x", KAFKA__POSTS_TOPIC="x").settings == Settings(home=home)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="NEWSWAKE_CONF names"):
        resolve(environ={"NEWSWAKE_CONF": str(tmp_path / "none.toml")})


def test_a_file_that_is_no_toml_is_refused_by_name(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"newswake\.toml is not valid TOML"):
        resolved(home, toml="[kafka\n")


def test_files_that_are_no_text_and_a_group_that_is_no_table_are_refused_in_words(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"sets kafka, which is a group: write \[kafka\]"):
        resolved(home, toml="kafka = 3\n")
    with pytest.raises(SettingsError, match=r"which holds settings, cannot be read: Is a directory"):
        read_env_file(home)
    (home / "services.env").write_bytes(b"NEWSWAKE_\xff\xfe=1")
    with pytest.raises(SettingsError, match=r"services\.env is not a text of NAME=value lines"):
        resolved(home)
    (home / "services.env").unlink()
    (home / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"binary\.toml is not valid TOML"):
        resolve(conf=home / "binary.toml", environ={"NEWSWAKE_HOME": str(home)})


@pytest.mark.parametrize(
    ("text", "coins"),
    [("BTC,ETH", ("BTC", "ETH")), (" BTC , ETH ,", ("BTC", "ETH")), ('["BTC", "A,B"]', ("BTC", "A,B")), ("X", ("X",))],
)
def test_a_list_in_a_variable_is_json_or_stands_between_commas(home: Path, text: str, coins: tuple[str, ...]) -> None:
    assert resolved(home, NEWSWAKE_CANDLES__COINS=text).settings.candles.coins == coins


def test_lists_of_numbers_and_lists_that_may_be_unset(home: Path) -> None:
    found = resolved(home, NEWSWAKE_STREAMING__HORIZONS_MINUTES="0, 5,60", NEWSWAKE_RSS__FEEDS="https://a.example/rss")
    assert found.settings.streaming.horizons_minutes == (0, 5, 60)
    assert found.settings.rss.feeds == ("https://a.example/rss",)
    assert resolved(home).settings.rss.feeds is None


def test_a_list_that_is_broken_json_is_refused(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"NEWSWAKE_CANDLES__COINS is a list that is not valid JSON"):
        resolved(home, NEWSWAKE_CANDLES__COINS='["BTC"')


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("NEWSWAKE_DASHBOARD__HOST", ""),  # it would listen to the whole network
        ("NEWSWAKE_STREAMING__LATENESS_MINUTES", "0"),
        ("NEWSWAKE_STREAMING__LATENESS_MINUTES", "soon"),
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", "5,0"),
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", "5,5"),
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", ""),
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", "0,99999999999"),
        ("NEWSWAKE_STREAMING__TRIGGER_SECONDS", "inf"),
        ("NEWSWAKE_CANDLES__TIMEOUT_SECONDS", "inf"),
        ("NEWSWAKE_CANDLES__COINS", "BTC,ETH/USDT"),
        ("NEWSWAKE_CANDLES__COINS", "$BTC"),
        ("NEWSWAKE_CANDLES__BACKFILL_HOURS", "0"),
        ("NEWSWAKE_POSTS__LOOKBACK_HOURS", "99999999999"),
        ("NEWSWAKE_MONGO__COVERAGE_TTL_DAYS", "99999999999"),
        ("NEWSWAKE_LAKE__VACUUM_HOURS", "1e300"),
        ("NEWSWAKE_STREAMING__JOIN_POSTS", "cold"),
        ("NEWSWAKE_LOCAL__KAFKA_PORT", "70000"),
        ("NEWSWAKE_LOCAL__DRIVER_MEMORY", "much"),
        ("NEWSWAKE_MONGO__DATABASE", "a/b"),
        ("NEWSWAKE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name_and_not_repeated(home: Path, variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        resolved(home, **{variable: text})
    group = variable.removeprefix("NEWSWAKE_").split("__")[0].lower()
    assert str(refusal.value).startswith(group)
    assert "Value error" not in str(refusal.value)


def test_a_refused_value_is_not_shown_because_it_may_be_a_secret(home: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        resolved(home, NEWSWAKE_KAFKA__SASL_PASSWORD=SECRET, NEWSWAKE_STREAMING__LATENESS_MINUTES=SECRET)
    shown = io.StringIO()
    print(refusal.value, repr(refusal.value), refusal.value.__cause__, file=shown)
    assert SECRET not in shown.getvalue()
    assert "environment NEWSWAKE_STREAMING__LATENESS_MINUTES" in shown.getvalue()


def test_a_model_that_fails_keeps_its_input_out_of_the_message() -> None:
    with pytest.raises(ValidationError) as refusal:
        Kafka(sasl_password=SECRET, retention_hours=SECRET)  # type: ignore[arg-type]
    assert SECRET not in str(refusal.value)


def test_the_printed_settings_mask_secrets_and_name_every_origin(home: Path) -> None:
    variables = {
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_CRYPTOPANIC__KEY": SECRET,
        "NEWSWAKE_MONGO__URI": f"mongodb://user:{SECRET}@127.0.0.1:27017",
        "NEWSWAKE_KAFKA__POSTS_TOPIC": "other-topic",
        "PYTHONPATH": ROOT,
    }
    (home / "empty.toml").touch()
    done = subprocess.run(
        [sys.executable, "-m", "newswake.settings"],
        env=variables | {"NEWSWAKE_CONF": str(home / "empty.toml")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    printed = done.stdout + done.stderr
    assert SECRET not in printed
    assert "********" in printed
    assert "other-topic" in printed
    folded = printed.replace("\n", "")
    for group, name in known_keys():
        assert name[:20] in folded, f"{group}.{name} is not shown"


def test_a_wrong_setting_ends_the_printing_with_one_sentence(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "newswake.settings"],
        env={"NEWSWAKE_HOME": str(home), "NEWSWAKE_KAFKA__POST_TOPIC": "x", "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "did you mean NEWSWAKE_KAFKA__POSTS_TOPIC?" in done.stderr


def test_every_setting_has_a_meaning_and_a_variable_of_its_own() -> None:
    keys = known_keys()
    assert len({variable_of(*key) for key in keys}) == len(keys) > 40
    assert all(model.model_fields[name].description for (_, name), model in keys.items())


def test_an_env_file_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "services.env"
    file.write_text("# a comment\n\nA=1\n B = x=y \n", encoding="utf-8")
    assert read_env_file(file) == {"A": "1", "B": "x=y"}
