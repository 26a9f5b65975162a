# SPDX-License-Identifier: EUPL-1.2
"""Persons of an answer that may not be used: looked up, left out or refused, and recorded.

Before reading, where the question names the person; after it, where the answer does. When nothing
of an answer may be used the asker is told why; when a part may, the rest is as if it was not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from landschap.logboek.second_decisions import SecondRefusal, second_refusal
from landschap.platform.ids import new_span_id
from landschap.purposes.permit import Permit
from landschap.purposes.second_look import stopped, stopped_refusal
from landschap.registers import store
from landschap.registers.lines_of_use import numbers_of
from landschap.registers.models import ObjectType, Register
from landschap.registers.questions import Found
from landschap.registers.store.subjects import subjects_of
from landschap.registers.timeline import Assertion
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.registers.api.cases import Case
    from landschap.registers.api.desk import Desk


async def allowed(desk: Desk, case: Case, found: Sequence[Found]) -> list[Found]:
    """Of what was found, what nothing of the person stands against; the rest is recorded."""
    if not case.permit.checks or not case.type.holds_personal_data:
        return list(found)
    of_each = [numbers_of(case.type, (), [one]) for one in found]
    codes = await _stopped(desk, case, {number for each in of_each for number in each})
    # Of whom it is can not be told: then nothing can be looked up either.
    kept = [
        one
        for one, numbers in zip(found, of_each, strict=True)
        if numbers and codes.keys().isdisjoint(numbers)
    ]
    if kept and codes:
        await _record(desk, case, codes)
    return kept


async def refuse_stopped(desk: Desk, case: Case, numbers: Sequence[str]) -> None:
    """Raises ProblemError, recorded, when one of these persons may not be used."""
    refuse_unknown_subject(case)
    codes = await _stopped(desk, case, numbers)
    if codes:
        await _record(desk, case, codes)
        raise ProblemError(stopped_refusal(case.permit, min(codes.values())))


async def usable(desk: Desk, case: Case, numbers: Sequence[Iterable[str]]) -> list[bool]:
    """Whether each object of a delivery may be used, by the numbers it is about; one without any
    may not, as nothing can be looked up. The rest is recorded.
    """
    if not case.permit.checks or not case.type.holds_personal_data:
        return [True] * len(numbers)
    of_each = [frozenset(each) for each in numbers]
    codes = await _stopped(desk, case, frozenset[str]().union(*of_each))
    if codes:
        await _record(desk, case, codes)
    return [bool(each) and codes.keys().isdisjoint(each) for each in of_each]


def refuse_unknown_subject(case: Case) -> None:
    """Raises ProblemError for persons of whom nothing can be looked up, when it must be."""
    kind = case.type
    if case.permit.checks and kind.holds_personal_data and kind.subject is None:
        raise ProblemError(stopped_refusal(case.permit, "obligation_unsupported"))


async def told_changes(
    desk: Desk, permit: Permit, register: Register, changes: Sequence[store.Change], now: datetime
) -> list[store.Change]:
    """The changes that may be told: nothing of an object about somebody who may not be used.

    That an object was destroyed is always told. Raises ProblemError where it can not be looked up.
    """
    if not permit.checks:
        return list(changes)
    untold: set[tuple[str, str]] = set()
    codes: set[str] = set()
    for kind in register.types.values():
        ids = {each.object_id for each in changes if each.type_key == kind.key}
        if not ids or not kind.holds_personal_data:
            continue
        if kind.subject is None:
            raise ProblemError(stopped_refusal(permit, "obligation_unsupported"))
        whom = await subjects_of(desk.deps.pool, kind, sorted(ids))
        gone = await store.destroyed_of(desk.deps.pool, [(kind.key, each) for each in ids])
        pseudonyms = {
            number: desk.pseudonym(kind.subject.subject_kind, number)
            for number in frozenset[str]().union(*whom.values())
        }
        stops = await stopped(permit, list(pseudonyms.values()), desk.deps.persons)
        for object_id in ids:
            found = {stops.get(pseudonyms[number], "") for number in whom.get(object_id, ())}
            if (found - {""}) or (not found and (kind.key, object_id) not in gone):
                untold.add((kind.key, object_id))
                codes |= found - {""}
    for code in sorted(codes):
        await _record_untold(desk, permit, register, code, now)
    return [each for each in changes if (each.type_key, each.object_id) not in untold]


async def _record_untold(
    desk: Desk, permit: Permit, register: Register, code: str, now: datetime
) -> None:
    refused = SecondRefusal(
        permit=permit,
        action="read",
        code=code,
        at=now,
        trace_id=permit.transaction_id.bytes,
        trace=None,
        about={"register": register.name},
    )
    await desk.deps.log.append([second_refusal(refused, new_span_id())])


def numbers_in(kind: ObjectType, groups: Mapping[str, Sequence[Assertion]]) -> list[str]:
    """Every number of a person that ever stood in one object."""
    name = kind.subject.name if kind.subject else ""
    contents = (each.content or {} for group in groups.values() for each in group)
    return sorted({str(content[name]) for content in contents if content.get(name) is not None})


async def _stopped(desk: Desk, case: Case, numbers: Iterable[str]) -> dict[str, str]:
    """Per person that may not be used: the code why."""
    subject = case.type.subject
    if subject is None:
        return {}
    by_pseudonym = {desk.pseudonym(subject.subject_kind, each): each for each in numbers}
    codes = await stopped(case.permit, list(by_pseudonym), desk.deps.persons)
    return {by_pseudonym[each]: code for each, code in codes.items()}


async def _record(desk: Desk, case: Case, codes: Mapping[str, str]) -> None:
    """A second decision per reason, and a line per person: asked, and not delivered."""
    for code in sorted(set(codes.values())):
        await desk.refused(case, code)
    await desk.record(case, (), [], refused=True, also=sorted(codes))
