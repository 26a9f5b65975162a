# SPDX-License-Identifier: EUPL-1.2
"""Files of rows as sources: every form, taken in whole or not at all, followed when they change."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl.workbook.workbook import Workbook
from pyarrow.lib import Table as ArrowTable
from tests.integration.other_rig import asked, declared, door, values

from landschap.integration.access import FileAccess
from landschap.integration.connectors.file import FileConnector
from landschap.integration.connectors.file_rows import UnreadableFile
from landschap.integration.connectors.places import LocalFile
from landschap.integration.connectors.snapshot import FIND, find, take
from landschap.integration.rows import Reason, SourceFailed

ROWS: list[dict[str, Any]] = [
    {"id": "a1", "straat": "Hoogstraat", "nummer": 3, "open": True},
    {"id": "a2", "straat": 'De "Grote" weg; noord', "nummer": None, "open": False},
    {"id": "a2", "straat": "Zijweg", "nummer": 7, "open": None},
]
CSV = "csv: {scheiding: ';', aanhaling: '\"', codering: windows-1252}"


def write_csv(path: Path) -> None:
    with path.open("w", encoding="windows-1252", newline="") as text:
        made = csv.DictWriter(text, list(ROWS[0]), delimiter=";")
        made.writeheader()
        made.writerows(ROWS)


def write_excel(path: Path) -> None:
    book: Any = Workbook()  # type: ignore[no-untyped-call]
    book.create_sheet("adressen")
    for row in [list(ROWS[0]), *(list(row.values()) for row in ROWS)]:
        book["adressen"].append(row)
    book.save(path)


def write_features(path: Path) -> None:
    features = [
        {"type": "Feature", "geometry": None, "id": row["id"], "properties": row} for row in ROWS
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def test_a_key_is_found_by_the_index_and_not_by_going_through_the_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "adressen.csv")
    access = (
        declared(
            f"    soort: bestand\n    pad: adressen.csv\n    vorm: csv\n    {CSV}\n", column="id"
        )
        .sources["bron"]
        .access
    )
    assert isinstance(access, FileAccess)
    made = take(access, ["id"], LocalFile(tmp_path / "adressen.csv"), tmp_path / "m")
    with closing(sqlite3.connect(made.path)) as opened:
        plan = opened.execute(f"EXPLAIN QUERY PLAN {FIND}", ("[]", 0)).fetchall()
        assert "USING COVERING INDEX op_waarde (soort=? AND waarde=?)" in str(plan)
        assert [cells["straat"] for cells in find(opened, 0, ["a1", "weg", "a1"])] == ["Hoogstraat"]


async def test_many_rows_and_many_keys_are_found_as_well_as_few(tmp_path: Path) -> None:
    lines = [f"a{number};{street}" for number in range(60) for street in range(60)]
    (tmp_path / "adressen.csv").write_text("id;straat\n" + "\n".join(lines) + "\n")
    source = f"    soort: bestand\n    pad: adressen.csv\n    vorm: csv\n    {CSV}\n"
    made = door(declared(source, column="id"), tmp_path)
    every = [f"a{number}" for number in range(60)]
    for keys, rows in ((["a1"], 60), (every, 3600), (["weg"], 0)):
        found = await made.rows(asked(*keys, columns=["straat"], by="id"))
        assert len(found) == rows
    lock = made._held.lock  # type: ignore[attr-defined]
    with lock:  # somebody reads many: who comes now waits elsewhere, and the loop goes on
        waiting = asyncio.create_task(made.rows(asked("a1", columns=["straat"], by="id")))
        await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(40):
        assert len(await waiting) == 60


WRITERS: dict[str, Any] = {
    "csv": write_csv,
    "excel": write_excel,
    "jsonl": lambda path: path.write_text("\n".join(map(json.dumps, ROWS))),
    "json": lambda path: path.write_text(json.dumps({"a": {"adressen": ROWS}})),
    "geojson": write_features,
    "parquet": lambda path: pq.write_table(ArrowTable.from_pylist(ROWS), path),  # type: ignore[no-untyped-call]
}
MORE = {"csv": CSV, "excel": "blad: adressen", "json": "records: a.adressen"}


def reach(folder: Path, form: str, more: str = "") -> FileConnector:
    text = f"    soort: bestand\n    pad: bron.{form}\n    vorm: {form}\n"
    text += "".join(f"    {line}\n" for line in (MORE.get(form, ""), more) if line)
    made = door(declared(text, column="id"), folder)
    assert isinstance(made, FileConnector)
    return made


@pytest.mark.parametrize("form", WRITERS)
async def test_every_form_is_asked_by_key_and_keeps_its_kinds(form: str, tmp_path: Path) -> None:
    WRITERS[form](tmp_path / f"bron.{form}")
    made = reach(tmp_path, form)
    found = await made.rows(asked("a2", "a9", columns=["straat", "nummer"], by="id"))
    empty: Any = "" if form == "csv" else None
    seven: Any = "7" if form == "csv" else 7
    assert values(found) == [
        {"straat": 'De "Grote" weg; noord', "nummer": empty},
        {"straat": "Zijweg", "nummer": seven},
    ]
    (one,) = await made.rows(asked("a1", columns=["open"], by="id"))
    assert one.values == {"open": "True" if form == "csv" else True}
    assert one.registered is not None
    assert one.registered.startswith("20")


async def test_with_a_period_a_row_is_asked_as_of_the_day(tmp_path: Path) -> None:
    (tmp_path / "bron.jsonl").write_text(
        '{"id": "a1", "naam": "oud", "van": "2001-01-01", "tot": "2010-01-01"}\n'
        '{"id": "a1", "naam": "nieuw", "van": "2010-01-01", "tot": null}\n'
    )
    made = reach(tmp_path, "jsonl", "tijd: geldig\n    periode: {begin: van, eind: tot}")
    for day, name in ((date(2009, 12, 31), "oud"), (date(2010, 1, 1), "nieuw")):
        (row,) = await made.rows(asked("a1", columns=["naam"], by="id", day=day))
        assert row.values == {"naam": name}


async def test_a_changed_file_is_followed_and_a_spoilt_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landschap.integration.connectors.places.LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("landschap.integration.connectors.file._TRY_AGAIN_SECONDS", 0.0)
    file = tmp_path / "bron.jsonl"
    made = reach(tmp_path, "jsonl")
    question = asked("a1", columns=["naam"], by="id")

    async def until(name: str) -> None:
        async with asyncio.timeout(40):
            while values(await made.rows(question)) != [{"naam": name}]:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)

    file.write_text('{"id": "a1", "naam": "een"}\n')
    await until("een")
    file.write_text('{"id": "a1", "naam": "twee"}\n')
    await until("twee")
    file.write_text('{"id": "a1", "naam": "drie"}\n{"id": \n')
    with pytest.raises(UnreadableFile, match=r"bron\.jsonl.* 2"):
        await made.look()
    for _ in range(5):
        await until("twee")
    file.unlink()
    await until("twee")
    file.write_text('{"id": "a1", "naam": "vier"}\n')
    await until("vier")
    assert len(list((tmp_path / "momentopnamen").iterdir())) == 1


async def test_what_a_killed_process_left_is_removed_and_what_one_still_makes_is_not(
    tmp_path: Path,
) -> None:
    write_csv(tmp_path / "bron.csv")
    made = reach(tmp_path, "csv")
    snapshot = (await made.look()).path
    begun = snapshot.name.rsplit("-", 2)[0]
    left, busy = (snapshot.with_name(f".{begun}-{each}.momentopname") for each in "ab")
    for each in (left, busy):
        each.write_text("half")
    os.utime(left, (1, 1))
    with (tmp_path / "bron.csv").open("a") as text:
        text.write("a9;Laan;1;True\n")
    await made.look()
    assert not left.exists()
    assert busy.exists()


async def test_a_file_is_taken_in_once_however_many_ask(tmp_path: Path) -> None:
    write_csv(tmp_path / "bron.csv")
    made = reach(tmp_path, "csv")
    questions = [made.rows(asked("a1", columns=["straat"], by="id")) for _ in range(20)]
    assert all(len(found) == 1 for found in await asyncio.gather(*questions))
    (kept,) = (tmp_path / "momentopnamen").iterdir()
    written = kept.stat().st_ino
    again = reach(tmp_path, "csv")
    assert len(await again.rows(asked("a2", columns=["straat"], by="id"))) == 2
    assert [one.stat().st_ino for one in (tmp_path / "momentopnamen").iterdir()] == [written]


@pytest.mark.parametrize(
    ("form", "content", "words"),
    [
        ("csv", b"id;straat\na1;Hoog;straat\n", "more or fewer cells"),
        ("csv", b'id;straat\na1;"open\n', "is no CSV"),
        ("csv", b"nummer;straat\n1;Hoogstraat\n", "there is no column 'id'; there are nummer"),
        ("jsonl", b'{"id": "a1"}\n[1]\n', "is not an object"),
        ("json", b'{"a": {"adressen": 3}}', "holds no list of objects at a.adressen"),
        ("json", b"{", "is no JSON"),
        ("geojson", b"{}", "is no FeatureCollection"),
        ("parquet", b"PAR1 no", "is no Parquet"),
        ("excel", b"PK no", "is no Excel file"),
    ],
)  # fmt: skip
async def test_a_file_that_can_not_be_taken_in_whole_says_where_and_is_a_reason(
    form: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / f"bron.{form}").write_bytes(content)
    made = reach(tmp_path, form)
    with pytest.raises(UnreadableFile, match=words):
        await made.look()
    with pytest.raises(SourceFailed) as caught:
        await made.rows(asked("a1", columns=["straat"], by="id"))
    assert caught.value.reason is Reason.UNREADABLE
    assert not any((tmp_path / "momentopnamen").iterdir())


async def test_a_spoilt_file_is_not_read_again_for_every_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bron.csv").write_bytes(b"id;straat\na1;Hoog;straat\n")
    made = reach(tmp_path, "csv")
    reads: list[int] = []
    look = made.look

    async def counted() -> Any:
        reads.append(1)
        return await look()

    monkeypatch.setattr(made, "look", counted)
    for _ in range(20):
        with pytest.raises(SourceFailed):
            await made.rows(asked("a1", columns=["straat"], by="id"))
    assert len(reads) == 1


async def test_what_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landschap.integration.connectors.places.LOOK_AGAIN_SECONDS", 0.0)
    file = tmp_path / "bron.jsonl"
    file.write_text('{"id": "a1", "naam": "een"}\n')
    made = reach(tmp_path, "jsonl")
    look = made.look

    async def disturbed() -> Any:
        monkeypatch.setattr(made, "look", look)
        file.write_text('{"id": "a1", "naam": "twee"}\n')
        raise UnreadableFile("was written to while it was read")

    monkeypatch.setattr(made, "look", disturbed)
    question = asked("a1", columns=["naam"], by="id")
    with pytest.raises(SourceFailed):
        await made.rows(question)
    assert values(await made.rows(question)) == [{"naam": "twee"}]


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    made = reach(tmp_path, "csv")
    with pytest.raises(UnreadableFile, match="No such file"):
        await made.look()
    with pytest.raises(SourceFailed):
        await made.rows(asked("a1", columns=["straat"], by="id"))
