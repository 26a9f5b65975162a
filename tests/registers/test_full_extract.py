# SPDX-License-Identifier: EUPL-1.2
"""All of Weesp: 66 073 versions of the BAG extract of 15 October 2021, on both axes.

Expected figures were counted apart, by plain reading of the CSV files. The marks "not BAG" are
only in the XML of the extract and count for the national copy's clock, which is not offered: the
figures here are those of the municipality's own clock.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime

import asyncpg
import pytest
from tests.registers.rig import FULL
from tests.throwaway import Database

from landschap.registers import client, store
from landschap.registers.models import ObjectType, Registers
from landschap.registers.questions import AsOf
from landschap.registers.timeline import Known, segment_on, segments
from landschap.vocabulary.times import AMSTERDAM, parse_moment

pytestmark = pytest.mark.long

FINAL_BUILDINGS = {"Niet gerealiseerd pand", "Pand gesloopt", "Pand ten onrechte opgevoerd"}


class Weesp:
    """The loaded extract, asked in short."""

    def __init__(self, pool: asyncpg.Pool, registers: Registers) -> None:
        self.pool, self.bag = pool, registers.by_name["bag"]

    async def known(self, on: str) -> Known:
        moment = parse_moment(on if "T" in on else f"{on}T00:00:00")
        return await store.known_at(self.pool, self.bag, datetime.now(UTC), moment)

    async def by(self, name: str, path: str | None, valid: str, known: str) -> dict[str, int]:
        return dict(
            await store.count_by(
                self.pool, self.bag.types[name], path, date.fromisoformat(valid),
                await self.known(known),
            )
        )  # fmt: skip

    async def total(self, name: str, valid: str, known: str) -> int:
        return sum((await self.by(name, None, valid, known)).values())

    async def version(self, name: str, object_id: str, valid: str, known: str) -> int | None:
        kind = self.bag.types[name]
        groups = await store.history_of(self.pool, kind, object_id)
        state = await self.known(known)
        question = AsOf(
            type=kind, wanted=[object_id], valid_on=date.fromisoformat(valid), known=state
        )
        found = await store.as_of(self.pool, question)
        line = segments(groups.get(name, []), state)
        segment = segment_on(line, date.fromisoformat(valid))
        assert [one.content for one in found] == (
            [{"identificatie": object_id, **(segment.assertion.content or {})}] if segment else []
        )
        if segment is None:
            return None
        number = segment.assertion.source["voorkomen"]
        assert isinstance(number, int)
        return number


@pytest.fixture(scope="session")
def weesp_bag(full_bag: asyncpg.Pool, demo_registers: Registers) -> Weesp:
    return Weesp(full_bag, demo_registers)


async def test_every_version_is_an_assertion(weesp_bag: Weesp) -> None:
    counted = await store.count(weesp_bag.pool, weesp_bag.bag)
    sizes = {key: (size.assertions, size.objects) for key, size in counted.types.items()}
    assert sizes == {
        "bag.pand": (23091, 12899),
        "bag.verblijfsobject": (26085, 12509),
        "bag.nummeraanduiding": (16113, 12694),
        "bag.openbareruimte": (593, 321),
        "bag.standplaats": (21, 13),
        "bag.ligplaats": (167, 167),
        "bag.woonplaats": (3, 2),
    }
    assert sum(size.assertions for size in counted.types.values()) == 66_073


COUNTS = [
    # V, K, panden, verblijfsobjecten, nummeraanduidingen
    ("2010-01-01", "2010-12-01", 4243, 5773, 1925),
    ("2010-01-01", "2015-06-01", 4243, 5773, 1946),
    ("2010-01-01", "2021-10-15", 4244, 6357, 1946),
    ("2015-06-01", "2010-11-01", 0, 0, 0),
    ("2015-06-01", "2015-06-01", 10046, 9915, 10968),
    ("2015-06-01", "2021-10-15", 10047, 10792, 10973),
    ("2021-10-14", "2021-10-15", 12899, 12509, 12694),
    ("2012-01-01", "2010-12-01", 9201, None, None),
    ("2000-01-01", "2021-10-15", 2754, None, None),
    ("1900-01-01", "2021-10-15", 2, None, None),
]


@pytest.mark.case("history-1", "history-2", "history-3", "history-4", "history-5")
@pytest.mark.parametrize(("valid", "known", "panden", "units", "addresses"), COUNTS)
async def test_counts_what_was_valid_on_a_day_as_known_then(
    weesp_bag: Weesp,
    valid: str,
    known: str,
    panden: int,
    units: int | None,
    addresses: int | None,
) -> None:
    assert await weesp_bag.total("pand", valid, known) == panden
    if units is not None:
        assert await weesp_bag.total("verblijfsobject", valid, known) == units
        assert await weesp_bag.total("nummeraanduiding", valid, known) == addresses


STATUSES = {
    ("2010-01-01", "2015-06-01"): {
        "Bouwvergunning verleend": 122,
        "Pand in gebruik": 4113,
        "Pand in gebruik (niet ingemeten)": 8,
    },
    ("2015-06-01", "2015-06-01"): {
        "Bouw gestart": 17,
        "Bouwvergunning verleend": 524,
        "Niet gerealiseerd pand": 7,
        "Pand buiten gebruik": 33,
        "Pand gesloopt": 258,
        "Pand in gebruik": 9140,
        "Pand in gebruik (niet ingemeten)": 49,
        "Sloopvergunning verleend": 18,
    },
    ("2021-10-14", "2021-10-15"): {
        "Bouw gestart": 354,
        "Bouwvergunning verleend": 1036,
        "Niet gerealiseerd pand": 206,
        "Pand buiten gebruik": 3,
        "Pand gesloopt": 458,
        "Pand in gebruik": 10803,
        "Pand in gebruik (niet ingemeten)": 4,
        "Pand ten onrechte opgevoerd": 8,
        "Sloopvergunning verleend": 7,
        "Verbouwing pand": 20,
    },
}
WITHOUT_FINAL = {"2010-01-01": 4243, "2015-06-01": 9781, "2021-10-14": 12227}


@pytest.mark.case("history-4", "history-6")
@pytest.mark.parametrize(("valid", "known"), STATUSES)
async def test_counts_buildings_by_status(weesp_bag: Weesp, valid: str, known: str) -> None:
    found = await weesp_bag.by("pand", "status", valid, known)
    assert found == STATUSES[valid, known]
    huidig = sum(n for status, n in found.items() if status not in FINAL_BUILDINGS)
    assert huidig == WITHOUT_FINAL[valid]


@pytest.mark.case("history-7")
@pytest.mark.parametrize(
    ("valid", "known", "towns"),
    [
        ("2016-06-01", "2015-12-15", {"1012": 256}),
        ("2016-06-01", "2015-12-18", {"3631": 257}),
        ("2015-12-31", "2015-12-18", {"1012": 256}),
        ("2015-12-31", "2021-10-15", {"1012": 257}),
        ("2016-01-01", "2021-10-15", {"3631": 259}),
    ],
)
async def test_streets_move_to_another_town_in_the_future_and_one_is_inserted_in_the_past(
    weesp_bag: Weesp, valid: str, known: str, towns: dict[str, int]
) -> None:
    assert await weesp_bag.by("openbareruimte", "ligtIn", valid, known) == towns


SINGLES = [
    ("pand", "0424100000001574", "2013-12-01", "2013-11-05", 1),
    ("pand", "0424100000001574", "2013-12-01", "2013-11-07", 2),
    ("pand", "0424100000001574", "2014-02-22", "2014-02-22", 2),
    ("pand", "0424100000001574", "2014-02-22", "2014-02-26", 3),
    ("pand", "0424100000001574", "2010-08-30", "2021-10-15", None),
    ("nummeraanduiding", "0424200000017336", "2016-01-10", "2015-12-17", 3),
    ("nummeraanduiding", "0424200000017336", "2016-01-10", "2015-12-18", 4),
    ("nummeraanduiding", "0424200000017336", "2014-01-11", "2014-01-12", 1),
    ("nummeraanduiding", "0424200000017336", "2014-01-11", "2014-01-14", 2),
    ("openbareruimte", "0457300000000258", "2015-06-01", "2017-01-26", None),
    ("openbareruimte", "0457300000000258", "2015-06-01", "2017-01-27", 1),
    ("openbareruimte", "0457300000000258", "2016-06-01", "2016-06-01", 2),
    ("woonplaats", "1012", "2016-01-02", "2016-01-03", 1),
    ("woonplaats", "1012", "2016-01-02", "2016-01-06", 2),
    ("pand", "0457100000054057", "2020-10-05", "2020-10-06", 5),
    ("pand", "0457100000054057", "2020-10-05", "2020-10-08", 6),
]


@pytest.mark.case("history-8")
@pytest.mark.parametrize(("name", "object_id", "valid", "known", "version"), SINGLES)
async def test_one_object_on_both_axes(
    weesp_bag: Weesp, name: str, object_id: str, valid: str, known: str, version: int | None
) -> None:
    assert await weesp_bag.version(name, object_id, valid, known) == version


def plain(rows: list[dict[str, str]], valid: str, known: datetime) -> int | None:
    """The BAG's own reading of the rows of one object; None when nothing was valid."""

    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)

    valid_versions = [
        int(row["voorkomenidentificatie"])
        for row in rows
        if local(row["tijdstipRegistratie"]) <= known
        and row["beginGeldigheid"] <= valid
        and not (
            row["eindRegistratie"]
            and local(row["eindRegistratie"]) <= known
            and valid >= row["eindGeldigheid"]
        )
    ]
    assert len(valid_versions) <= 1
    return valid_versions[0] if valid_versions else None


@pytest.mark.case("history-11")
async def test_three_readings_agree_on_ten_thousand_questions(weesp_bag: Weesp) -> None:
    rows: dict[str, list[dict[str, str]]] = {}
    with (FULL / "panden.csv").open(newline="") as text:
        for row in csv.DictReader(text):
            rows.setdefault(row["identificatie"], []).append(row)
    chance = random.Random(20211015)
    objects = chance.sample(sorted(rows), 500)
    kind = weesp_bag.bag.types["pand"]
    state = await weesp_bag.known("2021-10-15")
    asked = 0
    for object_id in objects:
        groups = await store.history_of(weesp_bag.pool, kind, object_id)
        for valid, known in questions(rows[object_id], chance):
            moment = Known(clock=state.clock, moment=known, number=state.number)
            segment = segment_on(segments(groups["pand"], moment), date.fromisoformat(valid))
            expected = plain(rows[object_id], valid, known)
            assert (segment and segment.assertion.source["voorkomen"]) == expected
            asked += 1
    assert asked == 10_000


def questions(rows: list[dict[str, str]], chance: random.Random) -> list[tuple[str, datetime]]:
    """Twenty questions around the days and moments at which something happened."""
    days = [
        date.fromisoformat(r[c])
        for r in rows
        for c in ("beginGeldigheid", "eindGeldigheid")
        if r[c]
    ]
    moments = [
        datetime.fromisoformat(r[c]).replace(tzinfo=AMSTERDAM)
        for r in rows
        for c in ("tijdstipRegistratie", "eindRegistratie")
        if r[c]
    ]
    return [
        (
            date.fromordinal(max(1, chance.choice(days).toordinal() + chance.randint(-2, 2))).isoformat(),
            datetime.fromtimestamp(chance.choice(moments).timestamp() + chance.choice((-1, 0, 1)), UTC),
        )
        for _ in range(20)
    ]  # fmt: skip


async def test_derived_periods_equal_those_of_the_source(
    weesp_bag: Weesp,
) -> None:
    assert await store.differences(weesp_bag.pool, weesp_bag.bag) == 0
    rows = await weesp_bag.pool.fetch(
        """SELECT p.object_id, p.valid_from, p.valid_to, (a.bron ->> 'voorkomen')::int AS version
           FROM registers.projection p JOIN registers.assertion a USING
                (object_type, object_id, groep, seq) WHERE p.object_type = 'bag.pand'"""
    )
    with (FULL / "panden.csv").open(newline="") as text:
        written = {
            (
                row["identificatie"],
                date.fromisoformat(row["beginGeldigheid"]),
                date.fromisoformat(row["eindGeldigheid"]) if row["eindGeldigheid"] else date.max,
                int(row["voorkomenidentificatie"]),
            )
            for row in csv.DictReader(text)
            if row["beginGeldigheid"] != row["eindGeldigheid"]
        }
    assert {tuple(row) for row in rows} == written


@pytest.mark.long
async def test_a_load_that_was_broken_off_goes_on_where_it_was(
    database: Database, demo_registers: Registers
) -> None:
    if not FULL.is_dir():
        pytest.skip(f"the public BAG extract is not here ({FULL.name})")
    bag = demo_registers.by_name["bag"]
    pool = await database.pool("registers")
    readings = client.read_extract(bag, FULL)
    await store.prepare(pool, bag)
    first = [done async for done in store.load(pool, bag, readings[:25_000])]
    assert sum(done.added for done in first) == 25_000
    again = [done async for done in store.load(pool, bag, readings)]
    assert sum(done.added for done in again) == 66_073 - 25_000
    assert sum(done.passed_over for done in again) == 25_000


async def test_searches_by_a_path_use_its_index(weesp_bag: Weesp) -> None:
    kind: ObjectType = weesp_bag.bag.types["verblijfsobject"]
    assert "heeftAlsHoofdadres" in kind.searchable_paths()
    plan = "\n".join(
        row[0]
        for row in await weesp_bag.pool.fetch(
            """EXPLAIN SELECT object_id FROM registers.assertion
               WHERE object_type = 'bag.verblijfsobject'
                 AND (inhoud ->> 'heeftAlsHoofdadres') = ANY ($1)""",
            ["0457200000205025"],
        )
    )
    assert "a_path_" in plan
