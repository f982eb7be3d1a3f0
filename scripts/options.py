"""What spark-submit is given beside conf/spark-defaults.conf: on a cluster, and where the lake is on S3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from newswake.errors import SetupError
from newswake.settings import Settings
from scripts.places import CONF, JVM

CLUSTER, KUBERNETES, S3 = (CONF / f"spark-{kind}.conf" for kind in ("cluster", "kubernetes", "s3"))
EXECUTOR_JAVA_OPTIONS = "spark.executor.extraJavaOptions"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


def properties(file: Path) -> dict[str, str]:
    """The settings in a file of Spark's form: a name, blanks, a value; `#` begins a comment."""
    lines = (line.split(None, 1) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    return {line[0]: line[1].strip() for line in lines if len(line) == 2 and not line[0].startswith("#")}


def is_local(master: str) -> bool:
    """Whether everything runs in one JVM."""
    return master.startswith("local")


def is_on_this_machine(master: str) -> bool:
    """Whether the master, and so its workers, are to be reached over 127.0.0.1.

    >>> [is_on_this_machine(m) for m in ("local[2]", "spark://127.0.0.1:7077", "spark://host:7077", "k8s://https://h")]
    [True, True, False, False]
    """
    return is_local(master) or urlsplit(master).hostname in LOOPBACK


def jars(settings: Settings) -> list[Path]:
    """Raises `SetupError` when those that these settings need are not there."""
    found = sorted((JVM / "spark").glob("*.jar"))
    if not found:
        raise SetupError(f"Spark's connectors are not in {JVM / 'spark'}: run `make setup`")
    if not settings.on_s3:
        return found
    s3 = sorted((JVM / "s3").glob("*.jar"))
    if not s3:
        raise SetupError(
            f"lake.path or lake.checkpoints is on S3, whose jars are not in {JVM / 's3'}: run `make setup`"
        )
    return [*found, *s3]


def further(settings: Settings, master: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of Spark that this master and these paths need on top of the defaults."""
    result: dict[str, str] = {}
    if not is_local(master):
        result |= properties(CLUSTER) | (properties(KUBERNETES) if master.startswith("k8s:") else {})
        # An executor runs in a folder of its own, so the file is named in full. Where the project is not installed at
        # the same place on the workers, Spark's own format is used there.
        log = f"-Dlog4j2.configurationFile={(CONF / 'log4j2.properties').as_uri()}"
        result[EXECUTOR_JAVA_OPTIONS] = f"{result.get(EXECUTOR_JAVA_OPTIONS, '')} {log}".strip()
    if settings.on_s3:
        result |= properties(S3)
        # Stores other than Amazon's own have no name per bucket.
        result |= {"spark.hadoop.fs.s3a.path.style.access": "true"} if environ.get("AWS_ENDPOINT_URL") else {}
    return result


def advice(settings: Settings, master: str) -> str:
    """A sentence for a lake that the workers of a cluster may not see; else empty."""
    paths = {"lake.path": settings.lake_path, "lake.checkpoints": settings.checkpoints_path}
    folders = [f"{name} ({path})" for name, path in paths.items() if path.startswith(("/", "file:"))]
    if not folders or is_on_this_machine(master):
        return ""
    return (
        f"{' and '.join(folders)} is a folder of this machine: every worker of {master} must see the same one there, "
        "or set it to an s3a:// or hdfs:// address"
    )
