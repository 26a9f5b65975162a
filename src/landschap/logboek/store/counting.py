# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only fixed numbers are put into statements
"""What was used under which policy, counted where the log lies: not record by record here.

Nearly all decisions of the Inway keep what is the same in them once (`logboek.form`): these are
counted by their form and only the form is read. Everything else is read in the same statement. One
statement is about one stretch of time (`stretches`), so that it stays short and its progress shows.
Nobody is named: of an application its name, of an employee only that it is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Sized
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from landschap.logboek.records import Kind
from landschap.logboek.store.opened import Closed, opened
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.told_of import Use, delivered_in, uses_in
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

_SHORTEST = timedelta(days=1)
_STRETCHES = 60
MAX_COUNTS = 200_000
"""Different counts in one stretch; beyond that somebody asks with names that are made up."""


class UseCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often something was used in a stretch of time.

    ``what`` is ``question``, ``field``, ``role`` or ``action``, and ``name`` which one. ``asked``
    counts questions; for a field those that named it, and ``given`` those that left the choice to
    us and got it. ``policy`` is ``id@version``, ``who`` the organisation, application or kind of
    asker. ``grant`` is the hash of the grant, of a question only.
    """

    what: str
    name: str
    door: str
    policy: str
    purpose: str
    service: str
    who: str
    grant: str
    asked: int
    given: int
    last: datetime


class DeliveryCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines tell that something of a person was delivered."""

    purpose: str
    service: str
    who: str
    lines: int


# OFFSET 0 keeps steps apart: else a document would be read anew for each value taken from it.
# The bytes 1 to 8 of a form stand for what varies; a zero is a number, and a text between quotes.
_DOCUMENTS = f"""
WITH formed AS (
    SELECT lane, form, kind, peer, count(*) AS n, max(at) AS last
      FROM logboek.record AS r
     WHERE lane = ANY($1) AND record_id >= $2 AND record_id < $3 AND form IS NOT NULL
       AND kind = {int(Kind.FSC)}
     GROUP BY lane, form, kind, peer
), documents AS (
    SELECT o.peer, o.n, o.last,
           translate(convert_from(f.text, 'UTF8'), E'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08',
                     '00000000')::jsonb #> '{{adl,body}}' AS body
      FROM formed AS o JOIN logboek.form AS f ON f.lane = o.lane AND f.no = o.form
    UNION ALL
    SELECT w.peer, 1, w.at, w.adl -> 'body'
      FROM (
        SELECT r.peer, r.at,
               CASE WHEN position('\\u0000' IN t.text) = 0 THEN t.text::jsonb -> 'adl' END AS adl
          FROM logboek.record AS r
         CROSS JOIN LATERAL (SELECT convert_from(r.payload, 'UTF8') AS text) AS t
         WHERE r.lane = ANY($1) AND r.record_id >= $2 AND r.record_id < $3 AND r.form IS NULL
           AND r.kind IN ({int(Kind.FSC)}, {int(Kind.ADL)})
        OFFSET 0
      ) AS w
     WHERE NOT coalesce(w.adl -> 'attributes' ? 'landschap.explain', false)
    OFFSET 0
)"""
# What was only asked to be explained (`landschap.explain`) was not carried out, and used nothing.
# A text with a null is no jsonb; the log can hold one that somebody sent, and it is not counted.
# A call with several questions has as many answers, or fewer; each question may leave out what the
# call says for all.
_USES = f"""{_DOCUMENTS}, decisions AS (
    SELECT d.peer, d.n, d.last, e.req, e.resp
      FROM documents AS d CROSS JOIN LATERAL (
        SELECT d.body #> '{{adl.core.request}}' AS req,
               d.body #> '{{adl.core.response}}' AS resp
         WHERE NOT d.body #> '{{adl.core.response}}' ? 'evaluations'
        UNION ALL
        SELECT d.body #> '{{adl.core.request}}'
               || CASE jsonb_typeof(i.item) WHEN 'object' THEN i.item ELSE '{{}}' END, a.answer
          FROM jsonb_array_elements(
                   d.body #> '{{adl.core.response,evaluations}}')
               WITH ORDINALITY AS a(answer, place)
          LEFT JOIN jsonb_array_elements(
                   d.body #> '{{adl.core.request,evaluations}}')
               WITH ORDINALITY AS i(item, place) USING (place)
      ) AS e
     WHERE e.resp -> 'decision' = 'true'::jsonb AND e.resp -> 'context' ? 'policy'
    OFFSET 0
), told AS (
    SELECT n, last,
           req #>> '{{subject,type}}' AS kind,
           resp #>> '{{context,policy}}' AS policy,
           coalesce(resp #>> '{{context,purpose}}', req #>> '{{context,purpose}}',
                    req #>> '{{context,doelbinding}}', '') AS purpose,
           coalesce(req #>> '{{resource,id}}', '') AS service,
           coalesce(req #>> '{{action,name}}', '') AS action,
           coalesce(req #>> '{{context,grant_hash}}', '') AS grant_hash,
           coalesce(req #>> '{{context,delegator}}', peer, req #>> '{{context,client_principal}}',
                    '') AS organisation,
           CASE WHEN req #>> '{{subject,type}}' = 'application'
                  OR req #>> '{{subject,type}}' LIKE '%/fsc-peer'
                THEN coalesce(req #>> '{{subject,id}}', '') ELSE '' END AS named,
           coalesce(req #> '{{subject,properties,roles}}',
                    to_jsonb(array_remove(ARRAY[req #>> '{{subject,properties,role}}'], ''))
                   ) AS roles,
           req #> '{{resource,properties,fields}}' AS fields,
           coalesce(resp #> '{{context,visible}}', '[]') AS visible
      FROM decisions
    OFFSET 0
), grouped AS (
    SELECT kind, policy, purpose, service, action, grant_hash, organisation, named,
           roles, fields, visible, sum(n) AS n, max(last) AS last
      FROM told GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
), known AS (
    SELECT *,
           CASE WHEN kind = 'fsc-peer' THEN 'Inway' WHEN kind = 'application' THEN 'Outway'
                WHEN kind = 'employee' THEN 'console' ELSE 'decision point' END AS door,
           CASE WHEN kind = 'fsc-peer' THEN organisation
                WHEN kind = 'application' THEN named
                WHEN kind = 'employee' THEN 'employees'
                WHEN kind LIKE '%/fsc-peer' THEN named
                WHEN kind LIKE '%/doelbinding' THEN organisation
                ELSE 'own' END AS who
      FROM grouped
)
SELECT what, name, door, policy, purpose, service, who, grant_hash AS "grant",
       sum(asked)::bigint AS asked, sum(given)::bigint AS given, max(last) AS last
  FROM (
    SELECT 'question' AS what, '' AS name, door, policy, purpose, service, who,
           grant_hash, n AS asked, 0 AS given, last FROM known
    UNION ALL
    SELECT 'action', action, door, policy, purpose, service, who, '', n, 0, last
      FROM known
    UNION ALL
    SELECT 'role', role, door, policy, purpose, service, who, '', n, 0, last
      FROM known CROSS JOIN LATERAL jsonb_array_elements_text(
               CASE jsonb_typeof(roles) WHEN 'array' THEN roles ELSE '[]' END) AS r(role)
    UNION ALL
    SELECT 'field', path, door, policy, purpose, service, who, '',
           CASE WHEN is_named THEN n ELSE 0 END, CASE WHEN is_named THEN 0 ELSE n END, last
      FROM known
     CROSS JOIN LATERAL jsonb_array_elements_text(visible) AS v(path)
     CROSS JOIN LATERAL (SELECT coalesce(jsonb_typeof(fields), '') = 'array' AS is_named) AS q
  ) AS every
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 LIMIT $4
"""
_DELIVERED = f"""
WITH lines AS (
    SELECT r.service, r.peer,
           CASE WHEN position('\\u0000' IN t.text) = 0
                THEN t.text::jsonb -> 'landschap' END AS own
      FROM logboek.record AS r
     CROSS JOIN LATERAL (SELECT convert_from(r.payload, 'UTF8') AS text) AS t
     WHERE r.lane = ANY($1) AND r.record_id >= $2 AND r.record_id < $3
       AND r.kind = {int(Kind.LINE)} AND r.subject IS NOT NULL AND r.form IS NULL
    OFFSET 0
)
SELECT coalesce(own ->> 'purpose_uri', '') AS purpose, coalesce(service, '') AS service,
       CASE own ->> 'direction' WHEN 'own' THEN 'employees'
            ELSE coalesce(own ->> 'delegator_oin', peer, '') END AS who,
       count(*) AS lines
  FROM lines WHERE own ->> 'outcome' IN ('delivered', 'partial')
 GROUP BY 1, 2, 3 LIMIT $4
"""


def stretches(since: datetime, until: datetime) -> Sequence[tuple[datetime, datetime]]:
    """A period in at most sixty stretches of at least a day, in order."""
    length = max(_SHORTEST, (until - since) / _STRETCHES)
    found = []
    begin = since
    while begin < until:
        end = min(begin + length, until)
        found.append((begin, end))
        begin = end
    return found


async def uses_between(
    pool: asyncpg.Pool, keys: Sequence[str], since: datetime, until: datetime
) -> list[UseCount]:
    """What permitted questions recorded in ``[since, until)`` used; ``keys`` are all lanes.

    Raises ProblemError (``too_many_counts``) rather than leave something out.
    """
    bounds = floor_id(since), floor_id(until)
    try:
        rows = await pool.fetch(_USES, list(keys), *bounds, MAX_COUNTS + 1)
    except Closed:
        return await _uses_opened(pool, keys, bounds)
    _refuse_too_many(rows)
    return [UseCount(**row) for row in rows]


async def deliveries_between(
    pool: asyncpg.Pool, keys: Sequence[str], since: datetime, until: datetime
) -> list[DeliveryCount]:
    """The lines of a stretch that tell of something delivered. Raises as `uses_between`."""
    bounds = floor_id(since), floor_id(until)
    try:
        rows = await pool.fetch(_DELIVERED, list(keys), *bounds, MAX_COUNTS + 1)
    except Closed:
        return await _deliveries_opened(pool, keys, bounds)
    _refuse_too_many(rows)
    return [DeliveryCount(**row) for row in rows]


async def _uses_opened(
    pool: asyncpg.Pool, keys: Sequence[str], bounds: tuple[UUID, UUID]
) -> list[UseCount]:
    """As `uses_between`, of a sealed log."""
    counts: dict[Use, list[int]] = {}
    last: dict[Use, datetime] = {}
    async with aclosing(
        opened(pool, bounds, (Kind.FSC, Kind.ADL), "lane = ANY($4)", list(keys))
    ) as records:
        async for record in records:
            for use, is_asked in uses_in(record):
                counted = counts.setdefault(use, [0, 0])
                counted[0 if is_asked else 1] += 1
                last[use] = max(last.get(use, record.columns.at), record.columns.at)
            _refuse_too_many(counts)
    return [
        UseCount(**use._asdict(), asked=asked, given=given, last=last[use])
        for use, (asked, given) in counts.items()
    ]


async def _deliveries_opened(
    pool: asyncpg.Pool, keys: Sequence[str], bounds: tuple[UUID, UUID]
) -> list[DeliveryCount]:
    """As `deliveries_between`, of a sealed log."""
    counts: Counter[tuple[str, str, str]] = Counter()
    async with aclosing(
        opened(pool, bounds, (Kind.LINE,), "lane = ANY($4)", list(keys))
    ) as records:
        async for record in records:
            told = delivered_in(record)
            if told is None:
                continue
            given_to = record.columns.peer if told.delegator is None else told.delegator
            who = "employees" if told.direction == "own" else given_to or ""
            counts[told.purpose, record.columns.service or "", who] += 1
            _refuse_too_many(counts)
    return [
        DeliveryCount(purpose=purpose, service=service, who=who, lines=lines)
        for (purpose, service, who), lines in counts.items()
    ]


async def first_recorded(pool: asyncpg.Pool) -> datetime | None:
    """When the oldest record that is still there was recorded; None in an empty log."""
    first = [
        await pool.fetchval(
            "SELECT record_id FROM logboek.record WHERE lane = $1 ORDER BY record_id LIMIT 1", lane
        )
        for lane in await lanes(pool)
    ]
    known = [each for each in first if each is not None]
    if not known:
        return None
    return datetime.fromtimestamp((min(known).int >> 80) / 1000, tz=UTC)


def _refuse_too_many(rows: Sized) -> None:
    if len(rows) <= MAX_COUNTS:
        return
    raise ProblemError(
        Refusal(
            code="too_many_counts",
            status=422,
            title="Too much to count at once",
            detail=f"One stretch of this period holds over {MAX_COUNTS:,} different uses.",
            missing="a shorter period",
            owner="who asks",
            fault=Fault.INPUT,
        )
    )
