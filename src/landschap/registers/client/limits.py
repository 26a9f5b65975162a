# SPDX-License-Identifier: EUPL-1.2
"""How much of a file is read at once, and what is refused because no honest file is like it.

A zip is judged by what it says of itself before anything is unpacked: how large each file in it
will be, all of them together, and how many times larger than what was sent. `zipfile` never gives
more than a file said it would be.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from landschap.registers.sources import RowFault, UnreadableSource

MIB = 1024**2
# An object of a register with its geometry; the largest Dutch municipality is 4 MB as GeoJSON.
MAX_LINE = 16 * MIB
MAX_FAULTS = 100_000
MAX_INNER_BYTES = 2 * 1024**3
MAX_TOTAL_BYTES = 64 * 1024**3
MAX_INNER_FILES = 100_000
# XML of the BAG shrinks 25 times, a CSV of equal rows 60 times; a bomb a thousand times.
MAX_RATIO = 200
_RATIO_FROM = 64 * MIB
_IN_MEMORY = 8 * MIB


class Unpacked:
    """What was unpacked of one delivery so far, over all zips in it."""

    def __init__(self) -> None:
        self.total = 0

    def admit(self, archive: zipfile.ZipFile, inner: str) -> None:
        """Refuse a file of a zip that is too large, by itself or with the others."""
        info = archive.getinfo(inner)
        if info.file_size > MAX_INNER_BYTES:
            raise refused(inner, f"is larger than {MAX_INNER_BYTES // 1024**3} GB when unpacked")
        too_dense = info.file_size > MAX_RATIO * max(info.compress_size, 1)
        if too_dense and info.file_size > _RATIO_FROM:
            raise refused(inner, f"grows more than {MAX_RATIO} times when unpacked")
        if info.flag_bits & 0x1:
            raise refused(inner, "is locked with a password")
        self.total += info.file_size
        if self.total > MAX_TOTAL_BYTES:
            most = MAX_TOTAL_BYTES // 1024**3
            raise refused(inner, f"is over {most} GB with the files before it")


@contextmanager
def opened_zip(name: str, raw: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """A zip to read from. Raises UnreadableSource when it is none, or holds too many files."""
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile:
        raise refused(name, "is no zip that can be read") from None
    with archive:
        if len(archive.infolist()) > MAX_INNER_FILES:
            raise refused(name, f"holds more than {MAX_INNER_FILES} files")
        try:
            yield archive
        except (zipfile.BadZipFile, EOFError) as error:
            raise refused(name, f"is damaged: {error}") from None


@contextmanager
def seekable(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """The same bytes in a place where one can go back and forth; on disk when there are many."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        shutil.copyfileobj(raw, kept, MIB)
        kept.seek(0)
        yield kept


def bounded_lines(name: str, text: io.TextIOBase) -> Iterator[str]:
    """The lines of a text; one without end is refused before it is in memory."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
            raise refused(
                name, f"has a line of more than {MAX_LINE // MIB} million characters", line=number
            )
        yield line


def refused(
    name: str, message: str, *, line: int = 1, remedy: str = "Give another file."
) -> UnreadableSource:
    """A whole file that is not read, and why."""
    fault = RowFault(
        file=name, line=line, column="", message=message, remedy=remedy, rule="bestand"
    )
    return UnreadableSource([fault])
