# SPDX-License-Identifier: EUPL-1.2
"""Every kind of source failing in every way: a named gap in time, the others whole, then well again.

The table in docs/reference/source-faults.md is compared with what is seen here.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.integration import fault_rig as rig
from tests.integration.fault_place import Place, Subject, all_of, in_json, in_xml, subject
from tests.integration.source_rig import SUZANNE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "source-faults.md"
MOST_MEMORY = 150_000_000


@pytest.fixture(scope="module")
async def place(
    module_database: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """What all sources stand on."""
    async with all_of(module_database, tmp_path_factory.mktemp("storingen")) as made:
        yield made


# --- the ways to fail: each makes it so, and undoes it ------------------------------------------

PERSONS = (
    "DROP VIEW IF EXISTS bron.personen; CREATE VIEW bron.personen AS "
    "SELECT '999993653'::text AS bsn, 'Moulin'::text AS naam, 1985 AS jaar"
)
LARGE = PERSONS.replace("'Moulin'", "repeat('x', 200000)") + " FROM generate_series(1, 5000)"
ENDLESS = PERSONS + " FROM generate_series(1, 1000000)"
CSV = f"bsn;naam;jaar\n{SUZANNE};Moulin;1985\n"


@asynccontextmanager
async def a_way(one: Subject, way: str) -> AsyncIterator[None]:
    """The service answers in this way, until after it."""
    one.place.service.way = way
    yield
    one.place.service.way = "well"
    one.place.service.released.set()


@asynccontextmanager
async def told(one: Subject, answer: web.Response) -> AsyncIterator[None]:
    """The service says this, until after it."""
    assert isinstance(answer.body, bytes)
    one.place.service.body = answer.body
    async with a_way(one, "told"):
        yield


@asynccontextmanager
async def away(one: Subject, fault: str) -> AsyncIterator[None]:
    """Nothing listens."""
    listens = one.place.service if fault == "service" else one.place.wire
    await listens.stop()
    yield
    await listens.start()


@asynccontextmanager
async def expired(one: Subject) -> AsyncIterator[None]:
    """The certificate is over; then there is a new one."""
    yield
    for context in (one.place.service.tls, one.place.wire.tls):
        assert context is not None
        context.load_cert_chain(one.place.folder / "well.pem", one.place.folder / "well.key")


@asynccontextmanager
async def locked(one: Subject, table: str) -> AsyncIterator[None]:
    """Somebody else holds the table for long."""
    owner = await one.place.database.administrator()
    work = owner.transaction()
    await work.start()
    await owner.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    yield
    await work.rollback()
    await owner.close()


@asynccontextmanager
async def remade(one: Subject, view: str) -> AsyncIterator[None]:
    """The view is another one."""
    await one.place.owner.execute(view)
    yield
    await one.place.owner.execute(PERSONS)


@asynccontextmanager
async def halfway(one: Subject) -> AsyncIterator[None]:
    """The connection ends in the middle of what is told."""
    one.place.wire.way = "half"
    yield
    one.place.wire.way = "well"


@asynccontextmanager
async def written(one: Subject, text: str | None) -> AsyncIterator[None]:
    """The file holds this, or is not there."""
    file = one.place.folder / "personen.csv"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    yield
    file.write_text(CSV + "\n")


@asynccontextmanager
async def a_pipe(one: Subject) -> AsyncIterator[None]:
    """Reading the file does not end."""
    file = one.place.folder / "personen.csv"
    file.unlink()
    os.mkfifo(file)
    yield
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))
    file.unlink()
    file.write_text(CSV + "\n")


@asynccontextmanager
async def a_gigabyte(one: Subject) -> AsyncIterator[None]:
    """The file is of 1 GB without an end of line."""
    file = one.place.folder / "personen.csv"
    file.write_text(CSV)
    os.truncate(file, rig.GIGABYTE)
    yield
    file.write_text(CSV + "\n")


def paging(request: web.Request) -> web.Response:
    """A page that leads to another one, always."""
    number = int(request.query.get("bladzijde", "1")) + 1
    body = {"personen": [], "volgende": f"/personen?bladzijde={number}"}
    return web.json_response(body)


@asynccontextmanager
async def pages(one: Subject) -> AsyncIterator[None]:
    """There is no end to the pages."""
    well, one.place.service.well = one.place.service.well, paging
    yield
    one.place.service.well = well


MORE = "<t:indicatorVervolgvraag>true</t:indicatorVervolgvraag>"
HTTP: dict[str, tuple[Any, str]] = {
    "down": (lambda one: away(one, "service"), "onbereikbaar"),
    "slow": (lambda one: a_way(one, "slow"), "te_laat"),
    "half an answer": (lambda one: a_way(one, "half"), "onleesbaar"),
    "certificate expired": (expired, "onbereikbaar"),
    "429 with Retry-After": (lambda one: a_way(one, "429"), "onderbroken"),
    "1 GB answer": (lambda one: a_way(one, "1 GB"), "te_groot"),
}
JSON = HTTP | {
    "wrong type": (lambda one: told(one, in_json(jaar="negentien")), "niet_om_te_zetten"),
    "changed schema": (lambda one: told(one, in_json(naam=..., achternaam="x")), "onleesbaar"),
    "infinite paging": (pages, "te_groot"),
}
BROKEN: dict[str, dict[str, tuple[Any, str]]] = {
    "REST": JSON,
    "FSC service": JSON,
    "SOAP": HTTP | {
        "wrong type": (lambda one: told(one, in_xml(jaar="negentien")), "niet_om_te_zetten"),
        "changed schema": (lambda one: told(one, in_xml(naam=..., achternaam="x")), "onleesbaar"),
        "infinite paging": (lambda one: told(one, in_xml(more=MORE)), "onleesbaar"),
    },
    "file": {
        "down": (lambda one: written(one, None), "onleesbaar"),
        "slow": (a_pipe, "te_laat"),
        "half an answer": (lambda one: written(one, CSV[:-8]), "onleesbaar"),
        "wrong type": (lambda one: written(one, CSV.replace("1985", "x")), "niet_om_te_zetten"),
        "changed schema": (lambda one: written(one, CSV.replace("naam", "n")), "onleesbaar"),
        "1 GB answer": (a_gigabyte, "onleesbaar"),
    },
    "database": {
        "down": (lambda one: away(one, "wire"), "onbereikbaar"),
        "slow": (lambda one: locked(one, "bron.personen"), "te_laat"),
        "half an answer": (halfway, "onbereikbaar"),
        "wrong type": (
            lambda one: remade(one, PERSONS.replace("1985", "'x'::text")), "niet_om_te_zetten",
        ),
        "changed schema": (
            lambda one: remade(one, PERSONS.replace("naam", "achternaam")), "onleesbaar",
        ),
        "certificate expired": (expired, "onbereikbaar"),
        "infinite paging": (lambda one: remade(one, ENDLESS), "te_groot"),
        "1 GB answer": (lambda one: remade(one, LARGE), "te_groot"),
    },
    "own register": {
        "down": (lambda one: away(one, "wire"), "onbereikbaar"),
        "slow": (lambda one: locked(one, "registers.projection"), "te_laat"),
        "half an answer": (halfway, "onbereikbaar"),
    },
}  # fmt: skip
CELLS = [(kind, fault) for kind, faults in BROKEN.items() for fault in faults]
# These are so from the first question on: a file that was read once goes on answering.
AT_ONCE = ("certificate expired", "wrong type")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """A file is looked at for each question; the database's certificates are trusted."""
    monkeypatch.setattr("landschap.integration.connectors.places.LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setenv("PGSSLROOTCERT", str(place.folder / "ca.pem"))
    (place.folder / "personen.csv").write_text(CSV)


@pytest.mark.parametrize(
    ("kind", "fault"),
    # The same connector as REST, by way of the Outway.
    [
        pytest.param(*cell, marks=[pytest.mark.long] if cell[0] == "FSC service" else [])
        for cell in CELLS
    ],
)
async def test_a_source_that_fails_is_a_gap_in_time_and_then_well_again(
    kind: str, fault: str, place: Place
) -> None:
    make, expected = BROKEN[kind][fault]
    await place.owner.execute(PERSONS)
    async with subject(kind, place, fault) as one:
        if kind != "file" and fault not in AT_ONCE and fault != "slow":
            await one.recovered()
        async with make(one):
            rig.peak_reset()
            before = rig.peak_bytes()
            assert await one.reason() == expected
            assert rig.peak_bytes() - before < MOST_MEMORY
        if fault == "slow":
            return
        await one.recovered()


def test_the_page_says_what_is_seen() -> None:
    """Each cell of the table by kind and fault; what can not be has a dash."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    kinds = rows[0][1:]
    assert kinds == list(BROKEN)
    told = {
        (kind, row[0]): cell for row in rows[2:] for kind, cell in zip(kinds, row[1:], strict=True)
    }
    faults = {fault for _, fault in told}
    assert {fault for _, fault in CELLS} == faults
    for (kind, fault), cell in told.items():
        expected = BROKEN[kind].get(fault, (None, ""))[1]
        assert cell == (f"`{expected}`" if expected else "-"), (kind, fault)
