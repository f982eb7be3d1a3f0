"""The built front end as files: hashed names are kept by browsers for ever, the rest is asked for each time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT: Final = Path(__file__).parent / "web" / "dist"
NOT_BUILT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>newswake</title>
<h1>The page is not built</h1>
<p>Run <code>make setup</code>, then load this again.</p>
<p>The API works: <a href="/api/openapi.json">its description</a>.</p>
</html>"""


class _KeptFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI, built: Path = BUILT) -> None:
    """Serve the page at every path that is no file and does not begin with /api."""
    app.mount("/assets", _KeptFiles(directory=built / "assets", check_dir=False), name="assets")

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        return _page(built / "docs.html")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.split("/")[0] == "api":
            raise HTTPException(404, "There is no such path")
        if "." not in path:
            return _page(built / "index.html")
        # One folder deep only, by comparing names: nothing that a path says leads out of it.
        files = {file.name: file for file in built.iterdir() if file.is_file()} if built.is_dir() else {}
        if path not in files:
            raise HTTPException(404, "There is no such file")
        return FileResponse(files[path], headers={"Cache-Control": "no-cache"})


def _page(file: Path) -> Response:
    if not file.is_file():
        return HTMLResponse(NOT_BUILT, 503)
    return FileResponse(file, media_type="text/html", headers={"Cache-Control": "no-cache"})
