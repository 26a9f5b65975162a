# SPDX-License-Identifier: EUPL-1.2
"""What an answer from three sources costs, beside the slowest of them alone and beside DuckDB.

    benchmarks/integration.py [--write docs/performance-integration.md] [--rounds 5] [--seconds 2]

A file, a PostgreSQL table and a REST source that takes 20 ms, all on loopback. Everything that is
divided by something else is measured in turns in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop

from integration_page import SOURCE_MS, Figures, Latency, as_page
from landschap.integration.api import Deps, routes
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.opening import (
    Surroundings,
    client_session,
    close_doors,
    open_doors,
)
from landschap.integration.declaration import parse_declaration
from landschap.integration.merge import merge
from landschap.integration.plan import make_plan
from landschap.integration.rows import Moment
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.purposes.permit import HEADER, LIFETIME, Permit, seal
from parts import NotReadyError
from ports import free_port
from workplace import organisation, tell, workplace

HERE = Path(__file__).parent
ADDRESSES = 10_000
AT_ONCE = (1, 32)
FIELDS = ("straat", "huisnummer", "postcode", "bewoners.naam", "bewoners.geboren", "pand.bouwjaar")
DECLARED = """\
logische_bron: bewoning
versie: 1.0.0
sleutel: id
tijdbudget_ms: 10000
bronnen:
  adressen:
    soort: bestand
    pad: adressen.csv
    vorm: csv
    csv: {{scheiding: ",", aanhaling: '"', codering: utf-8}}
    sleutels: [id]
    timeout_ms: 10000
    bronhouder: A
  personen:
    soort: database
    verbinding: personen.dsn
    tabel: public.personen
    sleutels: [adres]
    verbindingen: 16
    timeout_ms: 10000
    bronhouder: A
  panden:
    soort: rest
    url: {url}?id={{id}}
    sleutels: [id]
    records: panden
    gelijktijdig: 64
    timeout_ms: 10000
    bronhouder: B
wortel: {{bron: adressen, op: id}}
koppelingen:
  - {{naam: personen, van: adressen.id, naar: personen.adres, aantal: veel}}
  - {{naam: panden, van: adressen.pand, naar: panden.id, aantal: een, verplicht: true}}
velden:
  id: {{uit: [adressen.id]}}
  straat: {{uit: [adressen.straat]}}
  huisnummer: {{uit: [adressen.huisnummer], zet_om: [geheel_getal]}}
  postcode: {{uit: [adressen.postcode]}}
  pand.bouwjaar: {{uit: [panden.bouwjaar]}}
  bewoners:
    lijst: personen
    velden:
      naam: {{uit: [personen.naam]}}
      geboren: {{uit: [personen.geboren]}}
"""
Ask = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is asked: by way of the door, as a fan-out, and the REST source alone."""

    door: Ask
    fan_out: Ask
    alone: Ask


@dataclass(slots=True)
class _Taken:
    """The milliseconds of each answer, and how many per second."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def latency(self) -> Latency:
        ordered = sorted(self.milliseconds)
        return Latency(
            p50_ms=ordered[len(ordered) // 2],
            p99_ms=ordered[int(len(ordered) * 0.99)],
            per_second=len(ordered) / self.seconds,
        )


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    async with workplace("li-") as (folder, stack):
        found = await _measure(folder, wanted, stack)
    tell(as_page(found, wanted.rounds, wanted.seconds), wanted.write)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    return parser.parse_args()


async def _measure(folder: Path, wanted: argparse.Namespace, stack: AsyncExitStack) -> Figures:
    settings, _ = await organisation(folder, stack, network=78, web_port=8_774)
    keys = _addresses(folder / "adressen.csv")
    dsn = await _persons(settings, keys)
    (folder / "personen.dsn").write_text(dsn)
    slow, quick = (stack.enter_context(_source(ms)) for ms in (SOURCE_MS, 0))
    with_delay = await _bench(folder, settings, slow, stack)
    without = await _bench(folder, settings, quick, stack)
    found = Figures(loads=[os.getloadavg()[0]])
    taken: dict[tuple[str, int], _Taken] = {}
    ways = {"alone": with_delay.alone, "door": with_delay.door, "fan-out": with_delay.fan_out}
    for round_number in range(wanted.rounds):
        for at_once in AT_ONCE:
            for name, ask in ways.items():
                into = taken.setdefault((name, at_once), _Taken())
                await _run(ask, keys, at_once, wanted.seconds, into)
        rates = found.rates
        into = taken.setdefault(("quick", 32), _Taken())
        await _run(without.fan_out, keys, 32, wanted.seconds, into)
        try:
            rates.append(_duckdb(folder, dsn, quick, keys, wanted.seconds))
        except NotReadyError as error:
            found.note = str(error)
        found.loads.append(os.getloadavg()[0])
        print(f"round {round_number + 1} of {wanted.rounds}", file=sys.stderr, flush=True)
    found.cells = {place: each.latency() for place, each in taken.items()}
    return found


def _addresses(file: Path) -> list[str]:
    """The file, and the keys to ask: made up, and the same in each run."""
    keys = [f"0999{number:012}" for number in range(ADDRESSES)]
    lines = [
        f"{key},Straat {number % 300},{number % 90 + 1},{1000 + number % 90}AB,{number % 7000:016}"
        for number, key in enumerate(keys)
    ]
    file.write_text("id,straat,huisnummer,postcode,pand\n" + "\n".join(lines) + "\n")
    return keys[::7]


async def _persons(settings: Any, keys: Sequence[str]) -> str:
    """A table of fictitious persons in a database of its own; the address to reach it."""
    del keys
    owner = await postgres.administrator(settings)
    await owner.execute(
        "CREATE TABLE public.personen (adres text, naam text, geboren date);"
        "INSERT INTO public.personen SELECT '0999' || lpad((n % 10000)::text, 12, '0'),"
        " 'Persoon ' || n, DATE '1950-01-01' + (n % 20000) FROM generate_series(0, 19999) n;"
        "CREATE INDEX ON public.personen (adres); ANALYZE public.personen;"
        "CREATE ROLE lezer LOGIN PASSWORD 'proef'; GRANT SELECT ON public.personen TO lezer"
    )
    name = await owner.fetchval("SELECT current_database()")
    await owner.close()
    sockets = postgres.socket_folder(settings)
    return f"postgresql://lezer:proef@/{name}?host={sockets}&port=5432"


@contextmanager
def _source(delay_ms: float) -> Iterator[str]:
    """The REST source in a process of its own; where it is."""
    port = free_port()
    program = [sys.executable, str(HERE / "integration_source.py"), str(delay_ms), str(port)]
    process = subprocess.Popen(program)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/panden"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotReadyError("the REST source does not start") from None
            time.sleep(0.05)
        else:
            return


async def _bench(folder: Path, settings: Any, url: str, stack: AsyncExitStack) -> Bench:
    declaration = parse_declaration(DECLARED.format(url=url), "bewoning.yaml")
    session = await stack.enter_async_context(client_session({}))
    around = Surroundings(
        session=session, secrets=folder, folder=folder, snapshots=folder / "momentopnamen"
    )
    doors = open_doors(declaration, around)
    stack.push_async_callback(close_doors, doors)
    log = LogWriter(settings, f"web-{url[-12:-7]}")
    await log.start()
    stack.push_async_callback(log.close)
    deps = Deps(
        declarations={declaration.name: declaration}, doors={declaration.name: doors}, log=log,
        controller=settings.organisation.oin, permit_key=secret_key(settings, "permit"),
        pseudonym_key=secret_key(settings, "pseudonym"),
    )  # fmt: skip
    app = make_app(routes(deps), AppShape(title="Services", version="1.0.0"))
    plan = make_plan(declaration, FIELDS)

    async def fan_out(key: str) -> None:
        now = datetime.now(UTC)
        moment = Moment(valid_on=now.date(), known_at=now, today=True, now=True)
        merged = merge(plan, await collect(plan, key, Occasion(moment=moment), doors))
        assert not merged.gaps, merged.gaps
        assert merged.records[0]["bewoners"]

    async def alone(key: str) -> None:
        async with session.get(url, params={"id": key}) as answer:
            assert (await answer.json())["panden"]

    async def door(key: str) -> None:
        await _through(app, deps.permit_key, key)

    return Bench(door=door, fan_out=fan_out, alone=alone)


async def _through(app: Any, permit_key: bytes, key: str) -> None:
    """One question as the Inway hands it over; the line in the log is durable before the answer."""
    target = f"/bewoning/v1/_zoek?fields={','.join(FIELDS)}"
    now = datetime.now(UTC)
    permit = Permit(
        transaction_id=uuid7(), service="bewoning", method="POST", target=target,
        peer="00000099000000002000", purpose="https://doelen.example/a", policy="p",
        snapshot="sha256-x", activity="https://activiteiten.example/b", activity_version=1,
        fields=FIELDS, searchable=("id",), expires_at=now + LIFETIME,
    )  # fmt: skip
    path, _, query = target.partition("?")
    headers = [
        (b"content-type", b"application/json"), (b"host", b"dienst"),
        (HEADER.lower().encode(), seal(permit, permit_key).encode()),
    ]  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "scheme": "http", "root_path": "",
    }  # fmt: skip
    told: list[Any] = []

    async def receive() -> Any:
        body = json.dumps({"id": key}).encode()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    body = json.loads(told[1]["body"])
    assert told[0]["status"] == 200, body
    assert not body["ontbreekt"], body


async def _run(ask: Ask, keys: Sequence[str], at_once: int, seconds: float, into: _Taken) -> None:
    """So many at the same time for so long, after a warm-up."""
    each = cycle(keys)
    for _ in range(at_once * 3):
        await ask(next(each))
    begin = time.perf_counter()

    async def work() -> None:
        while time.perf_counter() - begin < seconds:
            asked = time.perf_counter()
            await ask(next(each))
            into.milliseconds.append((time.perf_counter() - asked) * 1000)

    await asyncio.gather(*(work() for _ in range(at_once)))
    into.seconds += time.perf_counter() - begin


def _duckdb(folder: Path, dsn: str, url: str, keys: Sequence[str], seconds: float) -> float:
    """Answers per second of the peer, 32 at a time. Raises NotReadyError."""
    place = folder / "duckdb"
    if not place.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        done = subprocess.run(
            [str(place / "bin" / "pip"), "install", "-q", "--require-hashes", "-r",
             str(HERE / "duckdb.txt")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(place)
            raise NotReadyError(f"DuckDB can not be installed: {done.stderr[-300:]}")
    (extension,) = place.rglob("postgres_scanner*.duckdb_extension")
    given = {
        "dsn": dsn, "extension": str(extension), "csv": str(folder / "adressen.csv"), "url": url,
        "keys": list(keys), "at_once": 32, "seconds": seconds,
    }  # fmt: skip
    done = subprocess.run(
        [str(place / "bin" / "python"), str(HERE / "integration_duckdb.py")],
        input=json.dumps(given), capture_output=True, text=True, check=False,
        timeout=60 + 10 * seconds,
    )  # fmt: skip
    if done.returncode:
        raise NotReadyError(f"DuckDB does not answer: {done.stderr[-500:]}")
    return float(json.loads(done.stdout)["per_second"])


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
