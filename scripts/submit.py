"""spark-submit of the streaming application: `python -m scripts.submit [--master URL] -- [arguments of app.py]`.

spark-submit's JVM is the parent of the Python driver. A signal that reaches that JVM tears Spark down under the driver,
in the middle of a batch; so it gets a session of its own, and only the driver is told to stop.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

import pyspark

from newswake.errors import NewswakeError
from newswake.home import make_home
from newswake.settings import Settings, load
from newswake.tether import die_with_parent
from scripts import options
from scripts.checks import java_command
from scripts.places import CONF, ROOT
from scripts.supervision import is_running

PATIENCE_SECONDS = 9.0  # from the signal until the driver must have ended; a whole run has 15 to stop
PROGRAMS = {name: ROOT / "streaming" / f"{name}.py" for name in ("app", "tools")}
DEFAULTS = CONF / "spark-defaults.conf"
# Most of the work of a start is compiling code that is about to run once. With these, the first price comes after half
# the work, and what a live or simulated run brings is far below what they can do; history goes faster without them.
# The JVM gives such a compiler 48 MB for its code, which is full after a minute; it then compiles nothing any more.
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
# Of Spark's rules for a plan, these looked at every expression of every live batch and found nothing to do, or nothing
# that pays for some hundred rows. None is needed for a right result.
EXCLUDED_RULES = "spark.sql.optimizer.excludedRules"
UNUSED_RULES = (
    "org.apache.spark.sql.delta.metric.OptimizeConditionalIncrementMetric",
    *(
        f"org.apache.spark.sql.catalyst.optimizer.{name}"
        for name in (
            "FoldablePropagation",
            "NullDownPropagation",
            "OptimizeCsvJsonExprs",
            "OptimizeOneRowRelationSubquery",
            "OptimizeUpdateFields",
            "PruneFilters",
            "RemoveRedundantAliases",
            "ReorderAssociativeOperator",
            "SimplifyBinaryComparison",
            "SimplifyConditionals",
            "UnwrapCastInBinaryComparison",
        )
    ),
)
# Projections are interpreted instead of generated: a task generates the text of each of its own anew before it finds
# that it has been compiled, and for a hundred rows that was a quarter to half of all work.
INTERPRETED = {"spark.sql.codegen.factoryMode": "NO_CODEGEN"}
# Spark compares each exchange and each subquery of a plan with each other one, to compute equal ones once. A query has
# none twice, and the repair reads once itself what it needs in several places.
NO_REUSE = dict.fromkeys(("spark.sql.exchange.reuse", "spark.sql.execution.reuseSubquery"), "false")
# Each sort and each aggregation of a task takes its memory in pages, and clears the first one even for a single row. By
# Spark's own reckoning such a page has 32 MB here; a batch of some hundred rows is no larger than this one. A session
# cannot change it once its JVM runs.
SMALL_MEMORY_PAGES = {"spark.buffer.pageSize": "1m"}
# A program that ends by itself reads history. The parallel collector does the same work for less than G1, which pays
# for short pauses with barriers and threads. Profiled loop predicates were compiled again and again for the reader of
# Avro's arrays, which is one loop for short and long ones: ninety times in a minute. A JVM that does not know one of
# these options goes without it.
HISTORY = "-XX:+IgnoreUnrecognizedVMOptions -XX:+UseParallelGC -XX:-UseProfiledLoopPredicate"
# What is not worth the optimising compiler's time. That the file was read is said on the standard error. A path with a
# blank would be two options.
DIRECTIVES = CONF / "history-compiler.json"
if " " not in str(DIRECTIVES):
    HISTORY += f" -XX:+UnlockDiagnosticVMOptions -XX:CompilerDirectivesFile={DIRECTIVES} -XX:+DisplayVMOutputToStderr"
COLLECTOR = re.compile(r"-XX:\+Use\w+GC\b")
# The JVM, and the last one Spark's launcher, read these by themselves. One that names a file may say anything in it.
JAVA_VARIABLES = ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "SPARK_SUBMIT_OPTS")
CHOSEN = re.compile(rf"{COLLECTOR.pattern}|(^|\s)@")
JAVA_OPTIONS = "spark.driver.extraJavaOptions"


def command(
    settings: Settings, master: str, arguments: Sequence[str], quick_start: bool = False, program: str = "app"
) -> list[str]:
    """The command line of spark-submit for one of `PROGRAMS`. Raises `SetupError` when the jars are not there."""
    java = java_options(QUICK_START if quick_start else HISTORY if "--once" in arguments else "", os.environ)
    further = _quick_start(program) if quick_start else {}
    further |= options.further(settings, master, os.environ)
    return [
        str(spark_home() / "bin" / "spark-submit"),
        *("--master", master),
        *("--properties-file", str(DEFAULTS)),
        *("--jars", ",".join(map(str, options.jars(settings)))),
        *("--driver-memory", settings.local.driver_memory),
        *("--conf", f"spark.ui.port={settings.local.spark_ui_port}"),
        *("--conf", f"spark.sql.warehouse.dir={settings.home / 'spark' / 'warehouse'}"),
        *(("--conf", f"{JAVA_OPTIONS}={java}") if java else ()),
        *(part for name, value in further.items() for part in ("--conf", f"{name}={value}")),
        # What is run by hand takes no port from the application beside it, and is not worth a history.
        *(_history(settings) if program == "app" else ("--conf", "spark.ui.enabled=false")),
        str(PROGRAMS[program]),
        *arguments,
    ]


def quick_start_conf(program: str = "app") -> dict[str, str]:
    """Spark's settings of a session for batches of some hundred rows, on top of conf/spark-defaults.conf.

    What is run by hand may read whole tables, so it is planned with all rules.
    """
    if program != "app":
        return INTERPRETED
    excluded = options.properties(DEFAULTS).get(EXCLUDED_RULES, "")
    return {**INTERPRETED, **NO_REUSE, EXCLUDED_RULES: ",".join(filter(None, (excluded, *UNUSED_RULES)))}


def _quick_start(program: str) -> dict[str, str]:
    """With what only a new JVM takes; what conf/spark-defaults.conf says of them stays, as the user's own word."""
    wanted = quick_start_conf(program) | (SMALL_MEMORY_PAGES if program == "app" else {})
    said = options.properties(DEFAULTS).keys() - {EXCLUDED_RULES}
    return {name: value for name, value in wanted.items() if name not in said}


def java_options(wanted: str, environ: Mapping[str, str]) -> str:
    """`wanted` behind the options in conf/spark-defaults.conf, whose place it takes; empty for none.

    A JVM that is given two collectors does not start: the one that the user chose stays.
    """
    if not wanted:
        return ""
    standing = options.properties(DEFAULTS).get(JAVA_OPTIONS, "")
    if CHOSEN.search(" ".join((standing, *(environ.get(name, "") for name in JAVA_VARIABLES)))):
        wanted = COLLECTOR.sub("", wanted)
    return f"{standing} {wanted}".strip()


def _history(settings: Settings) -> tuple[str, ...]:
    folder = event_logs(settings.home)
    folder.mkdir(parents=True, exist_ok=True)  # Spark does not make it
    return ("--conf", "spark.eventLog.enabled=true", "--conf", f"spark.eventLog.dir={folder.as_uri()}")


def event_logs(home: Path) -> Path:
    """Where the application leaves what `make history` shows."""
    return home / "spark" / "events"


def spark_home() -> Path:
    return Path(pyspark.__file__).parent


def environment(environ: Mapping[str, str], settings: Settings, master: str, java: str) -> dict[str, str]:
    """What the JVM and the driver get: this virtual environment's Python and Spark, whatever else is installed."""
    result = {
        **environ,
        "SPARK_HOME": str(spark_home()),
        "NEWSWAKE_HOME": str(settings.home),
        "PYSPARK_PYTHON": environ.get("PYSPARK_PYTHON", sys.executable),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "JAVA_HOME": environ.get("JAVA_HOME") or str(Path(java).resolve().parent.parent),
        "PYTHONUNBUFFERED": "1",
    }
    if options.is_on_this_machine(master):  # its UI and ports are nobody else's
        result["SPARK_LOCAL_IP"] = "127.0.0.1"
        result.setdefault("SPARK_LOCAL_DIRS", str(own_scratch(settings.home)))
        # RocksDB unpacks its library, 15 MB, and a JVM that is killed leaves it behind: not in /tmp.
        result.setdefault("ROCKSDB_SHAREDLIB_DIR", result["SPARK_LOCAL_DIRS"])
    return result


def scratch(home: Path) -> Path:
    return home / "spark" / "scratch"


def own_scratch(home: Path) -> Path:
    """Where this launcher's Spark keeps what lives no longer than it."""
    return scratch(home) / str(os.getpid())


def clear_scratch(home: Path) -> None:
    """Make this launcher's own folder, and delete what launchers that run no more have left behind."""
    for folder in scratch(home).iterdir() if scratch(home).is_dir() else ():
        if not (folder.name.isdigit() and is_running(int(folder.name)) and int(folder.name) != os.getpid()):
            shutil.rmtree(folder, ignore_errors=True)
    own_scratch(home).mkdir(parents=True, exist_ok=True)


def run(line: Sequence[str], environ: Mapping[str, str], pid_file: Path) -> int:
    """Run spark-submit until it ends, passing SIGTERM and SIGINT on to the driver. Returns the application's code."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    parent = os.getpid()
    process = subprocess.Popen(
        line,
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        # Whoever kills this launcher means the whole: no JVM that writes on behind a new one's back.
        preexec_fn=lambda: die_with_parent(parent, signal.SIGKILL),
    )
    ended = threading.Event()

    def wait_for_end() -> None:
        process.wait()
        ended.set()
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    stop.wait()
    if not ended.is_set():
        _stop_driver(process, pid_file, ended)
    _kill_group(process)  # what the driver left behind, if anything
    code = process.wait()
    return code if code >= 0 else 128 - code


def _stop_driver(process: subprocess.Popen[bytes], pid_file: Path, ended: threading.Event) -> None:
    driver = driver_pid(pid_file, process.pid)
    if driver is None:  # not that far yet: nothing has begun
        os.killpg(process.pid, signal.SIGTERM)
    else:
        os.kill(driver, signal.SIGTERM)
    if not ended.wait(PATIENCE_SECONDS):
        print(
            f"newswake: the application did not end within {PATIENCE_SECONDS:g} s and was killed; the checkpoints "
            "make the next start repeat what it was at",
            file=sys.stderr,
        )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def driver_pid(pid_file: Path, ancestor: int) -> int | None:
    """The pid in the file, when that process runs and descends from `ancestor`: a file can be old, a pid used again."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if ancestor in ancestors(pid) else None


def ancestors(pid: int) -> list[int]:
    """The parents of a process, the nearest first; empty when it does not run."""
    found: list[int] = []
    while pid > 1 and (parent := parent_of(pid)) is not None:
        pid = parent
        found.append(pid)
    return found


def parent_of(pid: int) -> int | None:
    if Path("/proc/self/stat").is_file():
        try:
            # `pid (name) state ppid …`; a name may hold spaces and brackets.
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return None
    answer = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.stdout.strip() else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.submit", description="spark-submit of streaming/app.py")
    parser.add_argument("--master", default="local[*]", help="Spark's master, as spark-submit takes it")
    parser.add_argument("--quick-start", action="store_true", help="less work at the start, slower over history")
    parser.add_argument("--program", default="app", choices=list(PROGRAMS), help="which file of streaming/ to run")
    parser.add_argument("arguments", nargs="*", help="arguments of the application, after --")
    given = parser.parse_args()
    try:
        settings = load()
        java = java_command()
        make_home(settings.home)
        clear_scratch(settings.home)
        line = command(settings, given.master, given.arguments, given.quick_start, given.program)
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    if advice := options.advice(settings, given.master):
        print(f"newswake: {advice}", file=sys.stderr, flush=True)
    environ = environment(os.environ, settings, given.master, java)
    try:
        sys.exit(run(line, environ, settings.home / "run" / "streaming.pid"))
    finally:
        shutil.rmtree(own_scratch(settings.home), ignore_errors=True)


if __name__ == "__main__":
    main()
