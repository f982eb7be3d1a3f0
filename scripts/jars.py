"""The JVM dependencies of conf/ivy.xml, fetched once with the Ivy that ships inside pyspark. Standard library only."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from newswake.errors import SetupError
from scripts.checks import check_disk
from scripts.places import CONF, JVM, SETUP_LOG, VENV
from scripts.steps import common_cause, digest, is_stamped, run_step, say

NEEDED_BYTES = 500_000_000
RECIPE = "1"  # raise it when this file fetches differently
KINDS = ("spark", "s3", "kafka")
IVY_FILE = CONF / "ivy.xml"
STAMP = JVM / "newswake.stamp"


def ensure_jars(java: str) -> None:
    """Fetch the jars into a folder of `.jvm` for each of `KINDS`, unless they are there.

    They arrive in a draft that is renamed when it is whole. Raises `SetupError` with one sentence when that fails.
    """
    wanted = digest(RECIPE, IVY_FILE)
    if is_stamped(STAMP, wanted) and all(any((JVM / kind).glob("*.jar")) for kind in KINDS):
        return
    check_disk(JVM, NEEDED_BYTES, "the JVM dependencies")
    draft, cache = JVM / "draft", JVM / "ivy-cache"
    shutil.rmtree(draft, ignore_errors=True)
    JVM.mkdir(exist_ok=True)
    say(f"fetching the JVM dependencies of conf/ivy.xml into {JVM.name} (a minute or two; log: {SETUP_LOG})")
    run_step(command(java, draft, cache), SETUP_LOG, ivy_progress, explain_ivy)
    missing = [f"{name}-{version}" for name, version in declared() if not any(draft.glob(f"*/{name}-{version}.jar"))]
    if missing:
        raise SetupError(f"Ivy did not fetch {', '.join(missing)} (conf/ivy.xml); see {SETUP_LOG}")
    STAMP.unlink(missing_ok=True)
    for kind in KINDS:
        _remove(JVM / kind)
        (draft / kind).rename(JVM / kind)
    STAMP.write_text(wanted, encoding="ascii")
    for leftover in (draft, cache):
        shutil.rmtree(leftover, ignore_errors=True)
    counts = {kind: len(list((JVM / kind).glob("*.jar"))) for kind in KINDS}
    say(
        f"the JVM dependencies are there: {counts['spark']} jars for Spark, {counts['s3']} for a lake on S3, "
        f"{counts['kafka']} for the broker"
    )


def command(java: str, draft: Path, cache: Path) -> list[str]:
    """Ivy's command line. Its cache is ours, so that what `~/.ivy2` or `~/.m2` hold, or lack, has no part in it."""
    ivy = sorted(VENV.glob("lib/python*/site-packages/pyspark/jars/ivy-*.jar"))
    if not ivy:
        raise SetupError("pyspark in .venv has no Ivy: remove .venv and run `make setup`")
    return [
        *(java, f"-Divy.default.ivy.user.dir={cache / 'user'}", "-jar", str(ivy[-1])),
        *("-cache", str(cache), "-ivy", str(IVY_FILE), "-confs", *KINDS),
        *("-retrieve", f"{draft}/[conf]/[artifact]-[revision](-[classifier]).[ext]"),
        *("-types", "jar", "bundle"),  # OSGi bundles are jars as well; the broker needs some
    ]


def declared() -> list[tuple[str, str]]:
    """(name, version) of each dependency that conf/ivy.xml lists."""
    return re.findall(r'<dependency [^>]*name="([^"]+)" rev="([^"]+)"', IVY_FILE.read_text(encoding="utf-8"))


def ivy_progress(lines: list[str]) -> str:
    """How far Ivy is. Its own lines name the servers that it asks, and are for the log.

    >>> ivy_progress(["\\tfound a#b;1 in public", "\\t[SUCCESSFUL ] a#b;1!b.jar (20ms)"])
    '1 found, 1 downloaded'
    """
    found = sum(line.startswith("\tfound ") for line in lines)
    fetched = sum("[SUCCESSFUL ]" in line for line in lines)
    return f"{found} found, {fetched} downloaded"


def explain_ivy(tail: str) -> str:
    """One sentence for an Ivy that failed."""
    reason = common_cause(tail)
    if "network" in reason or "unresolved" in tail.lower():
        reason = "the repository of JVM packages does not answer or lacks one of them"
    return (
        f"The JVM dependencies could not be fetched: {reason or 'Ivy failed'}; "
        f"see {SETUP_LOG}, then run the same command again"
    )


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)
