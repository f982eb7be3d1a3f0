"""Who holds the tables, on a real database: a second one is refused, a dead one is followed, an overtaken one stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from newswake.errors import ServiceError
from newswake.settings import Settings
from streaming import writer
from streaming.by_hand import alone
from streaming.context import Context
from streaming.locks import only_application
from tests.conftest import Fresh

pytestmark = pytest.mark.integration

SIGN_SECONDS = 0.1
DEAD_SECONDS = 1.0


@pytest.fixture
def database(fresh: Fresh) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](fresh.settings.mongo.uri.get_secret_value()) as client:
        yield client[fresh.settings.mongo.database]


@pytest.fixture
def elsewhere(fresh: Fresh, tmp_path: Path) -> Settings:
    """The same tables from another home."""
    return fresh.settings.model_copy(update={"home": tmp_path / "elsewhere"})


def held(database: Database[dict[str, Any]], settings: Settings) -> Any:
    return writer.held(database, settings, SIGN_SECONDS, DEAD_SECONDS)


def test_a_second_application_is_refused_and_may_follow(
    database: Database[dict[str, Any]], fresh: Fresh, elsewhere: Settings
) -> None:
    with held(database, fresh.settings) as may_write:
        for _ in range(2):
            with pytest.raises(ServiceError, match="Another streaming application writes these tables") as refused:
                held(database, elsewhere).__enter__()
            assert str(fresh.home) in str(refused.value) and "\n" not in str(refused.value)
        may_write()
    with held(database, elsewhere) as may_write:
        may_write()
        writer.check(database, elsewhere)
        with pytest.raises(ServiceError, match="and not from here"):
            writer.check(database, fresh.settings)


def test_one_that_leaves_no_more_signs_is_followed(
    database: Database[dict[str, Any]], fresh: Fresh, elsewhere: Settings
) -> None:
    dead = {"_id": writer.NAME, "token": "dead", "signs": 7, "released": False, "host": "h", "home": "/h"}
    database[writer.COLLECTION].insert_one(dead)
    with held(database, elsewhere) as may_write:
        may_write()
        # From the same home nobody waits: its lock file has shown that the other is gone.
        with held(database, elsewhere) as next_may_write:
            next_may_write()
            assert _refuses_in_time(may_write)
            next_may_write()


def test_who_cannot_leave_a_sign_writes_no_more(
    database: Database[dict[str, Any]], fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writer.SIGN_SECONDS < writer.SILENT_SECONDS < writer.DEAD_SECONDS
    monkeypatch.setattr(writer, "SILENT_SECONDS", 0.3)
    with held(database, fresh.settings) as may_write:
        may_write()
        database.client.close()
        assert _refuses_in_time(may_write)


def _refuses_in_time(may_write: Any, seconds: float = 20.0) -> bool:
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        try:
            may_write()
        except ServiceError:
            return True
        pause.wait(0.05)
    return False


def test_on_s3_a_repair_by_hand_does_not_run_beside_the_application(
    database: Database[dict[str, Any]], fresh: Fresh
) -> None:
    for path, refused in {"": False, "s3a://bucket/lake": True}.items():
        lake = fresh.settings.lake.model_copy(update={"path": path})
        context = Context(None, fresh.settings.model_copy(update={"lake": lake}))  # type: ignore[arg-type]
        with only_application(context.settings), held(database, context.settings) as may_write:
            with pytest.raises(ServiceError, match="Another streaming") if refused else nullcontext():
                alone(context, database).__enter__()
            may_write()
        with alone(context, database) as allowed:
            allowed.may_write()
