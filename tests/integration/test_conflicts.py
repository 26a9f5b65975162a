# SPDX-License-Identifier: EUPL-1.2
"""Sources that disagree: the rule of the field decides, the answer says so, and order never does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.small import (
    ADDRESS,
    BUILDING,
    DWELLING,
    MOMENT,
    TEXT,
    found,
    row,
    small,
)

from landschap.integration.answer import release
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.merge import merge
from landschap.integration.plan import make_plan
from landschap.integration.rows import Batch, Failure, Reason, Row, batch_of

SMALL = small()
FIELDS = frozenset(SMALL.fields)


def body_of(collected: Mapping[str, Batch | Failure]) -> Any:
    return release(merge(make_plan(SMALL, FIELDS), collected), MOMENT, FIELDS).body


@pytest.mark.parametrize(
    ("path", "value", "winner", "against"),
    [
        ("toestand", "in p", "panden", ["verblijf"]),  # eerste_gevulde
        ("nieuwste", "in p", "panden", ["verblijf"]),  # the building's row began later
    ],
)
def test_a_conflict_is_decided_by_the_rule_and_stands_in_the_provenance(
    path: str, value: str, winner: str, against: list[str]
) -> None:
    body = body_of(found())
    assert body["resultaten"][0]["woning"][path] == value
    told = body["herkomst"][f"/0/woning/{path}"]
    assert (told["bron"], told["strijdig"]) == (winner, against)
    # Where the newest is another one, the same two are against each other the other way round.
    older = row("p1", begin="2001-01-01", id="p1", status="in p", bouwjaar="1990")
    other = body_of(found(panden=batch_of([older], "id")))["herkomst"]["/0/woning/nieuwste"]
    assert (other["bron"], other["strijdig"]) == ("verblijf", ["panden"])


def test_sources_that_must_agree_give_no_value_and_a_named_gap() -> None:
    body = body_of(found())
    assert "zeker" not in body["resultaten"][0]["woning"]
    (gap,) = [each for each in body["ontbreekt"] if each["reden"] == "bronnen_oneens"]
    assert gap["velden"] == ["woning.zeker"]


@pytest.mark.parametrize(
    "state",
    [
        batch_of([row("v1", adres="a1", pand="p1", status="in p")], "adres"),  # the same value
        batch_of([row("v1", adres="a1", pand="p1", status="")], "adres"),  # says nothing
    ],
)
def test_sources_that_do_not_differ_are_no_conflict(state: Batch) -> None:
    told = body_of(found(verblijf=state))["herkomst"]["/0/woning/toestand"]
    assert "strijdig" not in told
    assert told["bron"] == "panden"


def test_what_comes_after_the_one_that_decides_is_never_a_gap() -> None:
    text = "uit: [adressen.postcode, verblijf.oppervlakte], zet_om: [tekst]"
    one = small(TEXT.replace("uit: [adressen.postcode]", text, 1))
    plan = make_plan(one, {"postcode"})
    down = merge(plan, found(verblijf=Reason.TOO_LATE))
    assert down.records == [{"postcode": "1381AB"}]
    assert down.gaps == []
    odd = batch_of([row("v1", adres="a1", pand="p1", oppervlakte=["a", "list"])], "adres")
    assert merge(plan, found(verblijf=odd)).gaps == []


_text = st.sampled_from(["a", "b", "", "7"])
_day = st.sampled_from([None, "2001-01-01", "2012-01-01"])


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Rows of every source, that may say the same, something else or nothing, from any day."""
    people = [
        row(f"{number // 2}", begin=draw(_day), adres="a1", naam=draw(_text), bsn="999990019")
        for number in range(draw(st.integers(0, 3)))
    ]
    dwellings = [
        row(f"v{number}", begin=draw(_day), adres="a1", pand="p1", oppervlakte="8",
            status=draw(_text))
        for number in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    building = row("p1", begin=draw(_day), id="p1", status=draw(_text), bouwjaar="1990")
    return {
        "adressen": [ADDRESS], "verblijf": dwellings, "panden": [building], "personen": people,
    }  # fmt: skip


_BY = {"adressen": "id", "verblijf": "adres", "panden": "id", "personen": "adres"}


@given(_rows(), st.data())
def test_whatever_the_order_in_which_rows_and_sources_arrive_the_answer_is_the_same(
    rows: dict[str, list[Row]], data: st.DataObject
) -> None:
    usual = {name: batch_of(each, _BY[name]) for name, each in rows.items()}
    shuffled: dict[str, Batch | Failure] = {}
    for name in data.draw(st.permutations(sorted(rows))):
        shuffled[name] = batch_of(data.draw(st.permutations(rows[name])), _BY[name])
    assert body_of(shuffled) == body_of(usual)


@pytest.mark.parametrize("late", sorted(_BY))
async def test_the_source_that_answers_last_changes_nothing(late: str) -> None:
    """The same through the real asking, with each source in turn the last to answer."""
    rows = {
        "adressen": [ADDRESS], "verblijf": [DWELLING], "panden": [BUILDING],
        "personen": [row("2", adres="a1", naam="Bakker", bsn="999990019")],
    }  # fmt: skip
    plan = make_plan(SMALL, FIELDS)
    usual = await collect(plan, "a1", Occasion(moment=MOMENT), _doors(rows))
    behind = await collect(plan, "a1", Occasion(moment=MOMENT), _doors(rows, late))
    assert body_of(behind) == body_of(usual)


def _doors(rows: Mapping[str, list[Row]], late: str = "") -> dict[str, Any]:
    return {name: _Late(each, name == late) for name, each in rows.items()}


class _Late(MemoryConnector):
    """Answers after all that can answer before it."""

    def __init__(self, rows: list[Row], is_late: bool) -> None:
        super().__init__(rows)
        self.is_late = is_late

    async def rows(self, question: Any) -> Any:
        for _ in range(50 if self.is_late else 0):
            await asyncio.sleep(0)
        return await super().rows(question)
