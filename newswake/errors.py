"""The errors that newswake raises on purpose.

    NewswakeError
    ├── SettingsError     a setting is unknown, malformed or contradictory
    ├── SetupError        something that has to be installed is missing or of the wrong version
    ├── ServiceError      a service (broker, database, Spark) is not there or refuses us
    ├── MessageError      a message breaks its contract
    ├── RecordingError    a recording cannot be read, or does not fit what a home holds
    ├── WishError         what a person asks for cannot be done
    └── SourceError       a source of posts or candles did not answer as it should
        ├── SourceRetry   it may answer later; says when to ask again, where the source said so
        └── SourceRefusal it will not answer until a person changes something

Every message is one sentence that names the cause and what to change; `main` functions print it and exit with 2,
so a stack trace always means a defect of ours.
"""

from __future__ import annotations

from datetime import datetime


class NewswakeError(Exception):
    """Base of all errors that are raised on purpose."""


class SettingsError(NewswakeError):
    """Raised when a setting is unknown, malformed or contradicts another one."""


class SetupError(NewswakeError):
    """Raised when something that has to be installed is missing or of the wrong version."""


class ServiceError(NewswakeError):
    """Raised when a broker, a database or Spark is not there or refuses us."""


class MessageError(NewswakeError):
    """Raised when a message breaks its contract."""


class RecordingError(NewswakeError):
    """Raised when a recording cannot be read, or does not fit what a home already holds."""


class WishError(NewswakeError):
    """Raised when what a person asks for, on the page or by hand, cannot be done; says why."""


class SourceError(NewswakeError):
    """Raised when a source of posts or candles did not answer as it should."""


class SourceRetry(SourceError):
    """Raised when a source may answer later.

    `retry_at` is the moment that the source named (Retry-After), or None where it named none.
    """

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class SourceRefusal(SourceError):
    """Raised when asking again is of no use until a person changes something (wrong key, geo-block)."""
