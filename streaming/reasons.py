"""Why the application failed, in one sentence: the query, the root of a long chain of causes, and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming import StreamingQuery

from newswake import disks
from newswake.settings import Settings

# A line of a trace, of the JVM or of Python, that names an error: `Caused by: a.b.C: why`, `: a.b.C: why`, `C: why`.
NAMED = re.compile(r"^(?:Caused by: |: )?(?:[\w$]+\.)*(?P<kind>[\w$]*(?:Exception|Error))(?:: (?P<why>.*))?$")
# These only carry another one: Spark around a callback into Python, and back.
CARRIERS = re.compile(
    r"ForeachBatchUserFuncException|Py4JException|Py4JJavaError|STREAM_FAILED|SparkException: (?:Job aborted|\[TASK_)"
    r"|ExecutionException|UncheckedExecutionException|StreamingQueryException"
)
FULL = "No space left on device"
WORDS = (
    (r"^Mongo(?:Timeout|Socket|NodeIsRecovering|NotPrimary)", "MongoDB does not answer (setting mongo.uri)"),
    (r"^MongoSecurity|Authentication failed", "MongoDB refuses the user and the password (setting mongo.uri)"),
    (r"^Sasl|SslAuthentication", "the broker refuses us (settings of the group kafka)"),
    (
        r"^(?:AWSAccessDenied|AccessDenied|NoAuthWithAWS|NoAwsCredentials|AWSBadRequest)",
        "the store of the lake refuses us (variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
    ),
    (r"^(?:AWSClientIO|AWSApiCallTimeout|UnknownStore)", "the store of the lake does not answer (AWS_ENDPOINT_URL)"),
    (r"^OutOfMemory", "the memory is used up (setting local.driver_memory)"),
    (
        r"^(?:Timeout|Disconnect).*(?:node|topic|partition)",
        "the broker does not answer (setting kafka.bootstrap_servers)",
    ),
)
LONGEST = 300


@contextmanager
def named(query: StreamingQuery) -> Iterator[None]:
    """Remember the query's name with its failure, which itself only has an id."""
    try:
        yield
    except StreamingQueryException as error:
        error.add_note(str(query.name))
        raise


def reason_of(error: Exception, settings: Settings) -> str:
    """One sentence. It may hold secrets that others print: mask it before it is shown."""
    text = f"{error}\n{getattr(error, '_stackTrace', None) or ''}"
    query = f"the query {error.__notes__[0]} failed" if getattr(error, "__notes__", None) else ""
    trouble = full_disk(settings, FULL in text) or in_words(root_cause(text))
    log = f"the lines above it, in {settings.home / 'logs' / 'streaming.log'} under `make run`, say where"
    return f"{query}: {trouble}; {log}" if query else f"{trouble}; {log}"


def full_disk(settings: Settings, said: bool) -> str:
    """The sentence for a disk of ours that is full; empty when none is. `said`: the error says that one is.

    Without that, those of the local services are looked at: of one whose disk is full, we only see that it has gone.
    """
    ours = {
        "the lake": settings.lake_path,
        "the checkpoints": settings.checkpoints_path,
        "Spark's scratch": os.environ.get("SPARK_LOCAL_DIRS", str(settings.home / "spark")),
        "NEWSWAKE_HOME": str(settings.home),
    }
    services = {
        "the local database": str(settings.home / "mongo"),
        "the local broker": str(settings.home / "kafka"),
    }
    found = disks.fullest(ours if said else services)
    if found is None:
        return "No space left on a disk: make room and start again" if said else ""
    where, free = found
    return disks.sentence(where) if said or free < disks.NEARLY_FULL_BYTES else ""


def root_cause(text: str) -> str:
    """The last error that a trace names and that is not a carrier of another, as `Kind: why`.

    >>> root_cause("a.StreamingQueryException: x\\n\\tat b\\nCaused by: java.io.IOException: disk\\n\\tat c")
    'IOException: disk'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [match for line in lines if (match := NAMED.match(line)) and not CARRIERS.search(line)]
    if not found:
        return lines[0] if lines else "no reason given"
    kind, why = found[-1]["kind"], found[-1]["why"]
    return f"{kind}: {why}" if why else kind


def in_words(cause: str) -> str:
    """A root cause, with what it means in front where we know it, shortened."""
    cause = cause if len(cause) <= LONGEST else f"{cause[:LONGEST]}…"
    return next((f"{words}: {cause}" for pattern, words in WORDS if re.search(pattern, cause)), cause)
