# SPDX-License-Identifier: EUPL-1.2
"""How it was at a moment: which register was in force, and what had been said of persons and cases.

Everything here is append only (`purposes.store`, `purposes.persons.store`), so the past can be
read as it was. All functions take a pool of role ``landschap_purposes`` and only read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from landschap.purposes.needs import Kind, Standing
from landschap.purposes.replay import Marks
from landschap.purposes.store import Adoption

_IN_FORCE = "SELECT * FROM adoption WHERE adopted_at <= $1 ORDER BY number DESC LIMIT 1"
_OF_VERSION = """
SELECT * FROM adoption WHERE version = $1 AND adopted_at <= $2 ORDER BY number DESC LIMIT 1
"""
_BETWEEN = """
SELECT * FROM adoption
 WHERE adopted_at < $2
   AND number >= coalesce((SELECT max(number) FROM adoption WHERE adopted_at <= $1), 0)
 ORDER BY number
"""
_SAID = """
SELECT DISTINCT ON (subject, kind, about, receiver)
       subject, kind, about, receiver, holds, said_at
  FROM standing WHERE subject = ANY($1::bytea[]) AND said_at <= $2
 ORDER BY subject, kind, about, receiver, number DESC
"""
_MARKS = """
SELECT said_at, kind, about, subject, holds FROM standing
 WHERE kind <> 'toestemming' ORDER BY number
"""
_CASE = """
SELECT EXISTS (SELECT FROM case_state WHERE said_at <= $2) AS known,
       (SELECT is_open FROM case_state WHERE case_number = $1 AND said_at <= $2
         ORDER BY number DESC LIMIT 1) AS is_open
"""
_APPROVED = """
SELECT approved_by FROM approval
 WHERE purpose = $1 AND case_number = $2 AND asked_by = $3 AND said_at <= $4 AND until > $4
 ORDER BY until DESC LIMIT 1
"""


async def in_force(pool: asyncpg.Pool, moment: datetime) -> Adoption | None:
    """Which version was in force at a moment, and who had put it there; None before the first."""
    row = await pool.fetchrow(_IN_FORCE, moment)
    return None if row is None else Adoption(**row)


async def adoption_of(pool: asyncpg.Pool, version: str, moment: datetime) -> Adoption | None:
    """The adoption by which a version held at a moment; it may have been adopted more than once."""
    row = await pool.fetchrow(_OF_VERSION, version, moment)
    return None if row is None else Adoption(**row)


async def adopted_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Sequence[Adoption]:
    """What was in force in ``[since, until)``, in order: first what held at its begin."""
    return [Adoption(**row) for row in await pool.fetch(_BETWEEN, since, until)]


async def said_until(
    pool: asyncpg.Pool, subjects: Sequence[bytes], moment: datetime
) -> Mapping[bytes, Sequence[Standing]]:
    """The last that had been said about each thing at a moment, for each of these persons."""
    found: dict[bytes, list[Standing]] = {each: [] for each in subjects}
    for row in await pool.fetch(_SAID, list(subjects), moment):
        found[row["subject"]].append(
            Standing(
                kind=Kind(row["kind"]),
                about=row["about"],
                receiver=row["receiver"],
                holds=row["holds"],
                since=row["said_at"],
            )
        )
    return found


class MarksThroughTime:
    """Which activities had a restriction or objection of somebody against them, at any moment."""

    def __init__(self, moments: Sequence[datetime], states: Sequence[Marks]) -> None:
        self._moments = moments
        self._states = states

    def at(self, moment: datetime) -> Marks:
        """The marks that stood at a moment."""
        place = bisect_right(self._moments, moment)
        return self._states[place - 1] if place else {}


async def marks_through_time(pool: asyncpg.Pool) -> MarksThroughTime:
    """All changes of marks; there are as many as activities with a first or a last statement."""
    return marks_of(await pool.fetch(_MARKS))


def marks_of(rows: Iterable[Mapping[str, Any]]) -> MarksThroughTime:
    """The marks through time, of statements in order of their number."""
    standing: dict[tuple[str, str], set[bytes]] = {}
    moments: list[datetime] = []
    states: list[Marks] = []
    for row in rows:
        persons = standing.setdefault((row["about"], row["kind"]), set())
        before = bool(persons)
        (persons.add if row["holds"] else persons.discard)(row["subject"])
        if bool(persons) != before:
            # The number gives the order; a clock that went back may not undo it.
            moments.append(max(row["said_at"], moments[-1]) if moments else row["said_at"])
            states.append(_marks(standing))
    return MarksThroughTime(moments, states)


async def case_open_at(pool: asyncpg.Pool, number: str, moment: datetime) -> bool | None:
    """Whether a case was open at a moment; None while nobody had told of any case."""
    row = await pool.fetchrow(_CASE, number, moment)
    return bool(row["is_open"]) if row["known"] else None


async def approver_at(
    pool: asyncpg.Pool, purpose: str, case: str, asked_by: str, moment: datetime
) -> str:
    """Who had approved this use, as far as that held at a moment; empty when nobody had."""
    found = await pool.fetchval(_APPROVED, purpose, case, asked_by, moment)
    return found or ""


def _marks(standing: Mapping[tuple[str, str], set[bytes]]) -> Marks:
    found: dict[str, set[str]] = {}
    for (about, kind), persons in standing.items():
        if persons:
            found.setdefault(about, set()).add(kind)
    return {about: frozenset(kinds) for about, kinds in found.items()}
