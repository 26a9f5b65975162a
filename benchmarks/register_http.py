# SPDX-License-Identifier: EUPL-1.2
"""The same questions over HTTP: our service next to Datasette, each with the same rows.

Datasette gets a SQLite file of these rows with the indexes that fit the questions, and is asked
by SQL that is as short as it can be. It stands in a virtual environment of its own, made from the
pinned list beside this file.
"""

from __future__ import annotations

import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from landschap.platform.keys import secret_key
from landschap.purposes.permit import HEADER
from measuring import Target, measure
from parts import NotReadyError, build
from register_asking import Asked, permit_header, questions
from register_web import ASIDE

if TYPE_CHECKING:
    import argparse

    from registers import Bench

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "datasette.txt"
_PAGE = 5000
_COUNT = 2000
_FIELDS = {
    "persoon": ("burgerservicenummer", "naam", "plaats"),
    "vergunning": ("soort", "status", "omschrijving", "houder"),
}
_LOOKUP = """select * from persoon where object_id = :id and valid_from <= :day and valid_to > :day
and registered_at <= :moment order by seq desc limit 1"""
# What is known now, as our projection holds it.
_SQL = {
    "now": "select * from nu_persoon where object_id = :id and valid_from <= :day "
    "and valid_to > :day",
    "past": _LOOKUP,
    "page": "select * from nu_vergunning where soort = :id and valid_from <= :day "
    "and valid_to > :day order by object_id limit 100",
    "expand": "select v.*, p.* from nu_vergunning v left join nu_persoon p "
    "on p.object_id = v.houder and p.valid_from <= :day and p.valid_to > :day "
    "where v.object_id = :id and v.valid_from <= :day and v.valid_to > :day",
}


async def over_http(
    bench: Bench,
    wanted: argparse.Namespace,
    objects: int,
    moment: datetime,
    tell: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """Questions per second of both, per kind. Raises NotReadyError when a part is not there."""
    load = build(bench.folder)["load"]
    tell("installing Datasette")
    program = _environment(bench.folder)
    tell("writing the same rows for Datasette")
    file = bench.folder / f"{_DATABASE}.db"
    await _sqlite(bench, file)
    key = secret_key(bench.settings, "permit")
    found: dict[str, dict[str, float]] = {}
    own = [sys.executable, str(HERE / "register_web.py"), str(bench.settings.path)]
    theirs = [str(program), "serve", "-i", str(file), "--port"]
    with _served(own) as ours, _served(theirs) as datasette:
        roots = {"ours": [ours[1], bench.database], "datasette": [datasette[1]]}
        for name in _SQL:
            asked = questions(name, objects, moment, _COUNT)
            rates: dict[str, list[float]] = defaultdict(list)
            for _ in range(wanted.rounds):
                # Permits count for half a minute, so they are made for each round.
                targets = {
                    "ours": _target(bench.folder / "ours.requests", ours[0], [
                        (one.target, f"{HEADER}: {permit_header(key, one.target)}\r\n")
                        for one in asked
                    ]),
                    "datasette": _target(bench.folder / "datasette.requests", datasette[0], [
                        (_question(name, one), "") for one in asked
                    ]),
                }  # fmt: skip
                for each, target in targets.items():
                    cell = measure(load, target, roots[each], ASIDE, wanted.seconds)
                    rates[each].append(cell.per_second)
                    rates[f"{each} us"].append(cell.cpu_us)
            tell(f"over HTTP, {name}: {dict(rates)}")
            found[name] = {each: statistics.median(told) for each, told in rates.items()}
    file.unlink()
    return found


def _question(name: str, asked: Asked) -> str:
    """The question at Datasette, with the values of the one by SQL."""
    values = [value for value in asked.values if value != "meting.persoon"]
    given = {"sql": _SQL[name], "id": values[0], "day": str(values[1]), "_shape": "array"}
    if name == "past":
        given["moment"] = str(values[2])
    return f"/{{db}}.json?{urlencode(given)}"


def _target(file: Path, address: str, asked: Sequence[tuple[str, str]]) -> Target:
    with file.open("wb") as out:
        for target, headers in asked:
            text = f"GET {target} HTTP/1.1\r\nHost: dienst\r\n{headers}\r\n"
            request = text.replace("{db}", _DATABASE).encode()
            out.write(struct.pack(">I", len(request)) + request)
    return Target(address=address, requests=file)


_DATABASE = "bench"


def _environment(folder: Path) -> Path:
    """The program of Datasette, in an environment made for this run."""
    place = folder / "datasette"
    program = place / "bin" / "datasette"
    if program.exists():
        return program
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    done = subprocess.run(
        [str(place / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(REQUIREMENTS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotReadyError(f"Datasette can not be installed: {done.stderr[-300:]}")
    return program


@contextmanager
def _served(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A process that serves at a free port, which is its last argument: address and id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotReadyError(f"{command[-1]} does not start") from None
                time.sleep(0.05)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


async def _sqlite(bench: Bench, file: Path) -> None:
    """A SQLite file of the same rows: all versions, and what is known now."""
    made = sqlite3.connect(file)
    made.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    for kind, fields in _FIELDS.items():
        told = ", ".join(f"inhoud ->> '{name}' AS {name}" for name in fields)
        columns = ", ".join(fields)
        for table, source, more in (
            (kind, "assertion", "registered_at, "),
            (f"nu_{kind}", "projection", ""),
        ):
            made.execute(
                f"CREATE TABLE {table} (object_id, seq, valid_from, valid_to, {more}{columns}, "
                "PRIMARY KEY (object_id, seq)) WITHOUT ROWID"
            )
            await _copy(
                bench,
                made,
                table,
                f"""
                SELECT object_id, seq, valid_from, valid_to, {more}{told} FROM registers.{source}
                WHERE object_type = 'meting.{kind}' ORDER BY object_id, seq""",
            )
    made.execute("CREATE INDEX soort ON nu_vergunning (soort, object_id)")
    made.execute("ANALYZE")
    made.commit()
    made.close()


async def _copy(bench: Bench, made: sqlite3.Connection, table: str, sql: str) -> None:
    async with bench.pool.acquire() as connection, connection.transaction():
        cursor = await connection.cursor(sql)
        while rows := await cursor.fetch(_PAGE):
            marks = ", ".join("?" for _ in rows[0])
            texts = [tuple(map(_text, row)) for row in rows]
            made.executemany(f"INSERT INTO {table} VALUES ({marks})", texts)


def _text(value: object) -> object:
    if value == date.max:
        return "9999-12-31"
    return str(value) if isinstance(value, date) else value
