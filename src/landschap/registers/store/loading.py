# SPDX-License-Identifier: EUPL-1.2
"""Loading an extract in transactions of ten thousand rows; what is there already is passed over.

So a load that was cut off goes on where it stopped when it is started again, and a newer extract
of the same source adds what it says anew.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from itertools import islice

import asyncpg

from landschap.platform.ids import uuid7
from landschap.registers.models import Register
from landschap.registers.sources import Reading
from landschap.registers.store.rows import Pool
from landschap.registers.store.writing import Act, Entry, Written, append, faults_of, lock, write
from landschap.vocabulary.problems import ProblemError, Refusal

# Readers of the newest state wait for no one; other writers wait about a second for this many.
BATCH = 10_000
# A disk without room has a code of its own, a limit on the size of files has words alone.
_NO_ROOM = re.compile("could not extend file|File too large|No space left")


class StoppedError(Exception):
    """A load that the database ended: what was committed stands, nothing of the rest."""


async def load(
    pool: Pool, register: Register, readings: Iterable[Reading], *, batch: int = BATCH
) -> AsyncGenerator[Written, None]:
    """Add readings, a batch per transaction; yields what each batch added.

    Raises ProblemError for a batch that was refused, and StoppedError when the database has no
    room or went away; the batches before it stand.
    """
    for act in _acts(register, readings, batch):
        try:
            done = await write(pool, act)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _stopped(error) from error
        if isinstance(done, Refusal):
            raise ProblemError(done)
        yield done


async def load_whole(
    pool: Pool, register: Register, readings: Iterable[Reading], *, batch: int = BATCH
) -> AsyncGenerator[Written, None]:
    """Add all readings or none, in one transaction; other writers wait until it ends.

    Raises as `load` does; then nothing was added.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            await lock(connection, register)
            for act in _acts(register, readings, batch):
                wrong = faults_of(act)
                if wrong:
                    raise ProblemError(wrong)
                yield await append(connection, act)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise _stopped(error) from error


def _acts(register: Register, readings: Iterable[Reading], batch: int) -> Iterator[Act]:
    following = iter(readings)
    while part := list(islice(following, batch)):
        yield _act(register, part)


def _act(register: Register, readings: Sequence[Reading]) -> Act:
    return Act(
        register=register,
        transaction_id=uuid7(),
        entries=[
            Entry(
                type=reading.type,
                object_id=reading.object_id,
                draft=reading.draft,
                source_digest=reading.digest,
                corrects_digest=reading.corrects_digest,
            )
            for reading in readings
        ],
    )


def _stopped(error: Exception) -> StoppedError:
    """Why, without anything of what should have been written."""
    if isinstance(error, asyncpg.DiskFullError) or _NO_ROOM.search(str(error)):
        return StoppedError("the disk of the database is full")
    away = (
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InterfaceError,
        OSError,
    )
    if isinstance(error, away):
        return StoppedError("the database went away")
    return StoppedError(f"the database refused: {type(error).__name__}")
