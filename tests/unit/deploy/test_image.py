"""The images: what goes into their build, and that nothing secret can."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from scripts.places import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PATTERNS = [
    line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
]


def in_context(path: str) -> bool:
    """Whether a file is sent to the builder: as Docker reads .dockerignore, the last pattern that matches decides.

    >>> in_context("streaming/app.py"), in_context(".git/config")
    (True, False)
    """
    parts = PurePosixPath(path).parts
    folders = [PurePosixPath(*parts[: n + 1]) for n in range(len(parts))]
    sent = True
    for pattern in PATTERNS:
        glob = pattern.removeprefix("!")
        if any(_matches(str(folder), glob) for folder in folders):
            sent = pattern.startswith("!")
    return sent


def _matches(path: str, glob: str) -> bool:
    expression = re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*").replace(r"\[co\]", "[co]")
    return re.fullmatch(expression, path) is not None


@pytest.mark.parametrize(
    "path",
    [
        ".newswake/live/services.env", ".newswake/live/mongo/password", ".env", "deploy/.env", ".git/config",
        ".venv/bin/python", ".jvm/spark/x.jar", "build/setup.log", "conf/live.env", "conf/.env.local",
        "conf/broker.pem", "conf/tls/client.key", "conf/trust.jks", "conf/my-secrets.toml", "tests/conftest.py",
        "producers/__pycache__/x.pyc", "dashboard/web/node_modules/a/b.js", "id_rsa", "notes.txt",
    ],
)  # fmt: skip
def test_what_may_be_secret_or_is_of_no_use_stays_out(path: str) -> None:
    assert not in_context(path)


def copied() -> list[str]:
    sources = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    return [part for line in sources for part in line if not part.startswith("--")]


def test_what_is_copied_is_sent() -> None:
    assert copied() and all(in_context(path) for path in copied())


def test_every_package_of_the_programs_is_copied() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= set(copied()) and {"newswake", "streaming", "producers"} <= packages


def test_bases_have_a_version_and_nobody_is_root() -> None:
    bases = re.findall(r"^FROM (\S+)(?: AS (\w+))?", DOCKERFILE, re.MULTILINE)
    stages = {stage for _, stage in bases}
    assert all(base in stages or re.search(r":\d+\.\d+\.\d+", base) for base, _ in bases)
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == ["newswake"]
    assert DOCKERFILE.index("USER newswake") < DOCKERFILE.index("scripts.setup")


def test_no_secret_is_built_in() -> None:
    assert not re.search(r"^(?:ARG|ENV).*(?:PASSWORD|SECRET|TOKEN|KEY)", DOCKERFILE, re.MULTILINE)
