# SPDX-License-Identifier: EUPL-1.2
"""Fetching the other end of relations: one question per relation, lines per delivered object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from landschap.registers import store
from landschap.registers.answering import body_of
from landschap.registers.api.persons import allowed
from landschap.registers.expanding import Relation, as_member, ids_at, no_version
from landschap.registers.models import ObjectType
from landschap.registers.questions import MAX_OBJECTS, AsOf, Found
from landschap.registers.refusals import closed_fields, too_broad
from landschap.registers.timeline import Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.registers.api.cases import Case
    from landschap.registers.api.desk import Desk

Answers = Sequence[tuple[Found, dict[str, JsonValue]]]


async def expand(desk: Desk, case: Case, known: Known, answers: Answers) -> None:
    """Add what ``expand`` asked for to these bodies, and record it. Raises ProblemError."""
    for relation in case.expanded:
        await _follow(desk, case, known, relation, answers)


_NOT_OF = ", so it can not be followed: this permit holds nothing of "


def _open_to(case: Case, kind: ObjectType) -> frozenset[str]:
    """The leaves of a type that may be read: of another register than the permit is for, what is
    open to everybody. A field set is of one service, and names in another mean something else.
    """
    if kind.register == case.permit.service:
        return frozenset(leaf for path in case.permit.fields for leaf in kind.leaves(path))
    return frozenset(leaf for prop in kind.open_properties() for leaf in kind.leaves(prop.name))


async def _follow(
    desk: Desk, case: Case, known: Known, relation: Relation, answers: Answers
) -> None:
    target = relation.target
    leaves = _open_to(case, target)
    if relation.path not in _open_to(case, case.type):
        raise ProblemError(closed_fields([relation.path], ", so it can not be followed."))
    if not leaves:
        raise ProblemError(closed_fields([relation.path], f"{_NOT_OF}{target.key}."))
    ids = {each for found, _ in answers for each in ids_at(found.content, relation.path)}
    if len(ids) > MAX_OBJECTS:
        raise ProblemError(
            too_broad(f"More than {MAX_OBJECTS} objects would be expanded; ask for fewer objects.")
        )
    followed = [each.path for each in relation.further]
    question = AsOf(
        type=desk.view_of(target, replace(case.permit, fields=tuple(leaves)), followed),
        wanted=sorted(ids),
        valid_on=case.asked.valid_on,
        known=known,
        uncertainty=case.asked.uncertainty,
    )
    if ids and case.permit.rows:
        sifted = await store.permitted(desk.deps.pool, question, case.permit.rows)
        question = replace(question, wanted=sifted.ids)
    ends = await store.as_of(desk.deps.pool, question) if question.wanted else []
    ends = await allowed(desk, replace(case, type=target), ends)
    shape = replace(case.shape, leaves=leaves, left_out=frozenset())
    bodies = [body_of(end, question, shape) for end in ends]
    pairs = list(zip(ends, bodies, strict=True))
    await desk.record(replace(case, type=target, shape=shape), question.wanted, ends)
    for further in relation.further:
        await _follow(desk, replace(case, type=target, shape=shape), known, further, pairs)
    by_id: dict[str, JsonValue] = {}
    for end, body in pairs:
        by_id.setdefault(end.object_id, body)
    for found, body in answers:
        told = [
            by_id.get(each, no_version(target, each))
            for each in ids_at(found.content, relation.path)
        ]
        members = body.setdefault("_uitgebreid", {})
        assert isinstance(members, dict)  # noqa: S101  # made in the line before
        members[relation.path] = as_member(found.content, relation.path, told)
