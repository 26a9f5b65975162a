# SPDX-License-Identifier: EUPL-1.2
"""What a search in the catalogue costs, among few and among many APIs.

    benchmarks/catalogue.py [--write docs/performance-catalogue.md] [--sizes 100,10000]
                            [--fields 100] [--questions 300]

A look as the first page of the catalogue makes it: words, who may see what, facets with their
counts, and why each was found. Each description is gathered as the command does it. One look at a
time, over a local database; the time is that of the server, without a browser.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from landschap.catalogue import store
from landschap.catalogue.describing import described
from landschap.catalogue.documents import read_document
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages.looking import Wanted, look
from landschap.catalogue.particulars import particulars_of
from landschap.platform import postgres
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from workplace import organisation, tell, workplace

# Some hundreds of subjects, of which an API has a dozen: as registers and case systems do.
_BEGINS = ("adres", "zaak", "pand", "vergunning", "kind", "water", "afval", "school", "weg", "zorg",
           "bouw", "markt", "haven", "boom", "grond", "hond", "straat", "belasting")  # fmt: skip
_ENDS = ("gebied", "houder", "plan", "besluit", "register", "taak", "dossier", "vlak", "punt",
         "klacht", "eigenaar", "beheer", "bestand", "route", "object", "aanvraag")  # fmt: skip
_SUBJECTS = tuple(begin + end for begin in _BEGINS for end in _ENDS)
_DOZEN = 12
_QUALITIES = ("datum", "soort", "omschrijving", "nummer", "status", "bedrag", "naam", "code")
_WORDS = 4_000
_GOAL_MS, _FLOOR_MS = 50.0, 100.0


class Looker:
    """With what is looked: the tables, and no services of our own."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def services(self) -> OwnServices:
        """None."""
        return OwnServices({}, Snapshot(Register(owner="00000099000000002000")))


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    sizes = sorted(int(each) for each in wanted.sizes.split(","))
    async with workplace("lc-") as (folder, stack):
        pool = await _open(folder, stack)
        rows = [await _measured(pool, size, wanted) for size in sizes]
    tell(_page(rows, wanted), wanted.write)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--sizes", default="100,10000", help="numbers of APIs, with commas")
    parser.add_argument("--fields", type=int, default=100, help="fields of each API")
    parser.add_argument("--questions", type=int, default=300, help="looks at each size")
    return parser.parse_args()


async def _open(folder: Path, stack: AsyncExitStack) -> asyncpg.Pool:
    settings, _ = await organisation(folder, stack, network=81, web_port=8_775)
    pool = await postgres.pool(settings, "catalogue")
    stack.push_async_callback(pool.close)
    return pool


async def _measured(pool: asyncpg.Pool, size: int, wanted: argparse.Namespace) -> list[str]:
    """One row of the table."""
    have = len(await store.apis(pool))
    for number in range(have, size):
        await _gather(pool, number, wanted.fields)
        if number % 500 == 0:
            print(f"gathered {number:,} of {size:,}", file=sys.stderr)
    chance = random.Random(7)  # the same questions each time
    questions = [_question(chance) for _ in range(wanted.questions)]
    looker, spent, found = Looker(pool), [], 0
    viewers: tuple[Sequence[str] | None, ...] = (None, (store.EVERYONE,))
    for number, question in enumerate(questions):
        asked = Wanted(question=question, picked={}, page=1)
        begun = time.perf_counter()
        answer = await look(looker, viewers[number % 2], asked)
        spent.append((time.perf_counter() - begun) * 1000)
        found += answer.total
    tail = statistics.quantiles(spent, n=100)
    return [
        f"{size:,}", f"{size * wanted.fields:,}", f"{statistics.median(spent):.1f}",
        f"{tail[94]:.1f}", f"{tail[98]:.1f}", f"{found / len(questions):.0f}",
    ]  # fmt: skip


async def _gather(pool: asyncpg.Pool, number: int, fields: int) -> None:
    raw = json.dumps(_description(number, fields)).encode()
    read = read_document(raw)
    source = f"https://api-{number}.example/openapi.json"
    name = await store.keep(pool, source, raw, described(read), (88, 3), [], "new")
    await store.keep_particulars(pool, source, particulars_of(read))
    # One in two is for everyone.
    await store.offer(pool, name, store.Offer(audience=(store.EVERYONE,) if number % 2 else ()))


def _description(number: int, fields: int) -> dict[str, Any]:
    chance = random.Random(number)  # the same descriptions each time
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    quality = [each.title() for each in _QUALITIES]
    subjects = (subject, *chance.sample(_SUBJECTS, _DOZEN - 1))
    names = {
        f"{chance.choice(subjects)}{chance.choice(quality)}{chance.randrange(_WORDS)}": {
            "type": "string"
        }
        for _ in range(fields)
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{subject.title()} register {number}",
            "version": "1.0.0",
            "contact": {"name": f"Gemeente {number % 342}"},
            "x-gebruik": {"toegang": chance.choice(["open", "contract"]), "doelen": []},
        },
        "paths": {
            f"/{subject}/{each}": {"get": {"summary": f"Zoek {subject} op {each}", "responses": {}}}
            for each in _QUALITIES
        },
        "components": {"schemas": {subject.title(): {"type": "object", "properties": names}}},
    }


def _question(chance: random.Random) -> str:
    """One or two words, some common and some rare; one in ten asks for everything."""
    kind = chance.random()
    if kind < 0.1:
        return ""
    if kind < 0.4:
        return f"{chance.choice(_QUALITIES)}{chance.randrange(_WORDS)}"
    return " ".join((chance.choice(_SUBJECTS), chance.choice(_QUALITIES)))


def _page(rows: Sequence[Sequence[str]], wanted: argparse.Namespace) -> str:
    lines = [
        "# Performance: the catalogue",
        "",
        "What one look at the first page of the catalogue costs the server: words, who may see",
        "what, facets with counts, and why each was found. Half of the looks are of somebody who",
        "is not logged in and sees half of the APIs.",
        f"The goal is {_GOAL_MS:g} ms at the 95th percentile, the floor {_FLOOR_MS:g} ms.",
        "Made by `benchmarks/catalogue.py`.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {wanted.questions} looks at each size.",
        "",
        "| APIs | Fields | Median (ms) | p95 (ms) | p99 (ms) | Found on average |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
