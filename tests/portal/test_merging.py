# SPDX-License-Identifier: EUPL-1.2
"""One list from several logs, and what a mandate opens; nothing here runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from landschap.gateway.insight.told import Answer
from landschap.gateway.uses.line import Party, Use, Who
from landschap.logboek.payloads import Outcome
from landschap.portal.mandates import may_open
from landschap.portal.merging import merged
from landschap.portal.uses import grouped
from landschap.vocabulary.mandates import Mandate

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
WEESP = Party(number="00000099000000002000", name="Gemeente Weesp")
DOESBURG = Party(number="00000099000000003000", name="Gemeente Doesburg")


def use(number: int, by: Party = WEESP, **changes: Any) -> Use:
    made = Use(
        id=UUID(int=number), at=NOW + timedelta(seconds=number), who=Who.US, actor=by, holder=None,
        delegator=None, groups=(), outcome=Outcome.DELIVERED, said="", activity_uri="",
        activity=None, purpose_uri="", case="", grant_hash="", transaction_id=None,
        trace_id=f"{number:032x}", recorders=(by,),
    )  # fmt: skip
    return replace(made, **changes)


def ids(uses: list[Use]) -> list[int]:
    return [each.id.int for each in uses]


def test_the_newest_stands_first_whoever_wrote_it_down() -> None:
    ours = Answer(uses=[use(9), use(3)], is_all=True)
    theirs = Answer(uses=[use(7, DOESBURG), use(1, DOESBURG)], is_all=True)
    found, is_all = merged([ours, theirs])
    assert (ids(found), is_all) == ([9, 7, 3, 1], True)
    assert merged([]) == ([], True)


def test_the_list_ends_where_one_that_has_more_stopped_so_that_nothing_is_passed_over() -> None:
    ours = Answer(uses=[use(9), use(2)], is_all=True)
    theirs = Answer(uses=[use(8, DOESBURG), use(5, DOESBURG)], is_all=False)
    found, is_all = merged([ours, theirs])
    assert (ids(found), is_all) == ([9, 8, 5], False)
    # The next page asks all for what is older than the last one shown.
    nothing = Answer(uses=(), is_all=False, missing=("log",))
    assert merged([nothing, ours]) == ([use(9), use(2)], False)


def test_both_sides_of_one_act_are_one_use_and_two_acts_stay_two() -> None:
    both: Any = {"trace_id": "ab" * 16, "actor": DOESBURG, "holder": WEESP}
    ours = Answer(uses=[use(9, **both), use(8, **both)], is_all=True)
    theirs = Answer(uses=[use(7, DOESBURG, **both), use(6, DOESBURG, **both)], is_all=True)
    found, _ = merged([ours, theirs])
    assert ids(found) == [9, 8]
    assert [each.recorders for each in found] == [(WEESP, DOESBURG)] * 2
    other_way: Any = {**both, "actor": WEESP, "holder": DOESBURG}
    assert len(merged([ours, Answer(uses=[use(5, DOESBURG, **other_way)], is_all=True)])[0]) == 3


def test_uses_of_which_only_the_law_is_told_are_never_taken_together() -> None:
    veiled: Any = {"trace_id": "ab" * 16, "is_generic": True}
    answers = [
        Answer(uses=[use(n, by, **veiled)], is_all=True) for n, by in ((2, WEESP), (1, DOESBURG))
    ]
    assert len(merged(answers)[0]) == 2


@pytest.mark.parametrize("who", [Who.SELF, Who.MANDATED])
def test_a_look_with_its_questions_to_others_is_one_look(who: Who) -> None:
    look: Any = {"who": who, "trace_id": "cd" * 16}
    ours = Answer(uses=[use(9, holder=DOESBURG, **look), use(8, **look)], is_all=True)
    theirs = Answer(uses=[use(7, DOESBURG, **look)], is_all=True)
    (found,), _ = merged([ours, theirs])
    assert (found.id.int, found.holder) == (8, None)
    assert found.recorders == (WEESP, DOESBURG)


def test_a_case_number_is_that_of_one_organisation() -> None:
    groups = grouped([use(3, case="Z-1"), use(2, DOESBURG, case="Z-1"), use(1)], fold=True)
    assert [(each.case, each.recorder) for each in groups] == [
        ("Z-1", WEESP.number), ("Z-1", DOESBURG.number), ("", ""),
    ]  # fmt: skip


MANDATE = Mandate(
    bsn="999990196", name="", source="x", reference="M-1", services=("a", "logboek-inzage"),
    until=NOW,
)  # fmt: skip
SERVICES = ("logboek-inzage", "inzage")


@pytest.mark.parametrize(
    ("path", "opens"),
    [
        ("/gebruik", True), ("/gebruik.csv", True), ("/gebruik/een/twee", True), ("/", True),
        ("/namens", True), ("/inloggen/terug", True), ("/uitloggen", True), ("/privacy", True),
        ("/gegevens", False), ("/meldingen", False), ("/gebruikt", False), ("/nieuw", False),
        ("/inloggenx", False),
    ],
)  # fmt: skip
def test_a_mandate_opens_its_service_and_public_pages_and_nothing_else(
    path: str, opens: bool
) -> None:
    before = NOW - timedelta(seconds=1)
    assert may_open(MANDATE, path, SERVICES, before) is opens


def test_from_its_end_on_a_mandate_opens_no_use() -> None:
    assert not may_open(MANDATE, "/gebruik", SERVICES, NOW)
    assert may_open(MANDATE, "/", SERVICES, NOW)
    assert not may_open(MANDATE, "/gebruik", ("inzage",), NOW - timedelta(days=1))


def test_looks_of_one_day_are_one_row_whoever_else_wrote_them_down() -> None:
    looks = [
        use(n, who=Who.SELF, recorders=(WEESP, DOESBURG) if n % 2 else (WEESP,)) for n in (4, 3, 2)
    ]
    (group,) = grouped(looks, fold=True)
    assert [len(row.uses) for row in group.rows] == [3]
