"""The images: what goes into their build, and that nothing secret can."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

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
        "dashboard/web/dist/index.html", "dashboard/web/dist.draft/index.html", "deploy/kubernetes/secret.yaml",
    ],
)  # fmt: skip
def test_what_may_be_secret_or_is_of_no_use_stays_out(path: str) -> None:
    assert not in_context(path)


def copies(dockerfile: str) -> list[tuple[list[str], str]]:
    """The sources and the destination of each COPY."""
    lines = [line.split()[1:] for line in dockerfile.splitlines() if line.startswith("COPY")]
    parts = [[part for part in line if not part.startswith("--")] for line in lines]
    return [(line[:-1], line[-1]) for line in parts]


def copied() -> list[str]:
    return [source for sources, _ in copies(DOCKERFILE) for source in sources]


def copy(source: Path, target: Path) -> None:
    """A file, or what is in a folder, without what is not sent to the builder."""
    if not in_context(source.relative_to(ROOT).as_posix()):
        return
    if source.is_dir():
        for entry in source.iterdir():
            copy(entry, target / entry.name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


# Every file of the project that the set-up reads, found by its own modules.
READ = """
import json
from scripts import jars, node, packages, page, setup
from scripts.places import ROOT
files = [packages.LOCK_FILE, packages.PROJECT_FILE, jars.IVY_FILE, node.NODE_LOCK_FILE]
files += [page.PAGE / name for name in (*page.LOCKS, *page._sources()) if isinstance(name, str)]
print(json.dumps(sorted({str(file.relative_to(ROOT)) for file in files if file.is_file()})))
"""


def read_by_the_set_up(folder: Path) -> list[str]:
    command = [sys.executable, "-S", "-B", "-c", READ]
    answer = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return [str(name) for name in json.loads(answer.stdout)]


def test_what_the_set_up_reads_is_copied_before_it(tmp_path: Path) -> None:
    for sources, target in copies(DOCKERFILE[: DOCKERFILE.index("scripts.setup")]):
        for source in map(Path, sources):
            into_folder = target.endswith("/") and (ROOT / source).is_file()
            copy(ROOT / source, tmp_path / target / (source.name if into_folder else ""))
    found = read_by_the_set_up(tmp_path)
    assert found == read_by_the_set_up(ROOT)
    assert {"conf/node.lock", "pyproject.toml", "dashboard/web/index.html", "dashboard/web/.npmrc"} <= set(found)


@pytest.mark.parametrize(
    ("set_up", "code"),
    [
        ("mkdir -p dashboard/web/dist && touch dashboard/web/dist/index.html", 0),
        ("true", 1),
        ("mkdir -p dashboard/web/dist && touch dashboard/web/dist/index.html && exit 2", 1),
    ],
)
def test_an_image_without_its_page_is_not_built(tmp_path: Path, set_up: str, code: int) -> None:
    (line,) = [line for line in DOCKERFILE.splitlines() if "scripts.setup" in line]
    fake = tmp_path / "bin" / "python3.11"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nmkdir build && echo the reason >> build/setup.log\n{set_up}\n")
    fake.chmod(0o755)
    environ = {"PATH": f"{fake.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    command = ["sh", "-c", line.removeprefix("RUN ")]
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (result.returncode, "the reason" in result.stdout) == (code, code != 0)
    assert (tmp_path / "build").is_dir() == (code != 0)
    assert (tmp_path / "dashboard/web/dist/index.html").is_file() == ("touch" in set_up)


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
