"""Pathway with persistence on: its inputs and the state of its operators go to a folder."""

from __future__ import annotations

import pathway as pw

from benchmarks.speed.engines.job import from_environment
from benchmarks.speed.engines.join import HOUR_MS, due_of
from benchmarks.speed.engines.tell import Teller
from benchmarks.speed.engines.topics import page_of

SNAPSHOT_MS = 2_000  # as our trigger


def main() -> None:
    job, tell = from_environment(), Teller()
    rows, total = 0, 0.0

    @pw.udf
    def due(value: bytes) -> list[tuple[str, int, int]]:
        return [(coin, minute // HOUR_MS, minute) for coin, minute, _ in due_of(value, job.horizons)]

    @pw.udf
    def page(value: bytes) -> tuple[str, int, list[int], list[float]]:
        body = page_of(value)
        tell.candles(len(body["close"]))
        return body["symbol"], body["open_time"][0] // HOUR_MS, body["open_time"], body["close"]

    @pw.udf
    def price(minute: int, found: tuple[str, int, list[int], list[float]]) -> float | None:
        times = list(found[2])
        return float(found[3][times.index(minute)]) if minute in times else None

    client = {"bootstrap.servers": job.bootstrap_servers, "group.id": "newswake-bench", "auto.offset.reset": "earliest"}
    posts = pw.io.kafka.read(client, topic=job.posts_topic, format="raw", mode="static", name="posts")
    candles = pw.io.kafka.read(client, topic=job.candles_topic, format="raw", mode="static", name="candles")
    each = posts.select(one=due(pw.this.data)).flatten(pw.this.one)
    wanted = each.select(coin=pw.this.one[0], hour=pw.this.one[1], minute=pw.this.one[2])
    pages = candles.select(found=page(pw.this.data))
    known = pages.select(pw.this.found, coin=pw.this.found[0], hour=pw.this.found[1])
    joined = wanted.join(known, wanted.coin == known.coin, wanted.hour == known.hour).select(
        price=price(wanted.minute, known.found)
    )

    def add(key: pw.Pointer, row: dict[str, float | None], time: int, is_addition: bool) -> None:
        nonlocal rows, total
        if (value := row["price"]) is not None:
            sign = 1 if is_addition else -1
            rows, total = rows + sign, total + sign * value

    pw.io.subscribe(joined, on_change=add)
    backend = pw.persistence.Backend.filesystem(str(job.scratch))
    pw.run(
        persistence_config=pw.persistence.Config(backend, snapshot_interval_ms=SNAPSHOT_MS),
        monitoring_level=pw.MonitoringLevel.NONE,
    )
    tell.outcome(rows, total)


if __name__ == "__main__":
    main()
