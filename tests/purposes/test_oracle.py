# SPDX-License-Identifier: EUPL-1.2
"""decide() against a second opinion: the same rules, written slowly, without indexes or order.

The oracle states for one question what is true of the register, in set language, and shares no
code with the decision beyond the values. Twenty thousand random questions must agree.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.purposes import registers as r

from landschap.purposes.bound import Bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.model import (
    LEVELS,
    Effect,
    FieldSet,
    Policy,
    PurposeStatus,
    Register,
    Validity,
)
from landschap.purposes.snapshot import Snapshot

pytestmark = pytest.mark.long

QUESTIONS = 20_000
PURPOSES = (r.SOCIAL, r.ASSISTANCE, r.HOUSING_COSTS, r.PARKING, r.OLD)
FOREIGN = "https://elders.example/bijstand"
ORGANISATIONS = (r.DOESBURG, r.DOESBURG, r.WEESP, r.STRANGER)
BASES = ("eu-gdpr:A6-1-c", "eu-gdpr:A6-1-e", "eu-gdpr:A6-1-f")
ROLES = ("consulent", "beheerder")
ACTIONS = ("raadplegen", "wissen")

Outcome = tuple[str, str, frozenset[str]]
"""Code (empty when allowed), policy, visible fields."""


class Oracle:
    """What is true of a register, asked one question at a time."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.parent = {p.uri: p.broader for p in register.purposes}
        self.sets = {f"{s.id}@{s.version}": s for s in register.field_sets}
        self.equal = {m: p.uri for p in register.purposes for m in p.exact_match}

    def line(self, uri: str) -> list[str]:
        return [uri, *self.line(self.parent[uri])] if uri else []

    def applies(self, policy: Policy, q: Question, now: datetime) -> bool:
        """Service, action, organisation, period and purpose all fit."""
        members = {g.name: g.members for g in self.register.groups}
        named: set[str] = set()
        for name in policy.organisations:
            named |= {self.register.owner} if name == "*own" else set(members.get(name, (name,)))
        today = (now + timedelta(hours=1)).date()  # winter time, as in all these questions
        purpose = self.equal.get(q.purpose, q.purpose)
        return (
            policy.service in ("*", q.service)
            and (q.action in policy.actions or "*" in policy.actions)
            and ("*" in named or q.organisation in named)
            and policy.valid.since <= today
            and (policy.valid.until is None or today < policy.valid.until)
            and (policy.purpose == "*" or policy.purpose in self.line(purpose))
        )

    def hurdle(self, policy: Policy, q: Question) -> tuple[int, str] | None:
        """The first thing that a policy wants and the question lacks."""
        hurdles = [
            (1, "role_not_allowed", bool(policy.roles) and not set(policy.roles) & set(q.roles)),
            (
                3,
                "loa_too_low",
                LEVELS.index(q.loa or "none") < LEVELS.index(policy.min_loa or "none"),
            ),
            (
                4,
                "basis_not_accepted",
                not q.legal_bases or not set(q.legal_bases) <= set(policy.legal_bases),
            ),
        ]
        return next(((rank, code) for rank, code, missed in hurdles if missed), None)

    def contract(self, q: Question) -> str:
        if q.bound is None:
            return "contract_without_purpose" if q.require_bound else ""
        purpose = self.equal.get(q.purpose, q.purpose)
        if not {self.equal.get(u, u) for u in q.bound.purposes} & set(self.line(purpose)):
            return "contract_purpose"
        if q.action not in q.bound.actions:
            return "contract_action"
        if set(q.legal_bases or ()) - set(q.bound.legal_bases):
            return "contract_basis"
        named = self.sets.get(q.bound.field_set)
        if q.bound.field_set and (named is None or named.digest != q.bound.field_set_digest):
            return "contract_fields"
        return ""

    def answer(self, q: Question, now: datetime) -> Outcome:
        purpose = self.equal.get(q.purpose, q.purpose)
        status = {p.uri: p.status for p in self.register.purposes}.get(purpose)
        if status is not PurposeStatus.ACTIVE:
            return ("purpose_unknown" if status is None else "purpose_retired"), "", frozenset()
        if code := self.contract(q):
            return code, "", frozenset()
        fitting = [p for p in self.register.policies if self.applies(p, q, now)]
        bans = sorted(p.id for p in fitting if p.effect is Effect.PROHIBIT)
        if bans:
            return "prohibited", bans[0], frozenset()
        line = self.line(purpose)
        permits = sorted(fitting, key=lambda p: (line.index(p.purpose), p.id))
        if not permits:
            return "policy_none", "", frozenset()
        open_ones = [p for p in permits if self.hurdle(p, q) is None]
        if not open_ones:
            ranked = [(self.hurdle(p, q), p.id) for p in permits]
            best = max(found[0] for found, _ in ranked if found)
            code, name = next((f[1], n) for f, n in ranked if f and f[0] == best)
            return code, name, frozenset()
        return self.fields(open_ones, q)

    def fields(self, permits: list[Policy], q: Question) -> Outcome:
        within = set(self.sets[q.bound.field_set].fields) if q.bound and q.bound.field_set else None

        def shown(policy: Policy) -> set[str]:
            own = set(self.sets[policy.field_set].fields)
            return own if within is None else own & within

        def cover(policy: Policy) -> int:
            return len(shown(policy) if q.fields is None else shown(policy) & set(q.fields))

        def unsearched(policy: Policy) -> set[str]:
            return set(q.search) - (set(self.sets[policy.field_set].searchable) & shown(policy))

        permits = [p for p in permits if not unsearched(p)] or permits
        most = max(cover(p) for p in permits)
        chosen = next(p for p in permits if cover(p) == most)
        allowed, asked = shown(chosen), set(q.fields if q.fields is not None else shown(chosen))
        search = unsearched(chosen)
        if (asked - allowed | search) - set(r.FIELDS):
            return "fields_unknown", chosen.id, frozenset()
        if search or not asked & allowed or (asked - allowed and not q.lenient):
            return "fields_excess", chosen.id, frozenset()
        return "", chosen.id, frozenset(asked & allowed)


def some(chance: random.Random, items: tuple[str, ...], least: int = 0) -> tuple[str, ...]:
    return tuple(chance.sample(items, chance.randint(least, len(items))))


def random_register(chance: random.Random) -> Register:
    register = r.weesp()
    purposes = tuple(
        replace(p, exact_match=(FOREIGN,)) if p.uri == r.ASSISTANCE else p
        for p in register.purposes
    )
    sets: list[FieldSet] = [
        r.field_set(f"s{n}", *some(chance, r.FIELDS, 1), searchable=()) for n in range(5)
    ]
    sets = [replace(s, searchable=("bsn",) if "bsn" in s.fields else ()) for s in sets]
    policies = []
    for n in range(chance.randint(1, 12)):
        ban = chance.random() < 0.1
        ends = chance.choice([None, date(2026, 11, 24), date(2026, 12, 1)])
        policies.append(
            r.policy(
                f"p{n:02}",
                effect=Effect.PROHIBIT if ban else Effect.PERMIT,
                purpose=chance.choice([*PURPOSES[:4], *(["*"] if ban else [])]),
                organisations=some(chance, (r.DOESBURG, "gemeenten", "*own"), 1),
                actions=("raadplegen",) if chance.random() < 0.8 else ACTIONS,
                roles=() if ban else some(chance, ROLES) if chance.random() < 0.3 else (),
                min_loa="" if ban or chance.random() < 0.7 else chance.choice(LEVELS),
                legal_bases=some(chance, BASES, 1),
                field_set=chance.choice(sets).key,
                valid=Validity(since=date(2026, 1, 1), until=ends),
            )
        )
    return replace(register, purposes=purposes, field_sets=tuple(sets), policies=tuple(policies))


def random_question(chance: random.Random, register: Register) -> Question:
    chosen = chance.choice([*register.field_sets, None, None])
    bound = Bound.of(
        purposes=some(chance, (*PURPOSES[:4], FOREIGN), 1 if chance.random() < 0.5 else 5),
        legal_bases=some(chance, BASES, 2),
        actions=ACTIONS if chance.random() < 0.8 else some(chance, ACTIONS, 1),
        field_set=chosen,
    )
    if chance.random() < 0.05:
        bound = replace(bound, field_set_digest="sha256-anders", field_set="s0@1")
    fields = some(chance, (*r.FIELDS, "bestaat.niet") if chance.random() < 0.1 else r.FIELDS, 1)
    return Question(
        purpose=chance.choice(
            [*PURPOSES, r.ASSISTANCE, r.HOUSING_COSTS, FOREIGN, "https://x.nl/y"]
        ),
        organisation=chance.choice(ORGANISATIONS),
        service=r.SERVICE,
        action="raadplegen" if chance.random() < 0.85 else "wissen",
        fields=None if chance.random() < 0.2 else fields,
        search=("bsn",) if chance.random() < 0.3 else (),
        legal_bases=some(chance, BASES, 1)[:1],
        roles=some(chance, ROLES),
        loa=chance.choice(["", *LEVELS]),
        bound=bound if chance.random() < 0.9 else None,
        require_bound=chance.random() < 0.5,
        lenient=chance.random() < 0.3,
    )


def test_twenty_thousand_random_questions_get_the_answer_of_the_oracle() -> None:
    chance = random.Random(20261124)
    seen: Counter[str] = Counter()
    now = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # midnight in the Netherlands
    for _ in range(QUESTIONS // 50):
        register = random_register(chance)
        oracle, snapshot = Oracle(register), Snapshot(register)
        for _ in range(50):
            question = random_question(chance, register)
            decision = decide(question, snapshot, now)
            got = (decision.code, decision.policy_id, decision.visible)
            assert got == oracle.answer(question, now), (question, register.policies, decision)
            seen[decision.code] += 1
    assert seen[""] > QUESTIONS // 20, seen
    assert len(seen) >= 14, seen
