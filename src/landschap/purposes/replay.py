# SPDX-License-Identifier: EUPL-1.2
"""Take a decision again from its record: the same question, on the snapshot it named, at its time.

What a door recorded (an access evaluation) holds everything but the contract and what stood
against persons in general; with the bound of the contract and those marks the whole explanation can
be made again, years later, and compared.
Source: Authorization Decision Log, "Replay"; AuthZEN 1.0, "Access Evaluation".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from landschap.purposes.authzen import names
from landschap.purposes.authzen.messages import Unclear, Unreadable, read_evaluation
from landschap.purposes.bound import Bound
from landschap.purposes.chain import Followed, followed_in
from landschap.purposes.decide import decide
from landschap.purposes.decision import CONFIDENTIAL, Decision, Question
from landschap.purposes.declaration import Claims, Unverified, read
from landschap.purposes.needs import OBJECTION, RESTRICTION, Facts
from landschap.purposes.reasons import REASONS
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import as_recorded
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The decision taken again, and where it differs from what was recorded (nothing: equal)."""

    decision: Decision
    differences: tuple[str, ...]


Marks = Mapping[str, frozenset[str]]
"""The activities against which a restriction or objection of somebody stands, by its kind."""


def replay(
    request: Mapping[str, JsonValue],
    response: Mapping[str, JsonValue],
    *,
    bound: Bound | None,
    snapshot: Snapshot,
    at: datetime,
    marked: Marks | None = None,
    require_bound: bool = False,
) -> Replay | None:
    """Decide a recorded question again; None when it was never decided on its purpose.

    ``request`` and ``response`` are the ``adl.core.request`` and ``adl.core.response`` of the
    record, ``bound`` what the contract says, ``at`` the moment of the record. ``marked`` is what
    stood against persons then; without it what a service must look up is not compared.
    ``require_bound``: at a door, where the contract is known, and must name a purpose.
    """
    question = asked_again(request, response, bound=bound, snapshot=snapshot, marked=marked)
    if question is not None and require_bound:
        question = dataclasses.replace(question, require_bound=True)
    if question is None:
        return None
    # What other engines said then is taken from the record: they can not be asked again.
    decision = as_recorded(decide(question, snapshot, at), _map(response.get("context")))
    known = marked is not None or _is_employee(request)
    return Replay(
        decision=decision, differences=tuple(differences(decision, response, with_checks=known))
    )


def asked_again(
    request: Mapping[str, JsonValue],
    response: Mapping[str, JsonValue],
    *,
    bound: Bound | None,
    snapshot: Snapshot,
    marked: Marks | None = None,
) -> Question | None:
    """The question of a record, with what was known beside it; None when it was not decided."""
    if not was_decided(request, response):
        return None
    context = _map(response.get("context"))
    question = question_of(request, bound, snapshot.owner)
    if question is None:
        return None
    if _is_employee(request):
        # A page looks up every person before anything of that person is shown.
        every = frozenset({RESTRICTION, OBJECTION})
        marked = {activity.uri: every for activity in snapshot.register.activities}
    facts = _facts(request, _map(context.get("facts")))
    return dataclasses.replace(
        question,
        lenient=question.lenient or _was_lenient(context),
        facts=facts._replace(marked=marked or {}),
    )


def was_decided(request: Mapping[str, JsonValue], response: Mapping[str, JsonValue]) -> bool:
    """True when this was decided on its purpose, and not refused before, or without one."""
    context = _map(response.get("context"))
    code = context.get("code")
    if code and (
        code not in REASONS or _text(_map(request.get("subject")).get("type")) == "organisation"
    ):
        return False
    # The doors use these codes as well; only who decided leaves its steps.
    return code not in _ALSO_AT_THE_DOOR or "steps" in context or "vetoes" in context


_ALSO_AT_THE_DOOR = frozenset({"request_invalid", "internal_error", "obligation_unsupported"})


def _was_lenient(context: Mapping[str, JsonValue]) -> bool:
    """For records that do not say it: permitted with fields withheld can only be lenient."""
    return bool(context.get("withheld")) and not context.get("code")


def question_of(
    request: Mapping[str, JsonValue], bound: Bound | None, owner: str
) -> Question | None:
    """The question in a recorded access evaluation, None when parts of it were never read."""
    if _text(_map(request.get("subject")).get("type")).startswith(names.BASE):
        return _question_of_gateway(request, owner)
    subject, context = _map(request.get("subject")), _map(request.get("context"))
    resource, action = _map(request.get("resource")), _map(request.get("action"))
    purpose, service = context.get("purpose"), resource.get("id")
    if not isinstance(purpose, str) or not isinstance(service, str):
        return None
    own_side = subject.get("type") == "application"
    said, about = _map(subject.get("properties")), _map(resource.get("properties"))
    if _is_employee(request):
        return Question(
            purpose=purpose,
            organisation=owner,
            service=service,
            provider=owner,
            action=_text(action.get("name")),
            search=_texts(context.get("search")),
            roles=_texts(said.get("roles")),
            loa=_text(said.get("loa")),
            require_bound=False,
            by_role=True,
        )
    asker = owner if own_side else _text(subject.get("id"))
    delegator = _text(context.get("delegator"))
    fields = about.get("fields")
    return Question(
        purpose=purpose,
        organisation=delegator or asker,
        delegatee=asker if delegator else "",
        service=service,
        provider=_text(about.get("provider")),
        action=_text(action.get("name")),
        fields=None if fields is None else _texts(fields),
        legal_bases=None if own_side else _declared_bases(context.get("declaration")),
        roles=_texts(said.get("roles")) if own_side else _role(said.get("role")),
        loa=_text(said.get("loa")),
        bound=bound,
        require_bound=False,
        lenient=context.get("handling") == "lenient",
        follows=_follows(context, own_side=own_side),
        confidential=context.get("confidentiality") == CONFIDENTIAL,
    )


def _follows(context: Mapping[str, JsonValue], *, own_side: bool) -> Followed | None:
    """The question before: at our Outway as it was recorded, at our Inway as it was declared."""
    if own_side:
        return followed_in(context.get("follows"))
    claims = _declared(context.get("declaration"))
    return claims.follows if claims else None


def _facts(request: Mapping[str, JsonValue], known: Mapping[str, JsonValue]) -> Facts:
    """What the door knew: the case as it was declared or named, and what the record says."""
    context = _map(request.get("context"))
    own = _text(context.get("case")) or _text(context.get("zaak"))
    claims = None if own else _declared(context.get("declaration"))
    is_open = known.get("caseOpen")
    return Facts(
        case=own or (claims.case if claims else ""),
        case_open=is_open if isinstance(is_open, bool) else None,
        approver=_text(known.get("approver")),
    )


def _question_of_gateway(request: Mapping[str, JsonValue], owner: str) -> Question | None:
    """What the decision point was asked, in the canonical names of AuthZEN."""
    try:
        return read_evaluation(request, owner).question
    except (Unreadable, Unclear):
        return None


def _declared_bases(declaration: JsonValue) -> tuple[str, ...] | None:
    if declaration == "unsigned":
        return None
    claims = _declared(declaration)
    return claims.legal_bases if claims else ()


def _declared(declaration: JsonValue) -> Claims | None:
    """What was declared; the signature was looked at then."""
    return _claims_in(declaration) if isinstance(declaration, str) else None


# One decision is taken in several circumstances, and asks for several of the claims each time.
@lru_cache(maxsize=16)
def _claims_in(declaration: str) -> Claims | None:
    unverified = read(declaration)
    return unverified.claims if isinstance(unverified, Unverified) else None


def differences(
    decision: Decision, response: Mapping[str, JsonValue], *, with_checks: bool
) -> list[str]:
    """Where it differs, as far as the record says; a record of several decisions says less."""
    context = _map(response.get("context"))
    found = _comparable(decision)
    names = [name for name in found if name in context]
    if decision.allow and "fieldSet" in context:
        # Absent is none of it, where the record is whole.
        names += [each for each in ("checks", "obligations") if each not in context]
    if not with_checks:
        names = [name for name in names if name != "checks"]
    pairs: list[tuple[str, JsonValue, JsonValue]] = [
        ("decision", response.get("decision"), decision.allow)
    ]
    pairs += [(name, _ordered(name, context.get(name)), found[name]) for name in names]
    return [f"{name}: {old} -> {new}" for name, old, new in pairs if old != new]


def _comparable(decision: Decision) -> dict[str, JsonValue]:
    """What a record of this decision would say, by its names there."""
    activity = decision.activity
    shared: dict[str, JsonValue] = {
        "policy": decision.policy,
        "purpose": decision.purpose,
        "purposeVersion": decision.purpose_version,
        "activity": activity.uri if activity else "",
        "activityVersion": activity.version if activity else 0,
        "fieldSet": decision.field_set,
        "withheld": sorted(decision.withheld),
    }
    if not decision.allow:
        return {"code": decision.code, **shared}
    return {
        **shared,
        "legalBases": list(decision.legal_bases),
        "visible": sorted(decision.visible),
        "checks": list(decision.checks),
        "obligations": [[each.kind, each.path, each.value] for each in decision.obligations],
    }


def _ordered(name: str, value: JsonValue) -> JsonValue:
    if name in ("visible", "withheld"):
        return sorted(_texts(value))
    return [] if value is None and name in ("checks", "obligations") else value


def _is_employee(request: Mapping[str, JsonValue]) -> bool:
    """True for a look of an employee of ours, in the console."""
    return _map(request.get("subject")).get("type") == "employee"


def _map(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: JsonValue) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else ()
    return tuple(item for item in items if isinstance(item, str))


def _role(value: JsonValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else ()
