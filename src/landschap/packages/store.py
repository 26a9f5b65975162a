# SPDX-License-Identifier: EUPL-1.2
"""Our memory of packages: PostgreSQL schema ``packages``. Append only.

All functions take a pool of role ``landschap_packages``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from landschap.packages.parameters import Value

# Any number will do, as long as every writer of packages takes the same one.
_LOCK = 5_118_330_271


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A package as it was taken in; ``given`` are our values for its parameters."""

    name: str
    version: str
    digest: str
    signer: str
    signer_name: str
    given: Mapping[str, Value]
    body: bytes
    author: str
    approver: str
    reason: str
    applied_at: datetime | None = None


async def in_force(pool: asyncpg.Pool) -> Sequence[Taken]:
    """The newest of every package that was taken in, by name."""
    rows = await pool.fetch("SELECT DISTINCT ON (name) * FROM applied ORDER BY name, number DESC")
    return [_taken(row) for row in rows]


async def history(pool: asyncpg.Pool, *, limit: int = 100) -> Sequence[Taken]:
    """What was taken in, the newest first."""
    rows = await pool.fetch("SELECT * FROM applied ORDER BY number DESC LIMIT $1", limit)
    return [_taken(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that waits for another person.

    ``body`` is a package, or the canonical document of a register; ``given`` holds what a package
    was proposed with; ``based_on`` is the version of the register that was then in force.
    """

    number: int
    kind: str
    name: str
    based_on: str
    body: bytes
    given: Mapping[str, Any]
    author: str
    reason: str
    proposed_at: datetime


async def propose(pool: asyncpg.Pool, **told: Any) -> int:
    """Write down a proposal (the fields of `Proposal`, less number and moment); its number."""
    number: int = await pool.fetchval(
        "INSERT INTO proposal (number, kind, name, based_on, body, given, author, reason)"
        " SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM proposal"
        " RETURNING number",
        told["kind"], told["name"], told["based_on"], told["body"],
        json.dumps(told.get("given", {})), told["author"], told["reason"],
    )  # fmt: skip
    return number


async def waiting(pool: asyncpg.Pool) -> Sequence[Proposal]:
    """The proposals on which nobody decided yet, in order."""
    rows = await pool.fetch(
        "SELECT * FROM proposal p WHERE NOT EXISTS"
        " (SELECT 1 FROM verdict v WHERE v.number = p.number) ORDER BY number"
    )
    return [Proposal(**{**row, "given": json.loads(row["given"])}) for row in rows]


async def decide(
    pool: asyncpg.Pool, number: int, *, approved: bool, person: str, reason: str
) -> None:
    """Write down what another person decided. Raises UniqueViolationError the second time."""
    await pool.execute(
        "INSERT INTO verdict (number, approved, person, reason) VALUES ($1, $2, $3, $4)",
        number, approved, person, reason,
    )  # fmt: skip


async def lock(pool: asyncpg.Pool) -> None:
    """Let no other take a package in until the transaction ends."""
    await pool.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def keep(pool: asyncpg.Pool, taken: Taken) -> None:
    """Remember a package that is taken in, in the transaction that puts its content in force."""
    await pool.execute(
        "INSERT INTO applied (number, name, version, digest, signer, signer_name, given, body,"
        " author, approver, reason)"
        " SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10"
        " FROM applied",
        taken.name, taken.version, taken.digest, taken.signer, taken.signer_name,
        json.dumps(taken.given), taken.body, taken.author, taken.approver, taken.reason,
    )  # fmt: skip


def _taken(row: Mapping[str, object]) -> Taken:
    given = json.loads(str(row["given"]))
    values: dict[str, Value] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    plain = {name: value for name, value in row.items() if name != "number"}
    return Taken(**{**plain, "given": values})  # type: ignore[arg-type]  # columns are its fields
