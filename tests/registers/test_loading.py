# SPDX-License-Identifier: EUPL-1.2
"""Loading by the command line: four forms, what is wrong, what stands twice, what is too much."""

from __future__ import annotations

import asyncio
import csv
import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from tests.registers.loading_rig import MAPPING, at_the_prompt, many, permits, write_models
from tests.registers.rig import WEESP
from tests.throwaway import Cluster, Database
from tests.typing_commands import Done

from landschap.registers import client
from landschap.registers.client import limits
from landschap.registers.models import Registers
from landschap.registers.sources import UnreadableSource

POINT = {"type": "Point", "coordinates": [5.04, 52.31]}
GEO = 'collectie = "vergunningen"\nidentificatie = "id"\ngeldigVan = "INGANG"\n[velden]\nnaam = "NAAM"\nsoort = "SOORT"\noppervlakte = "M2"\nvlak = "geometry"\n'


class Home:
    """One organisation with permits; its database is asked behind its back."""

    def __init__(self, config: Path, database: Database) -> None:
        self.config, self.database = config, database

    async def register(self, *words: str) -> Done:
        return await asyncio.to_thread(at_the_prompt, [*words, "--config", str(self.config)])

    async def load(self, file: Path, *more: str) -> Done:
        mapping = file.with_suffix(".toml")
        return await self.register(
            "load", "vergunningen", str(file), "--mapping", str(mapping), *more
        )

    async def pool(self) -> asyncpg.Pool:
        return await self.database.pool("registers")

    async def contents(self) -> dict[str, Any]:
        rows = await (await self.pool()).fetch(
            "SELECT object_id, inhoud FROM registers.assertion ORDER BY volgnummer"
        )
        return {row["object_id"]: json.loads(row["inhoud"]) for row in rows}


@pytest.fixture
async def home(cluster: Cluster, tmp_path: Path) -> Home:
    return Home(*await permits(cluster, tmp_path))


def written(path: Path, content: str | bytes, mapping: str = MAPPING) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.with_suffix(".toml").write_text(mapping)
    return path


async def test_four_forms_say_the_same(home: Home, tmp_path: Path) -> None:
    expected = {"naam": "Café 't Sluisje", "soort": "besluit", "oppervlakte": 12, "vlak": POINT}
    cells = {"INGANG": "2020-01-01", "NAAM": "Café 't Sluisje", "SOORT": "besluit", "M2": 12}
    with_geometry = GEO + 'doelen = { kolom = "DOEL", lijst = "|" }\n'
    csv_text = (
        "id;INGANG;NAAM;SOORT;M2;DOEL;geometry\n"
        "c1;1-1-2020;Café 't Sluisje;besluit;12;wonen|werken;POINT (5.04 52.31)\n"
    )
    written(
        tmp_path / "een.csv", csv_text.encode("cp1252"),
        'codering = "windows-1252"\nscheiding = ";"\ndatumvorm = "dd-mm-jjjj"\n' + with_geometry,
    )  # fmt: skip
    line = json.dumps({"id": "j1", **cells, "geometry": POINT})
    written(tmp_path / "twee.jsonl", f"{line}\n", GEO)
    feature = {"type": "Feature", "id": "g1", "properties": cells, "geometry": POINT}
    collection = {"type": "FeatureCollection", "bbox": [5, 52, 6, 53], "features": [feature] * 1}
    written(tmp_path / "drie.geojson", json.dumps(collection), GEO)
    table = pa.lib.Table.from_pylist(
        [{"id": "p1", **cells, "geometry": shapely.to_wkb(shapely.from_wkt("POINT (5.04 52.31)"))}]
    ).replace_schema_metadata({"geo": '{"columns": {"geometry": {"encoding": "WKB"}}}'})
    pq.write_table(table, tmp_path / "vier.parquet")  # type: ignore[no-untyped-call]
    (tmp_path / "vier.toml").write_text(GEO)
    for name in ("een.csv", "twee.jsonl", "drie.geojson", "vier.parquet"):
        done = await home.load(tmp_path / name, "--json")
        assert (done.code, done.json["added"]) == (0, 1), done.err
    found = await home.contents()
    assert found == {
        "c1": {**expected, "doelen": ["wonen", "werken"]},
        "j1": expected, "g1": expected, "p1": expected,
    }  # fmt: skip


ROWS = "NR,INGANG,NAAM,SOORT,M2\n"
GOOD = "a1,2020-01-01,Kap,aanvraag,1\na1,2021-01-01,Kap,besluit,1\n"
BAD = "b1,2020-01-01,Sloop,aanvraag,1\nb1,2021-13-01,Sloop,besluit,veel\n"


async def test_an_object_with_a_wrong_row_stays_out_whole_and_the_others_go_in(
    home: Home, tmp_path: Path
) -> None:
    file, faults = written(tmp_path / "in.csv", ROWS + GOOD + BAD), tmp_path / "fout.csv"
    refused = await home.load(file)
    assert (refused.code, refused.out) == (1, "")
    assert "in.csv, line 5, INGANG (geldigVan): not a date" in refused.err
    whole = await home.load(file, "--faults", str(faults), "--all-or-nothing")
    assert whole.code == 1
    assert await home.contents() == {}
    partly = await home.load(file, "--faults", str(faults), "--json")
    assert (partly.code, partly.json["added"], partly.json["objectsLeftOut"]) == (6, 2, 1)
    assert set(await home.contents()) == {"a1"}
    with faults.open(newline="") as text:
        told = [
            (row["line"], row["column"], row["rule"], row["value"]) for row in csv.DictReader(text)
        ]
    assert told == [("5", "INGANG", "datum", "2021-13-01"), ("5", "M2", "getal", "veel")]
    written(file, ROWS + GOOD + BAD.replace("13-01", "01-01").replace("veel", "2"))
    mended = await home.load(file, "--json")
    assert (mended.json["added"], mended.json["passedOver"]) == (2, 2)


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_what_does_not_fit_the_model_is_told_by_column_and_by_property(
    home: Home, tmp_path: Path, form: str
) -> None:
    text = (
        f"{ROWS}A!,2020-01-01,Kap,aanvraag,1\nb1,2020-01-01,Kap,verzoek,1\n"
        "c1,2020-01-01,,besluit,1\n"
    )
    file = written(tmp_path / f"in.{form}", text)
    if form == "parquet":
        cells = [dict(row) for row in csv.DictReader(text.splitlines())]
        pq.write_table(pa.lib.Table.from_pylist(cells), file)  # type: ignore[no-untyped-call]
    refused = await home.load(file)
    told = refused.err.replace("\n", " ")
    first = 2 if form == "csv" else 1
    assert f"in.{form}, line {first}, NR (identificatie): " in told
    assert f"in.{form}, line {first + 1}, SOORT (velden.soort): " in told
    empty = "NAAM (velden.naam): is empty, and vergunningen need naam"
    assert f"in.{form}, line {first + 2}, {empty}" in told
    await home.load(file, "--faults", str(tmp_path / "fout.csv"))
    with (tmp_path / "fout.csv").open(newline="") as faults:
        rows = [(each["column"], each["filled"]) for each in csv.DictReader(faults)]
    assert rows == [("NR", "identificatie"), ("SOORT", "velden.soort"), ("NAAM", "velden.naam")]
    no_name = MAPPING.replace('naam = "NAAM"\n', "")
    file.with_suffix(".toml").write_text(no_name)
    refused = await home.load(file)
    assert "velden.naam: comes from no column, and vergunningen need naam" in refused.err


async def test_what_stood_there_is_not_told_of_a_person(home: Home, tmp_path: Path) -> None:
    mapping = 'collectie = "aanvragers"\nidentificatie = "NR"\ngeldigVan = 2020-01-01\n[velden]\ngeboren = "GB"\n'
    file = written(tmp_path / "in.csv", "NR,GB\na1,12 mei 1967\n", mapping)
    done = await home.load(file, "--faults", str(tmp_path / "fout.csv"))
    assert "is no day in the form" in (tmp_path / "fout.csv").read_text()
    assert "1967" not in done.err + done.out + (tmp_path / "fout.csv").read_text()
    assert done.code == 6


async def test_a_row_of_nobody_keeps_everything_out(home: Home, tmp_path: Path) -> None:
    file = written(tmp_path / "in.csv", f"{ROWS}{GOOD}zonder cellen\n")
    done = await home.load(file, "--faults", str(tmp_path / "fout.csv"))
    assert done.code == 1
    assert "can not be told which object" in done.err
    assert "line 4: has more or fewer cells than the header: 1, not 5" in done.err
    assert await home.contents() == {}


async def test_the_same_object_twice_is_told_with_both_lines(home: Home, tmp_path: Path) -> None:
    file = written(tmp_path / "in.csv", f"{ROWS}{GOOD}a1,2021-01-01,Anders,besluit,1\n")
    done = await home.load(file)
    assert done.code == 1
    assert "in.csv, line 4: stands in line 3 too: the same object with the same begin" in done.err
    versions = (WEESP / "gegevens" / "bag" / "woonplaatsen.csv").read_text().splitlines()
    twice = tmp_path / "woonplaatsen.csv"
    twice.write_text("\n".join([*versions, versions[1]]) + "\n")
    with pytest.raises(UnreadableSource, match="stands in line 2 too"):
        client.read_extract(client.read_models(WEESP / "registers").by_name["bag"], twice)


async def test_rows_paint_over_each_other_by_their_days_not_by_their_lines(
    home: Home, tmp_path: Path
) -> None:
    later_first = ROWS + "".join(reversed(GOOD.splitlines(keepends=True)))
    done = await home.load(written(tmp_path / "in.csv", later_first))
    assert done.code == 0, done.err
    rows = await (await home.pool()).fetch(
        "SELECT valid_from::text, inhoud ->> 'soort' FROM registers.projection ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("2020-01-01", "aanvraag"), ("2021-01-01", "besluit")]


async def test_a_whole_file_or_nothing(home: Home, tmp_path: Path) -> None:
    done = await home.load(many(tmp_path / "in.csv", 11_000), "--all-or-nothing", "--json")
    assert done.json["added"] == 11_000
    acts = await (await home.pool()).fetch("SELECT registered_at FROM registers.act")
    assert len(acts) == 2
    assert "Loading vergunningen" in done.err


async def test_a_draft_of_a_mapping_can_be_used_as_it_is_when_the_names_are_alike(
    home: Home, tmp_path: Path
) -> None:
    text = (
        "Nummer\tIngangsdatum\tNáam\tsoort\tOpp.\tDoelen\nx1\t01-02-2020\tKap\tbesluit\t3\twonen\n"
    )
    file = written(tmp_path / "in.csv", text.encode("cp1252"))
    drafted = await home.register("mapping", "draft", "vergunningen", str(file))
    assert drafted.code == 0, drafted.err
    for line in (
        'collectie = "vergunningen"', 'identificatie = "Nummer"', 'geldigVan = "Ingangsdatum"',
        'datumvorm = "dd-mm-jjjj"', 'scheiding = "tab"', 'codering = "windows-1252"',
        'naam = "Náam"', 'doelen = { kolom = "Doelen", lijst = "|" }', '# not used: "Opp."',
    ):  # fmt: skip
        assert line in drafted.out.splitlines(), drafted.out
    file.with_suffix(".toml").write_text(drafted.out)
    words = ("mapping", "check", "vergunningen", str(file.with_suffix(".toml")), str(file))
    checked = await home.register(*words)
    assert "fills 3 properties" in checked.out
    assert "leaves empty: oppervlakte, vlak" in checked.out
    assert (await home.load(file)).code == 0
    assert (await home.contents())["x1"]["doelen"] == ["wonen"]
    file.with_suffix(".toml").write_text(drafted.out.replace("Náam", "Naam"))
    assert "did you mean Náam" in (await home.register(*words)).err


async def test_there_is_no_draft_of_a_file_without_columns_or_of_a_misspelt_collection(
    home: Home, tmp_path: Path
) -> None:
    file = written(tmp_path / "leeg.csv", "")
    drafted = await home.register("mapping", "draft", "vergunningen", str(file))
    assert (drafted.code, drafted.out) == (1, "")
    assert "holds no columns" in drafted.err
    words = ("mapping", "draft", "vergunningen", str(written(tmp_path / "in.csv", "nummer\n1\n")))
    drafted = await home.register(*words, "--collection", "vergunning")
    assert (drafted.code, drafted.out) == (1, "")
    assert "did you mean vergunningen" in drafted.err


def test_what_is_called_a_zip_and_is_none_is_told(
    tmp_path: Path, demo_registers: Registers
) -> None:
    broken = written(tmp_path / "panden.zip", b"PK\x03\x04 cut off")
    with pytest.raises(UnreadableSource, match="is no zip that can be read"):
        client.read_extract(demo_registers.by_name["bag"], broken)


BROKEN: list[tuple[str, str | bytes, str]] = [
    ("lang.csv", "NR,INGANG\n" + "x" * 70_000, "a line of more than"),
    ("latin.csv", b"NR,INGANG\n1,\xe9\n", "is not UTF-8"),
    ("een.csv", "NR;INGANG\n1;2\n", 'scheiding = ";"'),
    ("twee.csv", "NR,NR\n1,2\n", "has two columns 'NR'"),
    ("half.geojson", '{"type": "FeatureCollection", "features": [{"a": 1}, {"b"', "to its end"),
    ("geen.geojson", '{"type": "Feature"}', "is no FeatureCollection"),
    ("half.parquet", b"PAR1 half", "is no Parquet"),
    ("los.jsonl", '{"a": 1}\n{"_slot": {"aantal": 2, "sha256": "x"}}\n', "another number of lines"),
    ("anders.jsonl", '{"a": 1}\n{"_slot": {"aantal": 1, "sha256": "x"}}\n', "seal is broken"),
    ("door.jsonl", f'{{"_slot": {{"aantal": 0, "sha256": "{sha256().hexdigest()}"}}}}\n{{}}\n', "goes on after"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "told"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_a_file_that_can_not_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, told: str
) -> None:
    monkeypatch.setattr(limits, "MAX_LINE", 65_536)
    with pytest.raises(UnreadableSource) as caught:
        list(client.rows_of(written(tmp_path / name, content)))
    assert told in str(caught.value)


def test_a_mark_of_utf_8_is_no_part_of_a_name(tmp_path: Path) -> None:
    (row,) = client.rows_of(written(tmp_path / "in.csv", "\ufeffNR,A\n1,2\n"))
    assert getattr(row, "cells", None) == {"NR": "1", "A": "2"}


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, demo_registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = demo_registers.by_name["bag"]
    dense, inner = tmp_path / "panden.zip", tmp_path / "binnen.zip"
    with zipfile.ZipFile(dense, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("panden.csv", b"x" * (limits._RATIO_FROM + 1))
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0457PND.xml", b" " * (limits._RATIO_FROM + 1))
    nested = tmp_path / "BAG.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        archive.write(inner, "0457PND.zip")
    for path in (dense, nested):
        with pytest.raises(UnreadableSource, match="grows more than 200 times"):
            client.read_extract(bag, path)
    monkeypatch.setattr(limits, "MAX_TOTAL_BYTES", 10)
    with pytest.raises(UnreadableSource, match="with the files before it"):
        client.read_extract(bag, nested)


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"T": "2999-01-01"}, "toekomst"),
        ({"NAAM": "a\0b"}, "teken"),
        ({"NR": "a" * 501}, "lengte"),
        ({"INGANG": "2020-01-00"}, "datum"),
        ({"INGANG": ""}, "verplicht"),
        ({"NR": ""}, "verplicht"),
        ({"SOORT": "gerucht"}, "model"),
    ],
)
def test_what_the_database_would_refuse_is_told_with_its_line(
    tmp_path: Path, cells: dict[str, str], rule: str
) -> None:
    write_models(tmp_path)
    row = {
        "NR": "a1",
        "INGANG": "2020-01-01",
        "NAAM": "Kap",
        "SOORT": "besluit",
        "M2": 1,
        "T": "2020-01-01",
    }
    mapping = MAPPING.replace("[velden]", 'tijdstipRegistratie = "T"\n[velden]')
    file = written(tmp_path / "in.jsonl", json.dumps({**row, **cells}) + "\n", mapping)
    register = client.read_models(tmp_path / "registers").by_name["vergunningen"]
    with pytest.raises(UnreadableSource) as caught:
        client.read_mapped(register, file.with_suffix(".toml"), file)
    assert caught.value.faults[0].rule == rule
    assert caught.value.faults[0].line == 1
