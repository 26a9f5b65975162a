# SPDX-License-Identifier: EUPL-1.2
"""Our memory of the register: PostgreSQL schema ``purposes``. Append only.

A new register is adopted in one transaction, which also raises ``platform.epoch``, so that every
decider sees it with the next record it writes. All functions take a pool of role
``landschap_purposes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from landschap.purposes.changes import Change, changes_between
from landschap.purposes.checks import check_register
from landschap.purposes.model import ProcessingActivity, Register
from landschap.purposes.public import id_of, is_confidential
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import by_uri, version_at
from landschap.vocabulary.ijson import canonical
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

# Any number will do, as long as every writer of the register takes the same one.
_LOCK = 7_013_442_019


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Who wrote a change and who approved it: two people."""

    author: str
    approver: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A version of the register that is or was in force."""

    number: int
    version: str
    adopted_at: datetime
    author: str
    approver: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What saving did; ``epoch`` is None when there was nothing to change."""

    version: str
    changes: tuple[Change, ...]
    epoch: int | None


async def save_register(
    pool: asyncpg.Pool, register: Register, signers: Signers, *, based_on: str
) -> Saved:
    """Put a register in force, or do nothing when it is in force already.

    ``based_on`` is the version the change was written on, empty for the first one. Raises
    ProblemError: ``register_one_person``, ``register_invalid``, ``register_newer`` when another
    version is in force than ``based_on``, ``register_version_reused``.
    """
    _refuse_one_person(signers)
    _refuse_invalid(register)
    snapshot = Snapshot(register)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        current = await _current(connection)
        old = current[1].register if current else None
        changes = changes_between(old, register)
        if current and current[1].version == snapshot.version:
            return Saved(version=snapshot.version, changes=(), epoch=None)
        _refuse_newer(current[1].version if current else "", based_on)
        _refuse_reused_versions(changes)
        number = current[0] + 1 if current else 1
        await _adopt(connection, number, snapshot, signers)
        await _note_activities(connection, old, register)
        epoch = await connection.fetchval("SELECT platform.bump_epoch()")
    return Saved(version=snapshot.version, changes=changes, epoch=epoch)


async def current_snapshot(
    pool: asyncpg.Pool, *, owner: str = "", known: Snapshot | None = None
) -> tuple[Snapshot, int]:
    """The snapshot in force and the epoch at which it was read.

    Without a register: an empty one of ``owner``, on which every decision denies. Both are read
    in one statement, so the snapshot is never older than the epoch says. ``known`` was read
    before, and is given back while it is in force: the epoch rises with consents and contracts
    too, and a large register takes long to read.
    """
    row = await pool.fetchrow(
        "SELECT (SELECT value FROM platform.epoch) AS epoch, a.version, d.body"
        " FROM (SELECT 1) AS always"
        " LEFT JOIN LATERAL (SELECT version FROM adoption ORDER BY number DESC LIMIT 1) a ON true"
        " LEFT JOIN document d ON d.version = a.version AND d.version <> $1",
        known.version if known else "",
    )
    if known is not None and row["version"] == known.version:
        return known, row["epoch"]
    if row["body"] is None:
        return Snapshot(Register(owner=owner)), row["epoch"]
    return Snapshot.from_document(row["body"], version=row["version"]), row["epoch"]


class Following:
    """The register in force, held by one process: as last read, or certainly the newest.

    Made by `following`; calling it gives the one last read.
    """

    def __init__(self, pool: asyncpg.Pool, held: tuple[Snapshot, int]) -> None:
        self._pool = pool
        self._held = held

    def __call__(self) -> Snapshot:
        """The snapshot as last read."""
        return self._held[0]

    async def newest(self) -> Snapshot:
        """The snapshot in force at this moment; only read again when the epoch has risen."""
        if await self._pool.fetchval("SELECT value FROM platform.epoch") != self._held[1]:
            self._held = await current_snapshot(self._pool, known=self._held[0])
        return self._held[0]


async def following(pool: asyncpg.Pool) -> Following:
    """Hold the register in force, and follow it."""
    return Following(pool, await current_snapshot(pool))


async def snapshot_by_version(pool: asyncpg.Pool, version: str) -> Snapshot | None:
    """The snapshot that a decision names, to explain or repeat that decision."""
    body = await pool.fetchval("SELECT body FROM document WHERE version = $1", version)
    return None if body is None else Snapshot.from_document(body)


async def adoptions(pool: asyncpg.Pool, *, limit: int = 100) -> Sequence[Adoption]:
    """Who put which version in force, newest first."""
    rows = await pool.fetch("SELECT * FROM adoption ORDER BY number DESC LIMIT $1", limit)
    return [Adoption(**row) for row in rows]


async def activity_at(pool: asyncpg.Pool, uri: str, moment: datetime) -> ProcessingActivity | None:
    """The activity in the words that held at this moment; None before it began or after its end.

    Source: Logboek Dataverwerkingen, "Register": a line refers to the version of its own time.
    """
    body = await pool.fetchval(
        "SELECT body FROM activity_state WHERE uri = $1 AND since <= $2"
        " ORDER BY since DESC LIMIT 1",
        uri,
        moment,
    )
    return None if body is None else version_at(_versions_in(body), moment)


async def activity_version(pool: asyncpg.Pool, uri: str, version: int) -> ProcessingActivity | None:
    """One version of an activity, for a line that names it."""
    every = await activity_versions(pool, uri)
    return next((each for each in every if each.version == version), None)


async def activity_versions(pool: asyncpg.Pool, uri: str) -> Sequence[ProcessingActivity]:
    """Every version of an activity that was ever adopted, newest first, in its last words.

    Only the end of its period can differ between two adoptions of one version.
    """
    rows = await pool.fetch(
        "SELECT body FROM activity_state WHERE uri = $1 AND body IS NOT NULL ORDER BY since", uri
    )
    found = {each.version: each for row in rows for each in _versions_in(row["body"])}
    return [found[version] for version in sorted(found, reverse=True)]


async def activity_numbered(pool: asyncpg.Pool, number: UUID) -> str | None:
    """The URI of the activity that is published under this number, None without one."""
    rows = await pool.fetch("SELECT DISTINCT uri FROM activity_state")
    return next((row["uri"] for row in rows if id_of(row["uri"]) == number), None)


async def confidential_activities(pool: asyncpg.Pool) -> frozenset[str]:
    """The activities whose uses are not told to the person they are about.

    Those that are published as a count only, by what was last adopted of them: taking one out of
    the register, or the end of its period, makes nothing visible.
    """
    rows = await pool.fetch(
        "SELECT DISTINCT ON (uri) uri, body FROM activity_state WHERE body IS NOT NULL"
        " ORDER BY uri, since DESC"
    )
    return frozenset(row["uri"] for row in rows if is_confidential(_versions_in(row["body"])))


async def confidential_since(pool: asyncpg.Pool, at: datetime) -> Sequence[datetime]:
    """Since when each activity is held back that is so at a moment, the oldest first: no names."""
    rows = await pool.fetch(
        "SELECT uri, since, body FROM activity_state WHERE since <= $1 ORDER BY uri, since", at
    )
    found: dict[str, datetime] = {}
    for row in rows:
        # Taken out of the register it stays held back (`confidential_activities`).
        if row["body"] is None:
            continue
        if is_confidential(_versions_in(row["body"])):
            found.setdefault(row["uri"], row["since"])
        else:
            found.pop(row["uri"], None)
    return sorted(found.values())


async def snapshot_holding(pool: asyncpg.Pool, activity: ProcessingActivity) -> Snapshot | None:
    """The last register that held this version of an activity: with the grounds of its time."""
    rows = await pool.fetch(
        "SELECT since, body FROM activity_state WHERE uri = $1 AND body IS NOT NULL"
        " ORDER BY since DESC",
        activity.uri,
    )
    for row in rows:
        if activity in _versions_in(row["body"]):
            # Adopted and noted in one transaction, in this order.
            body = await pool.fetchval(
                "SELECT body FROM adoption JOIN document USING (version)"
                " WHERE adopted_at <= $1 ORDER BY number DESC LIMIT 1",
                row["since"],
            )
            return None if body is None else Snapshot.from_document(body)
    return None


def _versions_in(body: bytes) -> list[ProcessingActivity]:
    """The versions that were adopted together: one as it is, several as a list."""
    found = msgspec.json.decode(body, type=ProcessingActivity | list[ProcessingActivity])
    return found if isinstance(found, list) else [found]


async def _current(connection: Any) -> tuple[int, Snapshot] | None:
    row = await connection.fetchrow(
        "SELECT number, body FROM adoption JOIN document USING (version)"
        " ORDER BY number DESC LIMIT 1"
    )
    return None if row is None else (row["number"], Snapshot.from_document(row["body"]))


async def _adopt(connection: Any, number: int, snapshot: Snapshot, signers: Signers) -> None:
    await connection.execute(
        "INSERT INTO document (version, body) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING",
        snapshot.version,
        snapshot.document(),
    )
    await connection.execute(
        "INSERT INTO adoption (number, version, adopted_at, author, approver, reason)"
        " VALUES ($1, $2, clock_timestamp(), $3, $4, $5)",
        number,
        snapshot.version,
        signers.author,
        signers.approver,
        signers.reason,
    )


async def _note_activities(connection: Any, old: Register | None, new: Register) -> None:
    """Write a row for each activity that began, changed or ended. The lock keeps them in order."""
    before, after = by_uri(old.activities if old else ()), by_uri(new.activities)
    rows: list[tuple[str, int | None, bytes | None]] = []
    for uri in sorted({*before, *after}):
        versions = after.get(uri, ())
        if versions != before.get(uri, ()):
            plain = msgspec.to_builtins(versions[0] if len(versions) == 1 else versions)
            body = canonical(plain) if versions else None
            rows.append((uri, versions[0].version if versions else None, body))
    await connection.executemany(
        "INSERT INTO activity_state (uri, since, version, body)"
        " VALUES ($1, clock_timestamp(), $2, $3)",
        rows,
    )


def _refuse_one_person(signers: Signers) -> None:
    author, approver = signers.author.strip(), signers.approver.strip()
    if not author or not approver or author.casefold() == approver.casefold():
        raise ProblemError(
            _refusal(
                "register_one_person",
                403,
                "A change of the register needs an author and another person who approves it.",
                "a second person who approves",
            )
        )


def _refuse_invalid(register: Register) -> None:
    findings = check_register(register)
    if findings:
        words = "; ".join(f"{f.table} {f.place + 1}: {f.key}: {f.message}" for f in findings[:10])
        raise ProblemError(
            _refusal("register_invalid", 422, f"The register is not coherent: {words}.", "")
        )


def _refuse_newer(current: str, based_on: str) -> None:
    if current != based_on:
        raise ProblemError(
            _refusal(
                "register_newer",
                409,
                f"The version in force is {current or '(none)'}, and the change was written on "
                f"{based_on or '(none)'}. See the difference, and base it on the version in force.",
                "a change that is based on the version in force",
            )
        )


def _refuse_reused_versions(changes: Sequence[Change]) -> None:
    reused = [f"{change.kind} {change.name}" for change in changes if change.reuses_version]
    if reused:
        raise ProblemError(
            _refusal(
                "register_version_reused",
                422,
                "These changed without a higher version, and log lines and contracts name the "
                f"version they had: {', '.join(reused)}.",
                "a higher version for each entry that changed",
            )
        )


def _refusal(code: str, status: int, detail: str, missing: str) -> Refusal:
    return Refusal(
        code=code,
        status=status,
        title="The register was not changed",
        detail=detail,
        missing=missing,
        owner="the privacy officers of this organisation",
        fault=Fault.INPUT,
    )
