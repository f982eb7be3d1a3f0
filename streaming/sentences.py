"""What is said of an error, and the code that a program ends with: 2 when a person has to change something, else 1."""

from __future__ import annotations

import re
from collections.abc import Callable

from delta.exceptions import DeltaConcurrentModificationException
from py4j.protocol import Py4JError
from pymongo.errors import PyMongoError
from pyspark.errors import PySparkException, StreamingQueryException

from newswake import disks
from newswake.errors import NewswakeError
from newswake.settings import Settings
from streaming.reasons import full_disk, reason_of
from streaming.stalled import StalledError

EXPECTED = (NewswakeError, StalledError, PySparkException, Py4JError, PyMongoError, OSError)

# What Spark says of state that cannot be read, however often one tries: gone, cut off, or of another version of Spark.
# A file system or a memory that fails for a while says other things.
DAMAGED_STATE = re.compile(
    r"\[(CANNOT_LOAD_STATE_STORE\.(?:CANNOT_READ|CANNOT_FIND|INVALID|UNEXPECTED|AUTO_SNAPSHOT|KEY_ROW|VALUE_ROW)\w*"
    r"|STATE_STORE_\w+(?:NOT_COMPATIBLE|INCOMPATIBLE|VALIDATION_FAILURE|VERIFICATION_FAILED|AFTER_RESTART))\]"
)


def explain(error: Exception, settings: Settings | None, mask: Callable[[str], str] = str) -> tuple[int, str]:
    """(exit code, one sentence). Secrets in what others say are masked.

    `settings` are None as long as they could not be read. Raises an `OSError` again that is not about a full disk:
    that is a defect of ours.
    """
    if isinstance(error, NewswakeError) or settings is None:
        return 2, mask(str(error))
    if isinstance(error, OSError):
        if not disks.is_full(error):
            raise error
        return 1, full_disk(settings, said=True)
    if isinstance(error, StreamingQueryException) and (damage := DAMAGED_STATE.search(str(error))):
        return 2, (
            f"The state of post_prices in its checkpoint is damaged ({damage[1]}): restore the checkpoint from a "
            "copy, or `make rebuild QUERY=post_prices` makes a new one and keeps every row"
        )
    if isinstance(error, StalledError):
        return 1, str(error)
    if isinstance(error, DeltaConcurrentModificationException):
        return 1, "another program changed the same table meanwhile; nothing is lost or doubled, run this again"
    return 1, mask(reason_of(error, settings))
