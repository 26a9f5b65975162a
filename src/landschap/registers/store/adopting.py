# SPDX-License-Identifier: EUPL-1.2
"""Putting versions of models in force, and remembering each: what is stored stays readable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from landschap.registers.migrating import version_of
from landschap.registers.model_diff import ModelChange
from landschap.registers.model_versions import succession
from landschap.registers.models import ObjectType, Register
from landschap.registers.schemas import Schema
from landschap.registers.store.rows import Connection, Pool, as_json
from landschap.vocabulary.problems import ProblemError, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """One version of an object type that is or was in force."""

    type_key: str
    version: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a new version of a type brings; ``before`` is empty for a type that is new."""

    type_key: str
    before: str
    after: str
    changes: tuple[ModelChange, ...]
    refused: tuple[str, ...]


async def adopt(pool: Pool, register: Register) -> list[Adoption]:
    """Put the models of a register in force, all or none; returns what that changed.

    Raises ProblemError ``model.onverenigbaar`` when what is stored would not be readable, or who
    asks is not warned by the version.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(registers.lock_of($1))", f"model {register.name}"
        )
        found = await _judged(connection, register)
        refused = [f"{one.type_key}: {why}" for one in found for why in one.refused]
        if refused:
            raise ProblemError(_incompatible(refused))
        for one in found:
            await _keep(connection, register.types[one.type_key.partition(".")[2]])
    return found


async def would_adopt(pool: Pool, register: Register) -> list[Adoption]:
    """What `adopt` would change or refuse, without doing it."""
    return await _judged(pool, register)


async def adopted(pool: Pool, register: Register) -> list[Adopted]:
    """Every version of the types of a register that was ever in force, the newest first."""
    rows = await pool.fetch(
        """SELECT object_type, version, adopted_at FROM registers.model
           WHERE object_type = ANY ($1) ORDER BY object_type, ranked DESC""",
        [kind.key for kind in register.types.values()],
    )
    return [
        Adopted(type_key=row["object_type"], version=row["version"], adopted_at=row["adopted_at"])
        for row in rows
    ]


async def schema_of(pool: Pool, type_key: str, version: str) -> Schema | None:
    """The schema of a version that is or was in force; None when it never was."""
    text = await pool.fetchval(
        "SELECT inhoud FROM registers.model WHERE object_type = $1 AND version = $2",
        type_key, version,
    )  # fmt: skip
    return None if text is None else _schema(text)


async def _judged(connection: Connection, register: Register) -> list[Adoption]:
    """The types of which this is another version than the one in force."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (object_type) object_type, version, inhoud FROM registers.model
           WHERE object_type = ANY ($1) ORDER BY object_type, ranked DESC""",
        [kind.key for kind in register.types.values()],
    )
    in_force = {row["object_type"]: row for row in rows}
    found = []
    for kind in register.types.values():
        row = in_force.get(kind.key)
        if row is None:
            found.append(_new(kind))
            continue
        judged = succession(_schema(row["inhoud"]), kind.schema, kind.migrations)
        if judged.refused or row["version"] != kind.version:
            found.append(
                Adoption(
                    type_key=kind.key,
                    before=row["version"],
                    after=kind.version,
                    changes=judged.changes,
                    refused=judged.refused,
                )
            )
    return found


def _new(kind: ObjectType) -> Adoption:
    return Adoption(type_key=kind.key, before="", after=kind.version, changes=(), refused=())


def _schema(text: str) -> Schema:
    found = json.loads(text)
    return found if isinstance(found, Mapping) else {}


async def _keep(connection: Connection, kind: ObjectType) -> None:
    await connection.execute(
        """INSERT INTO registers.model (object_type, version, ranked, inhoud)
           VALUES ($1, $2, $3, $4)""",
        kind.key, kind.version, list(version_of(kind.version)), as_json(kind.schema),
    )  # fmt: skip


def _incompatible(refused: list[str]) -> Refusal:
    told = "\n  ".join(refused)
    return Refusal(
        code="model.onverenigbaar",
        status=HTTPStatus.CONFLICT,
        title="This version of the model can not follow the one in force",
        detail=f"Nothing was put in force. What is stored would not stay readable, or those who "
        f"ask are not warned:\n  {told}",
        extra={"errors": [{"detail": each} for each in refused]},
    )
