"""A server of Prometheus: which application it scrapes, when it did last, and whether that goes as it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

import requests

from newswake.errors import WishError
from newswake.health.words import few, span

KNOWN_SECONDS = 3_600.0
USUAL_SECONDS = 60.0  # between two scrapes, where only one is known
SHORTEST_SECONDS = 15.0
# Samples as they were scraped: their times are those of the scrapes.
SCRAPES = "newswake_seen_timestamp_seconds[1h]"
RATES = "newswake_processed_rows_per_second[10m]"
TARGETS = f"up and on (job, instance) last_over_time({SCRAPES})"

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Scrape:
    """The last one of an application that came to something, `seconds` after the one before; `up` is since then."""

    instance: str
    at: datetime
    seconds: float
    up: bool = True

    def judged(self, moment: datetime) -> tuple[bool, str]:
        """Whether the server still scrapes it, and that in words."""
        age = moment - self.at
        last = f"{self.instance}, last scraped {span(max(age.total_seconds(), 0.0))} ago"
        longest = max(3 * self.seconds, SHORTEST_SECONDS)
        if not self.up:
            return False, f"{last}, does not answer the server: its `up` is 0"
        if age.total_seconds() > longest:
            return False, f"{last}, expected < {span(longest)}: the server does not scrape it any more"
        return True, last


class Server:
    """`get` sends a request, `instance` is which application is meant where there are several."""

    def __init__(self, get: Callable[[str, Mapping[str, str]], requests.Response], url: str, instance: str | None):
        self._get, self._url, self._instance = get, url, instance

    def last_scrape(self) -> Scrape | None:
        """None when nothing of ours was scraped for an hour. Raises `WishError` as `PrometheusLook.at` does."""
        times: dict[str, list[float]] = {}
        for one in self._ask(SCRAPES):
            times.setdefault(_instance_of(one), []).extend(float(at) for at, _ in one["values"])
        if not times:
            return None
        targets = {_instance_of(one): float(one["value"][1]) == 1 for one in self._ask(TARGETS)}
        # One that the server no longer knows as a target has moved, and is no second application.
        instance = self._chosen(sorted(targets.keys() & times.keys() or times))
        scraped = sorted(times[instance])
        pauses = [after - before for before, after in pairwise(scraped)]
        return Scrape(
            instance,
            datetime.fromtimestamp(scraped[-1], UTC),
            median(pauses) if pauses else USUAL_SECONDS,
            targets.get(instance, True),
        )

    def of(self, instance: str, query: str, at: datetime) -> list[Found]:
        """What the query gives of this application, as of then."""
        return [one for one in self._ask(query, time=f"{at.timestamp():.3f}") if _instance_of(one) == instance]

    def _chosen(self, known: list[str]) -> str:
        if self._instance is None and len(known) == 1:
            return known[0]
        if self._instance in known:
            return self._instance
        many = f"{len(known)} applications" if len(known) > 1 else "one application"
        wrong = "choose one with --instance" if self._instance is None else f"none of them is {self._instance}"
        raise WishError(f"{self._url} scrapes {many} of ours ({few(known, 10)}): {wrong}")

    def _ask(self, query: str, **parameters: str) -> list[Found]:
        answer = self._get(f"{self._url}/api/v1/query", {"query": query, **parameters})
        found: list[Found] = answer.json()["data"]["result"]
        return found


def _instance_of(found: Found) -> str:
    return str(found["metric"].get("instance", ""))
