"""How much a batch reads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from newswake.settings import Settings
from streaming import inputs
from streaming.inputs import Inputs


@pytest.mark.parametrize(
    ("most", "once", "of_the_join"), [(20, False, 60), (20, True, 180), (0, False, 0), (0, True, 0)]
)
def test_portions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, most: int, once: bool, of_the_join: int) -> None:
    settings = Settings.model_validate({"home": tmp_path, "streaming": {"max_offsets_per_trigger": most}})
    spark: Any = SimpleNamespace(conf=SimpleNamespace(get=lambda name: "FALLBACK"))
    monkeypatch.setattr(inputs, "read_topic", lambda spark, kafka, topic, limit, loss_accepted: (topic, limit))
    monkeypatch.setattr(inputs, "parse_candles", lambda messages, tolerance, small_plan: messages)
    monkeypatch.setattr(inputs, "parse_posts", lambda messages, tolerance: messages)
    read = Inputs(spark, settings, once=once)
    assert read.candles == (settings.kafka.candles_topic, most)
    assert read.pages == (settings.kafka.candles_topic, of_the_join)
    assert read.posts == (settings.kafka.posts_topic, 0)
