"""The application on the running services, with the lateness of the small worlds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Fresh

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.integration.pipeline import Pipeline


@pytest.fixture
def pipeline(fresh: Fresh, spark: SparkSession) -> Iterator[Pipeline]:
    from tests.integration.pipeline import Pipeline
    from tests.worlds.live import LATENESS_MINUTES

    streaming = fresh.settings.streaming.model_copy(update={"lateness_minutes": LATENESS_MINUTES})
    pipeline = Pipeline(spark, fresh.settings.model_copy(update={"streaming": streaming}))
    yield pipeline
    pipeline.close()
