"""The set-up's steps: done once, done again when interrupted or when their inputs change, explained when they fail."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import threading
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from newswake.errors import SetupError
from scripts import jars, packages, setup, steps
from scripts.places import LOCK_FILE, ROOT


def test_standard_library_alone() -> None:
    """What runs before there is a virtual environment must not need it."""
    command = [sys.executable, "-S", "-c", "import scripts.setup, sys; print([m for m in sys.modules if m[0] != '_'])"]
    modules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "pydantic" not in modules and "scripts.jars" in modules


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    text = LOCK_FILE.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text and "--find-links" not in text
    entries = [block for block in text.replace("\\\n", " ").splitlines() if "==" in block and block[0].isalnum()]
    assert entries and all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_has_every_declared_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9_.-]+", text).group().lower().replace("_", "-") for text in declared}  # type: ignore[union-attr]
    locked = {line.split("==")[0].lower() for line in LOCK_FILE.read_text().splitlines() if "==" in line}
    assert names <= locked


def test_an_image_gets_every_package_that_the_programs_import_and_none_of_the_tests_own() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    part = packages.runtime_part(LOCK_FILE.read_text(encoding="utf-8"), project)
    installed = {re.split("==", line)[0] for line in part.splitlines() if "==" in line}
    distributions = packages_distributions()
    for folder in ("newswake", "producers", "streaming", "analysis", "dashboard", "scripts"):
        for name in {name for file in (ROOT / folder).rglob("*.py") for name in imported(file)}:
            found = {one.lower().replace("_", "-") for one in distributions.get(name, ())}
            assert name in sys.stdlib_module_names or (ROOT / name).is_dir() or found & installed, f"{folder}: {name}"
    assert "setuptools" in installed and part.count("--hash=sha256:") > len(installed)
    assert not installed & {"pytest", "moto", "playwright", "mypy", "ruff", "hypothesis", "compose-spec"}


def imported(file: Path) -> set[str]:
    """The top names of what a file imports, those apart that it imports from here."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in names}


def test_a_lock_without_a_declared_package_is_refused() -> None:
    with pytest.raises(SetupError, match=r"has no b, c: make it again with `make lock`"):
        packages.runtime_part("setuptools==1\na==1\n", 'project.dependencies = ["a>=1", "b; x", "C[d]==2"]')


@pytest.mark.parametrize("runtime", [False, True])
def test_pip_is_given_the_wanted_part_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: bool
) -> None:
    given: list[str] = []

    def run_step(command: list[str], *_: object) -> None:
        given.extend(Path(part).read_text(encoding="utf-8") for part in command if part.endswith(".lock"))

    asked = {"a": "newswake (pyproject.toml)", "b": "c", "c": "\n    #   a\n    #   tool", "only": "tool"}
    entries = {name: f"{name}==1\n    # via {by}\n" for name, by in asked.items()} | {"setuptools": "setuptools==3\n"}
    lock = "# a head\n" + "".join(entries.values())
    for name, text in {"requirements.lock": lock, "pyproject.toml": 'project.dependencies = ["a"]'}.items():
        (tmp_path / name).write_text(text)
    site_packages = tmp_path / sysconfig.get_path("purelib", vars={"base": ".venv", "platbase": ".venv"})
    site_packages.mkdir(parents=True)
    for name, value in {
        "LOCK_FILE": tmp_path / "requirements.lock",
        "PROJECT_FILE": tmp_path / "pyproject.toml",
        "SETUP_LOG": tmp_path / "setup.log",
        "VENV": tmp_path / ".venv",
        "STAMP": tmp_path / ".venv" / "stamp",
        "run_step": run_step,
    }.items():
        monkeypatch.setattr(packages, name, value)
    packages.ensure_packages(runtime)
    needed = entries["a"] + entries["b"] + entries["c"] + entries["setuptools"]
    assert given == [entries["setuptools"], needed if runtime else lock]


def test_the_digest_depends_on_every_part(tmp_path: Path) -> None:
    file = tmp_path / "ivy.xml"
    file.write_text("a")
    first = steps.digest("1", file)
    file.write_text("b")
    assert len({first, steps.digest("1", file), steps.digest("2", file), steps.digest("", file)}) == 4


def test_a_failing_step_is_explained_from_its_own_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("No space left on device, said an earlier step\n")
    code = "import sys; print('Temporary failure in name resolution'); sys.exit(1)"
    with pytest.raises(SetupError, match=r"package index .*: it is not to be reached") as caught:
        steps.run_step([sys.executable, "-c", code], log, lambda lines: "", packages.explain_pip)
    assert "\n" not in str(caught.value) and "setup.log" in str(caught.value)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "hash"),
        ("ERROR: Could not find a version that satisfies x", "Could not find a version"),
    ],
)
def test_pip_failures(tail: str, expected: str) -> None:
    assert expected in packages.explain_pip(tail)


def test_ivy_failures_do_not_show_addresses() -> None:
    tail = "Server access error at url https://example.org/x.jar (java.net.UnknownHostException)\n"
    assert "example.org" not in jars.explain_ivy(tail)
    assert "does not answer" in jars.explain_ivy(tail)


def fake_ivy(folder: Path, whole: bool) -> Path:
    """A `java` that writes the jars of conf/ivy.xml where Ivy would, or stops half way."""
    names = jars.declared() if whole else jars.declared()[:2]
    script = folder / "java"
    lines = ["#!/bin/sh", 'for arg; do case "$arg" in */draft/*) draft="${arg%%/draft/*}/draft";; esac; done']
    lines += ['mkdir -p "$draft/spark" "$draft/s3" "$draft/kafka"', 'touch "$draft/s3/x.jar" "$draft/kafka/x.jar"']
    lines += [f'touch "$draft/spark/{name}-{version}.jar"' for name, version in names]
    script.write_text("\n".join([*lines, "" if whole else "exit 1"]))
    script.chmod(0o755)
    return script


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ivy = tmp_path / "venv/lib/python3.11/site-packages/pyspark/jars/ivy-1.jar"
    ivy.parent.mkdir(parents=True)
    ivy.touch()
    for name, value in {
        "JVM": tmp_path / "jvm",
        "STAMP": tmp_path / "jvm" / "stamp",
        "VENV": tmp_path / "venv",
        "SETUP_LOG": tmp_path / "log",
    }.items():
        monkeypatch.setattr(jars, name, value)
    return tmp_path


def test_jars_are_fetched_once(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jars.ensure_jars(str(fake_ivy(places, whole=True)))
    assert {path.name for path in (places / "jvm").iterdir()} == {"spark", "s3", "kafka", "stamp"}
    capsys.readouterr()
    jars.ensure_jars("/no/such/java")
    assert capsys.readouterr().out == ""


def test_an_interrupted_fetch_leaves_what_was_there_and_is_repeated(places: Path) -> None:
    with pytest.raises(SetupError, match="could not be fetched"):
        jars.ensure_jars(str(fake_ivy(places, whole=False)))
    assert not (places / "jvm" / "spark").exists()
    jars.ensure_jars(str(fake_ivy(places, whole=True)))
    assert len(list((places / "jvm" / "spark").glob("*.jar"))) == len(jars.declared())


def test_a_second_set_up_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "SETUP_LOG", tmp_path / "setup.log")
    order: list[str] = []
    said = threading.Event()
    monkeypatch.setattr(setup, "say", lambda text: said.set())

    def second() -> None:
        with setup.alone():
            order.append("second")

    with setup.alone():
        thread = threading.Thread(target=second)
        thread.start()
        assert said.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
