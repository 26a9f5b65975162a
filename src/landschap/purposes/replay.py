# SPDX-License-Identifier: EUPL-1.2
"""Take a decision again from its record: the same question, on the snapshot it named, at its time.

What a door recorded (an access evaluation) holds everything but the contract; with the bound of
the contract the whole explanation can be made again, years later, and compared.
Source: Authorization Decision Log, "Replay"; AuthZEN 1.0, "Access Evaluation".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from landschap.purposes.authzen import names
from landschap.purposes.authzen.messages import Unclear, Unreadable, read_evaluation
from landschap.purposes.bound import Bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.declaration import Unverified, read
from landschap.purposes.needs import Facts
from landschap.purposes.reasons import REASONS
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import as_recorded
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The decision taken again, and where it differs from what was recorded (nothing: equal)."""

    decision: Decision
    differences: tuple[str, ...]


def replay(
    request: Mapping[str, JsonValue],
    response: Mapping[str, JsonValue],
    *,
    bound: Bound | None,
    snapshot: Snapshot,
    at: datetime,
) -> Replay | None:
    """Decide a recorded question again; None when it was never decided on its purpose.

    ``request`` and ``response`` are the ``adl.core.request`` and ``adl.core.response`` of the
    record, ``bound`` what the contract says, ``at`` the moment of the record.
    """
    context = _map(response.get("context"))
    code = context.get("code")
    question = question_of(request, bound, snapshot.owner)
    if question is None or (code and code not in REASONS):
        return None
    # A permitted question with fields withheld can only have been a lenient one.
    question = dataclasses.replace(
        question,
        lenient=bool(context.get("withheld")) and not code,
        facts=_facts(request, _map(context.get("facts"))),
    )
    # What other engines said then is taken from the record: they can not be asked again.
    decision = as_recorded(decide(question, snapshot, at), context)
    return Replay(decision=decision, differences=tuple(_differences(decision, response)))


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
    )


def _facts(request: Mapping[str, JsonValue], known: Mapping[str, JsonValue]) -> Facts:
    """What the door knew: the case as it was declared or named, and what the record says."""
    context = _map(request.get("context"))
    declaration = context.get("declaration")
    own = _text(context.get("case")) or _text(context.get("zaak"))
    unverified = read(declaration) if isinstance(declaration, str) and not own else None
    declared = unverified.claims.case if isinstance(unverified, Unverified) else ""
    is_open = known.get("caseOpen")
    return Facts(
        case=own or declared,
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
    unverified = read(declaration) if isinstance(declaration, str) else None
    return unverified.claims.legal_bases if isinstance(unverified, Unverified) else ()


def _differences(decision: Decision, response: Mapping[str, JsonValue]) -> list[str]:
    context = _map(response.get("context"))
    pairs: dict[str, tuple[JsonValue, JsonValue]] = {
        "decision": (response.get("decision"), decision.allow)
    }
    if decision.allow:
        pairs["policy"] = (context.get("policy"), decision.policy)
        pairs["visible"] = (sorted(_texts(context.get("visible"))), sorted(decision.visible))
    else:
        pairs["code"] = (context.get("code"), decision.code)
    return [f"{name}: {old} -> {new}" for name, (old, new) in pairs.items() if old != new]


def _map(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: JsonValue) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else ()
    return tuple(item for item in items if isinstance(item, str))


def _role(value: JsonValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else ()
