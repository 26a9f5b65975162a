# SPDX-License-Identifier: EUPL-1.2
"""Loading an extract in transactions of ten thousand rows; what is there already is passed over.

So a load that was cut off goes on where it stopped when it is started again, and a newer extract
of the same source adds what it says anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from landschap.platform.ids import uuid7
from landschap.registers.models import Register
from landschap.registers.sources import Reading
from landschap.registers.store.rows import Pool
from landschap.registers.store.writing import Act, Entry, Written, write
from landschap.vocabulary.problems import ProblemError, Refusal

# Readers of the newest state wait for no one; other writers wait about a second for this many.
BATCH = 10_000


async def load(
    pool: Pool, register: Register, readings: Sequence[Reading], *, batch: int = BATCH
) -> AsyncGenerator[Written, None]:
    """Add readings, a batch per transaction; yields what each batch added.

    Raises ProblemError for a batch that was refused; the batches before it stand.
    """
    for start in range(0, len(readings), batch):
        done = await write(
            pool,
            Act(
                register=register,
                transaction_id=uuid7(),
                entries=[_entry(reading) for reading in readings[start : start + batch]],
            ),
        )
        if isinstance(done, Refusal):
            raise ProblemError(done)
        yield done


def _entry(reading: Reading) -> Entry:
    return Entry(
        type=reading.type,
        object_id=reading.object_id,
        draft=reading.draft,
        source_digest=reading.digest,
        corrects_digest=reading.corrects_digest,
    )
