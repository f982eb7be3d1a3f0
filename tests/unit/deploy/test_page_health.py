"""A page that was not built answers, but not as the page: its checks in containers must tell the two apart."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
import yaml
from fastapi import FastAPI

from dashboard import pages
from dashboard.guard import Guard
from scripts.places import ROOT

DEPLOY = ROOT / "deploy"


def compose_says(port: int) -> bool:
    """Run the healthcheck of the compose file, at another port."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    kind, program, *arguments = compose["services"]["page"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    command = [sys.executable, *(argument.replace("8080", str(port)) for argument in arguments)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def kubernetes_says(port: int) -> bool:
    """Ask as the readiness probe does: by the pod's own address, unless it names another host."""
    text = (DEPLOY / "kubernetes" / "newswake.yaml").read_text(encoding="utf-8")
    (page,) = [m for m in yaml.safe_load_all(text) if (m["kind"], m["metadata"]["name"]) == ("Deployment", "page")]
    probe = page["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Host": f"10.1.2.3:{port}"} | {one["name"]: one["value"] for one in probe.get("httpHeaders", [])}
    connection.request("GET", probe["path"], headers=headers)
    status = connection.getresponse().status
    connection.close()
    return 200 <= status < 400


async def _said(built: Path, says: Callable[[int], bool]) -> bool:
    app = FastAPI()
    app.add_middleware(Guard, token="token", names=())
    pages.install(app, built)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        return await asyncio.to_thread(says, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("says", [compose_says, kubernetes_says])
def test_a_page_that_is_not_built_is_not_healthy(tmp_path: Path, says: Callable[[int], bool]) -> None:
    assert not asyncio.run(_said(tmp_path, says))
    (tmp_path / "index.html").write_text("<h1>page</h1>")
    assert asyncio.run(_said(tmp_path, says))
