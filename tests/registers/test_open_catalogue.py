# SPDX-License-Identifier: EUPL-1.2
"""The catalogue and the bulk files: valid, read back without loss, in place all at once."""

from __future__ import annotations

import csv
import errno
import hashlib
import importlib
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyshacl import validate
from rdflib import DCAT, DCTERMS, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from tests.registers.disposal_rig import Destroyer
from tests.registers.open_rig import LICENCE, SECRET, Open, half_open, open_of
from tests.throwaway import Database

from landschap.registers import store
from landschap.registers.models import InvalidModel, ObjectType, Register, Registers
from landschap.registers.open.client import manifest_of, terms_below
from landschap.registers.open.dcat import DCATAP
from landschap.registers.open.files import Manifest, is_due
from landschap.registers.open.terms import Terms
from landschap.registers.open.view import open_view
from landschap.registers.open.worker import BulkDeps, refresh, withdraw

# The JSON-LD reader of rdflib uses a name of rdflib that rdflib is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
pq: Any = importlib.import_module("pyarrow.parquet")
SHAPES = Path(__file__).with_name("dcat-ap-nl.shapes.ttl")
ADDRESS = "https://data.proefdorp.example"
TERMS = Terms(
    description="Vergunningen van Proefdorp.",
    description_en="Permits of Proefdorp.",
    themes=("REGI", "GOVE"),
    keywords=("vergunning",),
    frequency="DAILY",
    area="http://standaarden.overheid.nl/owms/terms/Proefdorp_(gemeente)",
)


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    async for one in open_of(database, half_open(), TERMS):
        await one.fill()
        yield one


def bulk_of(opened: Open, *, minutes: int = 60) -> tuple[BulkDeps, Register, ObjectType]:
    registers = open_view(Registers({"proef": opened.register}))
    deps = BulkDeps(
        pool=opened.pool, registers=registers, folder=opened.folder, minutes=minutes, versions=2
    )
    return deps, registers.by_name["proef"], registers.type("proef", "vergunning")


async def make_all(opened: Open) -> None:
    deps, register, _ = bulk_of(opened)
    for kind in register.types.values():
        assert await refresh(deps, register, kind, datetime.now(UTC)) is not None


async def graph_at(opened: Open, path: str, form: str, **more: Any) -> Graph:
    answer = await opened.get(path, **more)
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.text, format=form)


@pytest.mark.case("api-34")
@pytest.mark.parametrize("with_files", [False, True])
async def test_catalogue_is_valid_and_the_same_in_both_forms(
    opened: Open, with_files: bool
) -> None:
    if with_files:
        await make_all(opened)
    turtle = await graph_at(opened, "/catalogus/dcat.ttl", "turtle")
    json_ld = await graph_at(opened, "/catalogus/dcat.jsonld", "json-ld")
    assert isomorphic(turtle, json_ld)
    conforms, _, words = validate(turtle, shacl_graph=Graph().parse(SHAPES), advanced=True)
    assert conforms, words


def test_shapes_find_what_is_missing() -> None:
    """The shapes themselves: without each of these a catalogue is refused."""
    shapes = Graph().parse(SHAPES)
    poor = Graph().parse(
        format="turtle",
        data="""@prefix dcat: <http://www.w3.org/ns/dcat#> .
        <urn:c> a dcat:Catalog . <urn:d> a dcat:Dataset . <urn:f> a dcat:Distribution .
        <urn:s> a dcat:DataService . <urn:d> <http://data.europa.eu/r5r/hvdCategory>
        <http://data.europa.eu/bna/c_ac64a52d> .""",
    )
    conforms, _, words = validate(poor, shacl_graph=shapes)
    assert not conforms
    for term in ("license", "theme", "publisher", "contactPoint", "endpointURL", "accessURL",
                 "identifier", "applicableLegislation", "servesDataset"):  # fmt: skip
        assert term in words, term


async def test_catalogue_tells_what_there_is(opened: Open) -> None:
    await make_all(opened)
    graph = await graph_at(opened, "/catalogus", "turtle")
    permits = URIRef(f"{ADDRESS}/id/dataset/proef-vergunningen")
    streets = URIRef(f"{ADDRESS}/id/dataset/proef-straten")
    assert set(graph.objects(None, DCAT.dataset)) == {permits, streets}
    category = URIRef("http://data.europa.eu/bna/c_ac64a52d")
    law = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
    assert (permits, DCATAP.hvdCategory, category) in graph
    assert (permits, DCATAP.applicableLegislation, law) in graph
    assert (streets, DCATAP.hvdCategory, None) not in graph
    assert (streets, DCATAP.applicableLegislation, law) not in graph
    assert set(graph.objects(None, DCTERMS.license)) == {URIRef(LICENCE)}
    assert "aanvrager" not in graph.serialize()
    csv_file = URIRef(f"{ADDRESS}/id/distribution/proef-vergunningen-csv")
    at = str(graph.value(csv_file, DCAT.downloadURL)).removeprefix(f"{ADDRESS}/bestanden/")
    content = (opened.folder / at).read_bytes()
    assert graph.value(csv_file, DCAT.byteSize) == Literal(
        len(content), datatype="http://www.w3.org/2001/XMLSchema#nonNegativeInteger"
    )
    assert hashlib.sha256(content).hexdigest() in graph.serialize()


async def test_form_of_the_catalogue_is_agreed_by_accept(opened: Open) -> None:
    for accept, media_type in (
        ("application/ld+json", "application/ld+json"),
        ("text/turtle", "text/turtle; charset=utf-8"),
        ("*/*", "text/turtle; charset=utf-8"),
    ):
        answer = await opened.get("/catalogus", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == media_type
        assert "Accept" in answer.headers["Vary"]
    assert (await opened.get("/catalogus", headers={"Accept": "text/xml"})).status_code == 406
    first = await opened.get("/catalogus/dcat.ttl")
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await opened.get("/catalogus/dcat.ttl", headers=known)).status_code == 304


async def test_what_the_catalogue_names_leads_to_it(opened: Open) -> None:
    found = await opened.get("/id/dataset/proef-vergunningen")
    assert (found.status_code, found.headers["Location"]) == (303, "/catalogus")
    assert (await opened.get("/id/dataset/proef-zaken")).status_code == 404


async def test_files_hold_what_the_api_tells_in_every_form(opened: Open) -> None:
    await make_all(opened)
    place = opened.folder / "proef" / "vergunningen" / "huidig"
    *lines, end = map(json.loads, (place / "vergunningen.jsonl").read_text().splitlines())
    made = manifest_of(opened.folder, bulk_of(opened)[2])
    assert made is not None
    repeat = {"historie": "true", "geldigOp": str(made.geldig_op),
              "beschikbaarOp": made.beschikbaar_op.isoformat().replace("+00:00", "Z")}  # fmt: skip
    items = (await opened.get("/proef/v1/vergunningen", params=repeat)).json()["items"]
    assert lines == items
    assert end["_slot"]["aantal"] == len(items)
    rows = list(csv.DictReader(io.StringIO((place / "vergunningen.csv").read_text())))
    table = pq.read_table(place / "vergunningen.parquet").to_pylist()
    for name in ("nummer", "soort", "status", "zaak"):
        told = [one[name] for one in lines]
        assert [row[name] for row in rows] == [row[name] for row in table] == told
    begins = [one["historie"]["beginGeldigheid"] for one in lines]
    assert [str(row["beginGeldigheid"]) for row in table] == begins
    assert (made.aantal, made.model) == (2, "1.0.0")
    for file in made.bestanden:
        content = (place / file.naam).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


async def test_nothing_closed_stands_in_a_file(opened: Open) -> None:
    await make_all(opened)
    assert not (opened.folder / "proef" / "zaken").exists()
    for path in opened.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.encode() not in content, path
            assert b"aanvrager" not in content, path
    table = pq.read_table(opened.folder / "proef/vergunningen/huidig/vergunningen.parquet")
    assert SECRET not in str(table.to_pylist())


async def test_versions_change_all_at_once_and_the_oldest_go(opened: Open) -> None:
    deps, register, kind = bulk_of(opened, minutes=1)
    now = datetime.now(UTC)
    place = opened.folder / "proef" / "vergunningen"
    names = []
    for step in range(4):
        made = await refresh(deps, register, kind, now + timedelta(minutes=2 * step))
        assert made is not None
        names.append(made.versie)
        assert (place / "huidig").readlink().name == made.versie
        await opened.write("vergunning", f"n{step}", {"soort": "sloop"})
    kept = {each.name for each in place.iterdir()}
    assert kept == {"huidig", *names[-2:]}


async def test_a_disk_that_is_full_leaves_what_was_there(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps, register, kind = bulk_of(opened, minutes=1)
    now = datetime.now(UTC)
    first = await refresh(deps, register, kind, now)
    await opened.write("vergunning", "v3", {"soort": "sloop"})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("landschap.registers.open.worker.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            await refresh(deps, register, kind, now + timedelta(minutes=5))
    place = opened.folder / "proef" / "vergunningen"
    assert first is not None
    assert {each.name for each in place.iterdir()} == {"huidig", first.versie}
    again = await refresh(deps, register, kind, now + timedelta(minutes=6))
    assert again is not None
    assert again.aantal == 3


async def test_what_was_destroyed_is_in_no_file_any_more(opened: Open, database: Database) -> None:
    deps, register, kind = bulk_of(opened, minutes=60)
    place = opened.folder / "proef" / "vergunningen"
    await opened.write("vergunning", "weg1", {"soort": "sloop"})
    now = datetime.now(UTC)
    await refresh(deps, register, kind, now - timedelta(minutes=5))
    await opened.write("vergunning", "weg1", {"soort": "bouw"})
    await refresh(deps, register, kind, now, at_once=True)
    assert len([each for each in place.iterdir() if each.is_dir()]) == 3
    assert _holding(place, b"weg1")
    destroyer = await Destroyer.of(database, opened.register)
    await destroyer.destroy("weg1", kind=opened.register.types["vergunning"])
    # Long before it would be made anew for a change.
    made = await refresh(deps, register, kind, datetime.now(UTC))
    assert made is not None
    assert {each.name for each in place.iterdir()} == {"huidig", made.versie}
    assert not _holding(place, b"weg1")
    assert await refresh(deps, register, kind, datetime.now(UTC)) is None


async def test_files_are_gone_before_there_are_new_ones(
    opened: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps, register, kind = bulk_of(opened, minutes=1)
    place = opened.folder / "proef" / "vergunningen"
    await refresh(deps, register, kind, datetime.now(UTC))
    address = "/bestanden/proef/vergunningen/huidig/vergunningen.csv"
    catalogue = (await opened.get("/catalogus/dcat.jsonld")).text
    assert address in catalogue
    destroyer = await Destroyer.of(database, opened.register)
    await destroyer.destroy("v1", kind=opened.register.types["vergunning"])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("landschap.registers.open.worker.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            await refresh(deps, register, kind, datetime.now(UTC))
    assert list(place.iterdir()) == []
    assert address not in (await opened.get("/catalogus/dcat.jsonld")).text
    assert await refresh(deps, register, kind, datetime.now(UTC)) is not None
    assert (await withdraw(deps, kind), _holding(place, b"v1")) == (0, False)


async def test_a_file_that_was_being_made_when_something_was_destroyed_goes_too(
    opened: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps, register, kind = bulk_of(opened, minutes=60)
    place = opened.folder / "proef" / "vergunningen"
    read = store.known_at

    async def known_and_then_destroyed(*given: Any, **more: Any) -> Any:
        known = await read(*given, **more)
        monkeypatch.undo()
        destroyer = await Destroyer.of(database, opened.register)
        await destroyer.destroy("v1", kind=opened.register.types["vergunning"])
        return known

    monkeypatch.setattr(store, "known_at", known_and_then_destroyed)
    # A clock that is ahead of the other machine's: the number tells it all the same.
    await refresh(deps, register, kind, datetime.now(UTC) + timedelta(minutes=1))
    assert await withdraw(deps, kind) == 1
    assert list(place.iterdir()) == []


def _holding(place: Path, number: bytes) -> bool:
    """Whether a plain file of any version holds an object."""
    return any(
        number in path.read_bytes()
        for path in place.rglob("*")
        if path.suffix in (".csv", ".jsonl")
    )


def _made(kind: ObjectType, at: datetime) -> Manifest:
    return Manifest(
        register="proef", collectie="vergunningen", versie="x", model=kind.version,
        geldig_op=at.date(), beschikbaar_op=at, volgnummer=7, tijdstip_gemaakt=at, aantal=1,
        bestanden=[],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "later", "due"),
    [
        (7, timedelta(hours=3), False),
        (8, timedelta(minutes=59), False),
        (8, timedelta(minutes=60), True),
        # Just after midnight the day before may still be coming in.
        (7, timedelta(hours=12, minutes=30), False),
        (7, timedelta(hours=15), True),
    ],
)
def test_files_are_made_after_a_change_and_every_night(
    number: int, later: timedelta, due: bool
) -> None:
    kind = half_open().types["vergunning"]
    noon = datetime(2026, 11, 24, 11, tzinfo=UTC)
    last = _made(kind, noon)
    assert is_due(last, kind, number, noon + later, minutes=60) is due
    assert is_due(None, kind, number, noon, minutes=60)


def test_files_that_are_empty_are_made_again_at_once() -> None:
    kind = half_open().types["vergunning"]
    noon = datetime(2026, 11, 24, 11, tzinfo=UTC)
    empty = msgspec.structs.replace(_made(kind, noon), aantal=0)
    assert is_due(empty, kind, 8, noon, minutes=60)
    assert not is_due(empty, kind, 7, noon, minutes=60)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("thema = ['WEER']", "thema"),
        ("gebied = 'hier'", "gebied"),
        ("onbekend = 1", "onbekend"),
        ("thema = [", "can not be read"),
        ("[[telling]]\nnaam='a'\ntype='x'\nper='soort'", "no type x"),
        ("[[telling]]\nnaam='a'\ntype='vergunning'\nper='soort'", "enum"),
        ("[[telling]]\nnaam='a'\ntype='vergunning'\nper='nummer'", "can be counted"),
        ("[[telling]]\nnaam='a'\ntype='zaak'\nper='x'\nkleinste-aantal=2", "kleinste-aantal"),
        (2 * "[[telling]]\nnaam='a'\ntype='straat'\nper='naam'\n", "counted twice"),
    ],
)
def test_what_is_wrong_with_the_terms_of_a_register_is_told(
    tmp_path: Path, text: str, told: str
) -> None:
    folder = tmp_path / "proef"
    folder.mkdir()
    (folder / "register.toml").write_text('naam = "proef"\nklok = "eigen"\n')
    (folder / "open.toml").write_text(text)
    with pytest.raises(InvalidModel, match=told):
        terms_below(tmp_path, Registers({"proef": half_open()}))
