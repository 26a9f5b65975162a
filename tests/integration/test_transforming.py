# SPDX-License-Identifier: EUPL-1.2
"""From what a source holds to what an answer says: code lists, names, dates that are half known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.other_rig import door

from landschap.integration.connectors.opening import read_declaration
from landschap.integration.mistakes import DeclarationError

DECLARED = """\
logische_bron: personen
versie: 1.0.0
sleutel: nummer
bronnen:
  bron: {soort: bestand, pad: bron.jsonl, vorm: jsonl, sleutels: [anr], bronhouder: Proefdorp}
wortel: {bron: bron, op: anr}
velden:
  nummer: {uit: [bron.anr]}
  naam: {uit: [bron.voornamen, bron.voorvoegsel, bron.geslachtsnaam], wint: aaneen}
  geboren: {uit: [bron.gebdat], zet_om: [onvolledige_datum]}
  geslacht: {uit: [bron.gesl], zet_om: [{code: {M: man, V: vrouw}, anders: onbekend}]}
  land: {uit: [bron.land], zet_om: [{codelijst: landen.csv}]}
"""
COUNTRIES = 'code,waarde\n6030,Nederland\n5010,"België, Koninkrijk"\n'
PERSONS = [
    {"anr": "1", "voornamen": "Suzanne", "voorvoegsel": "de", "geslachtsnaam": "Wit",
     "gebdat": "19851200", "gesl": "V", "land": "6030"},
    {"anr": "2", "voornamen": "Bram", "voorvoegsel": "", "geslachtsnaam": "Bakker",
     "gebdat": "19850000", "gesl": "X", "land": "5010"},
    {"anr": "3", "voornamen": None, "voorvoegsel": None, "geslachtsnaam": "Cai",
     "gebdat": "00000000", "gesl": "", "land": "9999"},
    {"anr": "4", "voornamen": "Dirk", "geslachtsnaam": 7, "gebdat": "19851301", "land": None},
]  # fmt: skip
FIELDS = ("nummer", "naam", "geboren", "geslacht", "land")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The declaration with its code list and data."""
    (tmp_path / "personen.yaml").write_text(DECLARED)
    (tmp_path / "landen.csv").write_text(COUNTRIES)
    (tmp_path / "bron.jsonl").write_text("\n".join(map(json.dumps, PERSONS)))
    return tmp_path


async def told(world: Any, folder: Path, number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record of one person, and per reason the fields that are not there."""
    declaration = read_declaration(folder / "personen.yaml")
    asker = world.asker(declaration, bron=door(declaration, folder))
    asker.service = "personen"
    answer = await asker.ask(
        {"nummer": number}, query="partial=allow", permitted=FIELDS, searchable=["nummer"]
    )
    assert answer.status_code == 200, answer.text
    (record,) = answer.json()["resultaten"]
    return record, {gap["reden"]: gap["velden"] for gap in answer.json()["ontbreekt"]}


@pytest.mark.case("S-40")
async def test_codes_names_and_half_known_dates_are_mapped_by_the_declaration(
    world: Any, folder: Path
) -> None:
    assert await told(world, folder, "1") == (
        {
            "nummer": "1",
            "naam": "Suzanne de Wit",
            "geboren": "1985-12-00",
            "geslacht": "vrouw",
            "land": "Nederland",
        },
        {},
    )
    record, gaps = await told(world, folder, "2")
    assert (record["naam"], record["geboren"]) == ("Bram Bakker", "1985-00-00")
    assert (record["geslacht"], record["land"]) == ("onbekend", "België, Koninkrijk")
    assert gaps == {}


@pytest.mark.case("S-40")
async def test_a_value_that_can_not_be_translated_is_reported_and_never_guessed(
    world: Any, folder: Path
) -> None:
    record, gaps = await told(world, folder, "3")
    assert (record["naam"], "land" in record) == ("Cai", False)
    assert gaps == {"niet_om_te_zetten": ["land"]}
    record, gaps = await told(world, folder, "4")
    assert record == {"nummer": "4", "geslacht": None, "land": None}
    assert gaps == {"niet_om_te_zetten": ["geboren", "naam"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "landen.csv can not be read: No such file or directory"),
        ("6030,Nederland\n", "landen.csv must begin with the line code,waarde"),
        ("code,waarde\n6030\n", "landen.csv, line 2: has 1 cells instead of 2"),
        ("code,waarde\n1,a\n1,b\n", "landen.csv, line 3: code '1' stands there twice"),
        ('code,waarde\n"1,a\n', "landen.csv is no CSV"),
        (b"code,waarde\n1,\xe9\n", "landen.csv is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_code_list_is_told_with_its_line(
    folder: Path, text: str | bytes | None, words: str
) -> None:
    file = folder / "landen.csv"
    file.unlink()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DeclarationError) as caught:
        read_declaration(folder / "personen.yaml")
    (mistake,) = caught.value.mistakes
    assert words in mistake.message
    assert mistake.line == DECLARED[: DECLARED.index("codelijst")].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("landen.csv", "../landen.csv", "must be the name of a CSV file beside the declaration"),
        ("landen.csv", "/etc/passwd", "must be the name of a CSV file beside the declaration"),
        ("uit: [bron.voornamen, bron.voorvoegsel, bron.geslachtsnaam]", "uit: [bron.voornamen]",
         "aaneen needs more than one source in uit"),
    ],
)  # fmt: skip
def test_a_rule_that_can_not_work_is_told(folder: Path, old: str, new: str, words: str) -> None:
    file = folder / "personen.yaml"
    file.write_text(DECLARED.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        read_declaration(file)
    assert words in str(caught.value)
