"""The description of the API, with the messages of the WebSocket, which OpenAPI has no place for, among its schemas."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from dashboard.models import live

MESSAGES: dict[str, Any] = {"LiveMessage": live.Message, "LiveRequest": live.Request}


def install(app: FastAPI) -> None:
    """Add the schemas `LiveMessage` and `LiveRequest`; they are what goes over the WebSocket /api/live."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = found["components"]["schemas"]
    for name, kind in MESSAGES.items():
        schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        for part, definition in schema.pop("$defs", {}).items():
            schemas.setdefault(part, definition)
        schemas[name] = schema
    return found
