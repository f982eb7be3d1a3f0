"""Fixtures of the candle producer's tests; what they are stands in `fakes.py`."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from newswake.clock import ManualClock, from_ms
from tests.unit.candles.fakes import NOON, FakeBinance, ListPublisher, ListSource


@pytest.fixture
def exchange() -> Iterator[FakeBinance]:
    server = FakeBinance()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_ms(NOON))


@pytest.fixture
def source(clock: ManualClock) -> ListSource:
    return ListSource(clock)


@pytest.fixture
def publisher() -> ListPublisher:
    return ListPublisher()
