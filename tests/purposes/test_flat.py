# SPDX-License-Identifier: EUPL-1.2
"""What a decision costs does not grow with the policies that are about others."""

from __future__ import annotations

import time

import pytest
from tests.purposes import registers as r

from landschap.purposes import snapshot as snapshots
from landschap.purposes.decide import decide
from landschap.purposes.model import Policy, Register
from landschap.purposes.snapshot import Snapshot

TIMES = 400


def of_others(count: int) -> tuple[Policy, ...]:
    """The policy that holds, and permissions and prohibitions for as many others."""
    others = [f"{99_000_000_000 + number:020}" for number in range(count)]
    permits = [r.policy(f"p{each}", organisations=(each,)) for each in others]
    bans = [r.prohibition(f"v{each}", organisations=(each,)) for each in others]
    return (r.policy("bijstand-doesburg"), *permits, *bans)


def seconds(register: Register) -> float:
    """The least CPU that some hundred decisions took, once the first was made."""
    snapshot, question = Snapshot(register), r.question()
    assert decide(question, snapshot, r.NOW).allow
    spent = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(TIMES):
            decide(question, snapshot, r.NOW)
        spent.append(time.process_time() - begun)
    return min(spent)


def test_two_thousand_policies_about_others_cost_a_decision_nothing() -> None:
    few, many = seconds(r.weesp(*of_others(1))), seconds(r.weesp(*of_others(1_000)))
    # Walking past them would take over ten times as long; the rest is what a busy machine does.
    assert many < 3 * few, (few, many)


def test_the_policies_of_one_are_never_taken_for_those_of_another() -> None:
    register = r.weesp(*of_others(3), r.policy("groep", organisations=("gemeenten",)))
    snapshot = Snapshot(register)
    for _ in range(2):
        for asker, allowed in ((r.DOESBURG, True), (r.STRANGER, False), (r.DOESBURG, True)):
            found = decide(r.question(organisation=asker), snapshot, r.NOW)
            assert found.allow is allowed
            assert found == decide(r.question(organisation=asker), Snapshot(register), r.NOW)


def test_a_prohibition_on_who_asks_for_another_is_found_beside_that_on_the_other() -> None:
    banned = r.prohibition("v", organisations=(r.STRANGER,))
    snapshot = Snapshot(r.weesp(r.policy("p", delegable=True), banned))
    assert decide(r.question(), snapshot, r.NOW).allow
    for_doesburg = r.question(delegatee=r.STRANGER)
    assert decide(for_doesburg, snapshot, r.NOW).code == "prohibited"
    assert decide(r.question(), snapshot, r.NOW).allow


def test_who_asks_in_ever_new_names_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_SELECTED", 10)
    snapshot = Snapshot(r.weesp(r.policy("p"), r.prohibition("v", organisations=(r.STRANGER,))))
    for number in range(100):
        decide(r.question(organisation=f"{number:020}"), snapshot, r.NOW)
        assert len(snapshot._candidates) <= 10
        assert len(snapshot._prohibitions) <= 10
    assert decide(r.question(), snapshot, r.NOW).allow
