"""What is refused, and how it is said: one shape, a code for programs, a sentence for people."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pymongo.errors import ExecutionTimeout, NetworkTimeout, PyMongoError
from starlette.exceptions import HTTPException

from dashboard.lake import LakeAway
from dashboard.models.error import Code, Error, Problem, Refusal
from newswake.errors import NewswakeError, SettingsError, SourceError
from newswake.mongo import refusal

log = logging.getLogger(__name__)

CODES: dict[int, Code] = {
    400: "bad_request", 403: "forbidden", 404: "not_found", 405: "not_allowed", 409: "conflict", 413: "too_large",
    422: "invalid",
}  # fmt: skip
RETRY_SECONDS = 2


class Refused(Exception):
    """Raised when a request cannot be answered as it stands."""

    def __init__(self, status: int, code: Code, sentence: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.error = Error(code=code, sentence=sentence, problems=list(problems))


class Invalid(Refused):
    """Raised when a parameter or a field does not fit."""

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(422, "invalid", sentence, [Problem(where=where, sentence=sentence)])


class NotThere(Refused):
    """Raised when what was asked for does not exist."""

    def __init__(self, sentence: str) -> None:
        super().__init__(404, "not_found", sentence)


def answer(status: int, error: Error) -> JSONResponse:
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
    return JSONResponse(Refusal(error=error).model_dump(mode="json"), status, headers)


def say(status: int, code: Code, sentence: str) -> JSONResponse:
    return answer(status, Error(code=code, sentence=sentence, problems=[]))


def install(app: FastAPI) -> None:
    """Make every refusal of `app`, and every failure, an answer of that shape."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return answer(error.status, error.error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [
            Problem(where=".".join(str(part) for part in one["loc"][1:]) or "body", sentence=str(one["msg"]))
            for one in error.errors()
        ]
        sentence = "; ".join(f"{problem.where}: {problem.sentence}" for problem in problems[:3])
        return answer(422, Error(code="invalid", sentence=sentence, problems=problems))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        response = say(error.status_code, CODES.get(error.status_code, "bad_request"), str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(ExecutionTimeout)
    @app.exception_handler(NetworkTimeout)
    async def too_long(request: Request, error: PyMongoError) -> JSONResponse:
        return say(504, "took_too_long", "The database took too long; ask for a shorter period")

    @app.exception_handler(PyMongoError)
    async def away(request: Request, error: PyMongoError) -> JSONResponse:
        log.warning("%s was not answered: %s", request.url.path, type(error).__name__)
        return say(503, "database_away", str(refusal(error)))

    @app.exception_handler(LakeAway)
    async def lake(request: Request, error: LakeAway) -> JSONResponse:
        return say(503, "database_away", error.sentence)

    @app.exception_handler(SourceError)
    async def source(request: Request, error: SourceError) -> JSONResponse:
        return say(503, "exchange_away", str(error))

    @app.exception_handler(SettingsError)
    async def settings(request: Request, error: SettingsError) -> JSONResponse:
        return say(409, "conflict", str(error))

    @app.exception_handler(NewswakeError)
    async def ours(request: Request, error: NewswakeError) -> JSONResponse:
        return say(422, "invalid", str(error))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        log.error("%s failed", request.url.path, exc_info=error)
        return say(500, "failed", "The server failed at this; its log says why")
