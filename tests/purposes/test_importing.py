# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose import`` and ``export``: somebody's sheet, as officers give it."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl.workbook.workbook import Workbook
from tests.conftest import Database

import landschap.cli.demo
from landschap.cli.purpose import apply
from landschap.cli.purpose_commands import purpose
from landschap.platform.trouble import Trouble
from landschap.purposes.client.sheets import UnreadableSheet, read_sheet
from landschap.purposes.importing.columns import InvalidColumns, columns_of
from landschap.purposes.importing.drafting import Drafting
from landschap.purposes.importing.outcome import files_of_import
from landschap.purposes.importing.terms import (
    article_of,
    day_of,
    durations_of,
    items_of,
    law_of,
    letters_of,
)
from landschap.purposes.model import Register

DEMO = Path(landschap.cli.demo.__file__).parent / "data" / "weesp" / "doelbinding"
HEAD = (
    "Nr", "Naam verwerking", "Doel van de verwerking", "Rechtsgrondslag", "Wettelijke grondslag",
    "Categorieën betrokkenen", "Persoonsgegevens", "Bewaartermijn", "Contactpersoon",
)  # fmt: skip
ROWS = (
    ("1", "Aanvraag bijstand", "Recht op bijstand vaststellen", "Wettelijke verplichting",
     "Participatiewet, art. 53a", "Inwoners", "Naam, adres (straat, nummer), BSN", "10 jaar", "x"),
    ("2", "Nieuwsbrief", "Inwoners informeren", "Toestemming", "", "Abonnees", "e-mailadres",
     "tot intrekking", ""),
    ("3", "Verstrekken van uitkerings- en woongegevens aan andere gemeenten",
     "Recht op bijstand vaststellen", "c", "Participatiewet art. 64", "Inwoners", "naam",
     "10 jaar", ""),
    ("4", "Kapvergunning", "Beslissen over kappen", "6 lid 1 sub e AVG", "Omgevingswt",
     "Aanvragers", "naam", "5 jaar na afwijzing, 1 jaar anders", ""),
)  # fmt: skip
Type = Callable[..., Awaitable[Result]]


@pytest.fixture
def typed(database: Database) -> Type:
    """Runs one command against the test's database, in a thread of its own."""
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def run(*words: object) -> Result:
        command = {"apply": apply, "purpose": purpose}[str(words[0])]
        arguments = [*map(str, words[1:]), "--config", str(database.settings.path)]
        return await asyncio.to_thread(CliRunner(env=env).invoke, command, arguments)

    return run


def csv_file(path: Path, encoding: str = "utf-8", mark: str = ";") -> Path:
    lines = [HEAD, *ROWS]
    text = "\r\n".join(mark.join(f'"{cell}"' for cell in line) for line in lines)
    path.write_bytes(text.encode(encoding))
    return path


def drafted(path: Path, register: Register | None = None) -> Drafting:
    found = read_sheet(path)
    made = Drafting(
        register=register or Register(owner="00000099000000002000"),
        columns=columns_of(found.columns, {}),
        base="https://weesp.example/register",
        organisation="Gemeente Weesp",
        today=date(2026, 11, 29),
    )
    for row in found.rows:
        made.add(row.number, row.cells, row.faults)
    return made


async def test_a_sheet_becomes_files_that_apply_takes(typed: Type, tmp_path: Path) -> None:
    sheet, out = csv_file(tmp_path / "vr.csv", "cp1252"), tmp_path / "nieuw"
    done = await typed("purpose", "import", sheet, "--out", out, "--with", DEMO)
    assert done.exit_code == 0, done.output
    assert "whole: 2, incomplete: 1, known: 1" in done.output
    assert "row 3 (Nieuwsbrief): lacks bewaartermijn" in done.output
    shown = await typed("apply", out, "--dry-run", "--json")
    assert shown.exit_code == 0, shown.output
    added = {each["name"] for each in json.loads(shown.stdout)["changes"]}
    assert any(name.endswith("/activiteiten/aanvraag-bijstand") for name in added)
    report = (out / "inlezen" / "verslag.md").read_text()
    for words in ("the known purpose", "Participatiewet (BWBR0015703)", "nearest: Omgevingswet",
                  "Contactpersoon: not used", "is in the register as"):  # fmt: skip
        assert words in report
    everything = "".join(path.read_text() for path in out.rglob("*.toml"))
    for row in ROWS:
        for cell in row[5:]:
            assert cell.split(",")[0] in everything.replace("P10Y", "10 jaar")
    again = await typed("purpose", "import", sheet, "--out", out)
    assert isinstance(again.exception, Trouble)
    assert "not empty" in str(again.exception)


async def test_what_is_in_force_is_written_as_files_again(typed: Type, tmp_path: Path) -> None:
    folder, out = tmp_path / "doelbinding", tmp_path / "terug"
    shutil.copytree(DEMO, folder)
    none = await typed("purpose", "export", "--out", out)
    assert "no register is in force" in str(none.exception)
    await typed("apply", folder, "--author", "A", "--approver", "B")
    done = await typed("purpose", "export", "--out", out)
    assert done.exit_code == 0, done.output
    shown = await typed("apply", out, "--dry-run")
    assert "nothing to change" in shown.output
    assert "would be refused" not in shown.output


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", "|")]
)
def test_encodings_and_separators_are_found(tmp_path: Path, encoding: str, mark: str) -> None:
    found = read_sheet(csv_file(tmp_path / "vr.csv", encoding, mark))
    assert found.columns == HEAD
    assert [row.number for row in found.rows] == [2, 3, 4, 5]


def test_a_workbook_is_read_by_what_it_shows(tmp_path: Path) -> None:
    book: Any = Workbook()  # type: ignore[no-untyped-call]
    book.active.append(("Toelichting",))
    sheet = book.create_sheet("Register")
    sheet.append(("Register van Proefdorp",))
    sheet.append(HEAD)
    sheet.append((*ROWS[0][:-1], date(2026, 1, 2)))
    sheet.append((*ROWS[1][:-1], "=1+1"))
    book.save(tmp_path / "vr.xlsx")
    made = drafted(tmp_path / "vr.xlsx")
    assert [each.outcome for each in made.drafts] == ["new", "incomplete"]
    assert made.drafts[0].kept["Contactpersoon"] == "2026-01-02"
    assert "has no kept result" in made.drafts[1].look[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a;b\n1;2\n", "no header was recognised"),
        (b"PK\x03\x04rubbish", "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", "before 2007"),
        (b"naam;doel\n\x00;x\n", "NUL"),
        (b'naam;doel\n"open;x\n', "quote not closed"),
    ],
)
def test_what_is_no_sheet_says_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "vr.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableSheet, match=words):
        read_sheet(path)


def test_columns_are_found_by_likeness_and_what_is_declared_goes_first() -> None:
    found = columns_of(("Naam van verwerking", "Rechtsgronden", "Doel", "Kleur", "Doeleinden"), {})
    assert dict(found.by_key) == {
        "naam": "Naam van verwerking", "grondslag": "Rechtsgronden", "doel": "Doel",
    }  # fmt: skip
    assert found.left == ("Kleur", "Doeleinden")
    assert found.nearest["Doeleinden"] == "doel"
    declared = columns_of(("Doel", "Kleur"), {"doel": "Kleur"})
    assert declared.by_key["doel"] == "Kleur"
    with pytest.raises(InvalidColumns, match="did you mean doel"):
        columns_of(("Doel",), {"doell": "Dol"})


def test_terms_lists_grounds_and_laws_are_read_as_people_write_them() -> None:
    assert durations_of("7 jaar na einde") == ("P7Y",)
    assert durations_of("5 jaar bij toekenning, 1 jaar bij afwijzing") == ("P5Y", "P1Y")
    assert durations_of("vier weken") == ("P28D",)
    assert durations_of("conform selectielijst 2020") == ()
    assert items_of("naam, adres (straat, nummer)") == ("naam", "adres (straat, nummer)")
    assert items_of("n.v.t.") == ()
    assert items_of("a\n- b\na") == ("a", "b")
    assert letters_of("artikel 6, eerste lid, onder c AVG") == ("c",)
    assert letters_of("6.1.e") == ("e",)
    assert letters_of("Gerechtvaardigd belang / toestemming") == ("a", "f")
    assert letters_of("weet ik niet") == ()
    assert law_of("Wet BRP art. 1.4") == ("BWBR0033715", "Wet basisregistratie personen")
    assert law_of("Participatiewet in samenhang met de AVG")[1] == "Participatiewet"  # type: ignore[index]
    assert article_of("Wet BRP, artikel 3.11 lid 1") == "3.11 lid 1"
    assert day_of("1-2-2026") == date(2026, 2, 1)
    assert day_of("31-2-2026") is None


@pytest.mark.long
def test_ten_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "groot.csv"
    lines = [";".join(HEAD)]
    for number in range(10_000):
        row = (*ROWS[number % 4][:1], f"Activiteit {number}", f"Doel {number % 50}",
               *ROWS[number % 4][3:])  # fmt: skip
        lines.append(";".join(cell.replace(";", " ") for cell in row))
    path.write_text("\n".join(lines), encoding="utf-8")
    begin = time.process_time()
    made = drafted(path)
    files = files_of_import(made, path.name, "CSV")
    assert time.process_time() - begin < 20
    assert len(made.drafts) == 10_000
    assert sum(text.count("[[activiteit]]") for text in files.values()) == 10_000
