# SPDX-License-Identifier: EUPL-1.2
"""Services and applications: what was declared, in the tables of this room.

A change of either raises ``platform.epoch`` and tells the carrier, in its own transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from landschap.gateway.services import Service
from landschap.gateway.world import Application
from landschap.vocabulary.problems import ProblemError, Refusal

CARRIER_CHANNEL = "landschap_carrier"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What applying services changed, by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApplication:
    """An application as an operator sees it; ``proof`` is ``key`` or ``certificate``."""

    name: str
    proof: str
    added_at: datetime
    revoked_at: datetime | None


async def apply_services(
    pool: asyncpg.Pool, wanted: Sequence[Service], now: datetime, *, prune: bool = False
) -> Difference:
    """Put these services in force; with ``prune`` no others stay. One transaction.

    Raises ProblemError ``service_name_taken`` when two names differ by case alone.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE service IN SHARE ROW EXCLUSIVE MODE")
        before = {row["name"]: row["body"] for row in await _rows(connection)}
        bodies = {each.name: _body(each) for each in wanted}
        _refuse_twins({*bodies, *(() if prune else before)})
        removed = tuple(sorted(before.keys() - bodies.keys())) if prune else ()
        changes = {name: body for name, body in bodies.items() if before.get(name) != body}
        await connection.execute("DELETE FROM service WHERE name = ANY($1)", list(removed))
        await connection.executemany(
            """
            INSERT INTO service (name, body, applied_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET body = excluded.body, applied_at = excluded.applied_at
            """,
            [(name, body, now) for name, body in changes.items()],
        )
        if changes or removed:
            await _tell(connection)
    return Difference(
        added=tuple(sorted(changes.keys() - before.keys())),
        changed=tuple(sorted(changes.keys() & before.keys())),
        removed=removed,
        unchanged=tuple(sorted(bodies.keys() - changes.keys())),
    )


async def services(pool: asyncpg.Pool) -> list[Service]:
    """The services in force, by name."""
    return [msgspec.json.decode(row["body"], type=Service) for row in await _rows(pool)]


async def offered_services(pool: asyncpg.Pool) -> frozenset[str]:
    """The names of the services that an Inway of ours offers."""
    return frozenset(row["name"] for row in await _rows(pool))


async def inway_of(pool: asyncpg.Pool, service: str, own: str) -> str:
    """The address of an Inway that offers the service: ``own``, or one of several by chance."""
    found = next((each for each in await services(pool) if each.name == service), None)
    return secrets.choice(found.inways) if found is not None and found.inways else own


async def add_application(
    pool: asyncpg.Pool, name: str, now: datetime, *, certificate_thumbprint: str | None = None
) -> str:
    """Register an application. Returns its new key, which is shown once and kept nowhere.

    With a certificate's thumbprint there is no key, and the result is empty. Raises ProblemError
    ``application_known`` when the name or certificate is taken, also by a revoked one.
    """
    key = "" if certificate_thumbprint else secrets.token_urlsafe(_KEY_BYTES)
    digest = hashlib.sha256(key.encode()).digest() if key else None
    async with pool.acquire() as connection, connection.transaction():
        try:
            await connection.execute(
                "INSERT INTO application (name, key_digest, certificate_thumbprint, added_at)"
                " VALUES ($1, $2, $3, $4)",
                name,
                digest,
                certificate_thumbprint,
                now,
            )
        except asyncpg.UniqueViolationError:
            raise ProblemError(_known(name)) from None
        await connection.execute("SELECT platform.bump_epoch()")
    return key


async def revoke_application(pool: asyncpg.Pool, name: str, now: datetime) -> bool:
    """End an application's use of the Outway, at once; False when there is none in use."""
    async with pool.acquire() as connection, connection.transaction():
        revoked = await connection.fetchval(
            "UPDATE application SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL"
            " RETURNING name",
            name,
            now,
        )
        if revoked is not None:
            await connection.execute("SELECT platform.bump_epoch()")
    return revoked is not None


async def listed_applications(pool: asyncpg.Pool) -> list[ListedApplication]:
    """All applications, revoked ones too, by name."""
    rows = await pool.fetch(
        "SELECT name, key_digest IS NULL AS by_certificate, added_at, revoked_at"
        " FROM application ORDER BY name"
    )
    return [
        ListedApplication(
            name=row["name"],
            proof="certificate" if row["by_certificate"] else "key",
            added_at=row["added_at"],
            revoked_at=row["revoked_at"],
        )
        for row in rows
    ]


async def applications(pool: asyncpg.Pool) -> list[Application]:
    """The applications in use, as a decision looks them up."""
    rows = await pool.fetch(
        "SELECT name, key_digest, certificate_thumbprint FROM application WHERE revoked_at IS NULL"
    )
    return [Application(**row) for row in rows]


async def _rows(source: Any) -> Sequence[Mapping[str, str]]:
    rows: Sequence[Mapping[str, str]] = await source.fetch(
        "SELECT name, body FROM service ORDER BY name"
    )
    return rows


async def _tell(connection: Any) -> None:
    await connection.execute("SELECT platform.bump_epoch()")
    await connection.execute("SELECT pg_notify($1, 'service')", CARRIER_CHANNEL)


def _body(service: Service) -> str:
    return msgspec.json.encode(service, order="sorted").decode()


def _refuse_twins(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in sorted(names):
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise ProblemError(
                Refusal(
                    code="service_name_taken",
                    status=409,
                    title="The name is taken",
                    detail=f"{name} and {twin} differ by case alone.",
                    missing="another name",
                    owner="the operators of this organisation",
                )
            )


def _known(name: str) -> Refusal:
    return Refusal(
        code="application_known",
        status=409,
        title="The application is known",
        detail=f"The name {name} or its certificate was registered before.",
        missing="a new name, or a new certificate",
        owner="the operators of this organisation",
    )
