# SPDX-License-Identifier: EUPL-1.2
"""What a service still judges under a permission, written as Cedar policies of their own.

The door does not see whose data is asked. What the chosen policy says of the person (a consent, a
restriction, an upheld objection) and of the object (row conditions, the category of persons of a
decree) is one ``permit`` per policy here, asked for one person with one object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import cedarpy

from landschap.purposes.model import Effect, Policy, Register
from landschap.purposes.needs import CONSENT, Kind, Standing
from landschap.purposes.rows import CALLER, RowCondition
from landschap.vocabulary.ijson import JsonValue

PLACE, SIZE = "adres.plaats", "woning.m2"
_NAMES = {PLACE: "plaats", SIZE: "m2"}
SCHEMA = """
entity Organisatie;
entity Beleidsregel;
action "gebruiken" appliesTo {
  principal: Organisatie, resource: Beleidsregel,
  context: {
    toestemming: Bool, beperkt: Set<String>, bezwaar: Set<String>, vrager: String,
    plaats?: String, m2?: Long,
  },
};
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person: what was said for one purpose and receiver, and the object about them."""

    purpose: str
    receiver: str
    consent: bool
    restricted: tuple[str, ...] = ()
    objected: tuple[str, ...] = ()
    place: str | None = None
    size: int | None = None

    def standings(self, since: object) -> list[Standing]:
        """As the database gives it."""
        told = [(Kind.CONSENT, self.purpose, self.receiver, self.consent)]
        told += [(Kind.RESTRICTION, each, "", True) for each in self.restricted]
        told += [(Kind.OBJECTION, each, "", True) for each in self.objected]
        return [
            Standing(kind=kind, about=about, receiver=receiver, holds=holds, since=since)  # type: ignore[arg-type]  # a moment
            for kind, about, receiver, holds in told
        ]

    def marked(self) -> Mapping[str, frozenset[str]]:
        """As the deciders know it: that somebody stands against an activity."""
        found: dict[str, set[str]] = {}
        for kind, activities in (("beperking", self.restricted), ("bezwaar", self.objected)):
            for each in activities:
                found.setdefault(each, set()).add(kind)
        return {activity: frozenset(kinds) for activity, kinds in found.items()}

    def content(self) -> dict[str, JsonValue]:
        """The object, as a register holds it."""
        found: dict[str, JsonValue] = {}
        if self.place is not None:
            found["adres"] = {"plaats": self.place}
        if self.size is not None:
            found["woning"] = {"m2": self.size}
        return found


class CedarPersons:
    """The permissions of a register, for the use of one person."""

    def __init__(self, register: Register) -> None:
        self.decrees = {each.id: each for each in register.decrees}
        permits = [each for each in register.policies if each.effect is Effect.PERMIT]
        self.text = "\n".join(map(self._rule, permits))
        self.policies = cedarpy.PolicySet.from_str(self.text)

    def allows(self, policy: str, caller: str, person: Person) -> bool:
        """Whether this person may be used under this policy."""
        context: dict[str, JsonValue] = {
            "toestemming": person.consent,
            "beperkt": list(person.restricted),
            "bezwaar": list(person.objected),
            "vrager": caller,
        }
        if person.place is not None:
            context["plaats"] = person.place
        if person.size is not None:
            context["m2"] = person.size
        request = {
            "principal": {"type": "Organisatie", "id": caller},
            "action": {"type": "Action", "id": "gebruiken"},
            "resource": {"type": "Beleidsregel", "id": policy},
            "context": json.dumps(context),
        }
        result = cedarpy.is_authorized(request, self.policies, "[]")
        assert not result.diagnostics.errors, result.diagnostics.errors
        return result.allowed

    def _rule(self, policy: Policy) -> str:
        activity = json.dumps(policy.activity)
        conditions = [f"!context.bezwaar.contains({activity})"]
        if CONSENT in policy.needs:
            conditions.append("context.toestemming")
        if not policy.despite:
            conditions.append(f"(context.toestemming || !context.beperkt.contains({activity}))")
        decree = self.decrees.get(policy.decree)
        conditions += map(_row, (*policy.rows, *(decree.persons if decree else ())))
        return (
            f'@id({json.dumps(policy.id)}) permit(principal, action == Action::"gebruiken", '
            f"resource == Beleidsregel::{json.dumps(policy.id)}) "
            f"when {{ {' && '.join(conditions)} }};"
        )


def _row(row: RowCondition) -> str:
    name = _NAMES[row.path]
    values = [_value(each, row.path) for each in row.values]
    tests = {
        "exists": "true",
        "eq": f"context.{name} == {values[0]}" if values else "",
        "ne": f"context.{name} != {values[0]}" if values else "",
        "in": f"[{', '.join(values)}].contains(context.{name})",
        "lt": f"context.{name} < {values[0]}" if values else "",
        "gt": f"context.{name} > {values[0]}" if values else "",
    }
    return f"(context has {name} && {tests[row.op]})"


def _value(value: str, path: str) -> str:
    if value == CALLER:
        return "context.vrager"
    return value if path == SIZE else json.dumps(value)
