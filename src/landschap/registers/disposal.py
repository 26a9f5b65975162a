# SPDX-License-Identifier: EUPL-1.2
"""Destroying and erasing: what a list holds, what forbids it, and what is stated afterwards.

One person proposes, another approves, the keeper carries out; what was destroyed is stated per
object under the signature of the organisation, without its content. A hold on an object, a person
or a rule forbids it for as long as it stands.
Source: Archiefbesluit 1995 art. 8; AVG art. 17 lid 1 and 3; history digest, 12.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from landschap.registers.retention import Rule, Rules, digest_of_rule
from landschap.registers.timeline import Assertion
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text

MAX_ITEMS = 100_000


class Act(StrEnum):
    """What a list is for: destroying after a term, or erasing on another ground."""

    DESTROY = "vernietigen"
    ERASE = "wissen"


class Ground(StrEnum):
    """Why an object is erased outside its term. ``termijn``: because its term is over."""

    TERM = "termijn"
    REQUEST = "avg-17"
    NEVER_ALLOWED = "onrechtmatig-bewaard"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something, by name and role."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object of a list, by which rule as it was then, and the last number it had then.

    ``numbers`` names some of its assertions; None is all of the object.
    """

    type_key: str
    object_id: str
    last_number: int
    rule: Mapping[str, JsonValue] = field(default_factory=dict)
    since: date | None = None
    due_on: date | None = None
    numbers: tuple[int, ...] | None = None

    @property
    def rule_id(self) -> str:
        """The name of the rule; empty when there is none."""
        return str(self.rule.get("id", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalList:
    """A proposal and what became of it. Keys are object type key and id."""

    list_id: UUID
    register: str
    act: Act
    ground: str
    proposer: Person
    items: Sequence[Item]
    authority: str = ""
    # Set when the list takes what was no answer any more at this moment.
    known_since: datetime | None = None
    proposed_at: datetime | None = None
    approver: Person | None = None
    approved_at: datetime | None = None
    excluded: Mapping[tuple[str, str], str] = field(default_factory=dict)
    done: frozenset[tuple[str, str]] = frozenset()

    @property
    def open_items(self) -> list[Item]:
        """What is still to be done."""
        return [
            item
            for item in self.items
            if (item.type_key, item.object_id) not in self.excluded
            and (item.type_key, item.object_id) not in self.done
        ]

    @property
    def state(self) -> str:
        """In one word: voorgesteld, goedgekeurd or uitgevoerd."""
        if self.approver is None:
            return "voorgesteld"
        return "goedgekeurd" if self.open_items else "uitgevoerd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What may not be destroyed or transferred; exactly one of object, subject and rule.

    ``subject`` is the pseudonym of a person.
    """

    hold_id: UUID
    register: str
    reason: str
    placed_by: str
    type_key: str | None = None
    object_id: str | None = None
    subject: str | None = None
    rule_id: str | None = None
    placed_at: datetime | None = None
    lifted_by: str | None = None
    lifted_reason: str | None = None
    lifted_at: datetime | None = None

    def covers(self, type_key: str, object_id: str, rule_id: str, subjects: Sequence[str]) -> bool:
        """True when this hold stands and is about this object."""
        if self.lifted_at is not None:
            return False
        return (
            (self.type_key, self.object_id) == (type_key, object_id)
            or (self.rule_id is not None and self.rule_id == rule_id)
            or (self.subject is not None and self.subject in subjects)
        )


def four_eyes(proposer: str, approver: str) -> Refusal | None:
    """Why this person may not approve; None when it is somebody else."""
    if proposer.strip().lower() != approver.strip().lower():
        return None
    return Refusal(
        code="vernietiging.zelfde-persoon",
        status=HTTPStatus.FORBIDDEN,
        title="Who proposes does not approve",
        detail=f"{proposer} proposed this list. Nothing was approved.",
        missing="the approval of a second person",
        owner="somebody else with the role to approve destruction",
    )


def not_approved(given: DisposalList) -> Refusal | None:
    """Why a list can not be carried out yet."""
    if given.approver is not None:
        return None
    return Refusal(
        code="vernietiging.niet-goedgekeurd",
        status=HTTPStatus.FORBIDDEN,
        title="The list was not approved",
        detail=f"{given.proposer.name} proposed it; nobody else has approved it. "
        "Nothing was destroyed.",
        missing="the approval of a second person",
        owner="somebody with the role to approve destruction",
    )


def rule_changed(item: Item, rules: Rules | None) -> Refusal | None:
    """Why an item can not be destroyed by the rule it was listed under: it says something else."""
    now = rules.by_id(item.rule_id) if rules is not None else None
    if now is not None and digest_of_rule(now.as_json()) == digest_of_rule(item.rule):
        return None
    return Refusal(
        code="vernietiging.regel-gewijzigd",
        status=HTTPStatus.CONFLICT,
        title="The rule was changed since the list was made",
        detail=f"Rule {item.rule_id} {'says something else now' if now else 'is gone'}: what it "
        "was approved for no longer holds. Make a new list.",
    )


def held(hold_reasons: Sequence[str]) -> Refusal:
    """A hold forbids it."""
    return Refusal(
        code="vernietiging.bewaarplicht",
        status=HTTPStatus.CONFLICT,
        title="A hold forbids this",
        detail="Nothing was destroyed: " + ("; ".join(hold_reasons) or "a hold was placed") + ".",
        missing="the end of the hold",
        owner="who placed the hold",
    )


def changed_since() -> Refusal:
    """The object got another assertion after it was listed."""
    return Refusal(
        code="vernietiging.object-gewijzigd",
        status=HTTPStatus.CONFLICT,
        title="The object was changed since the list was made",
        detail="Something was registered about it after it was listed: whether its term is over "
        "has to be looked at again. Make a new list.",
    )


def not_due() -> Refusal:
    """The term of the object is not over yet."""
    return Refusal(
        code="vernietiging.te-vroeg",
        status=HTTPStatus.CONFLICT,
        title="The term is not over yet",
        detail="By its rule the object is to be kept still. Nothing was destroyed.",
    )


def legal_duty(rules: Sequence[Rule], authority: str) -> Refusal | None:
    """Why a person's data can not be erased: a law says to keep it, and no authority orders it.

    Source: AVG art. 17 lid 3 sub b and d.
    """
    by_law = next((r for r in rules if r.law or r.value.value == "blijvend bewaren"), None)
    if by_law is None or authority.strip():
        return None
    why = by_law.law or "it is kept for ever by the selection list"
    return Refusal(
        code="wissen.wettelijke-plicht",
        status=HTTPStatus.CONFLICT,
        title="A law says to keep this",
        detail=f"Nothing was listed: rule {by_law.id} of {by_law.type.key}: {why}. The person can "
        "ask for correction, or complain to the Autoriteit Persoonsgegevens or a court.",
        missing="the reference of an order by a court or supervisory authority",
        owner="the court or the Autoriteit Persoonsgegevens",
    )


def tombstone_of(assertion: Assertion) -> Mapping[str, JsonValue] | None:
    """Ground, moment and statement in the place of what was asserted; None when nothing is."""
    found = assertion.source.get("gewist")
    return found if isinstance(found, Mapping) else None


def gone(told: Mapping[str, JsonValue]) -> Refusal:
    """Asked for what was destroyed. Source: history digest, 12.6 and 13.1."""
    return Refusal(
        code="geschiedenis.gewist",
        status=HTTPStatus.GONE,
        title="This was destroyed",
        detail="What was registered here was destroyed and is not known any more, on no day and "
        "at no moment.",
        extra={"gewist": dict(told)},
    )


def statement(
    given: DisposalList, item: Item, record_id: UUID, facts: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """What is signed about one destroyed object: everything but what it held.

    ``facts``: aantalBeweringen, eersteVolgnummer, laatsteVolgnummer, tijdstip, organisatie,
    persoonsgegevens, klok, uitgevoerdDoor.
    """
    approver = given.approver or Person("", "")
    numbers: JsonValue = None if item.numbers is None else list(item.numbers)
    return {
        "verklaring": str(record_id),
        "register": given.register,
        "objecttype": item.type_key,
        "identificatie": item.object_id,
        "handeling": given.act.value,
        "grond": given.ground,
        "gezag": given.authority,
        "regel": dict(item.rule) or None,
        "sinds": item.since.isoformat() if item.since else None,
        "vervallenOp": item.due_on.isoformat() if item.due_on else None,
        "lijst": str(given.list_id),
        "voorgesteldDoor": {"naam": given.proposer.name, "rol": given.proposer.role},
        "goedgekeurdDoor": {"naam": approver.name, "rol": approver.role},
        "goedgekeurdOp": as_utc_text(given.approved_at) if given.approved_at else None,
        "volgnummers": numbers,
        **facts,
    }
