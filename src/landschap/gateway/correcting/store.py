# SPDX-License-Identifier: EUPL-1.2
"""What the register and the log hold of one field, to find who received a value that was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from landschap.gateway.correcting.receivers import Corrected
from landschap.logboek.records import Record
from landschap.logboek.store import uses_of
from landschap.registers import store
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.notices import Notice
from landschap.registers.store.duties import Duty
from landschap.registers.store.subjects import has_others_about, subjects_of
from landschap.registers.subscriptions import FSC_PREFIX
from landschap.registers.timeline import Assertion

INBOX = "meldingen"
"""What an inbox is called everywhere, so that whoever must tell finds it."""

MOST = 100_000
_AT_ONCE = 1000
_LONGEST = timedelta(days=40 * 366)


class TooManyLines(Exception):
    """The log holds more lines about one person than are read at once."""


async def numbers_of(pool: asyncpg.Pool, kind: ObjectType, object_id: str) -> list[str]:
    """The numbers of persons and companies that an object was ever about."""
    whom = await subjects_of(pool, kind, [object_id])
    return sorted(whom.get(object_id, ()))


async def corrected_field(  # each says one thing of the field
    pool: asyncpg.Pool,
    registers: Registers,
    kind: ObjectType,
    object_id: str,
    path: str,
    numbers: Sequence[str],
) -> Corrected:
    """A field of an object with all that was ever said of it; ``numbers`` are those it is about."""
    register = registers.by_name[kind.register]
    known = await store.known_at(pool, register, datetime.now(UTC))
    groups = await store.history_of(pool, kind, object_id)
    return Corrected(
        type=kind,
        path=path,
        assertions=groups.get(kind.properties[path.partition(".")[0]].group, ()),
        known=known,
        services=frozenset(registers.by_name),
        has_others=await has_others_about(pool, kind, object_id, numbers),
    )


async def lines_about(pool: asyncpg.Pool, subjects: Sequence[bytes]) -> list[Record]:
    """Every line about a person, by their pseudonyms. Raises TooManyLines."""
    until = datetime.now(UTC) + timedelta(minutes=1)
    found: list[Record] = []
    while len(found) <= MOST:
        last = found[-1].record_id if found else None
        read = await uses_of(pool, subjects, until - _LONGEST, until, _AT_ONCE, before_record=last)
        found += read
        if len(read) < _AT_ONCE:
            return found
    raise TooManyLines


def duty_of(
    register: Register, peer: str, correction: Assertion, place: tuple[ObjectType, str]
) -> Duty:
    """That an organisation must be told of a correction, at its inbox; ``place``: of which object.

    No value and no number of a person stands in it.
    """
    kind, object_id = place
    notice = Notice(
        number=correction.number,
        type_key=kind.key,
        object_id=object_id,
        kind=correction.kind.value,
        registered_at=correction.registered_at,
    )
    return Duty(register=register, peer=peer, sink=f"{FSC_PREFIX}{INBOX}", notice=notice)
