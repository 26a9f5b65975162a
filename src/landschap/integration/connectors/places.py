# SPDX-License-Identifier: EUPL-1.2
"""Where the file of a source stands: on our disk, or in a store that speaks S3.

Either way it is read as a whole, from a path, in one state: what changed while it was read is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from landschap.integration.connectors.file_rows import UnreadableFile
from landschap.vocabulary.times import as_utc_text

LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By what a file is known to be another one: its size, when it was written, and the entity tag
    that a store gives it.
    """

    size: int
    written_ns: int
    tag: str = ""

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file now. Raises OSError."""
        told = path.stat()
        return cls(size=told.st_size, written_ns=told.st_mtime_ns)

    @property
    def written(self) -> str:
        """When the file was written, as a moment in UTC."""
        return as_utc_text(datetime.fromtimestamp(self.written_ns / 1e9, UTC))


class Place(Protocol):
    """A file that is read from a path, wherever it stands. Its methods block: ask in a thread."""

    @property
    def identity(self) -> str:
        """What tells it from every other file."""
        ...

    @property
    def stem(self) -> str:
        """The first part of its name, for names of what is made of it."""
        ...

    @property
    def look_again_seconds(self) -> float:
        """How often it is looked whether it changed."""
        ...

    def stamp(self) -> Stamp:
        """Its state now. Raises UnreadableFile."""
        ...

    def opened(self, stamp: Stamp, folder: Path) -> AbstractContextManager[Path]:
        """The file in this state, for as long as it is read; copies are kept in ``folder``.

        Raises UnreadableFile, at the end too: when it changed while it was read.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on our own disk."""

    path: Path

    @property
    def look_again_seconds(self) -> float:
        """Looking at our own disk costs nothing."""
        return LOOK_AGAIN_SECONDS

    @property
    def identity(self) -> str:
        """Its whole path."""
        return str(self.path.resolve())

    @property
    def stem(self) -> str:
        """Its name without the suffix."""
        return self.path.stem

    def stamp(self) -> Stamp:
        """Its state now. Raises UnreadableFile."""
        try:
            return Stamp.of(self.path)
        except OSError as error:
            raise UnreadableFile(f"{self.path}: can not be read: {error.strerror}") from None

    @contextmanager
    def opened(self, stamp: Stamp, folder: Path) -> Iterator[Path]:
        """The file itself. Raises UnreadableFile when it is another one at the end."""
        del folder  # it is read where it stands
        yield self.path
        if self.stamp() != stamp:
            message = "was written to while it was read; it is read again"
            raise UnreadableFile(f"{self.path.name}: {message}")
