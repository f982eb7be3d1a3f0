"""Whether what is shown can be trusted."""

from __future__ import annotations

from fastapi import APIRouter

from dashboard.context import Here
from dashboard.models.health import Health
from dashboard.reads import health as reads

router = APIRouter(tags=["health"])


@router.get("/api/health")
async def health(context: Here) -> Health:
    """Ages, queries, sources, and what the monitor's rules say."""
    return await reads.health(context)
