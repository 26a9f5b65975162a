# SPDX-License-Identifier: EUPL-1.2
"""What an employee may see: decided as for any other asker, and turned into the same Permit.

The organisation asks itself, so there is no contract; all other rules hold: policy, role, hours,
level, fields. A type without personal data needs no purpose: nobody is concerned.
Source: AVG art. 5 lid 1 sub b and c; BIO2, 5.15 (access by role and need).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from landschap.console.known import Known
from landschap.gateway.recording import permission
from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import HISTORY, ProcessingActivity, Purpose
from landschap.purposes.needs import OBJECTION, RESTRICTION, Facts
from landschap.purposes.permit import LIFETIME, Permit
from landschap.purposes.snapshot import Snapshot
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue

_ANY_CASE = "nog te kiezen"
"""Stands for the case while purpose and case are being chosen: no page is shown on it."""

READ = "raadplegen"
CHANGE = "bijwerken-of-wijzigen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A purpose somebody may use here now, for which registers, under which activity."""

    purpose: Purpose
    services: tuple[str, ...]
    activity: ProcessingActivity | None


def question_of(
    known: Known,
    owner: str,
    service: str,
    purpose: str,
    *,
    level: str,
    action: str = READ,
    search: tuple[str, ...] = (),
) -> Question:
    """What an employee asks, in the form every question about purpose has.

    ``level`` is the assurance class of the log-in, as policies name it.
    """
    return Question(
        purpose=purpose,
        organisation=owner,
        service=service,
        provider=owner,
        action=action,
        search=search,
        roles=known.acting_roles,
        loa=level,
        require_bound=False,
        by_role=True,
    )


def facts_of(known: Known, snapshot: Snapshot, case_open: bool | None = None) -> Facts:
    """The case that was chosen; and that every person is looked up before anything is shown."""
    every = frozenset({RESTRICTION, OBJECTION})
    return Facts(
        case=known.task.case if known.task else "",
        case_open=case_open,
        marked={activity.uri: every for activity in snapshot.register.activities},
    )


def usable_purposes(
    known: Known,
    level: str,
    services: Iterable[tuple[str, str]],
    snapshot: Snapshot,
    now: datetime,
    apart: Mapping[str, Collection[str]],
) -> list[Usable]:
    """The purposes this employee may use now for some service, in order of their Dutch name.

    ``services`` are services with the action that is asked of them. ``apart`` holds per purpose the
    roles that open it in a place of their own alone, and give no choice here: at the desk persons
    are found exactly, counted and by a document.
    """
    found: dict[str, list[Decision]] = {}
    for service, action in services:
        by_purpose = snapshot.permits.get((snapshot.owner, service, action), {})
        for uri in by_purpose:
            asked = question_of(known, snapshot.owner, service, uri, level=level, action=action)
            case = known.task.case if known.task else _ANY_CASE
            here = tuple(each for each in asked.roles if each not in apart.get(uri, ()))
            asked = replace(asked, facts=Facts(case=case), roles=here)
            decision = decide(asked, snapshot, now)
            if decision.allow:
                found.setdefault(uri, []).append(decision)
    usable = [
        Usable(
            purpose=snapshot.purposes[uri].purpose,
            services=tuple(decision.question.service for decision in decisions),
            activity=decisions[0].activity,
        )
        for uri, decisions in found.items()
    ]
    return sorted(usable, key=lambda each: each.purpose.label.nl)


def permit_without_purpose(
    kind: ObjectType, owner: str, transaction_id: UUID, target: str, now: datetime
) -> Permit:
    """The Permit for a type without personal data: all of it. Raises ValueError for another."""
    if kind.holds_personal_data:
        raise ValueError(f"{kind.key} holds personal data; a purpose must be decided on")
    return Permit(
        transaction_id=transaction_id,
        service=kind.register,
        method="GET",
        target=target,
        peer=owner,
        purpose="",
        policy="",
        snapshot="",
        activity="",
        activity_version=0,
        fields=tuple(sorted(kind.paths())),
        searchable=kind.searchable_paths(),
        expires_at=now + LIFETIME,
        history=HISTORY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look, as its record tells it; ``about`` says which type and which times, never whose."""

    known: Known
    level: str
    service: str
    action: str
    about: Mapping[str, JsonValue]
    transaction_id: UUID
    trace_id: bytes
    span_id: bytes
    at: datetime


def record_of(look: Look, decision: Decision | None) -> Draft:
    """The decision on a look, as it goes to the log; None: there was nobody to decide about.

    Source: Authorization Decision Log, "Record".
    """
    known = look.known
    context: dict[str, JsonValue] = dict(look.about)
    if known.task is not None and decision is not None:
        context |= {"purpose": known.task.purpose, "case": known.task.case}
    if decision is not None and decision.question.search:
        # By which property, never which value: that it may be searched by was decided on.
        context["search"] = list(decision.question.search)
    if known.emergency is not None:
        context["emergency"] = {
            "id": str(known.emergency.id),
            "role": known.emergency.role,
            "reason": known.emergency.reason,
        }
    request: JsonValue = {
        "subject": {
            "type": "employee",
            "id": known.subject,
            "properties": {"roles": list(known.acting_roles), "loa": look.level},
        },
        "action": {"name": look.action},
        "resource": {"type": "service", "id": look.service},
        "context": context,
    }
    entry = AdlEntry(
        trace_id=look.trace_id,
        span_id=look.span_id,
        at=look.at,
        transaction_id=look.transaction_id,
        references=(
            {"adl.core.policies": {"landschap": decision.snapshot}} if decision is not None else {}
        ),
        body={"adl.core.request": request, "adl.core.response": _answer(decision)},
    )
    return refused_draft(entry, service=look.service)


def deed_record(
    look: Look, resource: tuple[str, str], context: Mapping[str, JsonValue], by: str
) -> Draft:
    """What an employee did in the console that is no look: a role taken, a proposal approved.

    ``resource`` is its type and id; ``by`` says under what it could be done.
    """
    known = look.known
    request: JsonValue = {
        "subject": {
            "type": "employee",
            "id": known.subject,
            "properties": {"roles": list(known.roles), "loa": look.level},
        },
        "action": {"name": look.action},
        "resource": {"type": resource[0], "id": resource[1]},
        "context": dict(context),
    }
    entry = AdlEntry(
        trace_id=look.trace_id,
        span_id=look.span_id,
        at=look.at,
        transaction_id=look.transaction_id,
        references={},
        body={
            "adl.core.request": request,
            "adl.core.response": {"decision": True, "context": {"by": by}},
        },
    )
    return refused_draft(entry, service=look.service)


def _answer(decision: Decision | None) -> JsonValue:
    if decision is None:
        return {"decision": True, "context": {"by": "no personal data"}}
    if decision.allow:
        return permission(decision)
    return {"decision": False, "context": decision.for_auditor()}
