# SPDX-License-Identifier: EUPL-1.2
"""A register written as Cedar policies: a second opinion by an engine that is not ours.

Each permission becomes a ``permit`` and each prohibition a ``forbid``; what is true of the question
beside the policies (is the purpose active, does the contract hold) goes in as a fact, so that
Cedar has the last word on everything that makes up the decision. The strict question asks whether
one policy shows all fields, the lenient one whether one policy shows any.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import cedarpy

from landschap.purposes.decision import Question
from landschap.purposes.model import LEVELS, Effect, Policy, PurposeStatus, Register
from landschap.purposes.needs import CASE, CONSENT, FOUR_EYES

SCHEMA = """
entity Groep;
entity Organisatie in [Groep];
entity Dienst;
action "raadplegen", "wissen" appliesTo {
  principal: Organisatie, resource: Dienst,
  context: {
    bekend: Bool, contract: Bool, doelen: Set<String>, dag: Long, rollen: Set<String>,
    niveau: Long, grondslagen: Set<String>, gevraagd: Set<String>, binnen: Set<String>,
    ruim: Bool, alles: Bool, zaak: Bool, akkoord: Bool, geweigerd: Bool, gemachtigde: Bool,
    namens: Set<String>, besluiten: Set<String>, weekdag: Long, minuut: Long,
  },
};
"""


class CedarRegister:
    """The policies of a register in Cedar, and its questions as requests."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.sets = {f"{s.id}@{s.version}": s for s in register.field_sets}
        self.parent = {p.uri: p.broader for p in register.purposes}
        self.equal = {m: p.uri for p in register.purposes for m in p.exact_match}
        self.fields = {(s.provider, s.name): set(s.fields) for s in register.services}
        self.text = "\n".join(map(self._rule, register.policies))
        self.policies = cedarpy.PolicySet.from_str(self.text)
        self.entities = json.dumps(list(self._entities()))

    def allows(self, question: Question, now: datetime) -> bool:
        result = cedarpy.is_authorized(self._request(question, now), self.policies, self.entities)
        assert not result.diagnostics.errors, result.diagnostics.errors
        return result.allowed

    def _rule(self, policy: Policy) -> str:
        is_permit = policy.effect is Effect.PERMIT
        conditions = [
            f"context.dag >= {policy.valid.since.toordinal()}",
            *([f"context.dag < {policy.valid.until.toordinal()}"] if policy.valid.until else []),
            *(
                []
                if policy.purpose == "*"
                else [f"context.doelen.contains({_text(policy.purpose)})"]
            ),
        ]
        if "*" not in policy.organisations:
            members = [*map(self._member, policy.organisations)]
            if not is_permit:
                # A prohibition holds for who asks in another's name as well.
                members.append(f"context.namens.containsAny({_set(policy.organisations)})")
            conditions.append(f"({' || '.join(members)})")
        if is_permit:
            conditions += self._permitted(policy) + self._needed(policy)
        actions = ", ".join(f"Action::{_text(name)}" for name in policy.actions)
        return (
            f"@id({_text(policy.id)}) {'permit' if is_permit else 'forbid'}"
            f"(principal, action in [{actions}], resource == Dienst::{_text(policy.service)})"
            f" when {{ {' && '.join(conditions)} }};"
        )

    def _permitted(self, policy: Policy) -> list[str]:
        shown = _set(self.sets[policy.field_set].fields)
        return [
            "context.bekend && context.contract",
            *([f"context.rollen.containsAny({_set(policy.roles)})"] if policy.roles else []),
            f"context.niveau >= {LEVELS.index(policy.min_loa or 'none')}",
            f"{_set(policy.legal_bases)}.containsAll(context.grondslagen)",
            f"{shown}.containsAny(context.binnen)",
            f"(context.ruim || context.alles && {shown}.containsAll(context.gevraagd))",
        ]

    def _needed(self, policy: Policy) -> list[str]:
        """What must be there beside the purpose, as far as a door knows it."""
        known = {
            CASE: "context.zaak", FOUR_EYES: "context.akkoord", CONSENT: "!context.geweigerd",
        }  # fmt: skip
        found = [known[need] for need in policy.needs]
        if not policy.delegable:
            found.append("!context.gemachtigde")
        if policy.decree:
            found.append(f"context.besluiten.contains({_text(policy.decree)})")
        if policy.hours:
            begin, end = (t.hour * 60 + t.minute for t in (policy.hours.begin, policy.hours.end))
            found.append(f"{list(policy.hours.days)}.contains(context.weekdag)")
            found.append(f"context.minuut >= {begin} && context.minuut < {end}")
        return found

    def _names_of(self, organisation: str) -> list[str]:
        """Everything by which a policy may mean this organisation."""
        own = ["*own"] if organisation == self.register.owner else []
        groups = [g.name for g in self.register.groups if organisation in g.members]
        return [organisation, *own, *groups] if organisation else []

    def _in_force(self, organisation: str, day: int) -> list[str]:
        """The decrees that let this organisation be supplied on this day."""
        return [
            each.id
            for each in self.register.decrees
            if organisation in each.receivers
            and each.valid.since.toordinal() <= day
            and (each.valid.until is None or day < each.valid.until.toordinal())
        ]

    def _member(self, name: str) -> str:
        if name == "*own":
            return f"principal == Organisatie::{_text(self.register.owner)}"
        kind = "Groep" if name in {g.name for g in self.register.groups} else "Organisatie"
        return f"principal in {kind}::{_text(name)}"

    def _entities(self) -> list[dict[str, Any]]:
        groups: dict[str, list[str]] = {}
        for group in self.register.groups:
            for member in group.members:
                groups.setdefault(member, []).append(group.name)
        named = [{"uid": {"type": "Groep", "id": g.name}, "attrs": {}, "parents": []}
                 for g in self.register.groups]  # fmt: skip
        return named + [
            {
                "uid": {"type": "Organisatie", "id": member},
                "attrs": {},
                "parents": [{"type": "Groep", "id": name} for name in names],
            }
            for member, names in groups.items()
        ]

    def _request(self, q: Question, now: datetime) -> dict[str, Any]:
        known = self.fields[q.provider or self.register.owner, q.service]
        bound = q.bound
        within = known
        if bound and bound.field_set and bound.field_set in self.sets:
            within = set(self.sets[bound.field_set].fields)
        # Leaving the choice to us is asking for all there is, and being content with less.
        asked = known if q.fields is None else set(q.fields)
        purpose = self.equal.get(q.purpose, q.purpose)
        here, facts = now + timedelta(hours=1), q.facts  # winter time, as in all these questions
        context = {
            "bekend": self._is_active(purpose) and asked <= known,
            "contract": self._contract(q),
            "doelen": self._line(purpose),
            "dag": here.toordinal(),
            "rollen": list(q.roles),
            "niveau": LEVELS.index(q.loa or "none"),
            "grondslagen": list(q.legal_bases or ()),
            "gevraagd": sorted(asked),
            "binnen": sorted(asked & within),
            "ruim": q.lenient or q.fields is None,
            "alles": asked <= within,
            "zaak": bool(facts.case) and facts.case_open is not False,
            "akkoord": bool(facts.approver),
            "geweigerd": facts.consent in ("missing", "withdrawn"),
            "gemachtigde": bool(q.delegatee),
            "namens": self._names_of(q.delegatee),
            "besluiten": self._in_force(q.organisation, here.toordinal()),
            "weekdag": here.weekday(),
            "minuut": here.hour * 60 + here.minute,
        }
        return {
            "principal": {"type": "Organisatie", "id": q.organisation},
            "action": {"type": "Action", "id": q.action},
            "resource": {"type": "Dienst", "id": q.service},
            "context": json.dumps(context),
        }

    def _line(self, uri: str) -> list[str]:
        return [uri, *self._line(self.parent.get(uri, ""))] if uri else []

    def _is_active(self, uri: str) -> bool:
        return any(
            p.uri == uri and p.status is PurposeStatus.ACTIVE for p in self.register.purposes
        )

    def _contract(self, q: Question) -> bool:
        bound = q.bound
        if bound is None:
            return not q.require_bound
        agreed = {self.equal.get(uri, uri) for uri in bound.purposes}
        named = self.sets.get(bound.field_set)
        return (
            bool(agreed & set(self._line(self.equal.get(q.purpose, q.purpose))))
            and q.action in bound.actions
            and set(q.legal_bases or ()) <= set(bound.legal_bases)
            and (
                not bound.field_set
                or (named is not None and named.digest == bound.field_set_digest)
            )
        )


def _text(value: str) -> str:
    return json.dumps(value)


def _set(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, values))}]"
