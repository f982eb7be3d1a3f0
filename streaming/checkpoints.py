"""What is known of a checkpoint beside what Spark keeps in it: with which settings it was made, and how far it is.

Spark accepts changed horizons, another lateness, partition count or state store for an old checkpoint without a word,
and gives wrong rows. So the settings that a checkpoint cannot take are stored in it, and compared at every start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Never

from newswake.errors import ServiceError, SettingsError
from streaming.files import Files

FINGERPRINT_FILE = "newswake.json"
LOG_VERSION = "v1"  # the first line of Spark's files in offsets/ and commits/

Fingerprint = Mapping[str, str | int | list[int]]


class Checkpoint:
    """The checkpoint of one query, at `path`. Whatever reads a file of it raises `ServiceError` for a damaged one."""

    def __init__(self, files: Files, query: str, path: str) -> None:
        self._files = files
        self.query = query
        self.path = path

    @property
    def cure(self) -> str:
        return f"`make rebuild QUERY={self.query}` makes a new one and keeps every row"

    def has_begun(self) -> bool:
        """Whether a batch was ever committed."""
        return bool(self._batches("commits"))

    def newest_planned(self) -> int:
        """The number of the newest batch that was planned, and so may have been begun; -1 for a new checkpoint."""
        return max(self._batches("offsets"), default=-1)

    def check(self) -> None:
        """Read what Spark will read at a start. Raises `ServiceError` for a file that is empty, cut off or gone."""
        planned, committed = self._batches("offsets"), self._batches("commits")
        if not planned and not committed:
            return
        self.id()
        newest = max(planned, default=-1)
        if max(committed, default=-1) not in (newest, newest - 1):
            self._refuse(f"{self.path}/commits does not go with {self.path}/offsets")
        for number in (newest, newest - 1):
            if number >= 0:
                self._entry("offsets", number)
        if committed:
            self._entry("commits", max(committed))

    def verify(self, fingerprint: Fingerprint) -> None:
        """Store the fingerprint of a new checkpoint, compare it with an old one's.

        Raises `SettingsError` naming what changed and what to do, `ServiceError` when the stored one is unreadable or
        of another version of newswake.
        """
        stored_at = f"{self.path}/{FINGERPRINT_FILE}"
        if not self._files.exists(stored_at):
            if self.has_begun():
                raise ServiceError(
                    f"The checkpoint of {self.query} at {self.path} was not made by newswake, or lost its "
                    f"{FINGERPRINT_FILE}; restore that file, or {self.cure}"
                )
            self._files.write_text(stored_at, json.dumps(dict(fingerprint)))
            return
        stored = self._object(stored_at)
        if stored.get("form") != fingerprint.get("form"):
            raise ServiceError(
                f"The checkpoint of {self.query} at {self.path} was made by another version of newswake (its form is "
                f"{stored.get('form')}, this one makes {fingerprint.get('form')}): start that version, or {self.cure}"
            )
        changes = [
            f"{name} is {fingerprint.get(name)}, was {stored.get(name)}"
            for name in sorted({*fingerprint, *stored})
            if fingerprint.get(name) != stored.get(name)
        ]
        if changes:
            raise SettingsError(
                f"The checkpoint of {self.query} at {self.path} cannot take these changes: {'; '.join(changes)}. "
                f"Set them back, or {self.cure}"
            )

    def id(self) -> str:
        """Spark's own id of this checkpoint; a new checkpoint has a new one."""
        path = f"{self.path}/metadata"
        return str(self._object(path).get("id") or self._refuse(f"{path} has no id"))

    def watermark(self) -> datetime | None:
        """The watermark of the newest committed batch: every row up to it has been written. None before the first."""
        committed = self._batches("commits")
        if not committed:
            return None
        try:
            watermark_ms = int(json.loads(self._entry("offsets", max(committed))[0])["batchWatermarkMs"])
        except (ValueError, KeyError, TypeError):
            self._refuse(f"{self.path}/offsets/{max(committed)} has no watermark")
        return datetime.fromtimestamp(watermark_ms / 1000, UTC) if watermark_ms else None

    def offsets(self) -> dict[str, dict[str, int]]:
        """Per topic and partition, the offset up to which batches were planned; empty before the first."""
        planned = self._batches("offsets")
        return self._offsets_of(max(planned)) if planned else {}

    def committed_offsets(self) -> dict[str, dict[str, int]]:
        """Where the next batch, or the replay of one that was only planned, reads on; empty for a new checkpoint."""
        committed = self._batches("commits")
        if committed:
            return self._offsets_of(max(committed))
        begun = [f"{self.path}/sources/{name}/0" for name in self._files.names(f"{self.path}/sources")]
        found: dict[str, dict[str, int]] = {}
        for path in begun:
            if self._files.exists(path):
                found |= _topics_in(self._parsed(path, line) for line in self._read(path).splitlines()[1:])
        return found

    def _offsets_of(self, batch: int) -> dict[str, dict[str, int]]:
        lines = self._entry("offsets", batch)[1:]
        return _topics_in(json.loads(line) for line in lines if line != "-")  # "-": nothing was read of it yet

    def committed_before_ms(self) -> int | None:
        """When the batch before the newest committed one was committed, in epoch milliseconds; None: there is none."""
        committed = sorted(self._batches("commits"))
        return self._files.modified_ms(f"{self.path}/commits/{committed[-2]}") if len(committed) > 1 else None

    def move_aside(self, now: datetime) -> str | None:
        """Give the folder another name, which is returned; None when there is none."""
        if not self._files.exists(self.path):
            return None
        aside = f"{self.path}.{now:%Y%m%dT%H%M%S}"
        self._files.rename(self.path, aside)
        return aside

    def _batches(self, folder: str) -> list[int]:
        return [int(name) for name in self._files.names(f"{self.path}/{folder}") if name.isdigit()]

    def _entry(self, folder: str, batch: int) -> list[str]:
        """The lines of a file of Spark's logs, after the version: JSON objects, or "-" where there is nothing."""
        path = f"{self.path}/{folder}/{batch}"
        version, *lines = self._read(path).splitlines() or [""]
        if version != LOG_VERSION:
            self._refuse(f"{path} is of another version of Spark ({version[:20]!r})" if version else f"{path} is empty")
        if not lines:
            self._refuse(f"{path} is cut off")
        for line in lines:
            if line != "-":
                self._parsed(path, line)
        return lines

    def _object(self, path: str) -> dict[str, Any]:
        return self._parsed(path, self._read(path))

    def _read(self, path: str) -> str:
        try:
            return self._files.read_text(path)
        except OSError as error:
            self._refuse(f"{path} cannot be read ({error})")

    def _parsed(self, path: str, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self._refuse(f"{path} is cut off" if text.strip() else f"{path} is empty")
        return found

    def _refuse(self, what: str) -> Never:
        raise ServiceError(
            f"The checkpoint of {self.query} is damaged: {what}. Restore that folder from a copy, or {self.cure}"
        )


def _topics_in(sources: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Of the positions of a query's sources, those of topics: per topic and partition, an offset."""
    read: dict[str, dict[str, int]] = {}
    for source in sources:
        read |= {topic: ends for topic, ends in source.items() if isinstance(ends, dict)}
    return read
