# SPDX-License-Identifier: EUPL-1.2
"""What holds for every register and every question, whatever stands in them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.purposes import registers as r

from landschap.purposes.bound import Bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import Policy, Register
from landschap.purposes.needs import CONSENT, NEEDS, Facts
from landschap.purposes.reasons import REASONS
from landschap.purposes.snapshot import Snapshot

PURPOSES = (r.SOCIAL, r.ASSISTANCE, r.HOUSING_COSTS, r.PARKING)
BASES = ("eu-gdpr:A6-1-c", "eu-gdpr:A6-1-e", "eu-gdpr:A6-1-a")
SETS = ("bijstand@1", "links@1", "rechts@1")
WHO = (r.DOESBURG, r.STRANGER, "gemeenten")


def policies(name: str, purposes: tuple[str, ...] = PURPOSES) -> st.SearchStrategy[Policy]:
    return st.builds(
        r.policy,
        st.just(name),
        purpose=st.sampled_from(purposes),
        organisations=st.sampled_from([(each,) for each in WHO]),
        field_set=st.sampled_from(SETS),
        legal_bases=st.lists(st.sampled_from(BASES), min_size=1, unique=True).map(tuple),
        needs=st.lists(st.sampled_from(NEEDS), unique=True, max_size=2).map(tuple),
        delegable=st.booleans(),
    )


registers = st.lists(st.integers(0, 5), unique=True, max_size=4).flatmap(
    lambda names: st.tuples(*(policies(f"p{each}") for each in names))
).map(lambda made: replace(r.weesp(), policies=made))  # fmt: skip

bounds = st.builds(
    Bound.of,
    purposes=st.sampled_from([(each,) for each in PURPOSES]),
    legal_bases=st.just(BASES),
    field_set=st.none() | st.sampled_from([r.BIJSTAND, *r.weesp().field_sets[1:]]),
)
facts = st.builds(
    Facts,
    case=st.sampled_from(["", "Z-1"]),
    case_open=st.sampled_from([None, True, False]),
    approver=st.sampled_from(["", "a"]),
    consent=st.sampled_from(["", "given", "missing", "withdrawn"]),
)
questions = st.builds(
    r.question,
    purpose=st.sampled_from(PURPOSES),
    organisation=st.sampled_from([r.DOESBURG, r.STRANGER]),
    fields=st.none() | st.lists(st.sampled_from(r.FIELDS), min_size=1, unique=True).map(tuple),
    legal_bases=st.none() | st.just(("eu-gdpr:A6-1-e",)),
    bound=st.none() | bounds,
    require_bound=st.booleans(),
    lenient=st.booleans(),
    facts=facts,
)


def on(register: Register, question: Question) -> Decision:
    return decide(question, Snapshot(register), r.NOW)


@settings(max_examples=200)
@given(registers, questions, policies("extra", (r.PARKING,)))
def test_adding_a_policy_never_removes_a_permit_of_another_purpose(
    register: Register, question: Question, extra: Policy
) -> None:
    before = on(register, question)
    after = on(replace(register, policies=(*register.policies, extra)), question)
    if before.allow and question.purpose != r.PARKING:
        assert (after.allow, after.visible) == (True, before.visible)


@settings(max_examples=200)
@given(registers, questions)
def test_without_its_contract_or_consent_no_question_is_permitted(
    register: Register, question: Question
) -> None:
    bare = replace(question, bound=None, require_bound=True)
    assert not on(register, bare).allow
    needing = tuple(replace(each, needs=(CONSENT,)) for each in register.policies)
    for state in ("missing", "withdrawn"):
        known = replace(question, facts=question.facts._replace(consent=state))
        assert not on(replace(register, policies=needing), known).allow
    # Where the person is not known at the door, the service is told to look.
    left = replace(question, facts=question.facts._replace(consent=""))
    found = on(replace(register, policies=needing), left)
    assert not found.allow or CONSENT in found.checks


@settings(max_examples=200)
@given(registers, questions)
def test_visible_fields_are_inside_grant_purpose_and_policy(
    register: Register, question: Question
) -> None:
    found = on(register, question)
    if not found.allow:
        assert not found.visible
        return
    snapshot = Snapshot(register)
    assert found.visible <= snapshot.fields_of_set[found.field_set]
    assert found.searchable <= snapshot.fields_of_set[found.field_set]
    if question.fields is not None:
        assert found.visible <= set(question.fields)
    bound = question.bound
    if bound is not None:
        assert set(snapshot.purposes[question.purpose].ancestors) & set(bound.purposes)
        if bound.field_set:
            assert found.visible <= snapshot.fields_of_set[bound.field_set]
    policy = next(each for each in register.policies if each.id == found.policy_id)
    assert policy.purpose in snapshot.purposes[question.purpose].ancestors


@settings(max_examples=200)
@given(registers, questions)
def test_explanation_and_decision_never_disagree(register: Register, question: Question) -> None:
    found = on(register, question)
    told = found.for_auditor()
    assert told["allow"] is found.allow
    assert (found.code == "") is found.allow
    failed = [step for step in found.steps if step.outcome == "fail"]
    if found.allow:
        assert not failed
        assert any(step.rule == "R11" and step.subject == found.policy_id for step in found.steps)
        return
    refusal = found.refusal()
    assert refusal.code == found.code
    assert found.code in REASONS
    assert refusal.missing
    assert refusal.owner
    missed = {step.detail for step in found.steps if step.outcome == "miss"}
    assert failed or found.code in missed
    assert len(failed) <= 1
    assert not failed or found.steps[-1] == failed[0]


@pytest.mark.case("A34")
def test_two_policies_are_never_merged_and_the_larger_half_is_proposed() -> None:
    halves = (r.policy("a", field_set="links@1"), r.policy("b", field_set="rechts@1"))
    wanted = ("bsn", "adres.straat", "adres.plaats", "uitkering.soort", "uitkering.norm")
    found = on(r.weesp(*halves), r.question(fields=wanted))
    assert found.code == "fields_excess"
    assert found.suggestion == ("adres.plaats", "adres.straat", "bsn")


@pytest.mark.case("A35")
def test_a_tie_goes_to_the_nearest_purpose_and_then_the_lowest_id() -> None:
    tied = [
        r.policy("z", purpose=r.ASSISTANCE),
        r.policy("y", purpose=r.ASSISTANCE),
        r.policy("a", purpose=r.SOCIAL),
    ]
    shuffled = random.Random(35)  # an order, not a secret
    for _ in range(1000):
        shuffled.shuffle(tied)
        assert on(r.weesp(*tied), r.question()).policy_id == "y"


@pytest.mark.case("A61")
@settings(max_examples=100)
@given(registers, questions)
def test_what_a_caller_is_told_holds_nothing_of_the_policies_of_others(
    register: Register, question: Question
) -> None:
    found = on(register, question)
    if found.allow:
        return
    refusal = found.refusal()
    told = f"{refusal.title} {refusal.detail} {refusal.missing} {refusal.owner}"
    others = {r.DOESBURG, r.STRANGER} - {question.organisation}
    assert not any(other in told for other in others)
    assert not any(f"'{each.id}'" in told or f" {each.id} " in told for each in register.policies)
