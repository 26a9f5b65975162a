# SPDX-License-Identifier: EUPL-1.2
"""A recorded question decided in the circumstances of some moment: of then, of now, of a day.

Circumstances are everything a decision rests on beside the question: the register, what the
contract is worth, what stands against persons, whether the case is open, who approved. What can
not be repeated is left as it was: certificate, token and signature, and what another decision
point said. A question that passes the door may still be stopped by the service, for persons.
Source: Authorization Decision Log, "Replay"; AVG art. 5 lid 2 (accountability).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from landschap.purposes.bound import Bound
from landschap.purposes.decision import Decision, Question
from landschap.purposes.needs import Standing, against
from landschap.purposes.past.recorded import Door, Recorded, map_of, text_of
from landschap.purposes.replay import Marks, asked_again, differences
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import RULE, Veto, as_recorded, judge
from landschap.vocabulary.ijson import JsonValue

CONTRACT_NOT_VALID = "ERROR_CODE_CONTRACT_NOT_VALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a contract is worth at a moment, and to which purposes it binds.

    ``refusal`` is the code of what is in its way, as an agreement behind a delegation that ended.
    """

    state: str
    is_valid: bool
    bound: Bound | None
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision rests on at a moment, beside the question.

    ``agreed`` is None where no contract is asked for. ``facts`` holds what is known of the case
    and the approver at that moment, None for what the record says. ``persons`` is the last that was
    said of persons of this question, by pseudonym. ``veto`` and ``closed`` are of the service as
    it is declared; ``from_record`` takes from the record what rules of our own said.
    """

    at: datetime
    snapshot: Snapshot
    agreed: Agreed | None = None
    marked: Marks = field(default_factory=dict)
    facts: KnownFacts | None = None
    persons: Mapping[bytes, Sequence[Standing]] = field(default_factory=dict)
    veto: Veto | None = None
    closed: Closed | None = None
    from_record: bool = True


class Closed(NamedTuple):
    """Why a service answers nobody: a code, and in words."""

    code: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacts:
    """Of the case and the approver, as they are at a moment."""

    case_open: bool | None
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The outcome in some circumstances.

    ``decision`` is None where it ended before the decision; ``code`` says why. ``stopped`` are the
    persons that the service may not use although the question passes, by pseudonym, with the code.
    """

    circumstances: Circumstances
    question: Question
    decision: Decision | None
    code: str
    stopped: Mapping[bytes, str] = field(default_factory=dict)

    @property
    def allow(self) -> bool:
        """True when the door lets it pass."""
        return self.decision is not None and self.decision.allow

    @property
    def nobody_left(self) -> bool:
        """True when it passes the door and the service may use none of the persons it is about."""
        persons = self.circumstances.persons
        return self.allow and bool(persons) and len(self.stopped) == len(persons)

    def about(self, persons: Mapping[bytes, Sequence[Standing]]) -> Taken:
        """The same outcome, of a question about these persons: what the service looks up."""
        circumstances = dataclasses.replace(self.circumstances, persons=persons)
        decision = self.decision
        stopped = _stopped(decision, self.question, circumstances) if decision else {}
        return dataclasses.replace(self, circumstances=circumstances, stopped=stopped)

    def reasons(self) -> Mapping[str, int]:
        """Why persons are stopped, and how many of them."""
        return Counter(self.stopped.values())


def take(recorded: Recorded, circumstances: Circumstances) -> Taken | None:
    """Decide a recorded question in these circumstances; None when its question can not be read."""
    agreed = circumstances.agreed
    question = asked_again(
        recorded.request,
        recorded.response,
        bound=agreed.bound if agreed else None,
        snapshot=circumstances.snapshot,
        marked=circumstances.marked,
    )
    if question is None:
        return None
    known = circumstances.facts
    if known is not None:
        facts = question.facts._replace(case_open=known.case_open, approver=known.approver)
        question = dataclasses.replace(question, facts=facts)
    question = dataclasses.replace(question, require_bound=agreed is not None)
    if before := _ended_before(circumstances):
        return Taken(circumstances=circumstances, question=question, decision=None, code=before)
    decision = judge(question, circumstances.snapshot, circumstances.at, circumstances.veto)
    decision = as_recorded(decision, _vetoes(recorded, circumstances))
    return Taken(
        circumstances=circumstances,
        question=question,
        decision=decision,
        code=decision.code,
    ).about(circumstances.persons)


def differences_of(taken: Taken, recorded: Recorded) -> tuple[str, ...]:
    """Where an outcome differs from what was recorded; nothing: it is the same."""
    if taken.decision is None:
        return (f"decision: {recorded.allowed} -> ended before it, {taken.code}",)
    return tuple(differences(taken.decision, recorded.response, with_checks=True))


def not_repeated(recorded: Recorded) -> tuple[str, ...]:
    """What stays as it was, in words."""
    told = []
    if recorded.door in (Door.INWAY, Door.OUTWAY):
        told.append("certificate, token and signature: they were of that moment")
    for step in _steps(recorded):
        subject = text_of(step.get("subject"))
        if subject != "cedar" and step.get("rule") == RULE:
            told.append(f"the decision point {subject}: it said {step.get('outcome')} then")
    return tuple(told)


def _ended_before(circumstances: Circumstances) -> str:
    agreed = circumstances.agreed
    if agreed is not None and not agreed.is_valid:
        return CONTRACT_NOT_VALID
    if agreed is not None and agreed.refusal:
        return agreed.refusal
    return circumstances.closed.code if circumstances.closed else ""


def _vetoes(recorded: Recorded, circumstances: Circumstances) -> Mapping[str, JsonValue]:
    """What others said, from the record; without our own rules where these are asked anew."""
    if circumstances.from_record:
        return recorded.context
    kept: list[JsonValue] = [s for s in _steps(recorded) if s.get("subject") != "cedar"]
    failed = any(map_of(each).get("outcome") == "fail" for each in kept)
    return {"vetoes": kept, "code": recorded.code if failed else ""}


def _steps(recorded: Recorded) -> list[Mapping[str, JsonValue]]:
    said = recorded.context.get("vetoes")
    return [map_of(each) for each in said] if isinstance(said, list) else []


def _stopped(
    decision: Decision, question: Question, circumstances: Circumstances
) -> dict[bytes, str]:
    """Whom the service may not use: what it looks up of each person."""
    if not decision.allow:
        return {}
    activity = decision.activity
    codes = {
        person: against(
            decision.checks,
            said,
            purpose=decision.purpose,
            receiver=question.organisation,
            activity=activity.uri if activity else "",
        )
        for person, said in circumstances.persons.items()
    }
    return {person: code for person, code in codes.items() if code}
