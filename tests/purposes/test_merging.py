# SPDX-License-Identifier: EUPL-1.2
"""A register that comes in again: what was made of it here stays, and versions go up."""

from __future__ import annotations

from dataclasses import replace

from tests.purposes.registers import OLD, purpose, text, weesp

from landschap.purposes.changes import changes_between
from landschap.purposes.merging import merged_register, names_in
from landschap.purposes.model import Policy, Register
from landschap.vocabulary.three_way import conflicts_in

WAS = weesp()
POLICY = WAS.policies[0]
NAME = f"policy {POLICY.id}"


def with_policy(of: Register, **changes: object) -> Register:
    """The register with its first policy changed."""
    first = replace(of.policies[0], **changes)  # type: ignore[arg-type]  # the test names the fields
    return replace(of, policies=(first, *of.policies[1:]))


def policy_of(found: Register) -> Policy:
    return next(each for each in found.policies if each.id == POLICY.id)


def test_nothing_here_yet_takes_all_and_again_changes_nothing() -> None:
    empty = Register(owner=WAS.owner)
    first = merged_register(empty, empty, WAS, choices={})
    assert changes_between(first.register, WAS) == ()
    assert set(first.entries) == names_in(WAS)
    again = merged_register(WAS, first.register, WAS, choices={})
    assert changes_between(first.register, again.register) == ()


def test_what_is_ours_alone_stays() -> None:
    ours = replace(WAS, purposes=(*WAS.purposes, purpose("https://ons.example/eigen")))
    found = merged_register(WAS, ours, WAS, choices={}).register
    assert "https://ons.example/eigen" in {each.uri for each in found.purposes}


def test_a_change_here_and_another_there_are_both_kept_under_a_version_above_both() -> None:
    here = with_policy(WAS, explanation=text("van ons"), version=2)
    comes = with_policy(WAS, min_loa="urn:etoegang:core:assurance-class:loa3", version=2)
    found = merged_register(WAS, here, comes, choices={})
    policy = policy_of(found.register)
    assert (policy.explanation.nl, policy.version) == ("van ons", 3)
    assert policy.min_loa.endswith("loa3")
    assert found.entries[NAME].kept
    assert not [each for each in changes_between(here, found.register) if each.reuses_version]


def test_a_change_here_stays_when_the_package_has_nothing_new_about_it() -> None:
    here = with_policy(WAS, explanation=text("van ons"), version=5)
    found = merged_register(WAS, here, WAS, choices={})
    assert policy_of(found.register) == here.policies[0]
    assert found.entries[NAME].kept


def test_the_same_key_changed_on_both_sides_is_a_conflict_until_somebody_chooses() -> None:
    here = with_policy(WAS, explanation=text("van ons"), version=2)
    comes = with_policy(WAS, explanation=text("van hen"), version=2)
    found = merged_register(WAS, here, comes, choices={})
    assert conflicts_in(found.entries) == [(NAME, "changed on both sides: explanation")]
    assert policy_of(found.register).explanation.nl == "van ons"
    kept = merged_register(WAS, here, comes, choices={NAME: "keep"}).register
    assert policy_of(kept) == here.policies[0]
    taken = policy_of(merged_register(WAS, here, comes, choices={NAME: "take"}).register)
    assert (taken.explanation.nl, taken.version) == ("van hen", 3)


def test_an_entry_that_another_brought_with_other_content_is_a_conflict() -> None:
    empty = Register(owner=WAS.owner)
    found = merged_register(empty, WAS, with_policy(WAS, roles=("baas",)), choices={})
    assert conflicts_in(found.entries) == [(NAME, "differs here: roles")]


def test_what_no_longer_comes_goes_unless_it_was_changed_here_or_another_holds_it() -> None:
    comes = replace(WAS, policies=WAS.policies[1:])
    gone = merged_register(WAS, WAS, comes, choices={})
    assert POLICY.id not in {each.id for each in gone.register.policies}
    held = merged_register(WAS, WAS, comes, choices={}, held={NAME})
    assert policy_of(held.register) == POLICY
    here = with_policy(WAS, roles=("baas",), version=2)
    told = merged_register(WAS, here, comes, choices={})
    assert [name for name, _ in conflicts_in(told.entries)] == [NAME]


def test_two_versions_of_a_purpose_are_two_entries() -> None:
    new = next(each for each in WAS.purposes if each.uri == OLD)
    second = replace(new, version=2, definition=text("nieuw"))
    comes = replace(WAS, purposes=(*WAS.purposes, second))
    found = merged_register(WAS, WAS, comes, choices={}).register
    assert sorted(each.version for each in found.purposes if each.uri == OLD) == [1, 2]
