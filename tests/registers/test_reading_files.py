# SPDX-License-Identifier: EUPL-1.2
"""Extracts: BAG rows as assertions, JSON lines, what is wrong with a file and where."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest
from tests.registers.rig import WEESP, annotated, kind_of, made_up

from landschap.registers import bag, client, store
from landschap.registers.models import InvalidModel, Register, Registers, parse_register
from landschap.registers.periods import OPEN, Period
from landschap.registers.sources import Reading, SourceRow, UnreadableSource
from landschap.registers.timeline import Assertion, Clock, Kind, Known, answers
from landschap.vocabulary.times import parse_moment

D = date.fromisoformat
PAND = "0457100000000001"


def row(version: int, begin: str, registered: str, **other: str) -> dict[str, str]:
    """A row of panden.csv; the year of construction is the version, so that it can be told."""
    return {
        "identificatie": PAND, "oorspronkelijkBouwjaar": str(1000 + version),
        "status": "Pand in gebruik", "geconstateerd": "N", "documentdatum": "2010-01-01",
        "documentnummer": "x", "voorkomenidentificatie": str(version), "beginGeldigheid": begin,
        "eindGeldigheid": "", "tijdstipRegistratie": registered, "eindRegistratie": "",
        "tijdstipInactief": "", **other,
    }  # fmt: skip


def read(registers: Registers, *rows: dict[str, str]) -> list[Reading]:
    source = [SourceRow(line=n, cells=cells) for n, cells in enumerate(rows, start=2)]
    return bag.readings(registers.type("bag", "pand"), "panden.csv", source)


def year_on(found: list[Reading], day: str, known: str) -> int | None:
    """Which version answers: the last digit of its year."""
    line = [
        Assertion(
            number=number, group=one.draft.group, period=one.draft.period,
            registered_at=parse_moment(known), kind=one.draft.kind, content=one.draft.content,
            source_registered_at=one.draft.source_registered_at,
        )
        for number, one in enumerate(found, start=1)
    ]  # fmt: skip
    state = Known(clock=Clock.SOURCE, moment=parse_moment(known), number=len(line))
    got = answers(line, D(day), state)
    if not got:
        return None
    year = (got[0].assertion.content or {})["oorspronkelijkBouwjaar"]
    assert isinstance(year, int)
    return year - 1000


def test_a_version_asserts_its_value_without_an_end_and_the_next_paints_over_it(
    demo_registers: Registers,
) -> None:
    found = read(
        demo_registers,
        row(1, "2010-01-01", "2010-01-05T10:00:00", eindGeldigheid="2012-01-01",
            eindRegistratie="2012-01-09T10:00:00"),
        row(2, "2012-01-01", "2012-01-09T10:00:00"),
    )  # fmt: skip
    assert [one.draft.period for one in found] == [Period(D("2010-01-01")), Period(D("2012-01-01"))]
    assert [one.draft.kind for one in found] == [Kind.REGISTRATION, Kind.CHANGE]
    assert year_on(found, "2012-01-05", "2012-01-05T00:00:00") == 1
    assert year_on(found, "2012-01-05", "2012-01-09T10:00:00") == 2


def test_a_version_inserted_in_history_has_its_end_from_the_start(
    demo_registers: Registers,
) -> None:
    found = read(
        demo_registers,
        row(2, "2016-01-01", "2015-12-16T10:00:00"),
        row(1, "2010-01-01", "2017-01-26T10:00:00", eindGeldigheid="2016-01-01",
            eindRegistratie="2017-01-26T10:00:00"),
    )  # fmt: skip
    assert found[1].draft.kind is Kind.INSERTION
    assert year_on(found, "2012-01-01", "2017-01-26T00:00:00") is None
    assert year_on(found, "2012-01-01", "2017-01-27T00:00:00") == 1
    assert year_on(found, "2016-06-01", "2017-01-27T00:00:00") == 2


def test_a_last_version_that_ended_leaves_nothing_after_its_end(demo_registers: Registers) -> None:
    found = read(
        demo_registers,
        row(1, "2010-01-01", "2010-01-05T10:00:00", eindGeldigheid="2012-01-01",
            eindRegistratie="2012-02-01T10:00:00"),
    )  # fmt: skip
    assert found[1].draft.content is None
    assert year_on(found, "2012-01-15", "2012-01-20T00:00:00") == 1
    assert year_on(found, "2012-01-15", "2012-02-02T00:00:00") is None
    assert year_on(found, "2011-12-31", "2012-02-02T00:00:00") == 1


def test_a_version_withdrawn_before_it_began_never_held(demo_registers: Registers) -> None:
    found = read(
        demo_registers,
        row(1, "2010-01-01", "2010-01-05T10:00:00"),
        row(2, "2013-01-01", "2012-06-01T10:00:00", tijdstipInactief="2012-09-01T10:00:00"),
    )
    assert found[2].draft.kind is Kind.WITHDRAWAL
    assert year_on(found, "2013-06-01", "2012-08-01T00:00:00") == 2
    assert year_on(found, "2013-06-01", "2012-09-02T00:00:00") == 1


def test_an_empty_version_holds_until_its_end_is_known(demo_registers: Registers) -> None:
    found = read(
        demo_registers,
        row(1, "2020-10-05", "2020-10-05T09:00:00", eindGeldigheid="2020-10-05",
            eindRegistratie="2020-10-07T09:00:00"),
        row(2, "2020-10-05", "2020-10-07T09:00:00"),
    )  # fmt: skip
    assert year_on(found, "2020-10-05", "2020-10-06T00:00:00") == 1
    assert year_on(found, "2020-10-05", "2020-10-08T00:00:00") == 2
    assert found[1].draft.kind is Kind.CORRECTION


def test_year_one_is_an_unknown_begin_and_is_kept_as_written(demo_registers: Registers) -> None:
    (found,) = read(demo_registers, row(1, "0001-01-01", "2010-01-05T10:00:00"))
    assert found.draft.period == Period(date.min, OPEN)
    assert str(found.draft.begin_source) == "0001-01-01"
    assert year_on([found], "1800-01-01", "2020-01-01T00:00:00") == 1


def test_every_fault_of_a_file_is_told_with_line_column_and_remedy(
    demo_registers: Registers,
) -> None:
    with pytest.raises(UnreadableSource) as error:
        read(
            demo_registers,
            row(1, "2010-02-30", "2010-01-05T10:00:00"),
            row(1, "2010-01-01", "yesterday"),
            row(1, "2010-01-01", "2010-01-05T10:00:00", eindGeldigheid="2011-01-01"),
            row(1, "2010-01-01", "2010-01-05T10:00:00", status="Kapot"),
            row(1, "2010-01-01", "2010-01-05T10:00:00", oorspronkelijkBouwjaar="oud"),
        )
    faults = [(fault.line, fault.column) for fault in error.value.faults]
    assert faults == [
        (2, "beginGeldigheid"), (3, "tijdstipRegistratie"), (4, "eindRegistratie"),
        (5, "status"), (6, "oorspronkelijkBouwjaar"),
    ]  # fmt: skip
    assert all(fault.remedy for fault in error.value.faults)
    assert "panden.csv, line 2, beginGeldigheid" in str(error.value)


def lines_file(folder: Path, *lines: object) -> Path:
    path = folder / "personen.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def line(mark: str, **other: object) -> dict[str, object]:
    return {
        "object": "a1", "kenmerk": mark, "soort": "REGISTRATIE", "geldigVan": "2020-01-01",
        "tijdstipRegistratie": "2020-01-02T10:00:00+01:00", "inhoud": {"naam": "Jansen"}, **other,
    }  # fmt: skip


COPY = made_up(clock="bron")


async def test_lines_are_loaded_once_and_a_correction_names_what_it_corrects(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    fixed = line("2", soort="CORRECTIE", corrigeert="1", inhoud={"naam": "Janssen"},
                 tijdstipRegistratie="2020-02-02T10:00:00+01:00")  # fmt: skip
    path = lines_file(tmp_path, line("1"), fixed)
    for added in (2, 0):
        readings = client.read_extract(COPY, path)
        done = [one async for one in store.load(pool, COPY, readings)]
        assert sum(one.added for one in done) == added
        assert sum(one.passed_over for one in done) == 2 - added
    assertions = (await store.history_of(pool, kind_of(COPY), "a1"))["persoon"]
    assert [one.corrects for one in assertions] == [None, assertions[0].number]


async def test_a_load_that_was_cut_off_goes_on_where_it_stopped(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    texts = [line(str(n), object=f"a{n}") for n in range(10)]
    readings = client.read_extract(COPY, lines_file(tmp_path, *texts))
    loading = store.load(pool, COPY, readings, batch=4)
    assert (await anext(loading)).added == 4
    await loading.aclose()
    done = [one async for one in store.load(pool, COPY, readings, batch=4)]
    assert [(one.added, one.passed_over) for one in done] == [(0, 4), (4, 0), (2, 0)]
    numbers = await pool.fetch("SELECT volgnummer FROM registers.assertion ORDER BY 1")
    assert [row[0] for row in numbers] == list(range(1, 11))


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"geldigVan": "2020-13-01"}, "geldigVan"),
        ({"geldigTot": "2019-01-01"}, "geldigVan"),
        ({"tijdstipRegistratie": "2020-01-02"}, "tijdstipRegistratie"),
        ({"soort": "GERUCHT"}, "soort"),
        ({"corrigeert": "9"}, "corrigeert"),
        ({"inhoud": {"staat": "gehuwd"}}, ""),
    ],
)
def test_a_wrong_line_is_told_by_number_and_column(
    tmp_path: Path, wrong: dict[str, object], column: str
) -> None:
    path = lines_file(tmp_path, line("1"), line("2", **wrong))
    with pytest.raises(UnreadableSource) as error:
        client.read_extract(COPY, path)
    (fault,) = error.value.faults
    assert (fault.file, fault.line, fault.column) == ("personen.jsonl", 2, column)


def test_files_that_are_no_extract_are_refused_with_what_to_do(
    tmp_path: Path, demo_registers: Registers
) -> None:
    registers: dict[str, Register] = dict(demo_registers.by_name)
    empty = tmp_path / "empty"
    empty.mkdir()
    other = tmp_path / "bomen.csv"
    other.write_text("a,b\n1,2\n")
    text = tmp_path / "panden.txt"
    text.write_text("x")
    ragged = tmp_path / "panden.csv"
    ragged.write_text("identificatie,status\n1,2,3\n")
    latin = tmp_path / "woonplaatsen.csv"
    latin.write_bytes(b"identificatie,naam\n1012,Caf\xe9\n")
    broken = tmp_path / "inwoners.jsonl"
    broken.write_text('{"object": \n')
    for name, path, words in (
        ("bag", tmp_path / "absent", "does not exist"),
        ("bag", empty, "holds no rows"),
        ("bag", other, "named after no collection"),
        ("bag", text, "ends in .txt"),
        ("bag", ragged, "more or fewer cells"),
        ("bag", latin, "not UTF-8"),
        ("inwoners", broken, "not JSON"),
    ):
        with pytest.raises(UnreadableSource, match=words):
            client.read_extract(registers[name], path)


def test_a_zip_is_read_like_a_folder(tmp_path: Path, demo_registers: Registers) -> None:
    register = demo_registers.by_name["bag"]
    folder = WEESP / "gegevens" / "bag"
    packed = tmp_path / "bag.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"levering/{path.name}")
    assert client.read_extract(register, packed) == client.read_extract(register, folder)


def test_the_demo_models_are_read_with_their_annotations(demo_registers: Registers) -> None:
    assert set(demo_registers.by_name) == {
        "bag", "inwoners", "omgevingsvergunningen", "postadressen", "uitkeringen",
    }  # fmt: skip
    resident = demo_registers.type("inwoners", "inwoner")
    assert resident.searchable_paths() == (
        "burgerservicenummer", "geboortedatum", "nummeraanduiding",
    )  # fmt: skip
    assert resident.holds_personal_data
    assert resident.subject is not None
    assert resident.leaves("naam") == {"naam.voornamen", "naam.voorvoegsel", "naam.geslachtsnaam"}
    building = demo_registers.type("bag", "pand")
    assert not building.holds_personal_data
    assert not building.properties["oorspronkelijkBouwjaar"].has_validity
    with pytest.raises(KeyError, match=r"bag\.pand"):
        demo_registers.type("bag", "boom")


def test_a_model_with_a_rule_we_can_not_check_is_refused_with_all_its_faults() -> None:
    with pytest.raises(InvalidModel) as error:
        made_up(naam=annotated(oneOf=[]), _naam={"type": "string"}, jaar=annotated(type="x"))
    text = str(error.value)
    for words in ("/properties/naam/oneOf", "/properties/_naam", "x-persoonsgegeven", "/type"):
        assert words in text
    with pytest.raises(InvalidModel, match="eigen"):
        parse_register({"naam": "proef", "klok": "zon"}, {"a": {}}, "proef")


def test_moments_without_offset_are_dutch_time(demo_registers: Registers) -> None:
    (found,) = read(demo_registers, row(1, "2010-01-01", "2010-07-01T10:00:00.5"))
    assert found.draft.source_registered_at == datetime(2010, 7, 1, 8, 0, 0, 500_000, tzinfo=UTC)
