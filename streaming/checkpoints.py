"""What is known of a checkpoint beside what Spark keeps in it: with which settings it was made, and how far it is.

Spark accepts changed horizons, another lateness, partition count or state store for an old checkpoint without a word,
and gives wrong rows. So the settings that a checkpoint cannot take are stored in it, and compared at every start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from newswake.errors import ServiceError, SettingsError
from streaming.files import Files

FINGERPRINT_FILE = "newswake.json"

Fingerprint = Mapping[str, str | int | list[int]]


class Checkpoint:
    """The checkpoint of one query, at `path`."""

    def __init__(self, files: Files, query: str, path: str) -> None:
        self._files = files
        self.query = query
        self.path = path

    def has_begun(self) -> bool:
        """Whether a batch was ever committed."""
        return bool(self._batches("commits"))

    def verify(self, fingerprint: Fingerprint) -> None:
        """Store the fingerprint of a new checkpoint, compare it with an old one's.

        Raises `SettingsError` naming what changed and what to do, `ServiceError` when the stored one is unreadable.
        """
        stored_at = f"{self.path}/{FINGERPRINT_FILE}"
        if not self._files.exists(stored_at):
            if self.has_begun():
                raise ServiceError(
                    f"The checkpoint of {self.query} at {self.path} was not made by newswake, or lost its "
                    f"{FINGERPRINT_FILE}; restore that file, or move the checkpoint away to begin anew"
                )
            self._files.write_text(stored_at, json.dumps(dict(fingerprint)))
            return
        try:
            stored = json.loads(self._files.read_text(stored_at))
        except ValueError:
            raise ServiceError(f"{stored_at} is damaged: restore it, or move the checkpoint away") from None
        changes = [
            f"{name} is {fingerprint.get(name)}, was {stored.get(name)}"
            for name in sorted({*fingerprint, *stored})
            if fingerprint.get(name) != stored.get(name)
        ]
        if changes:
            raise SettingsError(
                f"The checkpoint of {self.query} at {self.path} cannot take these changes: {'; '.join(changes)}. "
                f"Set them back, or move that folder and the table {self.query} away, which re-computes its rows "
                "from what the topics still hold"
            )

    def id(self) -> str:
        """Spark's own id of this checkpoint; a new checkpoint has a new one. Raises `ServiceError` when unreadable."""
        try:
            return str(json.loads(self._files.read_text(f"{self.path}/metadata"))["id"])
        except (ValueError, KeyError) as error:
            raise ServiceError(f"{self.path}/metadata is damaged: the checkpoint of {self.query} is lost") from error

    def watermark(self) -> datetime | None:
        """The watermark of the newest committed batch: every row up to it has been written. None before the first."""
        committed = self._batches("commits")
        if not committed:
            return None
        lines = self._files.read_text(f"{self.path}/offsets/{max(committed)}").splitlines()
        try:
            watermark_ms = int(json.loads(lines[1])["batchWatermarkMs"])
        except (ValueError, KeyError, IndexError) as error:
            raise ServiceError(f"{self.path}/offsets/{max(committed)} is damaged") from error
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
                found |= self._offsets_in(path, after_lines=1)
        return found

    def _offsets_of(self, batch: int) -> dict[str, dict[str, int]]:
        return self._offsets_in(f"{self.path}/offsets/{batch}", after_lines=2)

    def _offsets_in(self, path: str, after_lines: int) -> dict[str, dict[str, int]]:
        read: dict[str, dict[str, int]] = {}
        try:
            for line in self._files.read_text(path).splitlines()[after_lines:]:
                source = {} if line == "-" else json.loads(line)  # "-": nothing was read of it yet
                read |= {topic: ends for topic, ends in source.items() if isinstance(ends, dict)}
        except (ValueError, AttributeError) as error:
            raise ServiceError(f"{path} is damaged") from error
        return read

    def _batches(self, folder: str) -> list[int]:
        return [int(name) for name in self._files.names(f"{self.path}/{folder}") if name.isdigit()]
