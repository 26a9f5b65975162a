# SPDX-License-Identifier: EUPL-1.2
"""Whom objects are about: the numbers of persons and companies that ever stood in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landschap.registers.migrating import names_before
from landschap.registers.models import ObjectType
from landschap.registers.store.rows import Connection


async def subjects_of(
    source: Connection, kind: ObjectType, ids: Sequence[str]
) -> Mapping[str, frozenset[str]]:
    """Per object every number that ever stood in it; without any, the object is not in it.

    Also what was corrected later counts: whoever it was about is meant by it still.
    """
    subject = kind.subject
    if subject is None or not ids:
        return {}
    found: dict[str, set[str]] = {}
    rows = await source.fetch(
        """SELECT DISTINCT a.object_id, a.inhoud ->> name.old AS number
           FROM registers.assertion a CROSS JOIN unnest($3::text[]) AS name (old)
           WHERE a.object_type = $1 AND a.object_id = ANY ($2)
             AND a.inhoud ->> name.old IS NOT NULL""",
        kind.key, list(ids), list(names_before(subject.name, kind.migrations)),
    )  # fmt: skip
    for row in rows:
        found.setdefault(row["object_id"], set()).add(row["number"])
    return {object_id: frozenset(numbers) for object_id, numbers in found.items()}


async def has_others_about(
    source: Connection, kind: ObjectType, object_id: str, numbers: Sequence[str]
) -> bool:
    """Whether another object of this type was ever about one of these numbers."""
    subject = kind.subject
    if subject is None or not numbers:
        return False
    found = await source.fetchval(
        """SELECT EXISTS (
               SELECT FROM registers.assertion a CROSS JOIN unnest($4::text[]) AS name (old)
               WHERE a.object_type = $1 AND a.object_id <> $2
                 AND a.inhoud ->> name.old = ANY ($3))""",
        kind.key, object_id, list(numbers),
        list(names_before(subject.name, kind.migrations)),
    )  # fmt: skip
    return bool(found)
