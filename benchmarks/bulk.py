# SPDX-License-Identifier: EUPL-1.2
"""What an extract costs: against the engine used directly, per form, and its memory at ten times.

    benchmarks/bulk.py [--data FOLDER] [--rows 10000000] [--rounds 5] [--scratch DIR] [--json FILE]

The same joined scan is made twice, alternately and in the same engine with the same limits: by our
plan, that also looks for keys that stand twice and says what is missing, and by SQL written by hand
that trusts the data. FOLDER holds the BAG files of Weesp (CSV); without it that row is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from landschap.integration.bulk.assembling import Leaving
from landschap.integration.bulk.extracts import Form, columns_of
from landschap.integration.connectors.bulk.engine import Begin, Limits, opened
from landschap.integration.connectors.bulk.extracting import Extract, Places, opened_extract
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.declaration import parse_declaration
from landschap.integration.plan import make_plan
from landschap.integration.rows import Moment
from landschap.purposes.duties import NO_DUTIES

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


@dataclass(slots=True)
class Measured:
    """What was measured: seconds of both ways per size, rows per second per form, peak memory."""

    scans: dict[str, dict[str, float]] = field(default_factory=dict)
    exports: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)


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


async def scans(folder: Path, rounds: int) -> dict[str, float]:
    """Best and median seconds of both ways, alternately, in one engine that was used before."""

    async def compiled(extract: Extract) -> tuple[str, Mapping[str, str], Any]:
        return extract.statement().sql, dict(extract.found.views), tuple(extract.found.files)

    sql, views, files = await within(folder, compiled)
    begin = Begin(folder=folder, limits=LIMITS, views=views, files=files)
    ways = {"ours": sql, "by hand": BY_HAND.format(folder)}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    with opened(begin) as engine:
        for turn in range(rounds + 1):
            for name, each in ways.items():
                started = time.perf_counter()
                rows = sum(batch.num_rows for batch in engine.sql(each).to_arrow_reader(100_000))
                assert rows
                if turn:
                    taken[name].append(time.perf_counter() - started)
    told = {f"{name}, best": min(found) for name, found in taken.items()}
    told |= {f"{name}, median": statistics.median(found) for name, found in taken.items()}
    return told | {"ratio of best": min(taken["ours"]) / min(taken["by hand"])}


async def export(folder: Path, form: Form) -> tuple[float, float]:
    """Rows per second and peak memory (MB) of the engine, writing a file."""

    async def write(extract: Extract) -> tuple[float, float]:
        outputs = extract.statement().outputs
        columns = columns_of(extract.leaving.plan, outputs, extract.leaving.chosen, NO_DUTIES)
        started = time.perf_counter()
        result = await extract.write(columns, form, folder / f"uit.{form.value}")
        return result.rows / (time.perf_counter() - started), result.peak_mb

    found: tuple[float, float] = await within(folder, write)
    return found


async def measured(given: argparse.Namespace) -> Measured:
    """All of it; the data is in memory only as long as it is measured."""
    told = Measured()
    with tempfile.TemporaryDirectory(dir=given.scratch) as name:
        if given.data is not None:
            folder = Path(name) / "weesp"
            folder.mkdir()
            count = of_weesp(given.data.resolve(), folder)
            told.scans[f"Weesp, {count:,} addresses"] = await scans(folder, given.rounds)
        for rows in (max(1, given.rows // 10), given.rows):
            folder = Path(name) / str(rows)
            folder.mkdir()
            synthetic(folder, rows)
            told.scans[f"{rows:,} rows"] = await scans(folder, given.rounds)
            rate, peak = await export(folder, Form.PARQUET)
            told.exports[f"parquet, {rows:,} rows"] = rate
            told.peak_mb[f"parquet, {rows:,} rows"] = peak
            if rows != given.rows:
                for form in (Form.CSV, Form.LINES):
                    told.exports[f"{form.value}, {rows:,} rows"], _ = await export(folder, form)
    return told


def main() -> None:
    """Measure and print; as JSON in a file too when asked."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--data", type=Path, help="folder with the BAG files of Weesp")
    reader.add_argument("--rows", type=int, default=10_000_000)
    reader.add_argument("--rounds", type=int, default=5)
    reader.add_argument("--scratch", type=Path, help="where the data is made; default: /tmp")
    reader.add_argument("--json", type=Path)
    given = reader.parse_args()
    told = asyncio.run(measured(given))
    for name, found in told.scans.items():
        words = ", ".join(f"{what} {value:.3f}" for what, value in found.items())
        print(f"scan    {name}: {words}")
    for name, rate in told.exports.items():
        print(f"export  {name}: {rate:,.0f} rows/s")
    for name, peak in told.peak_mb.items():
        print(f"memory  {name}: {peak:,.0f} MB at most")
    if given.json:
        given.json.write_text(json.dumps(asdict(told), indent=2) + "\n")
    sys.exit(0)


if __name__ == "__main__":
    main()
