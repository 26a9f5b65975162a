# SPDX-License-Identifier: EUPL-1.2
"""Reading a source whole gives the rows that its own door gives by key, and fails like it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.integration.other_rig import asked, declared, door
from tests.throwaway import Database

from landschap.integration.connectors.bulk import scanning
from landschap.integration.connectors.bulk.engine import Begin, Job, Limits
from landschap.integration.connectors.bulk.extracting import Engine, EngineFailed
from landschap.integration.connectors.bulk.scanning import Scan, scanned
from landschap.integration.connectors.opening import Surroundings, close_doors
from landschap.integration.rows import Question, Reason, Row, SourceFailed

TABLE = "    soort: database\n    verbinding: bron.dsn\n    tabel: personen\n"
DATED = TABLE + "    tijd: geldig\n    periode: {begin: vanaf, eind: tot}\n"
MAKE = "CREATE TABLE personen (bsn text, nummer integer, naam text, bedrag numeric, vanaf date, tot date)"
ROWS = [
    (f"99999{n % 700:04}", n, f"naam {n}" if n % 5 else None, n / 4, f"20{n % 20:02}-01-01",
     None if n % 3 else "2020-01-01")
    for n in range(1_400)
]  # fmt: skip
COLUMNS = ("bsn", "nummer", "naam", "bedrag")


async def both(declaration: Any, folder: Path, day: date) -> tuple[list[Row], list[Row]]:
    """All rows, whole and by key."""
    source = declaration.sources["bron"]
    keys = sorted({str(row[0]) for row in ROWS})
    question: Question = asked(*keys, columns=COLUMNS, day=day)
    scan = Scan(source=source, by="bsn", columns=COLUMNS, moment=question.moment)
    around = Surroundings(secrets=folder, folder=folder, snapshots=folder / "momentopnamen")
    whole = [row async for part in scanned(scan, around, {}) for row in part]
    made = door(declaration, folder)
    by_key = [row for at in range(0, len(keys), 100)
              for row in await made.rows(replace(question, keys=keys[at : at + 100]))]  # fmt: skip
    await close_doors({"bron": made})
    return whole, by_key


def sorted_rows(rows: list[Row]) -> list[str]:
    return sorted(repr(row) for row in rows)


@pytest.mark.parametrize("source", [TABLE, DATED])
async def test_a_database_is_read_whole_as_by_key(
    tmp_path: Path, module_database: Database, source: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "bron.sqlite")) as made:
        made.execute(MAKE)
        made.executemany("INSERT INTO personen VALUES (?, ?, ?, ?, ?, ?)", ROWS)
        made.commit()
    day = date(2015, 6, 1)
    owner = await module_database.administrator()
    try:
        await owner.execute(f"DROP TABLE IF EXISTS personen; {MAKE}")
        records = [
            (*row[:4], date.fromisoformat(row[4]), date.fromisoformat(row[5]) if row[5] else None)
            for row in ROWS
        ]
        await owner.copy_records_to_table("personen", records=records)
        for dsn in (f"sqlite:///{tmp_path}/bron.sqlite", module_database.settings.postgres.dsn):
            (tmp_path / "bron.dsn").write_text(f"{dsn}\n")
            whole, by_key = await both(declared(source), tmp_path, day)
            assert sorted_rows(whole) == sorted_rows(by_key)
            assert 0 < len(whole) <= len(ROWS)
            assert (len(whole) == len(ROWS)) == (source == TABLE)
    finally:
        await owner.execute("DROP TABLE personen")
        await owner.close()


async def test_a_database_that_is_away_or_lacks_a_column_fails_with_a_reason(
    tmp_path: Path,
) -> None:
    (tmp_path / "bron.dsn").write_text("sqlite:////nergens/bron.sqlite\n")
    assert await reason_of(declared(TABLE), tmp_path) is Reason.UNREACHABLE
    with closing(sqlite3.connect(tmp_path / "bron.sqlite")) as made:
        made.execute("CREATE TABLE personen (bsn text)")
    (tmp_path / "bron.dsn").write_text(f"sqlite:///{tmp_path}/bron.sqlite\n")
    assert await reason_of(declared(TABLE), tmp_path) is Reason.UNREADABLE


async def test_a_database_that_gives_nothing_more_is_too_late(
    tmp_path: Path, module_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "SILENT_SECONDS", 1.0)
    owner = await module_database.administrator()
    try:
        # The second part of the rows does not come.
        await owner.execute(
            "CREATE VIEW traag AS SELECT n::text AS bsn, n AS nummer, ''::text AS naam, n AS bedrag"
            " FROM generate_series(1, 9000) r(n)"
            " WHERE n < 7000 OR pg_sleep(300) IS NULL"
        )
        (tmp_path / "bron.dsn").write_text(f"{module_database.settings.postgres.dsn}\n")
        async with asyncio.timeout(40):
            slow = declared(TABLE.replace("personen", "traag"))
            assert await reason_of(slow, tmp_path) is Reason.TOO_LATE
            await owner.execute("DROP VIEW traag")
    finally:
        await owner.close()


async def test_a_file_that_is_not_there_or_is_spoilt_fails_with_a_reason(tmp_path: Path) -> None:
    file = "    soort: bestand\n    pad: bron.jsonl\n    vorm: jsonl\n"
    assert await reason_of(declared(file), tmp_path) is Reason.UNREADABLE
    (tmp_path / "bron.jsonl").write_text('{"bsn": "1", "nummer": 1}\n{"bsn": \n')
    assert await reason_of(declared(file), tmp_path) is Reason.UNREADABLE


async def reason_of(declaration: Any, folder: Path) -> Reason:
    scan = Scan(
        source=declaration.sources["bron"], by="bsn", columns=COLUMNS,
        moment=asked(columns=COLUMNS).moment,
    )  # fmt: skip
    with pytest.raises(SourceFailed) as caught:
        async for _ in scanned(scan, Surroundings(secrets=folder, folder=folder), {}):
            pass
    return caught.value.reason


# The engine's own process ------------------------------------------------------------------


@pytest.mark.long
async def test_an_engine_that_runs_out_or_is_killed_fails_one_extract(tmp_path: Path) -> None:
    begin = Begin(folder=tmp_path, limits=Limits(memory_mb=256, threads=1, disk_mb=8), views={})
    engine = Engine(begin)
    greedy = "SELECT count(*) FROM (SELECT DISTINCT hash(n) || repeat('x', 200) FROM range(20000000) r(n))"
    try:
        with pytest.raises(EngineFailed, match="more than 256 MB of memory"):
            await engine.run(Job(queries={"x": greedy}))
    finally:
        await engine.end()
    slow = Engine(replace(begin, limits=Limits(seconds=2)))
    try:
        with pytest.raises(EngineFailed, match="over 2 seconds"):
            await slow.run(Job(queries={"x": "SELECT sum(sin(n)) FROM range(100000000000) r(n)"}))
    finally:
        await slow.end()
    again = Engine(begin)
    try:
        assert await again.run(Job(queries={"x": "SELECT 1"})) == {"x": [[1]]}
        running = asyncio.create_task(
            again.run(Job(queries={"x": "SELECT sum(sin(n)) FROM range(100000000000) r(n)"}))
        )
        await asyncio.sleep(0)
        process = await again._running()
        process.kill()
        with pytest.raises(EngineFailed, match="signal 9"):
            await asyncio.wait_for(running, 40)
    finally:
        await again.end()


async def test_the_engine_reads_no_other_file_and_no_setting_can_be_changed(tmp_path: Path) -> None:
    from landschap.integration.connectors.bulk.engine import opened

    (tmp_path / "werk").mkdir()
    (tmp_path / "geheim.csv").write_text("a\n1\n")
    with opened(Begin(folder=tmp_path / "werk", limits=Limits(memory_mb=256), views={})) as engine:
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path}/geheim.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/uit.csv'",
            "SET enable_external_access = true",
            "SET memory_limit = '100GB'",
            "INSTALL httpfs",
            f"ATTACH '{tmp_path}/x.db'",
        ):
            with pytest.raises(
                Exception, match=r"(?i)permission|locked|disabled|not allowed|cannot"
            ):
                engine.execute(statement)
