# SPDX-License-Identifier: EUPL-1.2
"""What an operator sees to; and what that of a shared server gets at: every file, and no key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import PURPOSE
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.service_centre import as_operator, kept_apart
from landschap.logboek import store
from landschap.logboek.sealing import is_sealed
from landschap.platform import postgres
from landschap.platform.settings import load_settings

if TYPE_CHECKING:
    import asyncpg

    from landschap.cli.demo.landscape import Landscape

# What records of the story say: a field, a member of a decision, one of a line, a purpose.
_SAID = ("uitkering.soort", "adl.core.response", "data_groups", PURPOSE)
_READER = "landschap_log_reader"
_MOST = 500


def operating_steps(
    landscape: Landscape,
) -> Iterator[tuple[str, Callable[[], Awaitable[Seen]]]]:
    """What an operator sees to, with the steps that the form with a shared server has beside it."""
    name = "the text of each logical source that answers is that of its file"
    yield name, lambda: answers_as_filed(landscape)
    if landscape.collective:
        name = "on the shared server neither gets into the other's database"
        yield name, lambda: kept_apart(landscape)
        name = "the operator of the shared server reads no record of the log"
        yield name, lambda: operator_reads_nothing(landscape)


async def answers_as_filed(landscape: Landscape) -> Seen:
    """Every logical source of Weesp that lies there answers, with the text of its file."""
    told = await landschap(landscape.settings_file(landscape.weesp), "source", "running")
    listed = await landschap(
        landscape.settings_file(landscape.weesp), "source", "status", may_fail=True
    )
    seen: Seen = {each["source"]: each["digest"] for each in told.answer}
    other = [each["source"] for each in told.answer if not each["as_file"]]
    demand(not other, f"another text than the file answers: {other}", seen)
    demand(set(seen) == set(listed.answer), "a logical source does not answer", seen)
    return seen


async def operator_reads_nothing(landscape: Landscape) -> Seen:
    """A superuser of the server finds nothing of what Weesp reads in its own log."""
    own = set()
    settings = load_settings(landscape.settings_file(landscape.weesp), {})
    pool = await postgres.pool(settings, "logboek", role=_READER, size=1)
    try:
        since = datetime.now(UTC) - timedelta(days=1)
        for record in await store.latest(pool, since=since, limit=_MOST):
            own |= {word for word in _SAID if word.encode() in record.text()}
    finally:
        await pool.close()
    operator = await as_operator(landscape, landscape.weesp.key)
    try:
        payloads = await operator.fetch("SELECT payload FROM logboek.record")
        found = await _found(operator)
    finally:
        await operator.close()
    seen: Seen = {
        "records": len(payloads),
        "sealed": sum(is_sealed(row["payload"]) for row in payloads),
        "read by Weesp itself": sorted(own),
        "found by the operator": sorted(found),
    }
    demand(len(own) == len(_SAID), "Weesp does not read its own log", seen)
    demand(seen["records"] == seen["sealed"] and bool(payloads), "a record is not sealed", seen)
    demand(not found, "the operator reads records", seen)
    return seen


async def _found(operator: asyncpg.Connection) -> set[str]:
    """In which tables of the log which words stand, as text or in bytes."""
    tables = await operator.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'logboek'"
    )
    found: set[str] = set()
    for (table,) in tables:
        sql = f'SELECT t::text FROM logboek."{table}" AS t'  # noqa: S608 - a name of our own
        for (row,) in await operator.fetch(sql):
            words = (word for word in _SAID if word in row or word.encode().hex() in row)
            found |= {f"{table}: {word}" for word in words}
    return found
