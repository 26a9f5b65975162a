# SPDX-License-Identifier: EUPL-1.2
"""Published counts: a small one is hidden, and nobody can compute it from what is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.open_rig import TIMES, Open, half_open, open_of
from tests.registers.rig import annotated
from tests.throwaway import Database

from landschap.registers.models import Register, parse_register
from landschap.registers.open.counting import quarter_of, read_day
from landschap.registers.open.suppression import Table, suppressed
from landschap.registers.open.terms import Terms, read_terms
from landschap.registers.schemas import DIALECT
from landschap.vocabulary.problems import Refusal

GROUPS = "abcd"


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Every way to spread a total over groups."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def table_of(values: tuple[int, ...], least: int) -> Table:
    return suppressed(dict(zip(GROUPS, values, strict=False)), least)


def told(table: Table) -> tuple[object, ...]:
    return (*table.counts.values(), table.total)


@pytest.mark.parametrize(
    ("parts", "highest", "least"),
    [
        (1, 12, 3),
        (2, 24, 3),
        (2, 24, 5),
        (3, 18, 3),
        (3, 18, 4),
        (3, 18, 5),
        (4, 12, 3),
        (4, 12, 4),
    ],
)
def test_no_hidden_count_can_be_computed_by_who_knows_the_rule(
    parts: int, highest: int, least: int
) -> None:
    """Of every table: the tables that are published alike hold more than one value for it.

    That is all there is to know for who knows the total, the told counts and the rule itself.
    """
    for total in range(least, highest + 1):
        alike: dict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
        for values in compositions(total, parts):
            alike[told(table_of(values, least))].append(values)
        for shown, tables in alike.items():
            for place, cell in enumerate(shown[:-1]):
                if cell is None and shown[-1] is not None:
                    assert len({values[place] for values in tables}) > 1, (shown, tables)


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 200), min_size=1, max_size=12),
    st.integers(3, 20),
)
def test_what_is_told_is_true_and_never_small(counts: dict[str, int], least: int) -> None:
    table = suppressed(counts, least)
    hidden = [group for group, count in table.counts.items() if count is None]
    assert all(count is None or count >= least for count in table.counts.values())
    assert all(counts[group] == count for group, count in table.counts.items() if count is not None)
    if table.total is None:
        assert len(hidden) == len(counts)
        return
    assert table.total == sum(counts.values()) >= least
    # What the total leaves for the hidden ones together is no small count, and is not of one.
    left = table.total - sum(count for count in table.counts.values() if count is not None)
    assert not hidden or (len(hidden) > 1 and left >= least)


def test_one_small_count_takes_the_smallest_other_with_it() -> None:
    table = suppressed({"a": 2, "b": 40, "c": 11, "d": 90}, 5)
    assert dict(table.counts) == {"a": None, "b": 40, "c": None, "d": 90}
    assert table.total == 143


def test_counts_that_are_large_are_all_told() -> None:
    table = suppressed({"a": 5, "b": 6}, 5)
    assert dict(table.counts) == {"a": 5, "b": 6}


def test_a_threshold_under_three_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        suppressed({"a": 1}, 2)


def benefits() -> Register:
    """A closed register of persons, of which a count may be published."""
    members = {
        "nummer": annotated(pattern="^[a-z0-9]+$"),
        "soort": annotated(enum=["bijstand", "ioaw", "bbz"], **TIMES),
        "burgerservicenummer": annotated(
            **TIMES, **{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}
        ),
    }
    schema: Any = {
        "$schema": DIALECT, "title": "Uitkering", "x-titel-en": "Benefit", "type": "object",
        "additionalProperties": False, "required": [], "x-collectie": "uitkeringen",
        "x-identificatie": "nummer", "x-versie": "1.0.0", "properties": members,
    }  # fmt: skip
    return parse_register({"naam": "proef", "klok": "eigen"}, {"uitkering": schema}, "proef")


def terms_of(register: Register) -> Terms:
    table = {"naam": "per-soort", "type": "uitkering", "per": "soort"}
    return read_terms({"telling": [table]}, register, "proef")


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    register = benefits()
    async for one in open_of(database, register, terms_of(register)):
        yield one


async def fill(opened: Open, **counts: int) -> None:
    for soort, count in counts.items():
        for n in range(count):
            content = {"soort": soort, "burgerservicenummer": "999993653"}
            await opened.write("uitkering", f"{soort}{n}", content)


async def test_count_of_a_closed_type_is_told_without_its_small_groups(opened: Open) -> None:
    await fill(opened, bijstand=25, ioaw=12, bbz=2)
    answer = await opened.get("/proef/v1/tellingen/per-soort")
    body = answer.json()
    assert body["kleinsteAantal"] == 10
    assert body["totaal"] == 39
    rows = {row["soort"]: row["aantal"] for row in body["rijen"]}
    assert rows == {"bijstand": 25, "ioaw": None, "bbz": None, "onbekend": None}
    assert "999993653" not in answer.text
    assert (await opened.get("/proef/v1/uitkeringen")).status_code == 404
    listed = (await opened.get("/proef/v1/tellingen")).json()["items"]
    assert [each["adres"] for each in listed] == ["/proef/v1/tellingen/per-soort"]


async def test_page_tells_of_counts_of_a_register_that_is_closed(opened: Open) -> None:
    page = (await opened.get("/")).text
    assert 'href="/proef/v1/tellingen/per-soort"' in page
    assert "openapi.json" not in page
    assert "uitkeringen" not in (await opened.get("/catalogus")).text


async def test_few_in_all_tell_nothing(opened: Open) -> None:
    await fill(opened, bijstand=9)
    body = (await opened.get("/proef/v1/tellingen/per-soort")).json()
    assert body["totaal"] is None
    assert {row["aantal"] for row in body["rijen"]} == {None}


@pytest.mark.parametrize("day", ["2026-02-01", "2999-01-01", "gisteren", "2026-04-02"])
async def test_counts_are_of_the_first_day_of_a_quarter(opened: Open, day: str) -> None:
    """Counts of two days that differ by one person would tell of that person."""
    answer = await opened.get("/proef/v1/tellingen/per-soort", params={"peildatum": day})
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter.ongeldig")
    for query in ({"geldigOp": "2026-01-05"}, {"beschikbaarOp": "2026-01-05T10:00:00Z"}):
        other = await opened.get("/proef/v1/tellingen/per-soort", params=query)
        assert other.json()["code"] == "query_unknown"


def test_the_day_is_the_begin_of_a_quarter_that_has_begun() -> None:
    today = date(2026, 11, 29)
    assert quarter_of(today) == read_day({}, today) == date(2026, 10, 1)
    assert read_day({"peildatum": "2025-04-01"}, today) == date(2025, 4, 1)
    assert isinstance(read_day({"peildatum": "2027-01-01"}, today), Refusal)


def test_a_register_with_no_counts_has_none() -> None:
    assert read_terms({}, half_open(), "proef").counts == ()
