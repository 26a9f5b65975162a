# SPDX-License-Identifier: EUPL-1.2
"""Models of others: what they become here, and that nothing is left out in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from landschap.registers.annotations import PersonalData
from landschap.registers.client.importing import Done, InvalidImport, import_models
from landschap.registers.client.models import check, read_register
from landschap.registers.models import Register

FILES = Path(__file__).parent / "modellen"


def imported(form: str, out: Path, *names: str) -> tuple[Register, Done]:
    done = import_models(form, [FILES / name for name in names], out)
    assert check(out).findings == ()
    return read_register(out), done


@pytest.fixture
def buildings(tmp_path: Path) -> tuple[Register, Done]:
    return imported("mim", tmp_path / "gebouwen", "gebouwen.mim.json")


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Register, Done]:
    return imported("amsterdam", tmp_path / "b", "bomen.dataset.json", "stamgegevens.table.json")


def told(done: Done) -> str:
    return "\n".join(f"{note.where}: {note.what}" for note in done.notes)


def test_mim_types_keep_their_generalisation_parts_codes_and_relations(
    buildings: tuple[Register, Done],
) -> None:
    register, _ = buildings
    assert sorted(register.types) == ["buurt", "gebouw"]
    building = register.types["gebouw"]
    props = building.properties
    assert list(props)[:2] == ["identificatie", "status"]
    assert props["status"].schema["enum"] == ["B", "S"]
    assert props["status"].schema["x-waarden"] == {
        "B": {"nl": "In gebruik", "en": "In gebruik"}, "S": {"nl": "Gesloopt", "en": "Gesloopt"},
    }  # fmt: skip
    assert (props["status"].has_validity, props["hoogte"].has_validity) == (True, False)
    assert (props["hoogte"].unit, props["hoogte"].schema["minimum"]) == ("m", 0)
    assert "adres.straat" in building.paths()
    assert (props["ligtIn"].points_at, props["grenstAan"].points_at) == ("buurt", "gebouw")
    assert props["geometrie"].geometry == "vlak"
    assert props["bouwjaar"].schema["type"] == ["integer", "null"]
    assert building.term == "https://voorbeeld.example/begrip/gebouw"
    assert register.types["buurt"].identification == "buurtidentificatie"


def test_mim_is_closed_and_personal_until_somebody_decides(
    buildings: tuple[Register, Done],
) -> None:
    register, _ = buildings
    for kind in register.types.values():
        assert not kind.open
        for prop in kind.properties.values():
            assert (prop.open, prop.personal_data) == (False, PersonalData.ORDINARY)


@pytest.mark.parametrize(
    "note",
    [
        "/$defs/Gebouw/properties/Hoogte: is called hoogte here",
        "/$defs/Gebouw/properties/foto: contentEncoding was not carried over: base64",
        "/$defs/Gebouw/properties/oplevering: the format duration is not checked here",
        "/$defs/GebouwdObject: names the objects and was integer; it became a text",
        "/$defs/Gebouw/properties/geometrie: its coordinates were taken for EPSG:28992",
        "/$defs/NergensGebruikt: is no objecttype and is used nowhere; it was left out",
        "/$defs/Buurt: was taken for an objecttype, as it has an identification",
    ],
)
def test_mim_tells_what_was_not_carried_over(buildings: tuple[Register, Done], note: str) -> None:
    assert note in told(buildings[1])


def test_a_part_that_holds_itself_is_cut_off_and_told(tmp_path: Path) -> None:
    source = {"title": "Rond", "$defs": {
        "Ding": {"type": "object", "properties": {"identificatie": {"type": "string"},
                                                  "deel": {"$ref": "#/$defs/Deel"}}},
        "Deel": {"type": "object", "properties": {"deel": {"$ref": "#/$defs/Deel"}}},
    }}  # fmt: skip
    (tmp_path / "rond.json").write_text(json.dumps(source))
    done = import_models("mim", [tmp_path / "rond.json"], tmp_path / "rond")
    assert "Deel holds itself; that was cut off" in told(done)
    assert check(tmp_path / "rond").findings == ()


def test_amsterdam_tables_become_types_on_our_axes(trees: tuple[Register, Done]) -> None:
    register, _ = trees
    assert register.name == "bomen"
    tree, owner = register.types["stamgegevens"], register.types["eigenaren"]
    assert list(tree.properties) == [
        "identificatie", "soortnaam", "hoogte", "plantjaar", "geometrie", "staatIn", "eigenaar",
        "onderzoeken", "telefoon", "bijlage",
    ]  # fmt: skip
    props = tree.properties
    assert (tree.identification, tree.schema["required"]) == ("identificatie", ["soortnaam"])
    assert (props["hoogte"].unit, props["hoogte"].schema["type"]) == ("m", "number")
    assert (props["geometrie"].geometry, props["geometrie"].crs) == ("punt", 28992)
    assert props["staatIn"].points_at == "gebieden.buurten"
    assert (props["eigenaar"].points_at, owner.collection) == ("eigenaren", "eigenaren")
    assert props["onderzoeken"].schema["type"] == "array"


def test_amsterdam_opens_only_what_is_public_at_every_level(trees: tuple[Register, Done]) -> None:
    register, _ = trees
    tree, owner = register.types["stamgegevens"], register.types["eigenaren"]
    closed = {p.name for p in tree.properties.values() if not p.open}
    assert (tree.open, closed) == (True, {"eigenaar", "telefoon"})
    assert not owner.open
    assert not any(p.open for p in owner.properties.values())
    assert {p.personal_data for p in owner.properties.values()} == {PersonalData.ORDINARY}


@pytest.mark.parametrize(
    "note",
    [
        "bomen: publisher was not carried over",
        "bomen: version v0 was left out; v1 is the default",
        "stamgegevens: mainGeometry was not carried over: geometrie",
        "stamgegevens/beginGeldigheid: is geldigVan of each assertion, on the axis geldigOp",
        "stamgegevens/volgnummer: is the number of a version",
        "stamgegevens/staatIn: the relation held identificatie, volgnummer",
        "stamgegevens/telefoon: auth asks FP/MDW: taken for personal data and closed",
        "stamgegevens/bijlage: https://voorbeeld.example/bijlage.json is not known here",
        "stamgegevens: is open data, as auth says OPENBAAR",
    ],
)
def test_amsterdam_tells_what_was_not_carried_over(trees: tuple[Register, Done], note: str) -> None:
    assert note in told(trees[1])


def test_a_table_in_a_file_that_is_not_given_is_told(tmp_path: Path) -> None:
    _, done = imported("amsterdam", tmp_path / "b", "bomen.dataset.json")
    assert "bomen/stamgegevens: is in another file; name it as well" in told(done)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "line 1"), ("[]", "no object type was found"), ('{"$defs": {}}', "no object type")],
)
def test_what_can_not_be_imported_makes_nothing(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(InvalidImport, match=message):
        import_models("mim", [tmp_path / "in.json"], tmp_path / "uit")
    assert not (tmp_path / "uit").exists()
