# SPDX-License-Identifier: EUPL-1.2
"""What an extract costs: against the engine used directly, per form, and its memory at ten times.

    benchmarks/bulk.py [--write docs/performance-bulk.md] [--data FOLDER] [--rows 1000000]
                       [--forms parquet,csv,jsonl] [--rounds 5] [--scratch DIR]

The same joined scan is made twice, alternately and in the same engine with the same limits: by our
plan, that also looks for keys that stand twice and says what is missing, and by SQL written by hand
that trusts the data. FOLDER holds the BAG files of Weesp (CSV): those beside the project when
they are there; without any that row is left out.
So many rows, and a tenth of them, are made up; for ten million give --rows 10000000.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bulk_page import Export, Measured, Scan, as_page
from landschap.integration.bulk.assembling import Leaving
from landschap.integration.bulk.extracts import Form, columns_of
from landschap.integration.connectors.bulk.engine import Begin, Limits, opened
from landschap.integration.connectors.bulk.extracting import (
    Extract,
    Places,
    Result,
    opened_extract,
)
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.declaration import parse_declaration
from landschap.integration.plan import make_plan
from landschap.integration.rows import Moment
from landschap.purposes.duties import NO_DUTIES

FORMS = (Form.PARQUET, Form.CSV, Form.LINES)
# Of more rows than these the first form alone: the slower ones would take most of the time.
MANY = 200_000
WEESP = Path(__file__).parents[2] / "shared" / "data" / "bag-weesp-0457"
LIMITS = Limits(memory_mb=2_048, threads=2)
TOP = """\
logische_bron: proef
versie: 1.0.0
sleutel: id
bronnen:
  a: {soort: bestand, pad: a.parquet, vorm: parquet, sleutels: [id], bronhouder: X}
  b: {soort: bestand, pad: b.parquet, vorm: parquet, sleutels: [id], bronhouder: X}
  c: {soort: bestand, pad: c.parquet, vorm: parquet, sleutels: [id], bronhouder: X}
wortel: {bron: a, op: id}
koppelingen:
  - {naam: b, van: a.b, naar: b.id, aantal: een}
  - {naam: c, van: b.c, naar: c.id, aantal: een}
velden:
  id: {uit: [a.id]}
  postcode: {uit: [a.postcode]}
  oppervlakte: {uit: [b.oppervlakte]}
  bouwjaar: {uit: [c.bouwjaar]}
  status: {uit: [c.status, b.status]}
"""
BY_HAND = """\
SELECT a.id, nullif(a.postcode, '') AS postcode, b.oppervlakte, c.bouwjaar,
  coalesce(nullif(c.status, ''), nullif(b.status, '')) AS status
FROM read_parquet('{0}/a.parquet') a
LEFT JOIN read_parquet('{0}/b.parquet') b ON b.id = a.b
LEFT JOIN read_parquet('{0}/c.parquet') c ON c.id = b.c
"""


def synthetic(folder: Path, rows: int) -> None:
    """So many rows, an eighth as many of what they lead to, and that again."""
    parts = max(1, rows // 8)
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT 'a' || n AS id, 'b' || (hash(n) % {parts}) AS b, "
            f"(1000 + n % 9000)::VARCHAR || 'AB' AS postcode FROM range({rows}) r(n)) "
            f"TO '{folder}/a.parquet'"
        )
        engine.execute(
            f"COPY (SELECT 'b' || n AS id, 'c' || (hash(n) % {parts}) AS c, "
            f"(n % 300)::BIGINT AS oppervlakte, CASE n % 3 WHEN 0 THEN 'in gebruik' END AS status "
            f"FROM range({parts}) r(n)) TO '{folder}/b.parquet'"
        )
        engine.execute(
            f"COPY (SELECT 'c' || n AS id, (1850 + n % 170)::BIGINT AS bouwjaar, "
            f"CASE n % 2 WHEN 0 THEN 'bestaand' END AS status FROM range({parts}) r(n)) "
            f"TO '{folder}/c.parquet'"
        )


def of_weesp(data: Path, folder: Path) -> int:
    """The last state of every address, dwelling and building; gives the number of addresses."""

    def latest(name: str, by: str) -> str:
        return (
            f"SELECT * FROM read_csv('{data}/{name}.csv', header = true, all_varchar = true, "
            f"delim = ',', quote = '\"') QUALIFY row_number() OVER "
            f"(PARTITION BY {by} ORDER BY voorkomenidentificatie::INT DESC) = 1"
        )

    with duckdb.connect() as engine:
        engine.execute(
            "COPY (SELECT identificatie AS id, identificatie AS b, postcode FROM "
            f"({latest('nummeraanduidingen', 'identificatie')})) TO '{folder}/a.parquet'"
        )
        engine.execute(
            "COPY (SELECT heeftAlsHoofdadres AS id, split_part(maaktDeelUitVan, '|', 1) AS c, "
            "oppervlakte::BIGINT AS oppervlakte, status FROM "
            f"({latest('verblijfsobjecten', 'heeftAlsHoofdadres')})) TO '{folder}/b.parquet'"
        )
        engine.execute(
            "COPY (SELECT identificatie AS id, oorspronkelijkBouwjaar::BIGINT AS bouwjaar, status "
            f"FROM ({latest('panden', 'identificatie')})) TO '{folder}/c.parquet'"
        )
        (count,) = engine.execute(f"SELECT count(*) FROM '{folder}/a.parquet'").fetchall()[0]
    return int(count)


def leaving() -> Leaving:
    """All fields, as they are."""
    declaration = parse_declaration(TOP, "proef.yaml")
    plan = make_plan(declaration, declaration.fields)
    day = datetime.now(UTC).date()
    return Leaving(plan=plan, chosen=plan.paths, day=day, rows=(), duties=NO_DUTIES)


async def within(folder: Path, work: Callable[[Extract], Any]) -> Any:
    """Something with an extract of the files in a folder."""
    now = datetime.now(UTC)
    moment = Moment(valid_on=now.date(), known_at=now, today=True, now=True)
    places = Places(work=folder / "werk", out=folder)
    async with opened_extract(
        leaving(), moment, Surroundings(folder=folder), {}, places=places, limits=LIMITS
    ) as extract:
        await extract.look()
        return await work(extract)


async def scans(folder: Path, rounds: int) -> Scan:
    """Both ways of a joined scan, alternately, in one engine that was used before."""

    async def compiled(extract: Extract) -> tuple[str, Mapping[str, str], Any]:
        return extract.statement().sql, dict(extract.found.views), tuple(extract.found.files)

    sql, views, files = await within(folder, compiled)
    begin = Begin(folder=folder, limits=LIMITS, views=views, files=files)
    ways = (sql, BY_HAND.format(folder))
    taken: tuple[list[float], ...] = ([], [])
    worked: tuple[list[float], ...] = ([], [])
    with opened(begin) as engine:
        for turn in range(rounds + 1):
            for place, each in enumerate(ways):
                started, before = time.perf_counter(), time.process_time()
                rows = sum(batch.num_rows for batch in engine.sql(each).to_arrow_reader(100_000))
                assert rows
                if turn:
                    taken[place].append(time.perf_counter() - started)
                    worked[place].append(time.process_time() - before)
    ours, by_hand = ((min(each), statistics.median(each)) for each in taken)
    return Scan(ours=ours, by_hand=by_hand, cpu=(min(worked[0]), min(worked[1])))


async def export(folder: Path, form: Form) -> Export:
    """A whole extract into a file, from gathering to the name it gets at last."""
    started = time.perf_counter()

    async def write(extract: Extract) -> Result:
        outputs = extract.statement().outputs
        columns = columns_of(extract.leaving.plan, outputs, extract.leaving.chosen, NO_DUTIES)
        return await extract.write(columns, form, folder / f"uit.{form.value}")

    found: Result = await within(folder, write)
    seconds = time.perf_counter() - started
    (folder / f"uit.{form.value}").unlink()
    return Export(per_second=found.rows / seconds, peak_mb=found.peak_mb)


async def measured(given: argparse.Namespace) -> Measured:
    """All of it; the data is there only as long as it is measured."""
    told = Measured(loads=[os.getloadavg()[0]])

    def done(what: str) -> None:
        told.loads.append(os.getloadavg()[0])
        print(f"{what} measured", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(dir=given.scratch) as name:
        if given.data is not None:
            folder = Path(name) / "weesp"
            folder.mkdir()
            count = of_weesp(given.data.resolve(), folder)
            # So little that a round takes milliseconds.
            told.scans[f"Weesp, {count:,} addresses"] = await scans(folder, given.rounds * 10)
            done("Weesp")
        for rows in (max(1, given.rows // 10), given.rows):
            folder = Path(name) / str(rows)
            folder.mkdir()
            synthetic(folder, rows)
            told.scans[f"{rows:,} rows"] = await scans(folder, given.rounds)
            done(f"the scan of {rows:,} rows")
            for form in given.forms if rows <= MANY else given.forms[:1]:
                told.exports[form.value, rows] = await export(folder, form)
                done(f"{form.value} of {rows:,} rows")
    return told


def _forms(text: str) -> tuple[Form, ...]:
    return tuple(Form(each) for each in text.split(","))


def main() -> None:
    """Measure, tell, and write when asked to."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--write", type=Path, help="page to write the results to")
    there = WEESP if WEESP.is_dir() else None
    reader.add_argument("--data", type=Path, default=there, help="the BAG files of Weesp")
    reader.add_argument("--rows", type=int, default=1_000_000)
    reader.add_argument("--forms", type=_forms, default=FORMS, help="default: parquet,csv,jsonl")
    reader.add_argument("--rounds", type=int, default=5)
    reader.add_argument("--scratch", type=Path, help="where the data is made; default: /tmp")
    given = reader.parse_args()
    text = as_page(asyncio.run(measured(given)), given.rounds)
    print(text)
    if given.write is not None:
        given.write.write_text(text)


if __name__ == "__main__":
    main()
