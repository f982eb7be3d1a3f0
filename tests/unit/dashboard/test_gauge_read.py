from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from analysis.frames import OBSERVATIONS
from dashboard.moments import Span
from dashboard.reads.gauge import computed
from tests.unit.analysis.made import START, observation


@pytest.mark.parametrize(("votes", "leaning"), [(6, "unknown"), (10, "positive")])
def test_too_few_votes_have_no_leaning(votes: int, leaning: str) -> None:
    """As the sentence beside it says: 6 for and none against would be +0.38, "positive"."""
    span = Span(START - timedelta(hours=1), START + timedelta(hours=1), None)
    seen = pl.DataFrame([observation("a", counts={"positive": votes, "negative": 0})], schema=dict(OBSERVATIONS))
    found = computed(seen, lambda: seen, "BTC", span)
    assert (found.has_votes, found.leaning) == (True, leaning)
    assert found.sentence.startswith("Too few votes to say") == (leaning == "unknown")
