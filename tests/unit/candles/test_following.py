"""The list of followed coins as the producer keeps it, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newswake.followed import Followed, Status
from newswake.settings import Settings
from producers.candles.following import FollowedCoins

NOW = datetime(2025, 3, 1, tzinfo=UTC)


def test_a_disk_that_takes_nothing_is_said_once_and_the_list_is_still_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "candles").write_text("a file where the folder belongs")
    following = FollowedCoins(Settings(home=tmp_path))
    for _ in range(2):
        following._take([Followed("PEPE", Status.FOLLOWING, 0, NOW)])
    assert following.wanted().coins == ("PEPE",)
    assert caplog.text.count("cannot be written") == 1


def test_the_list_is_known_at_the_next_start(tmp_path: Path) -> None:
    following = FollowedCoins(Settings(home=tmp_path))
    following._take([Followed("PEPE", Status.FOLLOWING, 0, NOW), Followed("WISH", Status.CHECKING, 1, NOW)])
    assert FollowedCoins(Settings(home=tmp_path)).wanted().coins == ("PEPE",)
