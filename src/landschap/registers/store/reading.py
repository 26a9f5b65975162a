# SPDX-License-Identifier: EUPL-1.2
"""Asking: what held on a day as known at a moment, by id or by one searchable path.

The truth answers every question: all assertions of the objects concerned are read and the rule of
`timeline` decides. For known = now a projection with the same answers is quicker. It is used only
when the very statement that reads it also shows that it stands at the asked state of knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from landschap.registers.migrating import codes_before
from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Line
from landschap.registers.periods import Certainty, Period
from landschap.registers.questions import (
    MAX_OBJECTS,
    AsOf,
    Found,
    History,
    Match,
    Part,
    found_in,
    matches,
    parts_of,
)
from landschap.registers.refusals import too_broad
from landschap.registers.store.rows import (
    Pool,
    as_now,
    by_object,
    columns_of,
    content_of,
    groups_condition,
    stored_as,
)
from landschap.registers.timeline import Answer, Assertion, Clock, Kind, Known, segments
from landschap.registers.transfer import holder_on
from landschap.vocabulary.problems import ProblemError, Refusal


@dataclass(frozen=True, slots=True)
class AtNow:
    """A question about a day, asked now."""

    valid_on: date
    now: datetime


async def known_at(
    pool: Pool,
    register: Register,
    now: datetime,
    moment: datetime | None = None,
    *,
    clock: Clock | None = None,
) -> Known:
    """The state of knowledge of a register at a moment (None: now), on its clock or a given one.

    Its moment can lie a little before the asked one while somebody is writing: an answer never
    claims more than what can no longer change. A moment in the past is waited for instead.
    """
    chosen = clock or register.clock
    limit = now if moment is None or chosen is Clock.SOURCE else moment
    row = await pool.fetchrow(
        "SELECT number, moment FROM registers.knowledge($1, $2, $3)",
        register.name, limit, moment is not None,
    )  # fmt: skip
    if chosen is Clock.SOURCE:
        return Known(clock=chosen, moment=moment or row["moment"], number=row["number"])
    return Known(clock=chosen, moment=row["moment"], number=row["number"])


async def as_of(pool: Pool, question: AsOf) -> list[Found]:
    """The objects that existed on (valid_on, known), in order of id.

    Raises ProblemError when more than a thousand objects are asked for or come into view, and
    for a path that is not searchable.
    """
    _refuse_unsearchable(question)
    found = None
    if _projection_may_answer(question):
        found = await _from_projection(pool, question)
    if found is None:
        found = await _from_assertions(pool, question)
    return _in_order(found, question)


def _in_order(found: Iterable[Found], question: AsOf) -> list[Found]:
    return sorted(
        (one for one in found if matches(one, question.wanted)),
        key=lambda one: (one.object_id, -one.history.number),
    )


async def as_of_now(
    pool: Pool, register: Register, kind: ObjectType, wanted: Sequence[str] | Match, at: AtNow
) -> tuple[Known, list[Found]] | None:
    """The present knowledge and what holds by it, in one question; None: ask in two.

    `knowledge` sees what is committed while it runs, the rest of the statement what was committed
    when it began. Only when both stand at the same number is the answer that of this knowledge.
    """
    if kind.incomplete_dates or register.clock is not kind.clock:
        return None
    probe = Known(clock=kind.clock, moment=at.now, number=0)
    question = AsOf(type=kind, wanted=wanted, valid_on=at.valid_on, known=probe)
    _refuse_unsearchable(question)
    rows = await pool.fetch(
        projection_sql(question, KNOWLEDGE, KNOWN),
        register.name, _values(question), at.valid_on, at.now,
    )  # fmt: skip
    known = Known(clock=kind.clock, moment=rows[0]["known_moment"], number=rows[0]["known_number"])
    answered = replace(question, known=known)
    found = _of_projection(rows, answered)
    return None if found is None else (known, _in_order(found, answered))


async def history_of(
    pool: Pool, kind: ObjectType, object_id: str
) -> Mapping[str, Sequence[Assertion]]:
    """Everything ever asserted about one object, per group; empty when it never existed."""
    rows = await pool.fetch(
        f"""SELECT {columns_of(kind)} FROM registers.assertion
            WHERE object_type = $1 AND object_id = $2{groups_condition(kind)}
            ORDER BY volgnummer""",  # noqa: S608 - literals of a model
        kind.key, object_id,
    )  # fmt: skip
    return by_object(rows, kind).get(object_id, {})


async def line_of(pool: Pool, kind: ObjectType, object_id: str, group: str, known: Known) -> Line:
    """The timeline of one group, to compute an operation on."""
    groups = await history_of(pool, kind, object_id)
    return Line(group=group, segments=segments(groups.get(group, []), known))


def _projection_may_answer(question: AsOf) -> bool:
    return question.known.clock is question.type.clock and not question.type.incomplete_dates


def _refuse_unsearchable(question: AsOf) -> None:
    wanted, kind = question.wanted, question.type
    if isinstance(wanted, Match) and wanted.path not in kind.searchable_paths():
        paths = ", ".join(kind.searchable_paths()) or "nothing"
        raise ProblemError(
            Refusal(
                code="zoek.pad",
                status=HTTPStatus.BAD_REQUEST,
                title="Not searchable by this path",
                detail=f"{kind.key} can be searched by {paths}.",
            )
        )
    values = wanted.values if isinstance(wanted, Match) else wanted
    if len(values) > MAX_OBJECTS:
        raise _too_broad()


def _too_broad() -> ProblemError:
    return ProblemError(
        too_broad(f"More than {MAX_OBJECTS} objects come into view; ask for fewer.")
    )


def _objects_by_path(question: AsOf, table: str, condition: str) -> str:
    """SQL for the ids that match a path; type and path are literals so that the index serves.

    Both come from a model, where they are lower case letters, digits, dots and hyphens.
    """
    wanted = question.wanted
    assert isinstance(wanted, Match)  # noqa: S101  # for the type checker
    return (
        f"SELECT DISTINCT m.object_id FROM registers.{table} m "  # noqa: S608
        f"WHERE m.object_type = '{question.type.key}' "
        f"AND {stored_as(question.type, wanted.path, 'm.inhoud', 'ANY ($2)')} AND {condition} "
        f"LIMIT {MAX_OBJECTS + 1}"
    )


KNOWLEDGE = """k AS MATERIALIZED (
                SELECT number, moment FROM registers.knowledge($1, $4, false)), """


KNOWN = "k.number AS known_number, k.moment AS known_moment,"


def projection_sql(question: AsOf, before: str = "", more: str = "") -> str:
    """The statement that reads the projection, and at which state of knowledge it stands.

    ``before`` and ``more`` add a table ``k`` and its columns.
    """
    by_path = isinstance(question.wanted, Match)
    condition = "m.valid_from <= $3 AND m.valid_to > $3"
    objects = f"ARRAY({_objects_by_path(question, 'projection', condition)})" if by_path else "$2"
    return f"""WITH {before}state AS MATERIALIZED (
                SELECT coalesce(max(last_number), 0) AS at_number, max(registered_at) AS at_moment
                FROM registers.act WHERE register = $1)
            SELECT {more} state.*, p.valid_from AS part_from, p.valid_to AS part_to,
                   {columns_of(question.type, "a")}
            FROM {"k CROSS JOIN " if before else ""}state
            LEFT JOIN registers.projection p
                   ON p.object_type = '{question.type.key}' AND p.object_id = ANY ({objects})
                  AND p.valid_from <= $3 AND p.valid_to > $3{groups_condition(question.type, "p")}
            LEFT JOIN registers.assertion a
                   ON a.object_type = p.object_type AND a.object_id = p.object_id
                  AND a.groep = p.groep AND a.seq = p.seq"""  # noqa: S608 - literals of a model


async def _from_projection(pool: Pool, question: AsOf) -> list[Found] | None:
    """The answer of the projection; None when it stands at another state of knowledge."""
    rows = await pool.fetch(
        projection_sql(question),
        question.type.register,
        _values(question),
        question.valid_on,
    )
    return _of_projection(rows, question)


def _of_projection(rows: Sequence[Mapping[str, Any]], question: AsOf) -> list[Found] | None:
    known, state = question.known, rows[0]
    # On the source's clock every moment up to the last registration of ours counts as included.
    reaches = state["at_moment"] is None or known.moment >= state["at_moment"]
    if state["at_number"] != known.number or not reaches:
        return None
    by_id: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        object_id = row["object_id"]
        if object_id is not None:
            by_id.setdefault(object_id, []).append(row)
    if len(by_id) > MAX_OBJECTS:
        raise _too_broad()
    return [one for object_id, told in by_id.items() for one in _told_by(object_id, told, question)]


def _told_by(object_id: str, rows: Sequence[Mapping[str, Any]], question: AsOf) -> list[Found]:
    """What the rows of the projection on one day say of an object."""
    kind = question.type
    if len(rows) == 1 and not kind.migrations and rows[0]["groep"] in kind.group_schemas:
        return [_told_by_one(object_id, rows[0], question)]
    parts: dict[str, list[Part]] = {}
    for row in rows:
        answer = Answer(assertion=as_now(row, kind), certainty=Certainty.CERTAIN)
        part = Part(answer=answer, period=Period(row["part_from"], row["part_to"]))
        parts.setdefault(row["groep"], []).append(part)
    return found_in(object_id, parts, question)


def _told_by_one(object_id: str, row: Mapping[str, Any], question: AsOf) -> Found:
    """As `found_in` for one certain answer of one group: most objects, in a third of the time."""
    clock, source = question.known.clock, row["bron"]
    moment = row["source_registered_at"] if clock is Clock.SOURCE else None
    return Found(
        type=question.type,
        object_id=object_id,
        content={question.type.identification: object_id, **content_of(row["inhoud"])},
        history=History(
            period=Period(row["part_from"], row["part_to"]),
            registered_at=moment or row["registered_at"],
            clock=clock,
            number=row["volgnummer"],
            kind=Kind(row["soort"]),
            certainty=Certainty.CERTAIN,
            corrects=row["corrigeert"],
            holder=None if source == "{}" else holder_on(content_of(source), question.valid_on),
        ),
    )


async def _from_assertions(pool: Pool, question: AsOf) -> list[Found]:
    by_path = isinstance(question.wanted, Match)
    objects = (
        f"ARRAY({_objects_by_path(question, 'assertion', 'm.volgnummer <= $1')})"
        if by_path
        else "$2"
    )
    rows = await pool.fetch(
        f"""SELECT {columns_of(question.type)} FROM registers.assertion
            WHERE object_type = '{question.type.key}' AND object_id = ANY ({objects})
              AND volgnummer <= $1{groups_condition(question.type)}""",  # noqa: S608 - literals of a model
        question.known.number,
        _values(question),
    )
    parts = {
        object_id: parts_of(groups, question)
        for object_id, groups in by_object(rows, question.type).items()
    }
    return _all_found(parts, question)


def _all_found(parts: Mapping[str, Mapping[str, Sequence[Part]]], question: AsOf) -> list[Found]:
    if len(parts) > MAX_OBJECTS:
        raise _too_broad()
    return [
        found
        for object_id, groups in parts.items()
        for found in found_in(object_id, groups, question)
    ]


def _values(question: AsOf) -> list[str]:
    wanted = question.wanted
    if isinstance(wanted, Match):
        return codes_before(wanted.path, wanted.values, question.type.migrations)
    return list(wanted)
