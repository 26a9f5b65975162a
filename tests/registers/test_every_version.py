# SPDX-License-Identifier: EUPL-1.2
"""Every object of Weesp and every building of Doesburg, from the zips as they were delivered.

At every moment at which something was registered, and a second before, each object is asked on
every day at which something begins or ends, and the day before; the answers are those of a plain
reading of the source rows. Both sets of figures: on the clock of the municipality 66 073 versions
count; on that of the national copy 956 more, which it threw out later, and which never were data
of the municipality. They are not loaded.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import asyncpg
import pytest
from tests.registers.rig import FULL
from tests.registers.test_bag_xml import DOESBURG, ZIP
from tests.registers.test_full_extract import plain
from tests.throwaway import Database

from landschap.registers import client, store
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.store import Wanted
from landschap.registers.timeline import Known, segment_on, segments
from landschap.vocabulary.times import AMSTERDAM, parse_moment

pytestmark = pytest.mark.long
Rows = dict[str, list[dict[str, str]]]
FILES = {
    "pand": "panden", "verblijfsobject": "verblijfsobjecten", "ligplaats": "ligplaatsen",
    "nummeraanduiding": "nummeraanduidingen", "openbareruimte": "openbare-ruimten",
    "standplaats": "standplaatsen", "woonplaats": "woonplaatsen",
}  # fmt: skip
# Counted in the zips NB of the extract.
THROWN_OUT = {"PND": 12, "VBO": 926, "NUM": 14, "OPR": 4}
# Buildings valid on a day as known at a moment: by the municipality, and by the national copy.
FIGURES = [
    ("2010-01-01", "2010-12-01", 4243, 4243),
    ("2010-12-31", "2011-01-01", 9204, 9206),
    ("2010-01-01", "2015-06-01", 4243, 4243),
    ("2015-06-01", "2015-06-01", 10046, 10046),
    ("2021-10-14", "2021-10-15", 12899, 12899),
]


async def load(pool: asyncpg.Pool, register: Register, path: Path) -> int:
    """As the command loads: through a spool, in batches."""
    await store.prepare(pool, register)
    with client.Spool(register) as spool:
        client.gather(client.Delivery(register=register, path=path), spool)
        assert spool.faults == 0
        return sum([done.added async for done in store.load(pool, register, spool.readings())])


def csv_rows(name: str) -> Rows:
    found: Rows = {}
    with (FULL / f"{name}.csv").open(newline="", encoding="utf-8-sig") as text:
        for row in csv.DictReader(text):
            found.setdefault(row["identificatie"], []).append(row)
    return found


def xml_of(path: Path, part: str) -> Iterator[ET.Element]:
    """The XML files in a zip, and in the zips in it, whose names hold a part."""
    with zipfile.ZipFile(path) as archive:
        yield from _xml_of(archive, part)


def _xml_of(archive: zipfile.ZipFile, part: str) -> Iterator[ET.Element]:
    for name in archive.namelist():
        if name.endswith(".zip") and (part in name or "GEM" in name or "NietBag" in name):
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
                yield from _xml_of(inner, part)
        elif name.endswith(".xml") and part in name:
            yield ET.fromstring(archive.read(name))  # noqa: S314 - a public file of ours


def versions(root: ET.Element) -> Iterator[dict[str, str]]:
    """Each version as names and texts, read without anything of ours."""
    for element in root.iter():
        if element.tag.endswith("}bagObject"):
            cells = dict.fromkeys(("eindGeldigheid", "eindRegistratie", "tijdstipInactief"), "")
            for leaf in element.iter():
                if len(leaf) == 0 and (leaf.text or "").strip():
                    cells.setdefault(leaf.tag.rpartition("}")[2], "")
                    cells[leaf.tag.rpartition("}")[2]] = (leaf.text or "").strip()
            yield cells


async def compared(pool: asyncpg.Pool, kind: ObjectType, known: Known, rows: Rows) -> int:
    """How many questions were asked about all objects of a type; every answer was right."""
    wanted = Wanted(
        type=kind, filters={}, order=Order(), valid_on=date(2021, 10, 15), known=known, limit=1
    )
    asked, seen = 0, set()
    async for page in store.histories(pool, wanted):
        for object_id, groups in page.objects.items():
            seen.add(object_id)
            asked += _one(kind, known, groups[kind.groups[0]], rows[object_id])
    assert seen == set(rows)
    return asked


def _one(kind: ObjectType, known: Known, assertions: Any, rows: list[dict[str, str]]) -> int:
    asked = 0
    by_number = {int(row["voorkomenidentificatie"]): row for row in rows}
    for moment in _moments(rows):
        state = Known(clock=known.clock, moment=moment, number=known.number)
        line = segments(assertions, state)
        for day in _days(rows):
            asked += 1
            expected = plain(rows, day.isoformat(), moment)
            segment = segment_on(line, day)
            said = segment.assertion if segment is not None else None
            if said is None or said.content is None or expected is None:
                assert said is None or said.content is None
                assert expected is None, (rows[0]["identificatie"], day, moment)
                continue
            assert said.source["voorkomen"] == expected, (rows[0]["identificatie"], day, moment)
            _same(kind, said.content, by_number[expected])
    return asked


def _same(kind: ObjectType, content: Any, row: dict[str, str]) -> None:
    for prop in kind.content_properties():
        if prop.geometry is not None or prop.name not in row:
            continue
        found = content.get(prop.name)
        if isinstance(found, bool):
            found = "J" if found else "N"
        elif isinstance(found, list):
            found = "|".join(found)
        assert ("" if found is None else str(found)) == row[prop.name], prop.name


def _moments(rows: list[dict[str, str]]) -> list[datetime]:
    told = {row[c] for row in rows for c in ("tijdstipRegistratie", "eindRegistratie") if row[c]}
    found = {
        datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC) for text in told
    }
    return sorted(found | {moment - timedelta(seconds=1) for moment in found})


def _days(rows: list[dict[str, str]]) -> list[date]:
    told = {row[c] for row in rows for c in ("beginGeldigheid", "eindGeldigheid") if row[c]}
    days = {date.fromisoformat(text) for text in told}
    return sorted(days | {day - timedelta(days=1) for day in days if day > date.min})


@pytest.fixture(scope="module")
def bag(demo_registers: Registers) -> Register:
    return demo_registers.by_name["bag"]


@pytest.fixture(scope="module")
async def weesp_zip(module_database: Database, bag: Register) -> asyncpg.Pool:
    if not ZIP.is_file():
        pytest.skip(f"the public BAG extract is not here ({ZIP.name})")
    pool = await module_database.pool("registers")
    assert await load(pool, bag, ZIP) > 66_073
    return pool


async def test_every_object_of_weesp_at_every_moment_is_what_its_rows_say(
    weesp_zip: asyncpg.Pool, bag: Register
) -> None:
    known = await store.known_at(weesp_zip, bag, datetime.now(UTC))
    asked = {
        name: await compared(weesp_zip, bag.types[name], known, csv_rows(file))
        for name, file in FILES.items()
    }
    assert all(asked.values())
    assert sum(asked.values()) > 400_000


async def test_both_sets_of_figures(weesp_zip: asyncpg.Pool, bag: Register) -> None:
    counted = await weesp_zip.fetch(
        """SELECT object_type, count(*) AS n FROM registers.assertion
           WHERE groep NOT LIKE 'onderzoek:%' GROUP BY 1"""
    )
    assert {row["object_type"]: row["n"] for row in counted} == {
        "bag.pand": 23091, "bag.verblijfsobject": 26085, "bag.nummeraanduiding": 16113,
        "bag.openbareruimte": 593, "bag.standplaats": 21, "bag.ligplaats": 167,
        "bag.woonplaats": 3,
    }  # fmt: skip
    thrown_out = {
        part: [each for root in xml_of(ZIP, f"NB{part}") for each in versions(root)]
        for part in THROWN_OUT
    }
    assert {part: len(found) for part, found in thrown_out.items()} == THROWN_OUT
    assert all(each["tijdstipNietBagLV"] for found in thrown_out.values() for each in found)
    rows = [row for each in csv_rows("panden").values() for row in each]
    kind = bag.types["pand"]
    for valid, known, own, national in FIGURES:
        state = await store.known_at(
            weesp_zip, bag, datetime.now(UTC), parse_moment(f"{known}T00:00:00")
        )
        found = await store.count_by(weesp_zip, kind, None, date.fromisoformat(valid), state)
        assert sum(found.values()) == own
        assert nationally([*rows, *thrown_out["PND"]], valid, f"{known}T00:00:00") == national


def nationally(rows: list[dict[str, str]], valid: str, known: str) -> int:
    """How many buildings were valid on a day by the national copy, as it knew at a moment."""
    return len(
        {
            row["identificatie"]
            for row in rows
            if row["tijdstipRegistratieLV"][:19] <= known
            and row["beginGeldigheid"] <= valid
            and not ((ended := row.get("tijdstipEindRegistratieLV")) and ended[:19] <= known
                     and valid >= row["eindGeldigheid"])
            and not ((out := row.get("tijdstipNietBagLV")) and out[:19] <= known)
        }
    )  # fmt: skip


async def test_every_building_of_doesburg_at_every_moment_is_what_its_rows_say(
    database: Database, bag: Register
) -> None:
    if not DOESBURG.is_file():
        pytest.skip(f"the public BAG extract is not here ({DOESBURG.name})")
    pool = await database.pool("registers")
    assert await load(pool, bag, DOESBURG) == 13_098
    rows: Rows = {}
    for root in xml_of(DOESBURG, "PND"):
        for each in versions(root):
            rows.setdefault(each["identificatie"], []).append(each)
    known = await store.known_at(pool, bag, datetime.now(UTC))
    assert await compared(pool, bag.types["pand"], known, rows) > 50_000
