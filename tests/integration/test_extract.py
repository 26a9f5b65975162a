# SPDX-License-Identifier: EUPL-1.2
"""An extract from begin to end: permitted fields only, the log first, gaps by name, four forms."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from tests.integration.bulk_rig import answered, leaving, plain
from tests.integration.extract_rig import CHECK, MONITOR, NAME, PEOPLE, Village, opened_village
from tests.typing_commands import Done, typed

from landschap.cli.composition_extracts import Asked, Room
from landschap.integration.bulk.anonymity import Question
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.engine import Limits
from landschap.integration.connectors.bulk.office import Delivered, Told, decided
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.opening import close_doors, open_doors, read_declaration
from landschap.integration.plan import make_plan
from landschap.integration.rows import Moment
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind
from landschap.logboek.store import by_trace, by_transaction
from landschap.platform.trouble import Trouble
from landschap.purposes.duties import Duties
from landschap.purposes.needs import Kind as Need
from landschap.purposes.persons.store import Statement, say
from landschap.vocabulary.problems import ProblemError

LIMITS = Limits(memory_mb=512, threads=1, seconds=120)


@pytest.fixture(scope="module")
async def village(module_database: Any) -> AsyncIterator[Village]:
    """A small municipality."""
    async with opened_village(module_database) as made:
        yield made


async def delivered(
    room: Room, folder: Path, *, purpose: str = CHECK, form: Form = Form.LINES, **more: Any
) -> Delivered:
    """One extract."""
    asked = Asked(name=NAME, purpose=purpose, form=form, folder=folder, **more)
    return await room.deliver(asked, LIMITS, Told())


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


async def one_by_one(village: Village, purpose: str, duties: Duties, moment: Moment) -> list[Any]:
    """Every object asked for by itself, with the fields of a purpose."""
    declaration = read_declaration(village.folder / f"{NAME}.yaml")
    decision = await decided(
        village.room.office, wish(village, purpose, declaration, moment), now()
    )
    how = replace(
        leaving(make_plan(declaration, decision.visible)), duties=duties, day=moment.valid_on
    )
    doors = open_doors(declaration, village.room.around)
    found: list[Any] = []
    for n in range(40):
        collected = await collect(how.plan, f"a{n}", Occasion(moment=moment), doors)
        found += answered(how, collected, moment)
    await close_doors(doors)
    return found


def now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def today() -> Moment:
    from landschap.vocabulary.times import amsterdam_day

    moment = now()
    return Moment(valid_on=amsterdam_day(moment), known_at=moment, today=True, now=True)


def wish(village: Village, purpose: str, declaration: Any, moment: Moment) -> Any:
    from landschap.integration.connectors.bulk.office import Wish

    owner = village.room.office.controller.value
    return Wish(
        declaration=declaration, declaration_sha256="", purpose=purpose, receiver=owner,
        form=Form.LINES, folder=Path(), moment=moment,
    )  # fmt: skip


async def duties_of(village: Village, purpose: str) -> Duties:
    declaration = read_declaration(village.folder / f"{NAME}.yaml")
    office = village.room.office
    decision = await decided(office, wish(village, purpose, declaration, today()), now())
    return Duties(
        obligations=decision.obligations, receiver=office.controller.value, purpose=purpose,
        secret=office.pseudonym_key,
    )  # fmt: skip


@pytest.fixture(scope="module")
async def monitored(village: Village, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """One extract under obligations, which several tests look at."""
    village.supplier.asked.clear()
    found = await delivered(village.room, tmp_path_factory.mktemp("monitor"), purpose=MONITOR)
    village.supplier.asked_then = list(village.supplier.asked)
    return found


async def equal(village: Village, purpose: str, found: Delivered) -> list[dict[str, Any]]:
    """The rows of an extract, that are what every object gets by itself."""
    records = lines(found.file)
    assert len(records) == 40
    single = await one_by_one(village, purpose, await duties_of(village, purpose), today())
    assert plain(records) == plain(single)
    return records


async def test_an_extract_holds_what_each_object_gets_by_itself(
    village: Village, monitored: Delivered
) -> None:
    records = await equal(village, MONITOR, monitored)
    told = [gap for record in records for gap in record.get("_ontbreekt", ())]
    assert {"bron": "straten", "reden": "geen_partner", "veld": "straat"} in told
    assert {"bron": "adressen", "reden": "niet_om_te_zetten", "veld": "soort"} in told


@pytest.mark.long
async def test_without_obligations_too(village: Village, tmp_path: Path) -> None:
    await equal(village, CHECK, await delivered(village.room, tmp_path))


async def test_only_permitted_fields_are_asked_and_persons_stand_under_pseudonyms(
    village: Village, monitored: Delivered
) -> None:
    found, asked = monitored, village.supplier.asked_then
    assert {name for each in asked for name in each["fields"].split(",")} == {"id", "bouwjaar"}
    assert max(len(each["id"].split(",")) for each in asked) <= 7
    text = found.file.read_text()
    assert not any(number in text for number in PEOPLE)
    assert "stil" not in text
    ages = {item["geboren"] for record in lines(found.file) for item in record["bewoners"]}
    assert all(len(year) == 4 for year in ages)
    assert {record["aantal"] for record in lines(found.file)} == {0, "<2", 2, 3}


async def test_the_log_has_its_lines_before_the_first_row(
    village: Village, monitored: Delivered
) -> None:
    found = monitored
    pool = await village.database.pool("logboek")
    records = await by_transaction(pool, UUID(str(found.manifest["transactie"])))
    kinds = [record.columns.kind for record in records]
    assert (kinds.count(Kind.ADL), kinds.count(Kind.LINE)) == (1, 1 + len(PEOPLE))
    whole, *persons = [each.content() for each in records if each.columns.kind == Kind.LINE]
    assert "dpl.core.data_subject_id" not in json.dumps(whole)
    assert all("dpl.core.data_subject_id" in json.dumps(each) for each in persons)
    assert found.file.stat().st_mtime >= max(each.columns.at for each in records).timestamp()


async def test_without_a_log_there_are_no_rows(village: Village, tmp_path: Path) -> None:
    class Broken:
        """A log whose writer was closed."""

        async def append(self, _drafts: Any) -> None:
            """As a writer that can not reach the database says it."""
            raise LogUnavailable("closed")

    room = village.permitted(log=Broken())
    with pytest.raises(LogUnavailable):
        await delivered(room, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_becomes_another_one_meanwhile_gives_no_rows(
    village: Village, tmp_path: Path
) -> None:
    streets = village.folder / "straten.parquet"
    content = streets.read_bytes()

    class Late:
        """The real log, and somebody who brings the same file anew while it is written."""

        async def append(self, drafts: Any) -> Any:
            streets.write_bytes(content)
            return await village.room.office.log.append(drafts)

    with pytest.raises(Trouble, match=r"straten\.parquet became another file"):
        await delivered(village.permitted(log=Late()), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_another_purpose_or_another_receiver_gets_nothing(
    village: Village, tmp_path: Path
) -> None:
    tries: list[dict[str, Any]] = [
        {"purpose": f"{CHECK}-niet"}, {"receiver": "00000099000000002000"},
    ]  # fmt: skip
    for given in tries:
        with pytest.raises(ProblemError):
            await delivered(village.room, tmp_path, **given)
    with pytest.raises(ProblemError) as caught:
        await delivered(village.room, tmp_path, fields=("adres", "geheim"))
    assert caught.value.refusal.code == "fields_excess"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
async def test_a_source_that_fails_is_a_named_gap_in_rows_and_manifest(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landschap.integration.connectors.bulk import scanning

    monkeypatch.setattr(scanning, "PAUSE_SECONDS", 0.0)
    village.supplier.failing = True
    try:
        found = await delivered(village.room, tmp_path, purpose=MONITOR)
    finally:
        village.supplier.failing = False
    gaps = [each for each in found.manifest["ontbreekt"] if each["bron"] == "panden"]  # type: ignore[union-attr,index,call-overload]
    (gap,) = gaps
    assert (gap["reden"], gap["veld"], gap["rijen"]) == ("onbereikbaar", "bouwjaar", 36)  # type: ignore[index,call-overload]
    assert all("bouwjaar" not in each for each in lines(found.file) if "_ontbreekt" in each
               and any(one["bron"] == "panden" for one in each["_ontbreekt"]))  # fmt: skip


async def test_who_objected_is_left_out_and_counted(village: Village, tmp_path: Path) -> None:
    office = village.room.office
    pool = await village.database.pool("purposes")
    said = Statement(
        kind=Need.OBJECTION,
        subject=subject_pseudonym(office.pseudonym_key, office.controller, "bsn", PEOPLE[2]),
        about="https://proefdorp.example/activiteiten/woonmonitor",
        receiver="",
        holds=True,
        author="portaal",
    )
    await say(pool, said)
    try:
        found = await delivered(village.room, tmp_path, purpose=MONITOR, form=Form.PARQUET)
    finally:
        await say(pool, replace(said, holds=False))
    # Of the addresses every fourth has three people, the third of whom objected.
    rows = read_back(Form.PARQUET, found.file)
    assert (len(rows), max(len(each["bewoners"]) for each in rows)) == (30, 2)
    assert found.manifest["weggelaten"] == {"objection_upheld": 1}
    records = await by_transaction(
        await village.database.pool("logboek"), UUID(str(found.manifest["transactie"]))
    )
    assert [each.columns.kind for each in records].count(Kind.LINE) == 1 + 2


@pytest.mark.long
@pytest.mark.parametrize("form", list(Form))
async def test_every_form_holds_the_same_rows(village: Village, tmp_path: Path, form: Form) -> None:
    found = await delivered(village.room, tmp_path, form=form, geometry="vlak")
    manifest = json.loads(Path(f"{found.file}.manifest.json").read_text())
    assert manifest == found.manifest
    assert (manifest["aantal"], manifest["vorm"], manifest["versie"]) == (40, form.value, "1.0.0")
    assert manifest["sha256"] == hashlib.sha256(found.file.read_bytes()).hexdigest()
    assert stat.S_IMODE(found.file.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        found.file.name, f"{found.file.name}.manifest.json"
    ]  # fmt: skip
    assert {row["straat"] for row in read_back(form, found.file)} == {
        None, "Straat 0", "Straat 1", "Straat 2", "Straat 3"
    }  # fmt: skip


def read_back(form: Form, file: Path) -> list[dict[str, Any]]:
    if form is Form.PARQUET:
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()  # type: ignore[no-untyped-call]  # pyarrow
        return rows
    if form is Form.CSV:
        with file.open(newline="") as text:
            return [{k: v or None for k, v in row.items()} for row in csv.DictReader(text)]
    if form is Form.GEOJSON:
        features = json.loads(file.read_text())["features"]
        # Brought from metres to degrees, near Weesp.
        (x, y) = features[0]["geometry"]["coordinates"]
        assert (round(x, 1), round(y, 1)) == (5.1, 52.3)
        assert features[0]["id"].startswith("a")
        return [{"straat": None, **each["properties"]} for each in features]
    return [{"straat": None, **each} for each in lines(file)]


@pytest.mark.long
async def test_a_file_that_is_too_sharp_is_taken_away_and_the_log_says_so(
    village: Village, tmp_path: Path
) -> None:
    asked = Question(quasi=("postcode", "soort"), least=2)
    with pytest.raises(Trouble, match="k is 1, below 2"):
        await delivered(village.room, tmp_path, anonymous=asked)
    assert list(tmp_path.iterdir()) == []
    pool = await village.database.pool("logboek")
    last = await pool.fetchval(
        "SELECT trace_id FROM logboek.record ORDER BY record_id DESC LIMIT 1"
    )
    outcomes = [
        each.content()["landschap"]["outcome"]  # type: ignore[call-overload,index]  # JSON
        for each in await by_trace(pool, last)
        if each.columns.kind == Kind.LINE
    ]
    assert outcomes.count("failed") == 1
    found = await delivered(village.room, tmp_path, anonymous=Question(quasi=("soort",), least=1))
    assert found.manifest["anonimiteit"]["k"] >= 1  # type: ignore[index,call-overload,operator]


async def test_a_file_of_which_k_can_not_be_told_is_not_left(
    village: Village, tmp_path: Path
) -> None:
    asked = Question(quasi=("postkode",), least=2)
    with pytest.raises(Trouble, match="no extract"):
        await delivered(village.room, tmp_path, anonymous=asked, form=Form.PARQUET)
    # Nor is anything left of what was gathered.
    assert list(tmp_path.iterdir()) == list(village.room.work.iterdir()) == []


async def test_without_a_geometry_there_is_no_geojson(village: Village, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="geometry"):
        await delivered(village.room, tmp_path, form=Form.GEOJSON)


@pytest.mark.long
async def test_the_commands_extract_look_and_find_back(village: Village, tmp_path: Path) -> None:
    """As a script types them: exit codes, JSON on stdout, talk on stderr."""
    settings = village.database.settings

    async def type_(*words: str) -> Done:
        return await typed(settings.path, settings.postgres.dsn, *words)

    out = ("--out", str(tmp_path), "--form", "jsonl", "--memory", "512")
    done = await type_("source", "extract", NAME, "--purpose", MONITOR, *out, "--json")
    assert done.code == 0, done.err
    assert (done.json["aantal"], done.json["doel"]) == (40, MONITOR)
    rows = lines(Path(done.json["file"]))
    assert done.json["sha256"] == hashlib.sha256(Path(done.json["file"]).read_bytes()).hexdigest()
    pseudonym = next(item["persoon"] for row in rows for item in row["bewoners"])
    seen = await type_("source", "extract", NAME, "--purpose", f"{MONITOR}-niet", *out)
    assert (seen.code, list(tmp_path.glob("*niet*"))) == (4, [])
    again = await type_(
        "source", "reidentify", NAME, pseudonym, "--field", "bewoners.persoon", "--purpose", MONITOR,
        "--reason", "een proef van de opdracht", "--json",
    )  # fmt: skip
    assert (again.code, again.json["value"] in PEOPLE) == (0, True), again.err
    nobody = await type_(
        "source", "reidentify", NAME, "x" * 22, "--field", "bewoners.persoon", "--purpose", MONITOR,
        "--reason", "een proef van de opdracht",
    )  # fmt: skip
    assert (nobody.code, nobody.out) == (3, "")
    short = await type_(
        "source", "reidentify", NAME, pseudonym, "--field", "bewoners.persoon", "--purpose", MONITOR,
        "--reason", "kort",
    )  # fmt: skip
    assert short.code == 2
