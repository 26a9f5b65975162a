# SPDX-License-Identifier: EUPL-1.2
"""Files that persons hand in with a report: sealed, of one form until it is sent, then of a report.

A form that is not sent takes its files with it after a day; so does a report that is taken back, at
once, and one that was decided, a year later. What is destroyed takes its files along at once.
Source: AVG art. 5 lid 1 onder e, art. 32; Awb art. 3:2 and 4:2 lid 2.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from landschap.platform.ids import uuid7
from landschap.platform.web.sealed import NONCE_BYTES, seal, unseal_any
from landschap.registers.reports import WITHDRAWN
from landschap.registers.store.rows import Pool
from landschap.vocabulary.uploads import MOST_FILES, Fault, Taken

PENDING = timedelta(days=1)
KEPT = timedelta(days=365)
MOST_PENDING = 4 * MOST_FILES
"""Of one person, over all forms that are not sent."""
_ABOUT, _BODY = b"landschap.evidence.about\x1f", b"landschap.evidence\x1f"
Keys = Sequence[bytes]


class _About(msgspec.Struct, frozen=True):
    name: str
    media: str
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One file. ``digest`` is its SHA-256."""

    evidence_id: UUID
    name: str
    media: str
    size: int
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which files are handed in, and who fills it in, by sixteen bytes of proof."""

    form: UUID
    owner: bytes = field(repr=False)

    @classmethod
    def of(cls, form: UUID, person: str) -> Form:
        """A form for whom a proof was made."""
        return cls(form, hashlib.sha256(person.encode()).digest()[:16])


async def hand_in(pool: Pool, keys: Keys, form: Form, file: Taken) -> Handed | Fault:
    """Keep a file with a form that is not sent yet. The same file again is the one that is there.

    `Fault.TOO_MANY` when the form has as many as it may have.
    """
    return await _add(pool, keys, form, file, None)


async def hand_in_later(
    pool: Pool, keys: Keys, form: Form, file: Taken, report_id: UUID
) -> Handed | Fault:
    """Keep a file with a report that is there already, as another organisation brings it."""
    return await _add(pool, keys, form, file, report_id)


async def files_of_form(pool: Pool, keys: Keys, form: Form) -> list[Handed]:
    """What is handed in with a form that is not sent yet."""
    rows = await pool.fetch(
        "SELECT evidence_id, about FROM registers.evidence"
        " WHERE form = $1 AND owner = $2 AND report_id IS NULL ORDER BY evidence_id",
        *(form.form, form.owner),
    )
    return _handed(rows, keys)


async def files_of_report(pool: Pool, keys: Keys, report_id: UUID) -> list[Handed]:
    """What was handed in with a report."""
    rows = await pool.fetch(
        "SELECT evidence_id, about FROM registers.evidence WHERE report_id = $1"
        " ORDER BY evidence_id",
        report_id,
    )
    return _handed(rows, keys)


async def file_of_report(
    pool: Pool, keys: Keys, report_id: UUID, evidence_id: UUID
) -> Taken | None:
    """One file of a report; None when it is not of this report, or can not be opened any more."""
    row = await pool.fetchrow(
        "SELECT evidence_id, about, sealed FROM registers.evidence"
        " WHERE report_id = $1 AND evidence_id = $2",
        *(report_id, evidence_id),
    )
    found = _handed([row], keys) if row else []
    body = unseal_any(row["sealed"], keys, _BODY + evidence_id.bytes) if found else None
    return None if body is None else Taken(name=found[0].name, media=found[0].media, body=body)


async def take_out(pool: Pool, form: Form, evidence_id: UUID) -> None:
    """Who handed it in takes it out again, as long as the form is not sent."""
    await pool.execute(
        "DELETE FROM registers.evidence"
        " WHERE form = $1 AND owner = $2 AND evidence_id = $3 AND report_id IS NULL",
        *(form.form, form.owner, evidence_id),
    )


async def attach(pool: Pool, form: Form, report_id: UUID) -> None:
    """The form is sent: its files are of the report. Doing it twice does it once."""
    await pool.execute(
        "UPDATE registers.evidence SET report_id = $3"
        " WHERE form = $1 AND owner = $2 AND report_id IS NULL",
        *(form.form, form.owner, report_id),
    )


async def drop_files(pool: Pool, report_id: UUID) -> None:
    """Destroy the files of a report that is taken back, or was delivered elsewhere."""
    await pool.execute("DELETE FROM registers.evidence WHERE report_id = $1", report_id)


async def forget_files(pool: Pool, now: datetime) -> int:
    """Destroy what has reached its term; how many files that were."""
    told: str = await pool.execute(
        "DELETE FROM registers.evidence e WHERE (e.report_id IS NULL AND e.kept_at < $1)"
        " OR EXISTS (SELECT FROM registers.report_decision d WHERE d.report_id = e.report_id"
        " AND (d.decided_at < $2 OR d.document = $3))",
        *(now - PENDING, now - KEPT, WITHDRAWN.document),
    )
    return int(told.rpartition(" ")[2])


async def _add(
    pool: Pool, keys: Keys, form: Form, file: Taken, report_id: UUID | None
) -> Handed | Fault:
    made, digest = uuid7(), hashlib.sha256(file.body).digest()
    about = _About(name=file.name, media=file.media, size=len(file.body), digest=digest)
    async with pool.acquire() as connection, connection.transaction():
        # Two windows that hand in at once count each other's files.
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"evidence {form.form}"
        )
        rows = await connection.fetch(
            "SELECT evidence_id, about FROM registers.evidence WHERE form = $1 AND owner = $2",
            *(form.form, form.owner),
        )
        before = _handed(rows, keys)
        same = next((each for each in before if each.digest == digest), None)
        if same is not None:
            return same
        pending = await connection.fetchval(
            "SELECT count(*) FROM registers.evidence WHERE owner = $1 AND report_id IS NULL",
            form.owner,
        )
        if len(rows) >= MOST_FILES or pending >= MOST_PENDING:
            return Fault.TOO_MANY
        label = made.bytes
        await connection.execute(
            "INSERT INTO registers.evidence (evidence_id, form, owner, report_id, about, sealed)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(made, form.form, form.owner, report_id),
            seal(msgspec.msgpack.encode(about), keys[0], _ABOUT + label, os.urandom(NONCE_BYTES)),
            seal(file.body, keys[0], _BODY + label, os.urandom(NONCE_BYTES)),
        )
    return _as_handed(made, about)


def _handed(rows: Sequence[Any], keys: Keys) -> list[Handed]:
    """Those that can be opened: one of a key that is lost is no file any more."""
    found = []
    for row in rows:
        made = row["evidence_id"]
        opened = unseal_any(row["about"], keys, _ABOUT + made.bytes)
        if opened is not None:
            found.append(_as_handed(made, msgspec.msgpack.decode(opened, type=_About)))
    return found


def _as_handed(made: UUID, about: _About) -> Handed:
    return Handed(
        evidence_id=made, name=about.name, media=about.media, size=about.size, digest=about.digest
    )
