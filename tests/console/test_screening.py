# SPDX-License-Identifier: EUPL-1.2
"""Obligations and the confidentiality mark on the pages of the console."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.console.acts import records_of, search
from tests.console.confidential_rig import (
    BSN,
    FORMER_STREET,
    MARKED,
    OPEN,
    PAGE,
    POSTCODE,
    STREET,
    circle,
)
from tests.console.console_rig import BIJSTAND, BUILDINGS, BURGERZAKEN, Console

from landschap.console.screening import is_marked_in, screen_of
from landschap.purposes.duties import Confidentiality, Duties, Obligation

KIND = circle().types["lid"]
LEAVES = frozenset(KIND.paths())
MARK = Confidentiality(path="geheim", guarded=("straat", "postcode"))


async def test_who_works_for_a_public_body_sees_the_address_masked_with_the_words_why(
    console: Console,
) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = await visitor.get(f"{PAGE}/{MARKED}")
    assert page.status == 200
    # Also where the person lived before asking for it.
    for hidden in (STREET, FORMER_STREET, POSTCODE):
        assert hidden not in page.text
    assert "Zaal" in page.text
    assert "Deze persoon vroeg om geheimhouding" in page.text
    assert page.text.count("Afgeschermd: geheimhouding") == 2
    english = (await visitor.get(f"/en{PAGE}/{MARKED}")).text
    assert "This person asked for confidentiality" in english
    assert STREET not in english


async def test_looking_back_or_comparing_does_not_uncover_it(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    for query in ("geldigOp=2020-01-01", "vergelijk=1-1-2020", "geldigOp=2023-01-01"):
        page = await visitor.get(f"{PAGE}/{MARKED}?{query}")
        assert page.status == 200, page.text
        assert STREET not in page.text
        assert FORMER_STREET not in page.text


async def test_the_twin_for_programs_is_masked_as_well(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    told = json.loads((await visitor.get(f"{PAGE}/{MARKED}/json")).text)
    assert STREET not in json.dumps(told)
    assert told["items"][0]["straat"] == "***"
    assert told["_verplichtingen"] == ["geheimhouding"]
    assert told["_afgeschermd"] == "geheimhouding"


async def test_who_asked_for_nothing_is_shown(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = (await visitor.get(f"{PAGE}/{OPEN}")).text
    assert STREET in page
    assert FORMER_STREET in page
    assert "vroeg om geheimhouding" not in page


async def test_a_list_of_what_was_found_masks_row_by_row(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    sent = await search(visitor, PAGE, POSTCODE, "postcode")
    page = (await visitor.get(sent.location)).text
    assert f"{PAGE}/{MARKED}" in page
    assert f"{PAGE}/{OPEN}" in page
    assert page.count("Zaal") == 1


async def test_a_third_party_does_not_get_it_and_can_not_search_by_it(console: Console) -> None:
    visitor = await console.visit("beheerder", BUILDINGS)
    page = await visitor.get(f"{PAGE}/{MARKED}")
    assert page.status == 200
    assert "Straat" in page.text  # named as what is held back
    assert STREET not in page.text
    assert "***" not in page.text
    refused = await search(visitor, PAGE, POSTCODE, "postcode")
    assert refused.status == 400


async def test_obligations_are_carried_out_on_the_page_and_told(console: Console) -> None:
    visitor = await console.visit("consulent", BIJSTAND)
    page = await visitor.get(f"{PAGE}/{OPEN}")
    assert page.status == 200
    for hidden in ("Kierkegaard", BSN[OPEN], "1985-03-17", "17 maart 1985", POSTCODE, "23456"):
        assert hidden not in page.text, hidden
    for shown in ("1985", "1382", "23000", STREET, "Alleen het jaar", "Alleen de vier cijfers",
                  "Afgerond op 1000", "Vervangen door een kenmerk", "Afgeschermd voor dit doel",
                  "Vertel het de persoon"):  # fmt: skip
        assert shown in page.text, shown
    told = json.loads((await visitor.get(f"{PAGE}/{OPEN}/json")).text)
    assert told["items"][0]["geboren"] == "1985"
    assert told["_verplichtingen"] == ["melden"]
    assert all("Kierkegaard" not in json.dumps(told[part]) for part in ("voorkomens", "items"))


async def test_the_look_is_a_line_about_the_person_also_when_the_number_is_not_shown(
    console: Console,
) -> None:
    visitor = await console.visit("consulent", BIJSTAND)
    before = len(await records_of(console, BSN[OPEN]))
    await visitor.get(f"{PAGE}/{OPEN}")
    assert len(await records_of(console, BSN[OPEN])) == before + 1


CONTENT: dict[str, Any] = {
    "bsn": "999990688", "naam": "Zaal", "straat": STREET, "postcode": POSTCODE, "geheim": "7",
}  # fmt: skip


@pytest.mark.parametrize(
    ("geheim", "marked"),
    [("0", False), ("nee", False), ("7", True), (None, True), ("onbekend", True)],
)
def test_only_a_certain_no_is_a_no(geheim: str | None, marked: bool) -> None:
    assert is_marked_in(MARK, [{**CONTENT, "geheim": geheim}]) is marked


def test_nothing_known_of_a_person_is_no_no() -> None:
    assert is_marked_in(MARK, []) is True
    assert is_marked_in(None, []) is False


def test_what_is_masked_for_the_mark_is_not_made_half_visible_by_another_obligation() -> None:
    duties = Duties(mark=MARK, obligations=(Obligation(kind="pc4", path="postcode"),))
    screen = screen_of(KIND, LEAVES, duties, is_marked=True)
    assert screen.content(CONTENT)["postcode"] == "***"
    open_one = screen_of(KIND, LEAVES, duties, is_marked=False)
    assert open_one.content(CONTENT)["postcode"] == "1382"
