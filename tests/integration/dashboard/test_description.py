"""The API against its own description, with values that nobody would think of: it never fails, and keeps its word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pymongo import MongoClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from dashboard.guard import TOKEN_HEADER
from tests.conftest import Services
from tests.integration.dashboard.conftest import Stored, listening_server, settings_of
from tests.integration.dashboard.tables import write

pytestmark = pytest.mark.integration

EXAMPLES = 8


@pytest.fixture(scope="module")
def description(
    services: Services, stored: Stored, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[schemathesis.BaseSchema]:
    """A server of its own, because what is written is written to it."""
    home: Path = tmp_path_factory.mktemp("described")
    own = settings_of(services, home)
    with MongoClient[dict[str, object]](services.mongo_uri, tz_aware=True) as client:
        write(stored.tables, client[own.mongo.database], own)
        with listening_server(own) as (address, context):
            found = httpx.get(f"{address}/api/openapi.json", headers={TOKEN_HEADER: context.token}).json()
            schema = schemathesis.openapi.from_dict(found)
            schema.config.update(base_url=address, headers={TOKEN_HEADER: context.token})
            yield schema
        client.drop_database(own.mongo.database)


def test_whatever_is_asked_is_answered_as_described(description: schemathesis.BaseSchema) -> None:
    asked = 0
    for found in description.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=[not_a_server_error, status_code_conformance, response_schema_conformance])

        answers()
        asked += 1
    assert asked > 20
