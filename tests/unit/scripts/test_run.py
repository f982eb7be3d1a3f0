"""The parts of a run that need no services: source and home, the report's line, what happens to programs, the end."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from newswake.errors import RecordingError, ServiceError, SettingsError, SetupError
from newswake.home import mark_home
from newswake.settings import Candles
from newswake.settings_sources import resolve
from scripts import ending, report, run, sources, submit, whereabouts
from scripts.probe import probe
from scripts.recorded_coins import recorded_coins
from scripts.sources import Source, choose
from scripts.supervision import ProgramState
from scripts.watch import Watch
from tests.answering import answering
from tests.conftest import free_ports


def test_each_source_has_a_home_of_its_own(tmp_path: Path) -> None:
    month = tmp_path / "2025 01"
    named_like_live = tmp_path / "live"
    for folder in (month, named_like_live):
        folder.mkdir()
    homes = [
        choose(word, 60, {}, Candles())[0].home for word in ("live", "simulated", str(month), str(named_like_live))
    ]
    assert len(set(homes)) == 4
    assert [home.name for home in homes] == ["live", "simulated", "2025-01", "recording-live"]


def test_a_home_of_another_source_is_refused(tmp_path: Path) -> None:
    environ = {"NEWSWAKE_HOME": str(tmp_path)}
    source, _ = choose("simulated", 60, environ, Candles())
    mark_home(source.home, source.kind)
    assert choose("simulated", 60, environ, Candles())[0].home == tmp_path
    with pytest.raises(SettingsError, match="NEWSWAKE_HOME"):
        choose("live", 60, environ, Candles())


def test_a_start_that_comes_to_nothing_leaves_the_home_to_any_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "stop_on_signals", lambda started: None)
    monkeypatch.setenv("NEWSWAKE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("NEWSWAKE_MONGO__URI", "mongodb://127.0.0.1:1/")
    monkeypatch.setenv("NEWSWAKE_LOCAL__SPARK_UI_PORT", str(free_ports(1)[0]))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("NEWSWAKE_DASHBOARD__PORT", str(taken.getsockname()[1]))
        with pytest.raises(SetupError, match="for the page is taken"):
            run.go("simulated", 60)
    assert choose("live", 60, os.environ, Candles())[0].home == tmp_path


def test_a_source_that_is_nothing_is_named() -> None:
    for word in ("liv", ""):
        with pytest.raises(SettingsError, match=f"SOURCE={word} is neither"):
            choose(word, 60, {}, Candles())


def test_auto_says_what_it_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.asides.probe", lambda candles: "NetworkError")
    source, reason = choose("auto", 60, {}, Candles())
    assert source.kind == "simulated" and "NetworkError" in reason
    monkeypatch.setattr("scripts.asides.probe", lambda candles: "")
    source, reason = choose("auto", 60, {}, Candles())
    assert source.kind == "live" and source.speed == 1.0 and "answers" in reason


@pytest.mark.parametrize(
    ("body", "is_live"),
    [("<html>log in</html>", False), ("{}", False), ("", False), ("null", False), ('{"serverTime": 17}', True)],
)
def test_what_answers_in_place_of_the_exchange_is_not_taken_for_it(body: str, is_live: bool) -> None:
    with answering(lambda path, query: body) as address:
        reason = probe(Candles(base_url=f"{address}/api/v3"))
    assert (reason == "") == is_live


def test_auto_goes_on_with_what_a_home_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.asides.probe", lambda candles: "")
    mark_home(tmp_path, "simulated")
    assert choose("auto", 60, {"NEWSWAKE_HOME": str(tmp_path)}, Candles())[0].kind == "simulated"


def test_the_probe_hears_silence() -> None:
    (port,) = free_ports(1)
    assert probe(Candles(base_url=f"http://127.0.0.1:{port}/api/v3"))


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """A recording with candles of three coins, named as pairs and as a coin."""
    folder = tmp_path / "month"
    folder.mkdir()
    (folder / "candles.csv").write_text("symbol,open_time\nPEPEUSDT,1\nETHUSDT,1\nBTC,1\nETHUSDT,2\n")
    return folder


def test_simulated_producers_get_settings_that_are_known(tmp_path: Path, month: Path) -> None:
    resolved = resolve(environ={"NEWSWAKE_HOME": str(tmp_path)})
    for source in (Source("simulated", tmp_path, 3600.0), Source("recording", tmp_path, 60.0, month)):
        environ = {"NEWSWAKE_CRYPTOPANIC__KEY": "a-real-key", **sources.environment(source, resolved)}
        found = resolve(environ=environ).settings
        assert found.cryptopanic.key.get_secret_value() == "simulated"
        assert found.clock.url.startswith("http://127.0.0.1:")
        assert found.posts.poll_seconds >= source.speed * 5
        assert found.posts.lookback_hours * 3600 >= 25 * 3600 + found.posts.poll_seconds
        assert (found.rss.feeds == ()) == (source.recording is not None)


def test_a_recording_brings_its_own_coins_unless_some_are_set(tmp_path: Path, month: Path) -> None:
    source = Source("recording", tmp_path, 60.0, month)
    given = sources.environment(source, resolve(environ={"NEWSWAKE_HOME": str(tmp_path)}))
    assert given["NEWSWAKE_CANDLES__COINS"] == "BTC,ETH,PEPE"
    mine = {"NEWSWAKE_HOME": str(tmp_path), "NEWSWAKE_CANDLES__COINS": "ETH"}
    assert "NEWSWAKE_CANDLES__COINS" not in sources.environment(source, resolve(environ=mine))


def test_what_can_be_no_coin_of_a_recording_is_not_followed(tmp_path: Path, month: Path) -> None:
    names = ["BTCUSDT", "A B", "$X", "USDC.E/USDT", None]
    (month / "candles.csv").unlink()
    pl.DataFrame({"symbol": names}).write_parquet(month / "candles.parquet")
    assert recorded_coins(month, Candles()) == ["BTC", "USDC.E"]
    resolve(environ=sources.environment(Source("r", tmp_path, 60.0, month), resolve(environ={})))


def test_a_recording_that_cannot_be_read_is_refused(tmp_path: Path, month: Path) -> None:
    (month / "candles.parquet").write_bytes(b"no parquet")
    with pytest.raises(RecordingError, match=r"candles\.parquet"):
        recorded_coins(month, Candles())
    with pytest.raises(RecordingError):
        recorded_coins(tmp_path, Candles())


def test_live_producers_get_nothing_but_their_home(tmp_path: Path) -> None:
    resolved = resolve(environ={"NEWSWAKE_HOME": str(tmp_path)})
    assert sources.environment(Source("live", tmp_path), resolved) == {"NEWSWAKE_HOME": str(tmp_path)}


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_a_speed_that_is_none(text: str) -> None:
    with pytest.raises(SettingsError, match="SPEED"):
        sources.speed_from(text)


def test_passwords_are_not_printed() -> None:
    assert whereabouts.masked("mongodb://me:secret@h:1/?a=b") == "mongodb://me:********@h:1/?a=b"
    assert whereabouts.masked("mongodb://h:1") == "mongodb://h:1"


def test_the_line_shows_what_grew_and_that_a_source_is_in_trouble() -> None:
    now = report.Counts(1200, 5, 7, 2, 1, datetime(2025, 1, 1, 12, 34, tzinfo=UTC))
    assert report.line(now, report.Counts(posts=1000), "SIMULATED, 60x", troubled=1) == (
        "[SIMULATED, 60x] posts 1,200 (+200), candles 5 (+5), prices 7 (+7) and 2 missing, dead letters 1 (+1), "
        "newest candle 2025-01-01 12:34, 1 source is not ok (make status)"
    )


def test_a_trouble_is_told_once_and_when_it_is_over() -> None:
    troubles = report.Troubles()
    good = {"source": "b", "condition": "ok", "reason": "is read"}
    bad = {"source": "b", "condition": "waiting", "reason": "HTTP 429", "next_try_at": "2025-01-01T00:00:00Z"}
    assert troubles.news([good]) == [] and len(troubles) == 0
    assert troubles.news([bad]) == ["b is waiting (HTTP 429), next try 2025-01-01T00:00:00Z"]
    assert troubles.news([{**bad, "next_try_at": "2025-01-01T00:01:00Z"}]) == [] and len(troubles) == 1
    assert troubles.news([good]) == ["b is ok again"] and len(troubles) == 0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    for name in ("streaming", "posts"):
        (tmp_path / "logs" / f"{name}.log").write_text("starting\nnewswake: the horizons have changed\n")
    return tmp_path


def state(name: str, condition: str, pid: int = 0, code: int = 0) -> ProgramState:
    return ProgramState(name, condition, pid, code, 0.0)


def test_a_refusal_at_the_start_ends_the_run_with_its_sentence(home: Path) -> None:
    watch = Watch(home, lambda text: None, lambda name: None)
    watch.look([state("streaming", "RUNNING", 5)], now=100.0)
    with pytest.raises(ServiceError, match="streaming: the horizons have changed"):
        watch.look([state("streaming", "EXITED", code=2)], now=120.0)


def test_a_later_refusal_is_told_once_and_tried_again(home: Path) -> None:
    said: list[str] = []
    restarted: list[str] = []
    watch = Watch(home, said.append, restarted.append)
    watch.look([state("posts", "RUNNING", 5)], now=100.0)
    for now in (1000.0, 1001.0):
        watch.look([state("posts", "EXITED", code=2)], now=now)
    assert restarted == ["posts", "posts"]
    assert len(said) == 1 and "the horizons have changed" in said[0] and "posts.log" in said[0]


def test_a_crash_is_left_to_the_supervisor(home: Path) -> None:
    restarted: list[str] = []
    watch = Watch(home, lambda text: None, restarted.append)
    watch.look([state("posts", "RUNNING", 5)], now=1.0)
    watch.look([state("posts", "EXITED", code=1)], now=2.0)
    assert restarted == []


def test_a_restart_is_told(home: Path) -> None:
    said: list[str] = []
    watch = Watch(home, said.append, lambda name: None)
    watch.look([state("posts", "RUNNING", 5)], now=1.0)
    watch.look([state("posts", "RUNNING", 5)], now=2.0)
    assert said == []
    watch.look([state("posts", "RUNNING", 6)], now=3.0)
    assert len(said) == 1 and "started again" in said[0]


def test_a_query_that_read_nothing_has_not_caught_up() -> None:
    assert not ending.reached({}, {"a": {"0": 0}})


class Reports:
    """As much of a collection as is asked for the newest report of a query."""

    def distinct(self, name: str) -> list[str]:
        return ["post_prices"]

    def find_one(self, query: dict[str, str], **options: object) -> dict[str, object]:
        return {"sources": [{"endOffset": '{"a": {"0": 5}}'}, {"endOffset": {"logOffset": 1}}, {"endOffset": None}]}


def test_a_source_that_is_no_topic_is_not_taken_for_one() -> None:
    assert ending.read_offsets({"query_progress": Reports()}) == {"post_prices": {"a": {"0": 5}}}  # type: ignore[arg-type]


def test_a_recording_has_come_out_when_nothing_grows_and_all_was_read() -> None:
    counts = report.Counts(posts=3)
    looks = [(counts, {"a": {"0": 5 + beats}}) for beats in range(ending.STEADY_LOOKS)]
    read: dict[str, ending.Offsets] = {name: {"a": {"0": 5}} for name in ending.QUERIES}
    assert ending.settled(looks, read)
    assert not ending.settled(looks, read | {"candles": {"a": {"0": 4}}})
    assert not ending.settled(looks, {name: read[name] for name in ending.QUERIES - {"posts"}})
    assert not ending.settled(looks[1:], read)
    assert not ending.settled([*looks[:-1], (report.Counts(posts=4), {})], read)


def test_an_old_pid_file_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "streaming.pid"
    file.write_text(str(os.getpid()))
    assert submit.driver_pid(file, os.getppid()) == os.getpid()
    assert submit.driver_pid(file, 999_999_999) is None
    file.write_text("half a")
    assert submit.driver_pid(file, os.getppid()) is None
    assert submit.driver_pid(tmp_path / "absent", os.getppid()) is None


def test_no_secret_is_on_sparks_command_line(tmp_path: Path) -> None:
    environ = {"NEWSWAKE_HOME": str(tmp_path), "NEWSWAKE_MONGO__URI": "mongodb://u:verysecret@h"}
    settings = resolve(environ=environ).settings
    line = submit.command(settings, "local[2]", ["--once"])
    assert line[-2:] == [str(submit.PROGRAMS["app"]), "--once"]
    assert "verysecret" not in " ".join(line)
    quick = submit.command(settings, "local[2]", [], quick_start=True)
    (options,) = [word for word in quick if word.startswith(submit.JAVA_OPTIONS)]
    # What the file says is still there: a given option takes its place whole.
    assert "-Duser.timezone=UTC" in options and options.endswith(submit.QUICK_START)
    interpreted = "spark.sql.codegen.factoryMode=NO_CODEGEN"
    assert quick[quick.index(interpreted) - 1] == "--conf" and interpreted not in line
    (options,) = [word for word in line if word.startswith(submit.JAVA_OPTIONS)]
    assert "-Duser.timezone=UTC" in options and options.endswith(submit.HISTORY), "history"
    assert not any(word.startswith(submit.JAVA_OPTIONS) for word in submit.command(settings, "local[2]", []))
    given = submit.environment({"SPARK_HOME": "/elsewhere"}, settings, "local[2]", "/j/bin/java")
    assert given["SPARK_HOME"] == str(submit.spark_home()) and given["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert "SPARK_LOCAL_IP" not in submit.environment({}, settings, "spark://h:7077", "/j/bin/java")
