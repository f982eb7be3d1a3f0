"""What is said of an error, and the code that a program ends with: 2 when a person has to change something, else 1."""

from __future__ import annotations

import re
from collections.abc import Callable

from delta.exceptions import DeltaConcurrentModificationException
from py4j.protocol import Py4JError
from pymongo.errors import PyMongoError
from pyspark.errors import PySparkException, StreamingQueryException

from newswake.errors import NewswakeError

EXPECTED = (NewswakeError, PySparkException, Py4JError, PyMongoError)

# What Spark says of state that cannot be read, however often one tries: gone, cut off, or of another version of Spark.
# A file system or a memory that fails for a while says other things.
DAMAGED_STATE = re.compile(
    r"\[(CANNOT_LOAD_STATE_STORE\.(?:CANNOT_READ|CANNOT_FIND|INVALID|UNEXPECTED|AUTO_SNAPSHOT|KEY_ROW|VALUE_ROW)\w*"
    r"|STATE_STORE_\w+(?:NOT_COMPATIBLE|INCOMPATIBLE|VALIDATION_FAILURE|VERIFICATION_FAILED|AFTER_RESTART))\]"
)


def explain(error: Exception, mask: Callable[[str], str] = str) -> tuple[int, str]:
    """(exit code, one sentence). Secrets in what others say are masked."""
    if isinstance(error, NewswakeError):
        return 2, mask(str(error))
    if isinstance(error, StreamingQueryException):
        if damage := DAMAGED_STATE.search(str(error)):
            return 2, (
                f"The state of post_prices in its checkpoint is damaged ({damage[1]}): restore the checkpoint from a "
                "copy, or `make rebuild QUERY=post_prices` makes a new one and keeps every row"
            )
        return 1, f"a query failed: {mask(_reason(error))}"
    if isinstance(error, DeltaConcurrentModificationException):
        return 1, "another program changed the same table meanwhile; nothing is lost or doubled, run this again"
    return 1, f"{type(error).__name__}: {mask(_reason(error))}"


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"
