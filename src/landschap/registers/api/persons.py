# SPDX-License-Identifier: EUPL-1.2
"""Persons of an answer that may not be used: looked up, left out or refused, and recorded.

Before reading, where the question names the person; after it, where the answer does. When nothing
of an answer may be used the asker is told why; when a part may, the rest is as if it was not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from landschap.purposes.second_look import stopped, stopped_refusal
from landschap.registers.lines_of_use import numbers_of
from landschap.registers.models import ObjectType
from landschap.registers.questions import Found
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
    if case.type.subject is None and case.type.holds_personal_data:
        raise ProblemError(stopped_refusal(case.permit, "obligation_unsupported"))
    codes = await _stopped(desk, case, numbers)
    if codes:
        await _record(desk, case, codes)
        raise ProblemError(stopped_refusal(case.permit, min(codes.values())))


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
