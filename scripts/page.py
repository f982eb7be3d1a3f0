"""The live page: its packages, and its build in dashboard/web/dist, once. Standard library only.

The pipeline runs without it: when it cannot be had, the reason is said and kept for those who ask for the page.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from newswake.errors import SetupError
from scripts.checks import check_disk
from scripts.node import Node, ensure_node
from scripts.places import PAGE, ROOT, SETUP_LOG
from scripts.steps import common_cause, digest, is_stamped, run_step, say

NEEDED_BYTES = 300_000_000
RECIPE = "1"  # raise it when this file installs or builds differently
MADE = ("node_modules", "dist", "dist.draft")
LOCKS = ("package.json", "package-lock.json", ".npmrc")
DIST = PAGE / "dist"
BUILD_STAMP = DIST / "newswake.stamp"
PACKAGES_STAMP = PAGE / "node_modules" / "newswake.stamp"
REASON = ROOT / "build" / "page-absent.txt"


def ensure_page() -> None:
    """Install and build what is missing. What goes wrong is said, and kept in `REASON`; nothing is raised."""
    try:
        _ensure()
    except (SetupError, OSError) as error:
        REASON.parent.mkdir(parents=True, exist_ok=True)
        REASON.write_text(f"{error}\n", encoding="utf-8")
        state = "the page stays as it was built before" if (DIST / "index.html").is_file() else "there will be no page"
        say(f"{state}; everything else works. {error}")
    else:
        REASON.unlink(missing_ok=True)


def why_absent() -> str:
    """Empty where the page is built, else one sentence that says why it is not."""
    if (DIST / "index.html").is_file():
        return ""
    return REASON.read_text(encoding="utf-8").strip() if REASON.is_file() else "It is not built: run `make setup`"


def _ensure() -> None:
    wanted = digest(RECIPE, *_sources())
    if is_stamped(BUILD_STAMP, wanted) and (DIST / "index.html").is_file():
        return
    check_disk(PAGE, NEEDED_BYTES, "the page's packages")
    node = ensure_node()
    _ensure_packages(node)
    say("building the page")
    vite = str(PAGE / "node_modules" / "vite" / "bin" / "vite.js")
    draft = PAGE / "dist.draft"
    build = [*node.node, vite, "build", str(PAGE), "--outDir", str(draft), "--emptyOutDir", "--logLevel", "warn"]
    run_step(build, SETUP_LOG, lambda lines: "building the page", _explain_build, node.environ)
    (draft / BUILD_STAMP.name).write_text(wanted, encoding="ascii")
    shutil.rmtree(DIST, ignore_errors=True)
    draft.rename(DIST)


def _ensure_packages(node: Node) -> None:
    wanted = digest(RECIPE, *(PAGE / name for name in LOCKS))
    if is_stamped(PACKAGES_STAMP, wanted):
        return
    total = locked_packages((PAGE / "package-lock.json").read_text(encoding="utf-8"))
    say(f"installing the page's {total} packages from dashboard/web/package-lock.json (log: {SETUP_LOG})")
    patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    command = [*node.npm, "ci", "--prefix", str(PAGE), "--no-audit", "--no-fund", "--loglevel=http", *patience]
    run_step(command, SETUP_LOG, lambda lines: npm_progress(lines, total), explain_npm, node.environ)
    PACKAGES_STAMP.write_text(wanted, encoding="ascii")


def _sources() -> list[str | Path]:
    """Each file that the build depends on, with its name."""
    tops = [path for path in PAGE.iterdir() if path.name not in MADE]
    files = sorted(path for top in tops for path in (top, *top.rglob("*")) if path.is_file())
    return [part for path in files for part in (str(path.relative_to(PAGE)), path)]


def locked_packages(lock: str) -> int:
    """How many packages a package-lock.json has.

    >>> locked_packages('{"packages": {"": {}, "node_modules/a": {}, "node_modules/b": {}}}')
    2
    """
    return len(set(re.findall(r'"(node_modules/[^"]+)": \{', lock)))


def npm_progress(lines: list[str], total: int) -> str:
    """How far npm is. Its own lines name the servers that it asks, and are for the log.

    >>> npm_progress(["npm http fetch GET 200 https://h/a.tgz 9ms (cache miss)"], 5)
    'package 1 of 5'
    """
    return f"package {min(total, sum(line.startswith('npm http ') for line in lines))} of {total}"


def explain_npm(tail: str) -> str:
    """One sentence for an npm that failed, without addresses."""
    unreachable = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
    if "EINTEGRITY" in tail:
        cause = "one is not the one that package-lock.json has the hash of"
    elif any(code in tail for code in unreachable) or "network" in common_cause(tail):
        cause = "the package registry that npm is set up for is not to be reached over the network"
    elif reason := common_cause(tail):
        cause = reason
    else:
        code = re.search(r"npm (?:error|ERR!) code (\w+)", tail)
        cause = f"npm failed ({code.group(1)})" if code else "npm failed"
    return f"The page's packages could not be installed: {cause}; see {SETUP_LOG}, then run the same command again"


def _explain_build(tail: str) -> str:
    return f"The page could not be built: {common_cause(tail) or 'vite failed'}; see {SETUP_LOG}"
