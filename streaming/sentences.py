"""What is said of an error, and the code that a program ends with: 2 when a person has to change something, else 1."""

from __future__ import annotations

import re
from collections.abc import Callable

from py4j.protocol import Py4JError
from pymongo.errors import PyMongoError
from pyspark.errors import PySparkException, StreamingQueryException

from newswake.errors import NewswakeError

EXPECTED = (NewswakeError, PySparkException, Py4JError, PyMongoError)

QUERY = re.compile(r"(?:Query|query) (\w+) \[id = ")


def explain(error: Exception, mask: Callable[[str], str] = str) -> tuple[int, str]:
    """(exit code, one sentence). Secrets in what others say are masked."""
    if isinstance(error, NewswakeError):
        return 2, mask(str(error))
    if isinstance(error, StreamingQueryException):
        return 1, f"a query failed: {mask(_reason(error))}"
    return 1, f"{type(error).__name__}: {mask(_reason(error))}"


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"
