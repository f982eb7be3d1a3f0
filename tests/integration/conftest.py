"""The application on the running services, with the lateness of the small worlds: in this process, or as its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Fresh

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.integration.application import Application, Submit
    from tests.integration.pipeline import Pipeline


@pytest.fixture
def pipeline(fresh: Fresh, spark: SparkSession) -> Iterator[Pipeline]:
    from tests.integration.pipeline import Pipeline
    from tests.worlds.live import LATENESS_MINUTES

    streaming = fresh.settings.streaming.model_copy(update={"lateness_minutes": LATENESS_MINUTES})
    pipeline = Pipeline(spark, fresh.settings.model_copy(update={"streaming": streaming}))
    yield pipeline
    pipeline.close()


@pytest.fixture
def submit(fresh: Fresh, tmp_path: Path) -> Iterator[Submit]:
    """Start the application on the names of this test; what still runs at the end is killed."""
    from tests.integration.application import submitter

    started: list[Application] = []
    yield submitter(fresh, tmp_path, started)
    for application in started:
        if application.process.poll() is None:
            application.kill()


@pytest.fixture
def written(fresh: Fresh) -> Iterator[Pipeline]:
    """What the application wrote; nothing is run in this process."""
    from tests.integration.pipeline import Pipeline

    pipeline = Pipeline(None, fresh.settings)
    yield pipeline
    pipeline.close()
