# SPDX-License-Identifier: EUPL-1.2
"""decide() against Cedar: the same register as Cedar policies, the same random questions."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import cedarpy
import pytest
from tests.purposes import registers as r
from tests.purposes.cedar_rules import SCHEMA, CedarRegister
from tests.purposes.test_oracle import random_question, random_register

from landschap.purposes.cedar import CedarVeto, mistakes_in, read_veto
from landschap.purposes.decide import decide
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import judge

NOW = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # midnight in the Netherlands
PER_REGISTER = 50


def compare(questions: int, seed: int) -> Counter[bool]:
    """Ask both; every difference fails the test with the question and the policies."""
    chance = random.Random(seed)
    seen: Counter[bool] = Counter()
    for _ in range(questions // PER_REGISTER):
        register = random_register(chance)
        cedar, snapshot = CedarRegister(register), Snapshot(register)
        for _ in range(PER_REGISTER):
            # Which fields may be searched by belongs to one policy; Cedar has no "best" policy.
            question = replace(random_question(chance, register), search=())
            decision = decide(question, snapshot, NOW)
            same = cedar.allows(question, NOW) == decision.allow
            assert same, (question, decision.code, decision.steps, cedar.text)
            seen[decision.allow] += 1
    return seen


def test_a_few_hundred_random_questions_are_decided_as_cedar_decides_them() -> None:
    seen = compare(600, 20261129)
    assert min(seen[True], seen[False]) > 20, seen


@pytest.mark.long
@pytest.mark.case("A54")
def test_twenty_thousand_random_questions_are_decided_as_cedar_decides_them() -> None:
    seen = compare(20_000, 20261130)
    assert min(seen[True], seen[False]) > 1_000, seen


def test_the_generated_policies_name_only_what_there_is() -> None:
    text = CedarRegister(random_register(random.Random(1))).text
    assert cedarpy.validate_policies(text, SCHEMA).validation_passed


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
