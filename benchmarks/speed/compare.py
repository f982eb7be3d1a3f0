"""Each engine in turn on the same topics, several times; every one must find the same prices."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.speed.application import QUERIES, process_once
from benchmarks.speed.engines.job import Job
from benchmarks.speed.engines.tell import Outcome, understood
from benchmarks.speed.load import Load
from benchmarks.speed.stand import Stand
from benchmarks.speed.usage import EngineFailed, Usage, run
from scripts.places import ROOT

OTHER_PYTHON = ROOT / "build" / "bench" / "bin" / "python"


@dataclass(frozen=True)
class Engine:
    """`module` of engines/, in the environment that has the package `needs`; none: the application itself."""

    name: str
    module: str | None = None
    needs: str | None = None
    queries: Sequence[str] = ()
    counts_candles: bool = False


ENGINES = (
    Engine("newswake, post_prices", queries=("post_prices",)),
    Engine("newswake, four queries", queries=QUERIES),
    Engine("newswake, join only", "join_only"),
    Engine("Spark, parse only", "parse_only", counts_candles=True),
    Engine("Spark, range join", "range_join"),
    Engine("plain Python loop", "plain_loop"),
    Engine("Bytewax, recovery on", "bytewax_flow", needs="bytewax"),
    Engine("Pathway, persistence on", "pathway_flow", needs="pathway"),
)


@dataclass(frozen=True)
class Measured:
    """One run of one engine over `candles`."""

    engine: str
    candles: int
    usage: Usage
    outcome: Outcome

    @property
    def whole(self) -> float:
        """Candles a second from the start of the process to its end."""
        return self.candles / self.usage.seconds


def compare(
    stand: Stand,
    load: Load,
    engines: Sequence[Engine],
    runs: int,
    say: Callable[[str], None],
    timeout_seconds: float,
) -> Iterator[Measured]:
    """Round by round, so that what the machine does beside falls on all of them.

    What an engine that fails or takes too long says is passed on, and it is left out of the further rounds. Raises
    `RuntimeError` when an engine finds other prices than there are.
    """
    usable = []
    for engine in engines:
        if engine.needs and not installed(engine.needs):
            say(f"{engine.name}: {engine.needs} is not installed in {OTHER_PYTHON.parent.parent}; left out")
        else:
            usable.append(engine)
    for number in range(runs):
        for engine in list(usable):
            try:
                measured = measure(
                    stand.with_home_of(f"{ENGINES.index(engine)}-{number}"), load, engine, timeout_seconds
                )
            except EngineFailed as failure:
                say(f"run {number + 1}, {engine.name}: {failure}; left out from here")
                usable.remove(engine)
                continue
            steady = measured.outcome.steady()
            say(
                f"run {number + 1}, {engine.name}: {measured.whole:,.0f} candles/s"
                + (f", steady {steady:,.0f}" if steady else "")
                + f", {measured.usage.cpu_seconds:,.0f} CPU s, {measured.usage.peak_bytes / 1e6:,.0f} MB"
            )
            yield measured


def measure(stand: Stand, load: Load, engine: Engine, timeout_seconds: float) -> Measured:
    """One run. Raises `EngineFailed` when it does not end well in time, `RuntimeError` when it finds other prices."""
    if engine.module is None:
        usage, outcome = process_once(stand, engine.queries, timeout_seconds)
    else:
        usage, outcome = _run_module(stand, load, engine, timeout_seconds)
    rows, total = load.due, load.sum_of_prices
    if engine.counts_candles:
        rows, total = load.published_candles, load.sum_of_closes
    if outcome.rows != rows or not math.isclose(outcome.total, total, rel_tol=1e-9):
        raise RuntimeError(
            f"{engine.name} found {outcome.rows:,} values with the sum {outcome.total}; there are {rows:,} with {total}"
        )
    return Measured(engine.name, load.published_candles, usage, outcome)


def installed(package: str) -> bool:
    """Whether the environment of the other engines has a package."""
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    return (
        OTHER_PYTHON.is_file() and not subprocess.run([str(OTHER_PYTHON), "-c", look, package], check=False).returncode
    )


def _run_module(stand: Stand, load: Load, engine: Engine, timeout_seconds: float) -> tuple[Usage, Outcome]:
    kafka = stand.settings.kafka
    job = Job(
        kafka.bootstrap_servers,
        kafka.posts_topic,
        kafka.candles_topic,
        post_messages=sum(1 for _ in load.post_messages()),
        page_messages=load.pages,
        horizons=load.horizons,
        scratch=stand.home / "scratch",
    )
    job.scratch.mkdir(parents=True)
    python = str(OTHER_PYTHON) if engine.needs else sys.executable
    environ: Mapping[str, str] = {**stand.environ, **job.to_environment(), "PYTHONPATH": str(ROOT)}
    usage, said = run([python, "-m", f"benchmarks.speed.engines.{engine.module}"], environ, timeout_seconds)
    try:
        return usage, understood(said)
    except ValueError as error:
        raise EngineFailed(f"{engine.name}: {error}") from None
