"""How much a batch reads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from newswake.settings import Settings
from streaming import inputs
from streaming.inputs import Inputs


@pytest.mark.parametrize(("once", "of_the_join"), [(False, 60), (True, 180)])
def test_portions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, once: bool, of_the_join: int) -> None:
    settings = Settings.model_validate({"home": tmp_path, "streaming": {"max_offsets_per_trigger": 20}})
    spark: Any = SimpleNamespace(conf=SimpleNamespace(get=lambda name: "FALLBACK"))
    monkeypatch.setattr(inputs, "read_topic", lambda spark, kafka, topic, most, loss_accepted: (topic, most))
    monkeypatch.setattr(inputs, "parse_candles", lambda messages, tolerance, small_plan: messages)
    monkeypatch.setattr(inputs, "parse_posts", lambda messages, tolerance: messages)
    read = Inputs(spark, settings, once=once)
    assert read.candles == (settings.kafka.candles_topic, 20)
    assert read.pages == (settings.kafka.candles_topic, of_the_join)
    assert read.posts == (settings.kafka.posts_topic, 0)
