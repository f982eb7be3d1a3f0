"""`python -m benchmarks.speed engines|latency|footprint|growth|page [options]`; `--help` of each tells its options."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from benchmarks.page.measure import measure as page_measured
from benchmarks.speed import compare, footprint, growth, latency
from benchmarks.speed.load import Load, publish
from benchmarks.speed.results import engine_rows, save, spread
from benchmarks.speed.stand import home, stand
from newswake.settings import Streaming

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
# What engines say when they fail is no markup, whatever stands in brackets.
console = Console(stderr=True, highlight=False, markup=False)
Name = Annotated[str, typer.Option(help="what the files in benchmarks/results are called")]
FORMS = {"json": "JSON", "avro": "Avro"}
HORIZONS = Streaming().horizons_minutes
say: Callable[[str], None] = console.print


@app.command()
def engines(
    coins: int = 400,
    candles: int = 15_000_000,
    posts: int = 20_000,
    seed: int = 1,
    runs: Annotated[int, typer.Option(min=1)] = 5,
    only: Annotated[str, typer.Option(help="parts of the names of engines, between commas; empty: all")] = "",
    timeout_minutes: Annotated[float, typer.Option(help="an engine that takes longer is left out from then on")] = 60.0,
    candles_format: Annotated[Literal["json", "avro"], typer.Option(help="how the pages are written")] = "json",
    name: Name = "engines",
) -> None:
    """Candles a second of our queries and of other engines, on the same topics, with the same result."""
    wanted = [name.strip().lower() for name in only.split(",") if name.strip()]
    chosen = [one for one in compare.ENGINES if not wanted or any(name in one.name.lower() for name in wanted)]
    load = Load(coins, candles, posts, seed, HORIZONS)
    pages = [f"The pages are in {FORMS[candles_format]}."]
    with stand(NEWSWAKE_KAFKA__CANDLES_FORMAT=candles_format) as place:
        say(f"publishing {load.published_candles:,} candles and {posts:,} posts")
        publish(load, place.settings.kafka)
        measured: list[compare.Measured] = []
        # Written behind each run, beside the results: hours of measuring are not lost to the last engine.
        for one in compare.compare(place, load, chosen, runs, say, timeout_minutes * 60):
            measured.append(one)
            partial = _save_engines(f"{name}-partial", load, measured, pages)
    if not measured:
        raise RuntimeError("no engine ran to its end")
    ended = [one.engine for one in measured]
    failed = [one.name for one in chosen if ended.count(one.name) < runs]
    further = [f"Failed or took too long: {', '.join(failed)}."] if failed else []
    written = _save_engines(name, load, measured, [*pages, *further], kind="engines")
    for suffix in (".md", ".json"):
        partial.with_suffix(suffix).unlink()
    _done(written)


def _save_engines(
    name: str, load: Load, measured: Sequence[compare.Measured], further: Sequence[str] = (), *, kind: str = ""
) -> Path:
    series = [
        {"engine": one.engine, "whole": one.whole, "steady": one.outcome.steady(), "cpu": one.usage.cpu_seconds}
        for one in measured
    ]
    notes = [
        f"{load.published_candles:,} candles of {load.coins} coins, {load.posts:,} posts, {load.due:,} prices; each "
        "of these found the same count and sum.",
        "Whole: from the start of the process to its end, with the start of its JVM. Steady: behind the first third "
        "of the candles. Median of the runs (lowest–highest).",
        *further,
    ]
    return save(name, "Candles a second", engine_rows(measured), series, notes, kind=kind)


@app.command("latency")
def latency_(
    coins: int = 50,
    ticks: int = 200,
    warm_up: int = 60,
    tick_seconds: float = 5.0,
    trigger_seconds: float = Streaming().trigger_seconds,
) -> None:
    """From the message in Kafka that completes a row to the row in MongoDB, with the whole application running."""
    with stand(NEWSWAKE_STREAMING__TRIGGER_SECONDS=str(trigger_seconds)) as place:
        found = latency.measure(place, coins, ticks, warm_up, tick_seconds, say)
    cuts = statistics.quantiles(found.seconds, n=100)
    figures = {"p50": cuts[49], "p90": cuts[89], "p95": cuts[94], "p99": cuts[98], "longest": max(found.seconds)}
    rows = [{"of": "row in MongoDB", **{name: f"{value:.2f} s" for name, value in figures.items()}}]
    notes = [
        f"{coins} coins, {ticks} ticks of {tick_seconds:g} s behind {warm_up} that are not counted, "
        f"{len(found.seconds):,} rows; streaming.trigger_seconds is {trigger_seconds:g}.",
        *(f"A batch of {query}, median milliseconds: {_medians(times)}." for query, times in found.phases.items()),
    ]
    _done(save("latency", "Seconds from Kafka to MongoDB", rows, found.seconds, notes))


def _medians(phases: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(f"{name} {statistics.median(times):.0f}" for name, times in sorted(phases.items()))


@app.command("footprint")
def footprint_(coins: int = 50, minutes: float = 10.0) -> None:
    """Cores and memory of the whole of `make run`, live; its start, and its return after a kill."""
    with home(NEWSWAKE_CANDLES__COINS=json.dumps(footprint.coins(coins))) as place:
        found = footprint.measure(place, minutes, say)
    rows = [
        {"program": name, "cores": f"{cores:.3f}", "resident MB": f"{found.resident_bytes[name] / 1e6:,.0f}"}
        for name, cores in sorted(found.cores.items(), key=lambda item: -item[1])
    ]
    total_cores, total_bytes = sum(found.cores.values()), sum(found.resident_bytes.values())
    rows.append({"program": "all", "cores": f"{total_cores:.3f}", "resident MB": f"{total_bytes / 1e6:,.0f}"})
    notes = [
        f"{coins} coins at the speed of life, over {minutes:g} minutes behind the first row.",
        f"From the start to the first row {found.first_row_seconds:.0f} s; from a kill of the application to the batch "
        f"that has caught up {found.caught_up_seconds:.0f} s.",
    ]
    _done(save("footprint", "Footprint of the whole", rows, {"cores": found.cores}, notes))


@app.command("growth")
def growth_(
    coins: str = "5,50,500",
    posts: str = "1000,10000,100000",
    hours: int = 72,
    seed: int = 1,
    name: Name = "growth",
) -> None:
    """Time, state and memory against coins and posts, all four queries and both sinks; `--hours 720`: a month."""
    sizes, counts = ([int(part) for part in text.split(",")] for text in (coins, posts))
    with stand(NEWSWAKE_STREAMING__COUNT_STATE_ROWS="always") as place:
        points = list(growth.measure(place, sizes, counts, hours, HORIZONS, seed, say))
    rows = [
        {
            "coins": one.load.coins,
            "posts": f"{one.load.posts:,}",
            "rows": f"{one.rows:,}",
            "seconds": spread([one.usage.seconds]),
            "CPU s": spread([one.usage.cpu_seconds]),
            "ms a row": f"{1000 * one.usage.seconds / one.rows:.2f}",
            "state rows": f"{one.state_rows:,}",
            "state MB": f"{one.state_bytes / 1e6:,.0f}",
            "peak MB": spread([one.usage.peak_bytes / 1e6]),
        }
        for one in points
    ]
    series = [
        {
            "coins": one.load.coins,
            "posts": one.load.posts,
            "ms a row": 1000 * one.usage.seconds / one.rows,
            "state rows": one.state_rows,
            "state MB": one.state_bytes / 1e6,
            "peak MB": one.usage.peak_bytes / 1e6,
        }
        for one in points
    ]
    _done(
        save(
            name,
            "Growth",
            rows,
            series,
            [f"{hours} hours of candles; the rows of the state are counted, which --once does not by itself."],
            kind="growth",
        )
    )


@app.command("page")
def page_(
    candles: int = 100_000,
    posts: int = 5_000,
    coins: int = 50,
    clients: int = 50,
    runs: Annotated[int, typer.Option(help="navigations, and changes")] = 30,
    minutes: Annotated[float, typer.Option(help="with all clients connected")] = 10.0,
    seed: int = 1,
) -> None:
    """The page: first chart, change in MongoDB to pixels, cores and memory with many clients connected."""
    found = page_measured(coins, candles, posts, clients, runs, minutes, seed, say)
    notes = [
        f"{candles:,} candles of {coins} coins and {posts:,} posts stored; a headless Chromium with an empty cache; "
        f"{clients} clients for {minutes:g} minutes at the speed of life, {found.load.messages:,} messages.",
    ]
    _done(save("page", "The page", found.rows(), found.series(), notes))


def _done(table: Path) -> None:
    print(table.read_text(encoding="utf-8"))
    say(f"written: {table}")


if __name__ == "__main__":
    app()
