# SPDX-License-Identifier: EUPL-1.2
"""A copy of the log in a file: written from the database, read back for verification."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg

from landschap.logboek import copies, store
from landschap.logboek.anchors import Anchor
from landschap.logboek.copies import InvalidCopy, Title
from landschap.logboek.records import Record
from landschap.logboek.verify import StoredBatch
from landschap.platform.trouble import Trouble

_Kind = TypeVar("_Kind", Anchor, StoredBatch, Record)
_PREFIXES = (b'{"anchor"', b'{"batch"', b'{"record"')


async def write_copy(
    pool: asyncpg.Pool, organisation: str, target: Path, progress: Callable[[int], None]
) -> int:
    """Write the whole log as it is at one moment; gives the number of records.

    The file appears under its name when it is complete. Raises Trouble when it can not be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _unwritable(target, error) from None
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            count = 0
            async for line in _lines(pool, organisation):
                file.write(line + b"\n")
                count += line.startswith(b'{"record"')
                if count % 1000 == 0:
                    progress(count)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)  # noqa: ASYNC240 - a command does one thing
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()  # noqa: ASYNC240 - see above
    progress(count)
    return count


async def _lines(pool: asyncpg.Pool, organisation: str) -> AsyncIterator[bytes]:
    dropped = await store.dropped_months(pool)
    yield copies.title_line(organisation, datetime.now(UTC), dropped)
    async with store.snapshot(pool) as log:
        async for anchor in log.anchors():
            yield copies.anchor_line(anchor)
        async for batch in log.batches():
            yield copies.batch_line(batch)
        async for record in log.records():
            yield copies.record_line(record)


class CopiedLog:
    """A copy as a log that can be verified. Raises Trouble when the file is no copy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = self._title()

    def size(self) -> int:
        """How many records the copy says it holds."""
        return sum(batch.made.size for batch in self._of(StoredBatch, b'{"batch"'))

    async def anchors(self) -> AsyncIterator[Anchor]:
        """Oldest first."""
        for anchor in self._of(Anchor, b'{"anchor"'):
            yield anchor

    async def batches(self) -> AsyncIterator[StoredBatch]:
        """By lane and number."""
        for batch in self._of(StoredBatch, b'{"batch"'):
            yield batch

    async def records(self) -> AsyncIterator[Record]:
        """By lane and identifier."""
        for record in self._of(Record, b'{"record"'):
            yield record

    def _title(self) -> Title:
        try:
            with self.path.open("rb") as file:
                return copies.read_title(file.readline())
        except OSError as error:
            raise Trouble(
                f"{self.path} can not be read: {error.strerror}", "name a file of `log export`"
            ) from None
        except InvalidCopy as error:
            raise Trouble(str(error), "name a file of `landschap log export`") from None

    def _of(self, kind: type[_Kind], prefix: bytes) -> Iterator[_Kind]:
        with self.path.open("rb") as file:
            file.readline()
            for number, line in enumerate(file, start=2):
                if not line.startswith(_PREFIXES):
                    raise Trouble(f"{self.path}, line {number}: no part of a log", "copy it again")
                if not line.startswith(prefix):
                    continue
                try:
                    found = copies.read_line(line)
                except InvalidCopy as error:
                    raise Trouble(
                        f"{self.path}, line {number}: {error}", "copy the log again"
                    ) from None
                if isinstance(found, kind):
                    yield found


def _unwritable(target: Path, error: OSError) -> Trouble:
    return Trouble(f"{target} can not be written: {error.strerror}", "name another file")
