"""Samples of Prometheus, looked up by their name and labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Sample:
    """`name` without our prefix."""

    name: str
    labels: Mapping[str, str]
    value: float


class Series:
    """Samples by name; those that are no number are none."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            if math.isfinite(sample.value):
                self._by_name[sample.name].append(sample)

    def all(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """(labels, value) of each sample that has these labels."""
        return [
            (one.labels, one.value)
            for one in self._by_name.get(name, ())
            if all(one.labels.get(label) == value for label, value in labels.items())
        ]

    def one(self, name: str, **labels: str) -> float | None:
        return next((value for _, value in self.all(name, **labels)), None)

    def moment(self, name: str, **labels: str) -> datetime | None:
        value = self.one(name, **labels)
        return datetime.fromtimestamp(value, UTC) if value else None

    def values_of(self, name: str, label: str, **labels: str) -> list[str]:
        return sorted({found[label] for found, _ in self.all(name, **labels)})
