# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities, as anybody reads it without login."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from tests.purposes.registers import ACTIVITY, PARKING_ACTIVITY, text, weesp
from tests.registers.open_rig import Open, half_open, open_of
from tests.throwaway import Database

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.purposes.model import Register, Validity
from landschap.purposes.public import id_of, term_words
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers, save_register
from landschap.registers.open.api.processing import BASE, ProcessingDesk

TWO = Signers(author="A. Een", approver="B. Twee")
HIDDEN = "Heimelijk-onderzoek"


def register() -> Register:
    """One activity in two versions, of which the old had other grounds; one that is secret."""
    one = weesp()
    first = next(each for each in one.activities if each.uri == ACTIVITY)
    secret = next(each for each in one.activities if each.uri == PARKING_ACTIVITY)
    turn = date(2026, 3, 1)
    return replace(
        one,
        activities=(
            replace(first, valid=Validity(since=date(2026, 1, 1), until=turn)),
            replace(
                first, version=2, name=text("Nieuw verstrekken"), valid=Validity(since=turn),
                data_groups=("adres", "uitkering"), processors=("Leverancier BV",),
            ),
            replace(secret, version=2, name=text(HIDDEN), confidential=True),
        ),
    )  # fmt: skip


@pytest.fixture
async def published(database: Database) -> AsyncIterator[Open]:
    pool = await database.pool("purposes")
    saved = await save_register(pool, weesp(), TWO, based_on="")
    await save_register(pool, register(), TWO, based_on=saved.version)
    desk = ProcessingDesk(snapshot=lambda: Snapshot(register()), pool=pool)
    async for one in open_of(database, half_open(), processing=desk):
        yield one


async def test_programs_read_it_by_the_names_of_the_var(published: Open) -> None:
    told = (await published.get(BASE)).json()
    assert (told["count"], told["next"], told["aantalVertrouwelijk"]) == (1, None, 1)
    (one,) = told["results"]
    assert one["id"] == str(id_of(ACTIVITY))
    assert (one["versie"], one["geldigVanaf"]) == (2, "2026-03-01")
    assert one["grondslag"] == "Wettelijke verplichting"
    assert one["bewaartermijn"] == "10 jaar"
    assert one["legalBasis"][0]["wet"] == "BWBR0015703"
    assert {"rolBetrokkene": "inwoners", "naam": "adres"} in one["verwerktePersoonsgegevens"]
    assert "Leverancier" not in json.dumps(one)
    assert (await published.get(f"{BASE}/{one['id']}")).json() == one
    again = await published.get(f"{BASE}/{one['id']}/versies")
    assert [each["versie"] for each in again.json()["items"]] == [2, 1]
    old = (await published.get(f"{BASE}/{one['id']}/versies/1")).json()
    assert (old["naam"], old["geldigTot"]) == ("Verstrekken", "2026-03-01")


async def test_what_is_confidential_is_in_no_answer(published: Open) -> None:
    number = id_of(PARKING_ACTIVITY)
    paths = [BASE, "/verwerkingen", "/en/verwerkingen", "/"]
    gone = [f"{BASE}/{number}", f"{BASE}/{number}/versies", f"{BASE}/{number}/versies/1",
            f"/verwerkingen/{number}"]  # fmt: skip
    for path in (*paths, *gone):
        answer = await published.get(path)
        assert answer.status_code == (404 if path in gone else 200), path
        assert HIDDEN not in answer.text
        assert str(number) not in answer.text.replace(path, "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?pagina=2", 400), ("?pagina=0", 400), ("?pagina=x", 400), ("?naam=x", 400),
        ("/geen-nummer", 404), (f"/{id_of(ACTIVITY)}/versies/3", 404),
        (f"/{id_of(ACTIVITY)}/versies/x", 404),
    ],
)  # fmt: skip
async def test_what_is_asked_wrong_is_told(published: Open, path: str, status: int) -> None:
    answer = await published.get(f"{BASE}{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_its_document_keeps_the_design_rules(published: Open) -> None:
    for accept in ("*/*", "application/openapi+json;version=3.1"):
        answer = await published.get("/register/v1/openapi.json", headers={"Accept": accept})
        assert answer.status_code == 200
        assert list(check(read_document(answer.content), Mode.STRICT, structures())) == []


async def test_people_read_it_in_both_languages(published: Open) -> None:
    listed = (await published.get("/verwerkingen")).text
    assert "Nieuw verstrekken" in listed
    assert "1 activiteit is geheim" in listed
    page = (await published.get(f"/verwerkingen/{id_of(ACTIVITY)}")).text
    for words in ("Waarom mag dit?", "Participatiewet", "De wet verplicht ons.", "10 jaar",
                  "1 maart 2026"):  # fmt: skip
        assert words in page
    english = (await published.get(f"/en/verwerkingen/{id_of(ACTIVITY)}")).text
    for words in ("Why is this allowed?", "The law obliges us.", "10 years", "1 March 2026"):
        assert words in english


def test_terms_are_said_in_words() -> None:
    assert term_words("P1Y6M") == "1 jaar en 6 maanden"
    assert term_words("P1Y", english=True) == "1 year"
    assert term_words("P28D", english=True) == "28 days"
