# SPDX-License-Identifier: EUPL-1.2
"""decide() against Cedar: the same register as Cedar policies, the same random questions."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import cedarpy
import pytest
from tests.purposes import registers as r
from tests.purposes.cedar_persons import PLACE, SIZE, CedarPersons, Person
from tests.purposes.cedar_persons import SCHEMA as PERSONS_SCHEMA
from tests.purposes.cedar_rules import SCHEMA, CedarRegister
from tests.purposes.test_oracle import FOREIGN, random_question, random_register, some

from landschap.purposes.cedar import CedarVeto, mistakes_in, read_veto
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import LEVELS, Decree, Effect, Hours, Register, Validity
from landschap.purposes.needs import NEEDS, Facts, against
from landschap.purposes.rows import CALLER, RowCondition, hold
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import judge

MIDNIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # in the Netherlands
MOMENTS = (MIDNIGHT, MIDNIGHT + timedelta(hours=8, minutes=59), MIDNIGHT + timedelta(hours=9))
PER_REGISTER = 50
ACTIVITIES = (r.ACTIVITY, r.PARKING_ACTIVITY)
PLACES = ("Weesp", "Muiden", r.DOESBURG)


def compare(questions: int, seed: int) -> Counter[str]:
    """Ask both; every difference fails the test with the question and the policies."""
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(questions // PER_REGISTER):
        register = whole(random_register(chance), chance)
        cedar, persons, snapshot = (
            CedarRegister(register),
            CedarPersons(register),
            Snapshot(register),
        )
        for _ in range(PER_REGISTER):
            now = chance.choice(MOMENTS)
            question = random_question(chance, register)
            if chance.random() < 0.7:
                question = likely(question, register, chance)
            question, person = asked(question, chance)
            decision = decide(question, snapshot, now)
            same = cedar.allows(question, now) == decision.allow
            assert same, (question, decision.code, decision.steps, cedar.text)
            seen[decision.code or "permitted"] += 1
            if decision.allow:
                used = may_be_used(decision, person, now)
                same = persons.allows(decision.policy_id, question.organisation, person) == used
                assert same, (person, decision, persons.text)
                seen["used" if used else "not used"] += 1
    return seen


def may_be_used(decision: Decision, person: Person, now: datetime) -> bool:
    """What our services make of a permission, for one person with one object."""
    stands = against(
        decision.checks,
        person.standings(now),
        purpose=decision.purpose,
        receiver=decision.question.organisation,
        activity=decision.activity.uri if decision.activity else "",
    )
    return not stands and hold(decision.rows, person.content())


def whole(register: Register, chance: random.Random) -> Register:
    """The register with everything a permission can hold beside who, what and which fields."""
    decrees = tuple(
        Decree(
            id=name, reference=name, provider=r.WEESP, service=r.SERVICE, searchable=("bsn",),
            receivers=some(chance, (r.DOESBURG, r.WEESP, r.STRANGER), 1),
            valid=Validity(
                since=date(2026, 1, 1),
                until=chance.choice([None, date(2026, 11, 24), date(2026, 11, 25)]),
            ),
            persons=tuple(row(chance) for _ in range(chance.randint(0, 1))),
        )
        for name in ("d1", "d2")
    )  # fmt: skip
    policies = tuple(
        replace(each, **more(chance)) if each.effect is Effect.PERMIT else each
        for each in register.policies
    )
    return replace(register, policies=policies, decrees=decrees)


def more(chance: random.Random) -> dict[str, Any]:
    """What may be added to a permission; mostly little, so that enough is permitted."""
    rarely = chance.random
    return {
        "activity": chance.choice(ACTIVITIES),
        "needs": some(chance, NEEDS) if rarely() < 0.4 else (),
        "despite": ("rechtsvordering",) if rarely() < 0.3 else (),
        "delegable": rarely() < 0.7,
        "decree": chance.choice(("d1", "d2")) if rarely() < 0.3 else "",
        "hours": (
            Hours(days=tuple(chance.sample((0, 1, 2), 2)), begin=time(0), end=time(9))
            if rarely() < 0.2
            else None
        ),
        "rows": tuple(row(chance) for _ in range(chance.choice((0, 0, 1, 2)))),
    }


def row(chance: random.Random) -> RowCondition:
    """A condition that Cedar can say: texts by being equal, whole numbers by size as well."""
    if chance.random() < 0.5:
        values: tuple[str, ...] = (chance.choice((*PLACES[:2], CALLER)),)
        op = chance.choice(("eq", "ne", "in", "exists"))
        values = {"in": PLACES[:2], "exists": ()}.get(op, values)
        return RowCondition(path=PLACE, op=op, values=values)
    op = chance.choice(("lt", "gt", "eq", "in"))
    values = ("80", "100") if op == "in" else ("80",)
    return RowCondition(path=SIZE, op=op, values=values)


def likely(question: Question, register: Register, chance: random.Random) -> Question:
    """The question changed so that the names in one of the permissions fit it."""
    permits = [each for each in register.policies if each.effect is Effect.PERMIT]
    if not permits:
        return question
    policy = chance.choice(permits)
    return replace(
        question, purpose=policy.purpose, organisation=r.DOESBURG, action=policy.actions[0],
        roles=policy.roles, loa=LEVELS[-1], legal_bases=policy.legal_bases[:1], bound=None,
        require_bound=False, lenient=chance.random() < 0.7,
    )  # fmt: skip


def asked(question: Question, chance: random.Random) -> tuple[Question, Person]:
    """The question with what a door knows beside it, and the person it turns out to be about."""
    uri = r.ASSISTANCE if question.purpose == FOREIGN else question.purpose
    person = Person(
        purpose=uri,
        receiver=question.organisation,
        consent=chance.random() < 0.5,
        restricted=some(chance, ACTIVITIES, 1) if chance.random() < 0.4 else (),
        objected=some(chance, ACTIVITIES) if chance.random() < 0.2 else (),
        place=chance.choice((None, *PLACES)),
        size=chance.choice((None, 79, 80, 81, 100)),
    )
    known = "given" if person.consent else "withdrawn"
    facts = Facts(
        case=chance.choice(("", "Z-1")),
        case_open=chance.choice((None, True, False)),
        approver=chance.choice(("", "a.bakker")),
        consent=chance.choice(("", "", known)),
        marked=person.marked(),
    )
    # Which fields may be searched by belongs to one policy; Cedar has no "best" policy.
    delegatee = chance.choice((r.WEESP, r.STRANGER)) if chance.random() < 0.2 else ""
    return replace(question, search=(), facts=facts, delegatee=delegatee), person


def test_a_few_hundred_random_questions_are_decided_as_cedar_decides_them() -> None:
    seen = compare(2_000, 20261129)

    assert min(seen["permitted"], seen["used"], seen["not used"]) > 20, seen


@pytest.mark.long
@pytest.mark.case("A54")
def test_twenty_thousand_random_questions_are_decided_as_cedar_decides_them() -> None:
    seen = compare(20_000, 20261130)
    wanted = ("permitted", "used", "not used", "case_missing", "decree_missing", "outside_hours")
    assert min(seen[each] for each in wanted) > 100, seen
    assert min(seen["prohibited"], 10 * seen["delegation_not_allowed"]) > 100, seen


def test_the_generated_policies_name_only_what_there_is() -> None:
    register = whole(random_register(random.Random(1)), random.Random(1))
    assert cedarpy.validate_policies(CedarRegister(register).text, SCHEMA).validation_passed
    persons = CedarPersons(register).text
    assert cedarpy.validate_policies(persons, PERSONS_SCHEMA).validation_passed


def veto(text: str) -> CedarVeto:
    read = read_veto(text, {r.ASSISTANCE: (r.ASSISTANCE, r.SOCIAL)})
    assert isinstance(read, CedarVeto), read
    return read


@pytest.mark.parametrize(
    "condition",
    [
        f'context.doel == "{r.ASSISTANCE}"',
        f'context.doelen.contains("{r.SOCIAL}")',
        'context.velden.contains("adres.straat")',
        'context.grondslagen.contains("eu-gdpr:A6-1-e")',
        "context.niveau < 2",
        'context.beleidsregel == "bijstand-doesburg"',
        f'context.activiteit == "{r.ACTIVITY}"',
        f'principal == Organisatie::"{r.DOESBURG}"',
        f'resource == Dienst::"{r.SERVICE}"',
        "!(context has gemachtigde)",
        "context.rollen.isEmpty()",
    ],
)
def test_a_rule_may_forbid_by_every_fact_there_is(condition: str) -> None:
    rule = f'@id("regel") forbid(principal, action, resource) when {{ {condition} }};'
    snapshot = Snapshot(r.weesp())
    assert decide(r.question(), snapshot, r.NOW).allow
    decision = judge(r.question(), snapshot, r.NOW, veto(rule))
    assert (decision.allow, decision.code, decision.about) == (False, "vetoed", "regel")
    assert decision.visible == frozenset()
    assert decision.refusal().status == 403


def test_a_rule_that_does_not_hold_leaves_the_permission_as_it_was() -> None:
    rule = '@id("regel") forbid(principal, action, resource) when { context.niveau > 9 };'
    snapshot = Snapshot(r.weesp())
    decision = judge(r.question(), snapshot, r.NOW, veto(rule))
    assert decision.allow
    assert decision.steps[-1][:3] == ("R15", "cedar", "ok")


def test_a_rule_that_fails_forbids() -> None:
    # The sum is beyond what Cedar counts: it would pass over the rule.
    rule = (
        '@id("regel") forbid(principal, action, resource) '
        "when { context.niveau + 9223372036854775807 + 1 > 0 };"
    )
    decision = judge(r.question(), Snapshot(r.weesp()), r.NOW, veto(rule))
    assert (decision.allow, decision.about) == (False, "error")


def test_rules_permit_nothing_that_our_policies_refuse() -> None:
    rule = '@id("regel") forbid(principal, action, resource) when { false };'
    decision = judge(r.question(organisation=r.STRANGER), Snapshot(r.weesp()), r.NOW, veto(rule))
    assert decision.code == "policy_none"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("forbid(", "not Cedar"),
        ("", "holds no rule"),
        ('@id("a") forbid(principal == ?principal, action, resource);', "templates"),
        ('@id("a") forbid(principal in Groep::"x", action, resource);', "Groep"),
        ('@id("a") forbid(principal, action == Action::"lezen", resource);', "lezen"),
        ('@id("a") forbid(principal, action, resource);' * 2, "stands there twice"),
        ("//" + "x" * 70_000, "more than"),
    ],
)
def test_rules_that_can_not_be_used_are_refused(text: str, words: str) -> None:
    found = mistakes_in(text)
    assert any(words in each for each in found), found
