# SPDX-License-Identifier: EUPL-1.2
"""Versions of purposes and activities, each with its period."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.conftest import Database
from tests.purposes.registers import ACTIVITY, ASSISTANCE, prohibition, question, text, weesp

from landschap.purposes import store
from landschap.purposes.changes import changes_between
from landschap.purposes.checks import check_register
from landschap.purposes.decide import decide
from landschap.purposes.model import Register, Validity
from landschap.purposes.never import never_applying
from landschap.purposes.snapshot import Snapshot

TURN = date(2026, 7, 1)
BEFORE = datetime(2026, 6, 30, 21, 59, tzinfo=UTC)  # one minute to midnight in the Netherlands
AFTER = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
FIRST, SECOND = Validity(since=date(2026, 1, 1), until=TURN), Validity(since=TURN)
SIGNERS = store.Signers(author="A. Een", approver="B. Twee")


def with_two(first: Validity | None = FIRST, second: Validity | None = SECOND) -> Register:
    """A register with two versions of its activity and of its purpose."""
    one = weesp()
    activity = next(each for each in one.activities if each.uri == ACTIVITY)
    known = next(each for each in one.purposes if each.uri == ASSISTANCE)
    return replace(
        one,
        activities=(
            *(each for each in one.activities if each.uri != ACTIVITY),
            replace(activity, version=2, valid=second, name=text("nieuw")),
            replace(activity, version=1, valid=first),
        ),
        purposes=(
            *(each for each in one.purposes if each.uri != ASSISTANCE),
            replace(known, version=1, valid=FIRST),
            replace(known, version=2, valid=SECOND, label=text("nieuw")),
        ),
    )


def test_a_decision_names_the_version_of_its_own_moment() -> None:
    snapshot = Snapshot(with_two())
    assert check_register(snapshot.register) == []
    for moment, version in ((BEFORE, 1), (AFTER, 2)):
        decision = decide(question(), snapshot, moment)
        assert decision.allow, decision.code
        assert decision.activity is not None
        assert decision.activity.version == version
        assert f"version {version}" in {step.detail for step in decision.steps}


def test_nothing_is_permitted_while_no_version_holds() -> None:
    gap = replace(FIRST, until=date(2026, 6, 1))
    decision = decide(question(), Snapshot(with_two(gap)), BEFORE)
    assert decision.code == "policy_none"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (Validity(since=date(2026, 1, 1)), "overlaps version 2"),
        (replace(FIRST, until=date(2026, 7, 2)), "geldig_tot = 2026-07-01"),
        (None, "version 1 does not say from when"),
    ],
)
def test_versions_that_overlap_are_named_both(first: Validity | None, words: str) -> None:
    found = check_register(with_two(first))
    assert len(found) == 1
    assert words in found[0].message
    assert "version 1" in found[0].message
    assert ACTIVITY in found[0].message
    assert "2" in found[0].message


def test_one_version_twice_and_another_purpose_are_told() -> None:
    one = with_two()
    twice = replace(one, activities=(*one.activities, one.activities[-1]))
    assert any("twice" in each.message for each in check_register(twice))
    moved = [
        replace(each, purpose="https://doelen.example/id/parkeren") if each.version == 2 else each
        for each in one.activities
    ]
    told = [each for each in check_register(replace(one, activities=tuple(moved)))
            if each.key == "doel"]  # fmt: skip
    assert any("permissions rest on this" in each.message for each in told)


def test_ending_a_version_needs_no_new_one_and_changing_it_does() -> None:
    old = weesp()
    changes = changes_between(old, with_two())
    assert not [each for each in changes if each.reuses_version]
    assert f"{ACTIVITY}@2" in {each.name for each in changes if each.sort == "added"}
    rewritten = [
        replace(each, what=text("anders")) if each.uri == ACTIVITY else each
        for each in with_two().activities
    ]
    changes = changes_between(old, replace(with_two(), activities=tuple(rewritten)))
    assert [each.name for each in changes if each.reuses_version] == [f"{ACTIVITY}@1"]


def test_a_register_without_the_new_keys_keeps_its_version() -> None:
    document = Snapshot(weesp()).document()
    for word in (b'"valid":null', b"processors", b"confidential", b"kept_for"):
        assert word not in document
    assert Snapshot.from_document(document).version == Snapshot(weesp()).version
    again = Snapshot.from_document(Snapshot(with_two()).document())
    assert again.version == Snapshot(with_two()).version


def test_the_term_of_the_supplying_law_is_the_least() -> None:
    one = weesp()
    bases = tuple(replace(each, kept_for="P20Y") for each in one.legal_bases)
    found = check_register(replace(one, legal_bases=bases))
    assert {each.key for each in found} == {"bewaartermijn_logboek"}
    assert "P20Y" in found[0].message
    longer = tuple(replace(each, log_retention="P20Y") for each in one.activities)
    assert check_register(replace(one, legal_bases=bases, activities=longer)) == []


def test_a_prohibition_on_one_version_alone_leaves_the_other() -> None:
    later = prohibition("later-niet", valid=SECOND)
    whole = prohibition("nooit", valid=FIRST.__class__(since=FIRST.since))
    one = with_two()
    assert never_applying(replace(one, policies=(*one.policies, later))) == []
    found = never_applying(replace(one, policies=(*one.policies, whole)))
    assert ["can never apply" in each.message for each in found] == [True]


async def test_old_versions_stay_readable(database: Database) -> None:
    pool = await database.pool("purposes")
    first = await store.save_register(pool, weesp(), SIGNERS, based_on="")
    await store.save_register(pool, with_two(), SIGNERS, based_on=first.version)
    every = await store.activity_versions(pool, ACTIVITY)
    assert [each.version for each in every] == [2, 1]
    now = datetime.now(UTC)
    held = await store.activity_at(pool, ACTIVITY, now)
    assert held is not None
    assert held.version == (2 if now >= AFTER else 1)
    old = await store.activity_version(pool, ACTIVITY, 1)
    assert old is not None
    assert old.valid == FIRST
    assert await store.activity_version(pool, ACTIVITY, 3) is None
