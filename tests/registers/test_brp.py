# SPDX-License-Identifier: EUPL-1.2
"""Person lists: wrong rows, incomplete days, doubt; and all official fictitious persons."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import FULL
from tests.throwaway import Cluster

from landschap.registers import brp, client, store
from landschap.registers.models import Register
from landschap.registers.questions import AsOf, Match
from landschap.registers.sources import SourceRow, UnreadableSource
from landschap.vocabulary.times import parse_moment

PEOPLE = FULL.parent / "brp-test"
COLUMNS = [
    "bsn_persoonslijst", "stapel_nr", "volg_nr", "gemeente_van_inschrijving", "functie_adres",
    "datum_aanvang_adreshouding", "straatnaam", "huisnummer", "huisletter",
    "huisnummertoevoeging", "postcode", "woonplaatsnaam", "identificatie_nummeraanduiding",
    "land_buitenland", "datum_aanvang_adres_buitenland", "aanduiding_in_onderzoek",
    "datum_ingang_onderzoek", "datum_einde_onderzoek", "onjuist", "ingangsdatum_geldigheid",
    "datum_van_opneming",
]  # fmt: skip


def identify(bsn: str) -> str:
    return f"P{hashlib.sha256(bsn.encode()).hexdigest()[:16]}"


@pytest.fixture(scope="session")
def register() -> Register:
    return client.read_register(Path(str(files("landschap.registers"))) / "ready" / "brp")


def stays(register: Register, *rows: dict[str, str]) -> list[tuple[Any, ...]]:
    """What is asserted for one person's stays: moment, begin, kind, street or doubt."""
    given = [
        SourceRow(line=n, cells={**dict.fromkeys(COLUMNS, ""), "bsn_persoonslijst": "999993653",
                                 "volg_nr": str(len(rows) - n), **row})
        for n, row in enumerate(rows, start=1)
    ]  # fmt: skip
    found = brp.readings(register.types["persoon"], "08-verblijfplaats.csv", given, identify)
    return [
        (
            reading.draft.source_registered_at.strftime("%Y%m%d")
            if reading.draft.source_registered_at
            else "",
            reading.draft.period.begin.strftime("%Y%m%d"),
            reading.draft.kind.value,
            (reading.draft.content or {}).get("straat")
            or (reading.draft.content or {}).get("kenmerken"),
        )
        for reading in found
    ]


def row(street: str, begin: str, recorded: str, **more: str) -> dict[str, str]:
    return {
        "straatnaam": street, "datum_aanvang_adreshouding": begin, "datum_van_opneming": recorded,
        **more,
    }  # fmt: skip


def test_a_wrong_row_is_taken_back_when_the_next_was_recorded(register: Register) -> None:
    found = stays(
        register,
        row("Oud", "20000101", "20000110"),
        row("Fout", "20050101", "20050110", onjuist="O"),
        row("Goed", "20050201", "20060101"),
    )
    # Summer time: the first moment of a Dutch day lies on the day before in UTC.
    assert [(begin, kind, street) for _, begin, kind, street in found] == [
        ("20000101", "REGISTRATIE", "Oud"),
        ("20050101", "WIJZIGING", "Fout"),
        ("20050101", "INTREKKING", "Oud"),
        ("20050201", "CORRECTIE", "Goed"),
    ]
    assert found[2][0] == found[3][0]


def test_doubt_is_about_the_days_of_its_row_from_when_it_was_raised(register: Register) -> None:
    found = stays(
        register,
        row("Hier", "20000101", "20000110", aanduiding_in_onderzoek="581110",
            datum_ingang_onderzoek="20010101", datum_einde_onderzoek="20020101"),
    )  # fmt: skip
    assert [(kind, paths) for _, _, kind, paths in found] == [
        ("REGISTRATIE", "Hier"), ("ONDERZOEK", ["straat"]), ("ONDERZOEK", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("20200518", "2020-05-18"),
        ("20200500", "2020-05-00"),
        ("00000000", "0000-00-00"),
        ("", "0000-00-00"),
        ("0000000", "0000-00-00"),
        ("19660013", "1966-00-00"),
        ("1994031", "1994-03-00"),
    ],
)
def test_a_day_is_read_as_far_as_it_can_be(text: str, read: str) -> None:
    assert str(brp.gba_date(text)) == read


def test_what_can_not_be_read_is_told_and_nothing_is_given(register: Register) -> None:
    with pytest.raises(UnreadableSource) as caught:
        stays(register, row("A", "20200230", "20200101"), row("B", "20200101", "x", huisnummer="a"))
    assert len(caught.value.faults) == 2
    with pytest.raises(UnreadableSource, match="is not there"):
        client.read_people(register, Path("/nonexistent"), identify)


@pytest.fixture(scope="module")
async def people(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, register: Register
) -> AsyncIterator[asyncpg.Pool]:
    """All 661 person lists; absent when the test set is not beside the checkout."""
    if not PEOPLE.is_dir():
        pytest.skip(f"the official fictitious persons are not here ({PEOPLE.name})")
    made = await cluster.fresh(tmp_path_factory.mktemp("brp"))
    pool = await made.pool("registers")
    await store.prepare(pool, register)
    found = client.read_people(register, PEOPLE, identify)
    async for _ in store.load(pool, register, found):
        pass
    yield pool
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


async def person(
    pool: asyncpg.Pool, register: Register, bsn: str, day: str, known: str
) -> list[dict[str, Any]]:
    kind = register.types["persoon"]
    state = await store.known_at(
        pool, register, datetime.now(UTC), parse_moment(f"{known}T12:00:00")
    )
    question = AsOf(
        type=kind, wanted=[identify(bsn)], valid_on=date.fromisoformat(day), known=state
    )
    found = await store.as_of(pool, question)
    return [{**one.content, "doubts": one.history.doubts} for one in found]


async def test_all_lists_load_with_every_wrong_row_taken_back(
    people: asyncpg.Pool, register: Register
) -> None:
    counted = await store.count(people, register)
    assert counted.types["brp.persoon"].objects == 661
    rows = await people.fetch(
        "SELECT groep, soort, count(*) AS n FROM registers.assertion GROUP BY 1, 2"
    )
    told = Counter({(row["groep"], row["soort"]): row["n"] for row in rows})
    assert told["verblijf", "INTREKKING"] == told["verblijf", "CORRECTIE"] == 29
    assert told["persoon", "INTREKKING"] == 19
    assert told["overlijden", "INTREKKING"] == 6
    assert await store.differences(people, register) == 0


async def test_a_wrong_row_was_known_and_is_not_true(
    people: asyncpg.Pool, register: Register
) -> None:
    (then,) = await person(people, register, "999991863", "2000-01-01", "2005-01-01")
    (now,) = await person(people, register, "999991863", "2000-01-01", "2026-01-01")
    assert (then["straat"], now["straat"]) == ("Bep van Klaverenboulevar", "Bep van Klaverenblvd")


async def test_a_person_is_found_by_number_though_no_address_holds_it(
    people: asyncpg.Pool, register: Register
) -> None:
    kind = register.types["persoon"]
    state = await store.known_at(people, register, datetime.now(UTC))
    wanted = Match("burgerservicenummer", ["999993653"])
    question = AsOf(type=kind, wanted=wanted, valid_on=date(2020, 1, 1), known=state)
    (found,) = await store.as_of(people, question)
    assert (found.object_id, found.content["voornamen"]) == (identify("999993653"), "Suzanne")


async def test_a_move_counts_from_its_day_and_from_when_it_was_recorded(
    people: asyncpg.Pool, register: Register
) -> None:
    (before,) = await person(people, register, "999993653", "2015-08-07", "2026-01-01")
    (after,) = await person(people, register, "999993653", "2015-08-08", "2026-01-01")
    assert (before["straat"], after["straat"]) == ("Vredesplein", "Boterdiep")
    (unknown,) = await person(people, register, "999993653", "2015-08-08", "2015-08-07")
    assert unknown["straat"] == "Vredesplein"


async def test_doubt_and_incomplete_days_are_there(
    people: asyncpg.Pool, register: Register
) -> None:
    kind = register.types["persoon"]
    doubted = await people.fetch(
        "SELECT count(*) AS n FROM registers.projection WHERE groep LIKE 'onderzoek:%'"
    )
    incomplete = await people.fetch(
        "SELECT DISTINCT object_id FROM registers.assertion WHERE valid_from_source LIKE '%-00' "
        "AND groep = 'verblijf' AND valid_from_source <> '0000-00-00'"
    )
    assert doubted[0]["n"] > 20
    assert len(incomplete) > 5
    state = await store.known_at(people, register, datetime.now(UTC))
    groups = await store.history_of(people, kind, incomplete[0]["object_id"])
    sources = [one.begin_source for one in groups["verblijf"] if one.begin_source]
    assert sources
    assert not any(each.complete for each in sources)
    day = next(each for each in sources if each.year).lo
    question = AsOf(type=kind, wanted=[incomplete[0]["object_id"]], valid_on=day, known=state)
    found = await store.as_of(people, question)
    assert "mogelijk" in {one.history.certainty.value for one in found}
