# SPDX-License-Identifier: EUPL-1.2
"""The packaged data of Weesp answers as computed apart, by plain reading."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import WEESP

from landschap.registers import store
from landschap.registers.models import Registers
from landschap.registers.questions import AsOf, Found, Match
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_moment

QUESTIONS = json.loads((WEESP / "gegevens" / "expected.json").read_text())["vragen"]


class Asker:
    """Asks registers one after the other, all on the same two moments."""

    def __init__(
        self, pool: asyncpg.Pool, registers: Registers, on: str, known: str | None
    ) -> None:
        self._pool, self._registers = pool, registers
        self._on = date.fromisoformat(on)
        self._known: datetime | None = parse_moment(known) if known else None

    async def one(self, register: str, name: str, path: str, value: str) -> dict[str, JsonValue]:
        kind = self._registers.type(register, name)
        known = await store.known_at(
            self._pool, self._registers.by_name[register], datetime.now(UTC), self._known
        )
        wanted = [value] if path == kind.identification else Match(path, [value])
        found = await store.as_of(
            self._pool, AsOf(type=kind, wanted=wanted, valid_on=self._on, known=known)
        )
        assert len(found) <= 1
        return dict(found[0].content) if found else {}


async def situation(ask: Asker, bsn: str) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {"burgerservicenummer": bsn}
    benefit = await ask.one("uitkeringen", "uitkering", "burgerservicenummer", bsn)
    found |= {f"uitkering.{k}": v for k, v in benefit.items() if k != "burgerservicenummer"}
    found.pop("uitkering.uitkeringsnummer", None)
    home = await ask.one("inwoners", "inwoner", "burgerservicenummer", bsn)
    if not home:
        return found
    number = str(home["nummeraanduiding"])
    address = await ask.one("bag", "nummeraanduiding", "identificatie", number)
    found |= {f"adres.{k}": address[k] for k in ("huisletter", "postcode", "huisnummer")}
    street = await ask.one("bag", "openbareruimte", "identificatie", str(address["ligtAan"]))
    town = await ask.one("bag", "woonplaats", "identificatie", str(street["ligtIn"]))
    found |= {"adres.straat": street["naam"], "adres.woonplaats": town["naam"]}
    unit = await ask.one("bag", "verblijfsobject", "heeftAlsHoofdadres", number)
    found |= {f"woning.{k}": unit[k] for k in ("oppervlakte", "gebruiksdoel")}
    parts = unit["maaktDeelUitVan"]
    assert isinstance(parts, list)
    building = await ask.one("bag", "pand", "identificatie", str(parts[0]))
    found["pand.identificatie"] = building["identificatie"]
    found["pand.bouwjaar"] = building["oorspronkelijkBouwjaar"]
    found["pand.status"] = building["status"]
    return found


@pytest.mark.parametrize(
    "question", QUESTIONS, ids=lambda q: f"{q['geldigOp']}-{q['beschikbaarOp']}"
)
async def test_answers_what_a_plain_reading_of_the_rows_says(
    weesp: asyncpg.Pool, demo_registers: Registers, question: dict[str, Any]
) -> None:
    ask = Asker(weesp, demo_registers, question["geldigOp"], question["beschikbaarOp"])
    assert await situation(ask, question["burgerservicenummer"]) == question["antwoord"]


@pytest.mark.case("S-43")
async def test_four_questions_about_one_corrected_benefit_have_four_answers(
    weesp: asyncpg.Pool, demo_registers: Registers
) -> None:
    amounts = []
    for on, known in (
        ("2020-07-01", "2020-08-01T00:00:00+02:00"),
        ("2020-07-01", None),
        ("2021-03-01", "2021-03-15T00:00:00+01:00"),
        ("2021-03-01", None),
    ):
        ask = Asker(weesp, demo_registers, on, known)
        benefit = await ask.one("uitkeringen", "uitkering", "burgerservicenummer", "999993653")
        amounts.append(benefit["bedragPerMaand"])
    assert amounts == [1052.32, 751.66, 1075.44, 1078.7]


async def test_the_projection_says_what_the_assertions_say(
    weesp: asyncpg.Pool, demo_registers: Registers
) -> None:
    for register in demo_registers.by_name.values():
        assert await store.differences(weesp, register) == 0


async def test_a_found_object_tells_when_it_held_and_when_that_was_known(
    weesp: asyncpg.Pool, demo_registers: Registers
) -> None:
    kind = demo_registers.type("uitkeringen", "uitkering")
    known = await store.known_at(weesp, demo_registers.by_name["uitkeringen"], datetime.now(UTC))
    question = AsOf(type=kind, wanted=["UIT-2019-0001"], valid_on=date(2020, 7, 1), known=known)
    (found,) = await store.as_of(weesp, question)
    history = found.history.as_json(question)
    assert isinstance(found, Found)
    assert (history["beginGeldigheid"], history["eindGeldigheid"]) == ("2020-06-01", "2020-10-01")
    assert str(history["tijdstipRegistratie"]).startswith("2020-09-10T")
    assert (history["klok"], history["soort"], history["zekerheid"]) == (
        "bron",
        "WIJZIGING",
        "zeker",
    )


def test_the_packaged_data_is_small_and_says_that_it_is_invented() -> None:
    files = [path for path in (WEESP / "gegevens").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 400_000
    origin = (WEESP / "gegevens" / "ORIGIN.md").read_text()
    assert "fictitious" in origin
    assert "public domain" in origin.lower()
    assert "EUPL-1.2" in origin
