"""Bytewax with recovery on: the state of every coin that changed goes to its store at the end of each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from benchmarks.speed.engines.job import Job, from_environment
from benchmarks.speed.engines.join import CoinState, Due, due_of
from benchmarks.speed.engines.tell import Teller
from benchmarks.speed.engines.topics import page_of, values

EPOCH = timedelta(seconds=2)  # as our trigger
BATCH = 200

Event = tuple[str, tuple[Any, ...]]


class Reading(StatefulSourcePartition[Event, int]):
    """The posts, then the candles; its state is the number of messages read."""

    def __init__(self, job: Job, read: int) -> None:
        self._events = _events(job)
        self._read = 0
        while self._read < read:
            next(self._events)
            self._read += 1

    def next_batch(self) -> list[Event]:
        batch: list[Event] = []
        for _ in range(BATCH):
            found = next(self._events, None)
            if found is None:
                if not batch:
                    raise StopIteration
                break
            self._read += 1
            batch += found
        return batch

    def snapshot(self) -> int:
        return self._read


class Topics(FixedPartitionedSource[Event, int]):
    def __init__(self, job: Job) -> None:
        self._job = job

    def list_parts(self) -> list[str]:
        return ["all"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> Reading:
        return Reading(self._job, resume_state or 0)


def _events(job: Job) -> Iterator[list[Event]]:
    """Per message its events: (coin, (minute, due)) or (coin, (times, closes))."""
    for value in values(job.bootstrap_servers, job.posts_topic, job.post_messages):
        yield [(coin, (minute, due)) for coin, minute, due in due_of(value, job.horizons)]
    for value in values(job.bootstrap_servers, job.candles_topic, job.page_messages):
        page = page_of(value)
        yield [(page["symbol"], (page["open_time"], page["close"]))]


class Sum(StatelessSinkPartition[tuple[str, float]]):
    """Counts and adds up."""

    def __init__(self, found: list[float]) -> None:
        self._found = found

    def write_batch(self, items: list[tuple[str, float]]) -> None:
        self._found += [price for _, price in items]


class Sums(DynamicSink[tuple[str, float]]):
    def __init__(self, found: list[float]) -> None:
        self._found = found

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Sum:
        return Sum(self._found)


def main() -> None:
    job, tell, found = from_environment(), Teller(), list[float]()

    def step(state: CoinState | None, event: tuple[Any, ...]) -> tuple[CoinState, list[float]]:
        state = state or CoinState()
        first, second = event
        if isinstance(first, int):
            due: Due = second
            return state, state.post(first, due)
        tell.candles(len(second))
        return state, state.page(first, second)

    flow = Dataflow("newswake")
    events = op.input("topics", flow, Topics(job))
    prices = op.flatten(
        "each", op.map("prices", op.stateful_map("join", events, step), lambda one: [(one[0], p) for p in one[1]])
    )
    op.output("sum", prices, Sums(found))
    job.scratch.mkdir(parents=True, exist_ok=True)
    init_db_dir(job.scratch, 1)
    run_main(flow, epoch_interval=EPOCH, recovery_config=RecoveryConfig(str(job.scratch)))
    tell.outcome(len(found), sum(found))


if __name__ == "__main__":
    main()
