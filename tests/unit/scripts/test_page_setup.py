"""The set-up of the page: once, again when its sources change, and never in the way of the pipeline."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from newswake.errors import SetupError
from scripts import node, page
from scripts.node import Node
from scripts.places import NODE_LOCK_FILE, PAGE, ROOT


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with one source file, and a `node` and an `npm` that note their calls in `calls`."""
    web = tmp_path / "web"
    web.mkdir()
    for name in page.LOCKS:
        (web / name).write_text("{}")
    (web / "index.html").write_text("<h1>page</h1>")
    script = '#!/bin/sh\nhere="$(dirname "$0")"\necho "$(basename "$0")" >> "$here/calls"\n'
    npm = f'{script}[ -e "$here/offline" ] && echo "npm error code ENOTFOUND" && exit 1\nmkdir -p "$3/node_modules"\n'
    build = f'{script}[ -e "$here/broken" ] && exit 1\nmkdir -p "$5" && cp "$here/web/index.html" "$5"\n'
    for name, text in {"npm": npm, "node": build}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name, value in {
        "PAGE": web,
        "DIST": web / "dist",
        "BUILD_STAMP": web / "dist" / "stamp",
        "PACKAGES_STAMP": web / "node_modules" / "stamp",
        "REASON": tmp_path / "build" / "reason",
        "SETUP_LOG": tmp_path / "log",
    }.items():
        monkeypatch.setattr(page, name, value)
    monkeypatch.setattr(page, "ensure_node", lambda: Node((str(tmp_path / "node"),), (str(tmp_path / "npm"),)))
    return tmp_path


def calls(places: Path) -> list[str]:
    """Which programs were called since the last look."""
    file = places / "calls"
    names = [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return names


def test_the_page_is_built_once(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page.ensure_page()
    assert calls(places) == ["npm", "node"]
    assert (places / "web/dist/index.html").read_text() == "<h1>page</h1>"
    capsys.readouterr()
    page.ensure_page()
    assert calls(places) == [] and capsys.readouterr().out == ""


def test_a_changed_source_is_built_and_a_changed_lock_installed(places: Path) -> None:
    page.ensure_page()
    calls(places)
    (places / "web/index.html").write_text("<h1>new</h1>")
    page.ensure_page()
    assert calls(places) == ["node"]
    assert (places / "web/dist/index.html").read_text() == "<h1>new</h1>"
    (places / "web/package-lock.json").write_text('{"packages": {}}')
    page.ensure_page()
    assert calls(places) == ["npm", "node"]


def test_without_network_the_pipeline_goes_on_and_the_reason_is_kept(
    places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (places / "offline").touch()
    page.ensure_page()
    said = capsys.readouterr().out.splitlines()
    assert "there will be no page" in said[-1] and "not to be reached" in said[-1]
    assert "not to be reached" in page.why_absent()
    (places / "offline").unlink()
    page.ensure_page()
    assert (places / "web/dist/index.html").is_file() and page.why_absent() == ""


def test_a_failing_build_leaves_the_page_of_before(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page.ensure_page()
    (places / "web/index.html").write_text("<h1>new</h1>")
    (places / "broken").touch()
    page.ensure_page()
    assert "stays as it was built before" in capsys.readouterr().out
    assert (places / "web/dist/index.html").read_text() == "<h1>page</h1>"


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("npm error code EINTEGRITY", "hash"),
        (
            "npm error network request to https://example.org/x failed, reason: getaddrinfo EAI_AGAIN",
            "not to be reached",
        ),
        ("npm error code ENOSPC\nno space left on device", "disk is full"),
        ("npm error code EUSAGE", "EUSAGE"),
    ],
)
def test_npm_failures_are_one_sentence_without_addresses(tail: str, expected: str) -> None:
    sentence = page.explain_npm(tail)
    assert expected in sentence and "\n" not in sentence and "example.org" not in sentence


def test_the_lock_of_the_page_names_no_address_and_hashes_everything() -> None:
    text = (PAGE / "package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(text)["packages"]
    assert not any("resolved" in entry for entry in lock.values())
    assert all("integrity" in entry for name, entry in lock.items() if name)
    assert page.locked_packages(text) == len(lock) - 1


def test_what_is_installed_or_built_is_not_committed() -> None:
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("this is no git repository")
    tracked = subprocess.run([git, "ls-files", "dashboard/web"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not [line for line in tracked.stdout.splitlines() if line.split("/")[2] in page.MADE]


def fake_node(folder: Path, version: str) -> dict[str, str]:
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_the_machines_node_is_used_when_it_is_new_enough(tmp_path: Path) -> None:
    found = node.of_the_machine(fake_node(tmp_path, "v20.1.0"))
    assert found == Node((str(tmp_path / "node"),), (str(tmp_path / "npm"),))
    assert node.of_the_machine(fake_node(tmp_path, "v18.20.0")) is None
    (tmp_path / "npm").unlink()
    assert node.of_the_machine({"PATH": str(tmp_path)}) is None


def test_a_node_that_cannot_be_had_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Temporary failure in name resolution'\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(node.packages, "PYTHON", python)
    monkeypatch.setattr(node, "NODE", tmp_path / ".node")
    monkeypatch.setattr(node, "STAMP", tmp_path / ".node" / "stamp")
    monkeypatch.setattr(node, "SETUP_LOG", tmp_path / "log")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(SetupError, match=r"no Node 20 or newer on the PATH, .* not to be reached") as caught:
        node.ensure_node()
    assert "\n" not in str(caught.value) and not (tmp_path / ".node").exists()


def test_the_lock_of_node_names_no_index() -> None:
    text = NODE_LOCK_FILE.read_text(encoding="utf-8")
    assert "://" not in text and "--hash=sha256:" in text
