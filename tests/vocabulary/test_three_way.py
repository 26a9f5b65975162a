# SPDX-License-Identifier: EUPL-1.2
"""Three sides of one entry: what only one changed is taken, what both changed is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.vocabulary.three_way import (
    Entry,
    conflicts_in,
    merged_all,
    merged_entry,
    merged_whole,
)

WAS: Entry = {"id": "a", "fields": ["x"], "text": "old"}
OURS: Entry = {**WAS, "text": "ours"}
THEIRS: Entry = {**WAS, "fields": ["x", "y"]}
OTHER: Entry = {**WAS, "text": "theirs"}


@pytest.mark.parametrize(
    ("was", "here", "comes", "value", "kept"),
    [
        (None, None, WAS, WAS, False),
        (WAS, WAS, THEIRS, THEIRS, False),
        (WAS, OURS, WAS, OURS, True),
        (WAS, OURS, OURS, OURS, False),
        (WAS, OURS, THEIRS, {**THEIRS, "text": "ours"}, True),
        (WAS, WAS, None, None, False),
        (WAS, None, WAS, None, True),
        (WAS, None, None, None, False),
        (None, OURS, OURS, OURS, False),
    ],
)
def test_what_one_side_changed_is_taken(
    was: Entry | None, here: Entry | None, comes: Entry | None, value: Entry | None, kept: bool
) -> None:
    found = merged_entry(was, here, comes)
    assert (found.value, found.conflict, found.kept) == (value, "", kept)


@pytest.mark.parametrize(
    ("was", "here", "comes", "words"),
    [
        (WAS, OURS, OTHER, "changed on both sides: text"),
        (WAS, None, OTHER, "was removed here, and changed in what comes in"),
        (WAS, OURS, None, "was changed here, and is no longer in what comes in"),
        (None, OURS, OTHER, "differs here: text"),
    ],
)
def test_what_both_sides_changed_is_told_and_stays_as_it_is_here(
    was: Entry | None, here: Entry | None, comes: Entry | None, words: str
) -> None:
    found = merged_entry(was, here, comes)
    assert (found.value, found.conflict) == (here, words)


def test_a_person_chooses_for_a_conflict_and_for_nothing_else() -> None:
    was, here, comes = {"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "3", "b": "2"}
    told = merged_all(was, here, comes, {}, merged_whole)
    assert conflicts_in(told) == [("a", "changed on both sides")]
    kept = merged_all(was, here, comes, {"a": "keep", "b": "keep"}, merged_whole)
    assert (kept["a"].value, kept["b"].value) == ("2", "2")
    taken = merged_all(was, here, comes, {"a": "take"}, merged_whole)
    assert (taken["a"].value, conflicts_in(taken)) == ("3", [])


entries = st.none() | st.dictionaries(
    st.sampled_from("abc"), st.integers(min_value=0, max_value=2), min_size=1
)


@given(entries, entries, entries)
def test_no_change_of_either_side_is_lost_in_silence(
    was: Entry | None, here: Entry | None, comes: Entry | None
) -> None:
    found = merged_entry(was, here, comes)
    if found.conflict:
        assert found.value == here
        return
    for key in "abc":
        sides = [None if side is None else side.get(key) for side in (was, here, comes)]
        value = None if found.value is None else found.value.get(key)
        before, ours, theirs = sides
        if ours != before and (was is None) == (here is None):
            assert ours in (value, theirs)
        if theirs != before and (was is None) == (comes is None):
            assert theirs in (value, ours)


@given(entries, entries)
def test_who_changed_nothing_gets_what_comes_and_who_gets_nothing_new_keeps_all(
    was: Entry | None, other: Entry | None
) -> None:
    assert merged_entry(was, was, other).value == other
    assert merged_entry(was, other, was).value == other
