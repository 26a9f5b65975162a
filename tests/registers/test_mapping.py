# SPDX-License-Identifier: EUPL-1.2
"""Loading somebody's own file by a mapping: conversions, codes, faults, and nothing half-loaded."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from tests.registers.rig import annotated, made_up

from landschap.registers import client
from landschap.registers.mapping import InvalidMapping
from landschap.registers.periods import OPEN
from landschap.registers.sources import UnreadableSource

PERMITS = made_up(
    naam=annotated(),
    soort=annotated(enum=["aanvraag", "besluit"]),
    oppervlakte=annotated(type=["integer", "null"]),
    lengte=annotated(type="number"),
    verleend=annotated(type="boolean"),
    dag=annotated(format="date"),
    doelen=annotated(type="array", items={"type": "string"}),
    vlak=annotated(type=["object", "null"]),
)
MAPPING = """
collectie = "personen"
identificatie = "NR"
geldigVan = "INGANG"
geldigTot = "EINDE"
datumvorm = "dd-mm-jjjj"
scheiding = ";"
[velden]
naam = "NAAM"
soort = { kolom = "SRT", codes = { A = "aanvraag", B = "besluit" } }
oppervlakte = "M2"
lengte = "L"
verleend = "JN"
dag = "DAG"
doelen = { kolom = "DOEL", lijst = "|" }
"""
HEAD = "NR;INGANG;EINDE;NAAM;SRT;M2;L;JN;DAG;DOEL\n"
ROW = "a1;1-2-2020;;Kap;A;12;1,5;ja;03-04-2020;wonen | werken\n"


def written(
    folder: Path, rows: str, mapping: str = MAPPING, name: str = "in.csv"
) -> tuple[Path, Path]:
    (folder / "m.toml").write_text(mapping)
    (folder / name).write_text(HEAD + rows if name.endswith("csv") else rows)
    return folder / "m.toml", folder / name


def test_a_row_becomes_what_the_model_asks_for(tmp_path: Path) -> None:
    (found,) = client.read_mapped(PERMITS, *written(tmp_path, ROW))
    assert found.object_id == "a1"
    assert (found.draft.period.begin, found.draft.period.end) == (date(2020, 2, 1), OPEN)
    assert found.draft.content == {
        "naam": "Kap", "soort": "aanvraag", "oppervlakte": 12, "lengte": 1.5, "verleend": True,
        "dag": "2020-04-03", "doelen": ["wonen", "werken"],
    }  # fmt: skip
    (again,) = client.read_mapped(PERMITS, *written(tmp_path, ROW))
    assert again.digest == found.digest


def test_an_empty_cell_is_no_value(tmp_path: Path) -> None:
    (found,) = client.read_mapped(PERMITS, *written(tmp_path, "a1;1-2-2020;1-3-2020;Kap;;;;;;\n"))
    assert found.draft.content == {"naam": "Kap"}
    assert found.draft.period.end == date(2020, 3, 1)


def test_every_fault_is_told_with_its_line_and_column(tmp_path: Path) -> None:
    rows = (
        ROW
        + "a2;31-2-2020;;Kap;C;12;1,5;ja;;\n"
        + ";1-2-2020;1-2-2020;Kap;A;twaalf;x;misschien;2020-01-01;\n"
        + "a4;1-2-2020;1-1-2020;Kap;A;;;;;\n"
        + "A5;1-2-2020;;;A;;;;;\n"
    )
    with pytest.raises(UnreadableSource) as caught:
        client.read_mapped(PERMITS, *written(tmp_path, rows))
    told = {(fault.line, fault.column) for fault in caught.value.faults}
    assert told >= {
        (3, "INGANG"), (3, "SRT"), (4, "NR"), (4, "M2"), (4, "L"), (4, "JN"), (4, "DAG"),
        (5, "EINDE"), (6, "NR"),
    }  # fmt: skip
    out = tmp_path / "fout.csv"
    client.write_faults(out, caught.value.faults)
    with out.open(newline="") as text:
        lines = list(csv.DictReader(text))
    assert len(lines) == len(caught.value.faults)
    assert all(line["remedy"] for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('naam = "NAAM"', 'nam = "NAAM"', "did you mean naam"),
        ('collectie = "personen"', 'collectie = "persoonen"', "did you mean personen"),
        ('identificatie = "NR"', "", "identificatie: name the column"),
        ('datumvorm = "dd-mm-jjjj"', 'datumvorm = "mm-dd"', "must be one of jjjj-mm-dd"),
        ('scheiding = ";"', 'scheidng = ";"', "did you mean scheiding"),
        ("codes = {", "codering = {", "velden.soort"),
        ("[velden]", "[veld", "can not be read"),
    ],
)
def test_a_mapping_that_is_wrong_names_the_nearest(
    tmp_path: Path, old: str, new: str, part: str
) -> None:
    with pytest.raises(InvalidMapping) as caught:
        client.read_mapped(PERMITS, *written(tmp_path, ROW, MAPPING.replace(old, new)))
    assert part in str(caught.value)


def test_a_column_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource) as caught:
        client.read_mapped(PERMITS, *written(tmp_path, ROW * 3, MAPPING.replace('"NAAM"', '"NAM"')))
    (fault,) = caught.value.faults
    assert "did you mean NAAM" in str(fault)


def test_a_copy_needs_the_moment_of_the_source(tmp_path: Path) -> None:
    copy = made_up(clock="bron", naam=annotated())
    mapping = 'collectie = "personen"\nidentificatie = "NR"\ngeldigVan = 2020-01-01\n[velden]\nnaam = "N"\n'
    with pytest.raises(InvalidMapping, match="tijdstipRegistratie"):
        client.read_mapped(copy, *written(tmp_path, "", mapping))
    lines = '{"NR": "b", "N": "x", "T": "2021-02-01T00:00:00Z"}\n{"NR": "a", "N": "y", "T": "2020-02-01"}\n'
    with_moment = mapping.replace("[velden]", 'tijdstipRegistratie = "T"\n[velden]')
    found = client.read_mapped(copy, *written(tmp_path, lines, with_moment, "in.jsonl"))
    assert [reading.object_id for reading in found] == ["a", "b"]


def test_features_have_their_geometry_as_a_column(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [5.04, 52.31]}
    feature = {"type": "Feature", "id": "a1", "properties": {"N": "x"}, "geometry": point}
    whole = json.dumps({"type": "FeatureCollection", "features": [feature]})
    mapping = (
        'collectie = "personen"\nidentificatie = "id"\ngeldigVan = 2020-01-01\n'
        '[velden]\nnaam = "N"\nvlak = "geometry"\n'
    )
    (found,) = client.read_mapped(PERMITS, *written(tmp_path, whole, mapping, "in.geojson"))
    assert found.draft.content == {"naam": "x", "vlak": point}
    for broken in ("[]", "{}", '{"features": [1]}', "{"):
        with pytest.raises(UnreadableSource):
            client.read_mapped(PERMITS, *written(tmp_path, broken, mapping, "in.geojson"))


def test_what_is_no_file_of_rows_is_told(tmp_path: Path) -> None:
    mapping, path = written(tmp_path, ROW)
    for wrong in (tmp_path / "none.csv", tmp_path, mapping):
        with pytest.raises(UnreadableSource):
            client.read_mapped(PERMITS, mapping, wrong)
    (tmp_path / "leeg.csv").write_text(HEAD)
    with pytest.raises(UnreadableSource, match="no rows"):
        client.read_mapped(PERMITS, mapping, tmp_path / "leeg.csv")
    path.write_bytes(HEAD.encode() + b"a1;1-2-2020;;K\xff;A;;;;;\n")
    with pytest.raises(UnreadableSource, match="UTF-8"):
        client.read_mapped(PERMITS, mapping, path)
