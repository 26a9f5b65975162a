# SPDX-License-Identifier: EUPL-1.2
"""Who asks keeps nothing: no personal value of an answer stands in a consumer's database or files.

Every row of every table of every room is read as text, bytes too, and every file outside the folder
of PostgreSQL. That the search finds what is there is shown at the source, with the same values.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import asyncpg

from landschap.cli.demo.landscape import Member
from landschap.cli.demo.observing import facts_of
from landschap.cli.demo.report import Seen, demand
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings

# Of these fields a value says who somebody is or what about them; the rest of an answer is about
# buildings, or a word that stands in declarations and policies too.
PERSONAL = ("adres.straat", "adres.postcode", "uitkering.bedragPerMaand")
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1
"""
_PAGE = 1_000


async def no_copies(consumer: Settings, source: Settings, bsn: str, body: object) -> Seen:
    """Search both for the person's number and the values of the answer."""
    values = personal_values(bsn, body)
    tables, found = await _searched(consumer, values)
    in_files = _in_files(consumer.path.parent, consumer.paths.data / "postgres", values)
    _, at_source = await _searched(source, values)
    seen: Seen = {
        "values": len(values),
        "tables searched": tables,
        "found in tables": sorted(found),
        "found in files": sorted(in_files),
        "found at the source": sorted(at_source),
    }
    demand(len(values) == len(PERSONAL) + 1, "the answer held not all of these values", seen)
    demand(bool(at_source), "the search finds nothing where it must", seen)
    demand(not found and not in_files, "the consumer holds personal values", seen)
    return seen


def settings_of(folder: Path, member: Member) -> Settings:
    """The settings of a member of the landscape in this folder."""
    return load_settings(folder / member.key / "organisation.toml", {})


def personal_values(bsn: str, body: object) -> Mapping[str, str]:
    """The values to search for, by field; the number of the person is one of them."""
    facts = facts_of(body)
    told = {name: str(facts[name]) for name in PERSONAL if facts.get(name)}
    return {"burgerservicenummer": bsn, **told}


async def _searched(settings: Settings, values: Mapping[str, str]) -> tuple[int, Collection[str]]:
    """How many tables were read, and in which of them which value stands."""
    connection = await postgres.administrator(settings)
    found: set[str] = set()
    try:
        tables = [row["name"] for row in await connection.fetch(_TABLES)]
        for table in tables:
            async for text in _rows(connection, table):
                found |= {f"{table}: {name}" for name in _standing_in(text, values)}
    finally:
        await connection.close()
    return len(tables), found


async def _rows(connection: asyncpg.Connection, table: str) -> AsyncIterator[str]:
    async with connection.transaction(readonly=True):
        statement = f"SELECT t::text AS row FROM ONLY {table} AS t"  # noqa: S608 - quoted by format
        async for row in connection.cursor(statement, prefetch=_PAGE):
            yield row["row"]


def _standing_in(text: str, values: Mapping[str, str]) -> Sequence[str]:
    """Which of the values stand in a row: as text, or in bytes, which PostgreSQL shows in hex."""
    return [
        name
        for name, value in values.items()
        if _alone(value).search(text) or _alone_in_hex(value).search(text)
    ]


@cache
def _alone(value: str) -> re.Pattern[str]:
    """The value by itself: an amount is no part of a clock that happens to show its figures."""
    return re.compile(rf"(?<![0-9.])(?<![A-Za-z]){re.escape(value)}(?![0-9A-Za-z])")


@cache
def _alone_in_hex(value: str) -> re.Pattern[str]:
    """The same where bytes are written in hex: 30 to 39 are figures, 2e is a dot."""
    return re.compile(rf"(?<!3[0-9])(?<!2e){value.encode().hex()}(?!3[0-9])")


def _in_files(folder: Path, without: Path, values: Mapping[str, str]) -> Collection[str]:
    """Which files below a folder hold a value; sockets and the like are no files."""
    found: set[str] = set()
    # Bytes read one by one, as files may hold anything: so are the values then.
    plain = {name: value.encode().decode("latin-1") for name, value in values.items()}
    for path in folder.rglob("*"):
        if path.is_relative_to(without) or path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        names = _standing_in(content.decode("latin-1"), plain)
        found |= {f"{path.relative_to(folder)}: {name}" for name in names}
    return found
