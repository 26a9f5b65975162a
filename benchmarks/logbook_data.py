# SPDX-License-Identifier: EUPL-1.2
"""A log of twenty years, generated in the database, and what reading in it costs.

Nothing in it is proved: what is read is what the log keeps, in the form in which it keeps it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from tests.logboek.log_rig import ACTIVITY, GRANT, OTHER, PEER, line, permitted, pseudonym

from landschap.logboek import store
from landschap.logboek.forms import Moment, Ready, form_of
from landschap.logboek.records import Draft, Kind, encode
from landschap.platform import postgres
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.settings import Settings
from landschap.vocabulary.ijson import JsonValue

_YEARS = 20
_PERSONS = 200_000
_PER_ROUND = 250_000
_CONNECTIONS = 2
_READINGS = 15
_WHILE_FILLED = {"max_wal_size": "8GB", "checkpoint_timeout": "30min", "autovacuum": "off"}
_PAGE = 25
# Of every ten questions the one with this remainder is on the grant of the breach. It is never one
# about the person whose page is read: of those questions the number is a multiple of ten.
_STOLEN = 3
_FIELDS = ("adres.postcode", "uitkering.soort")


class Read(NamedTuple):
    """What reading cost: the first page the first time and as a median, and the scope."""

    first_ms: float
    page_ms: float
    scope_s: float
    persons: int
    questions: int


async def generated(settings: Settings, large: int, uses: int) -> datetime:
    """Fill the log with ``large`` records, ``uses`` of them about one person; since when."""
    owner = await postgres.administrator(settings)
    now = datetime.now(UTC)
    begin = now - timedelta(days=365 * _YEARS)
    await owner.execute("TRUNCATE logboek.record, logboek.batch, logboek.form")
    for day in range(0, 365 * _YEARS + 28, 28):
        await owner.execute("SELECT logboek.make_month($1)", (begin + timedelta(days=day)).date())
    await owner.execute(
        "INSERT INTO logboek.batch VALUES ('veel', 1, 1, uuidv7(), uuidv7(), '', '', '')"
    )
    await owner.execute(
        "INSERT INTO logboek.form VALUES ('veel', 1, $1, $2)",
        now.date().replace(day=1),
        filled(moment_now()).form,
    )
    indexes = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made "
        "FROM pg_index WHERE indrelid = 'logboek.record'::regclass AND NOT indisprimary"
    )
    # Filled first and indexed afterwards: the same log in half of the time.
    for index in indexes:
        await owner.execute(f"DROP INDEX {index['name']}")
    # Only while it is filled: what is measured before and after runs as an organisation does.
    for name, value in _WHILE_FILLED.items():
        await owner.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await owner.execute("SELECT pg_reload_conf()")
    step, every = (now - begin) / large, max(10, large // uses // 2 // 10 * 10)
    rounds = iter(range(0, large, _PER_ROUND))

    async def fill() -> None:
        connection = await postgres.administrator(settings)
        await connection.execute("SET synchronous_commit = off")
        for first in rounds:
            last = min(large, first + _PER_ROUND) - 1
            await connection.execute(_GENERATE, first, last, begin, step, every, *_values())
        await connection.close()

    await asyncio.gather(*(fill() for _ in range(_CONNECTIONS)))
    await owner.execute("SET maintenance_work_mem = '256MB'")
    for index in indexes:
        await owner.execute(index["made"].replace(" ON ONLY ", " ON "))
    await owner.execute("VACUUM ANALYZE logboek.record")
    for name in _WHILE_FILLED:
        await owner.execute(f"ALTER SYSTEM RESET {name}")
    await owner.execute("SELECT pg_reload_conf()")
    await owner.execute("CHECKPOINT")
    await owner.close()
    return begin


async def reading(settings: Settings, begin: datetime, large: int) -> Read:
    """The first page of one person, and the scope of the breach of one grant.

    Raises AssertionError when the scope is not exactly whom and what the grant was used for.
    """
    pool = await postgres.pool(settings, "logboek", role="landschap_log_reader")
    now = datetime.now(UTC)

    async def page() -> None:
        found = await store.uses_of(pool, [pseudonym()], begin, now, _PAGE)
        assert len(found) == _PAGE

    first = await _took(page)
    typical = statistics.median([await _took(page) for _ in range(_READINGS)])
    start = time.perf_counter()
    scope = await store.incident_scope(pool, begin, now, grants=[GRANT], peers=[PEER])
    rows = sum(1 for _ in scope.table()) - 1
    took = time.perf_counter() - start
    await pool.close()
    stolen = range(_STOLEN, large // 2, 10)
    expected = len({question % _PERSONS for question in stolen})
    told = scope.body()
    assert (scope.persons(), told["questions"]) == (expected, len(stolen)), told
    assert (rows, told["fields"]) == (expected, dict.fromkeys(_FIELDS, len(stolen)))
    return Read(first, typical, took, scope.persons(), len(stolen))


async def _took(once: Callable[[], Awaitable[None]]) -> float:
    begin = time.perf_counter()
    await once()
    return (time.perf_counter() - begin) * 1000


def filled(moment: Moment) -> Ready:
    """A permitted question of this moment by its form, as deciders nearly always write it."""
    ready = _FORM.fill(moment)
    assert ready is not None
    return ready


def moment_now() -> Moment:
    """A moment of now, in a trace and a transaction of its own."""
    return Moment(
        at=datetime.now(UTC),
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        parent_span_id=None,
        transaction_id=uuid7(),
    )


def _draft(moment: Moment) -> Draft:
    made = permitted(transaction_id=moment.transaction_id, trace_id=moment.trace_id, at=moment.at)
    adl = made.payload["adl"]
    assert isinstance(adl, dict)
    context: dict[str, JsonValue] = {"visible": list(_FIELDS)}
    body: dict[str, JsonValue] = {"adl.core.response": {"decision": True, "context": context}}
    told = {**made.payload, "adl": {**adl, "span_id": moment.span_id.hex(), "body": body}}
    return msgspec.structs.replace(made, span_id=moment.span_id, payload=told)


_FORM = form_of(_draft, has_parent=False, has_declaration=False)


def _values() -> tuple[object, ...]:
    return pseudonym(), PEER, OTHER, GRANT, ACTIVITY, encode(line())


# Pairs of a question and its line; ``n / 2`` numbers the questions.
_GENERATE = f"""
INSERT INTO logboek.record (record_id, kind, at, trace_id, span_id, transaction_id, subject,
    key_id, peer, service, grant_hash, activity, lane, batch, pos, salt, leaf, form, payload)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid,
       CASE WHEN asks THEN {int(Kind.FSC)} ELSE {int(Kind.LINE)} END, at,
       decode(hash, 'hex'), decode(left(hash, 16), 'hex'), hash::uuid,
       CASE WHEN asks THEN NULL WHEN n / 2 % $5 = 0 THEN $6::bytea
            ELSE decode(md5((n / 2 % {_PERSONS})::text), 'hex') END,
       CASE WHEN NOT asks THEN 1 END,
       CASE WHEN n / 2 % 5 = {_STOLEN} THEN $7::text ELSE $8::text END, 'meting',
       CASE WHEN n / 2 % 10 = {_STOLEN} THEN $9::text ELSE 'ander' END, $10, 'veel', 1, 0,
       decode(hash, 'hex'), decode(hash || hash, 'hex'),
       CASE WHEN asks THEN 1 END,
       CASE WHEN asks THEN convert_to(concat_ws(E'\\n',
                (extract(epoch FROM at) * 1000)::bigint, extract(epoch FROM at)::bigint, hash,
                left(hash, 16), '', hash::uuid, '', ''), 'UTF8')
            ELSE $11::bytea END
  FROM (SELECT n, n % 2 = 0 AS asks, md5((n / 2)::text) AS hash,
               $3::timestamptz + n / 2 * 2 * $4::interval + n % 2 * interval '5 ms' AS at
          FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS g
"""
