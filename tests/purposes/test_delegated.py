# SPDX-License-Identifier: EUPL-1.2
"""Asking for another: the decision is about the other, and a policy must let it be asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.purposes import registers as r

from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import Policy
from landschap.purposes.snapshot import Snapshot

SUPPLIER = "00000099000000004000"


def asked(**changes: object) -> Question:
    """A supplier asks what Doesburg may ask."""
    return replace(r.question(), delegatee=SUPPLIER, **changes)  # type: ignore[arg-type]  # the test names the fields


def decided(question: Question, *policies: Policy) -> Decision:
    return decide(question, Snapshot(r.weesp(*policies)), r.NOW)


def delegable(name: str = "voor-doesburg", **changes: object) -> Policy:
    return r.policy(name, delegable=True, **changes)


def test_the_policy_of_the_delegator_permits_when_it_lets_another_ask() -> None:
    decision = decided(asked(), delegable())
    assert decision.allow
    assert decision.policy == "voor-doesburg@1"
    assert ("R4", r.DOESBURG, "ok", f"asked for by {SUPPLIER}") in [
        tuple(s) for s in decision.steps
    ]


def test_a_policy_that_does_not_let_another_ask_refuses_and_says_so() -> None:
    decision = decided(asked(), r.policy("eigen"))
    assert decision.code == "delegation_not_allowed"
    refusal = decision.refusal()
    assert SUPPLIER in refusal.detail
    assert "delegeerbaar" in refusal.missing
    assert r.WEESP in refusal.owner


def test_a_policy_for_the_delegatee_itself_gives_it_nothing_for_another() -> None:
    own = delegable("van-de-leverancier", organisations=(SUPPLIER,))
    assert decided(asked(), own).code == "policy_none"


@pytest.mark.case("A42")
def test_who_asks_for_itself_is_decided_as_itself() -> None:
    own = r.policy("van-de-leverancier", organisations=(SUPPLIER,))
    itself = replace(r.question(), organisation=SUPPLIER)
    assert decided(itself, own, delegable()).policy == "van-de-leverancier@1"
    assert decided(itself, delegable()).code == "policy_none"


@pytest.mark.parametrize("whom", [r.DOESBURG, SUPPLIER])
def test_a_prohibition_on_either_of_the_two_holds(whom: str) -> None:
    ban = r.prohibition("verbod", organisations=(whom,))
    assert decided(asked(), delegable(), ban).code == "prohibited"


def test_a_prohibition_on_a_third_does_not_count() -> None:
    ban = r.prohibition("verbod", organisations=("00000099000000005000",))
    assert decided(asked(), delegable(), ban).allow


def test_roles_and_level_count_for_whoever_asks() -> None:
    policy = delegable(roles=("consulent",))
    assert decided(asked(roles=()), policy).code == "role_not_allowed"
    assert decided(asked(roles=("consulent",)), policy).allow


def test_a_register_without_delegation_keeps_the_version_it_had() -> None:
    before = Snapshot(r.weesp(r.policy("eigen")))
    assert b"delegable" not in before.document()
    after = Snapshot(r.weesp(r.policy("eigen", delegable=True)))
    assert before.version != after.version
    for each in (before, after):
        again = Snapshot.from_document(each.document())
        assert (again.version, again.register.policies) == (each.version, each.register.policies)
