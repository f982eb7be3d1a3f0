"""A plain Python consumer loop: dictionaries, nothing that outlives it."""

from __future__ import annotations

from collections import defaultdict

from benchmarks.speed.engines.job import from_environment
from benchmarks.speed.engines.join import CoinState, due_of
from benchmarks.speed.engines.tell import Teller
from benchmarks.speed.engines.topics import page_of, values


def main() -> None:
    job, tell = from_environment(), Teller()
    coins: defaultdict[str, CoinState] = defaultdict(CoinState)
    prices: list[float] = []
    for value in values(job.bootstrap_servers, job.posts_topic, job.post_messages):
        for coin, minute, due in due_of(value, job.horizons):
            prices += coins[coin].post(minute, due)
    for value in values(job.bootstrap_servers, job.candles_topic, job.page_messages):
        page = page_of(value)
        prices += coins[page["symbol"]].page(page["open_time"], page["close"])
        tell.candles(len(page["close"]))
    tell.outcome(len(prices), sum(prices))


if __name__ == "__main__":
    main()
