"""What every answer needs: settings, database, lake, and what is held between requests."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from dashboard.database import Tables
from dashboard.lake import LakeTables
from newswake.settings import Settings

if TYPE_CHECKING:
    from pymongo.database import Database

    from dashboard.database import Document
    from dashboard.forming import OpenMinutes
    from dashboard.heavy import Heavy
    from dashboard.held import Held
    from dashboard.live.hub import Hub
    from dashboard.models.wakes import Wakes
    from dashboard.reads.usual import UsualMoves


@dataclass(frozen=True)
class Context:
    """One server's. `token` is what writers must show, another one at each start; `started` names the start.

    `database` is for what blocks and runs in a thread; `tables` for everything else.
    """

    settings: Settings
    tables: Tables
    database: Database[Document]
    lake: LakeTables
    open_minutes: OpenMinutes
    usual: UsualMoves
    heavy: Heavy
    wakes: Held[Wakes]
    hub: Hub
    token: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))
    started: str = field(default_factory=lambda: secrets.token_hex(8))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def of(connection: HTTPConnection) -> Context:
    context = connection.app.state.context
    assert isinstance(context, Context)
    return context


Here = Annotated[Context, Depends(of)]
