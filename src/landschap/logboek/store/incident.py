# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only fixed numbers are put into statements
"""The scope of an incident, found where the log lies, one stretch of time per statement.

The transactions that a peer made on certain grants lead to the lines that tell whom they were
about. What a decision showed is read once for all that keep the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import starmap

import asyncpg

from landschap.logboek.incidents import Scope, Seen, Touched
from landschap.logboek.records import Kind
from landschap.logboek.store.counting import stretches
from landschap.logboek.store.incident_opened import Bounds, add_opened
from landschap.logboek.store.opened import Closed
from landschap.logboek.store.reading import floor_id

# A source may tell of a question after it; the sweeper closes what stays open within this time.
_LATER = timedelta(hours=1)
_PAGE = 5_000

# Who of our own people asked: through an application, or in the console. Never known of others.
_USER = """
    CASE document #>> '{{adl,body,adl.core.request,subject,type}}'
        WHEN 'application' THEN document #>> '{{adl,body,adl.core.request,subject,properties,user}}'
        WHEN 'employee' THEN document #>> '{{adl,body,adl.core.request,subject,id}}' END
"""
# OFFSET 0 keeps steps apart, as in counting. The bytes 1 to 8 of a form stand for what varies; what
# a decision showed is never among that: a form whose list varied would be another form.
_ASKED = f"""
WITH asked AS MATERIALIZED (
    SELECT transaction_id, lane, form, CASE WHEN form IS NULL THEN payload END AS payload
      FROM logboek.record
     WHERE (kind = {int(Kind.FSC)} OR $6::text IS NOT NULL AND kind = {int(Kind.ADL)})
       AND transaction_id IS NOT NULL AND record_id >= $1 AND record_id < $2
       AND ($3::text[] IS NULL OR grant_hash = ANY($3)) AND ($4::text[] IS NULL OR peer = ANY($4))
), forms AS MATERIALIZED (
    SELECT o.lane, o.form, translate(
               convert_from(f.text, 'UTF8'), E'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08', '00000000'
           )::jsonb AS document
      FROM (SELECT DISTINCT lane, form FROM asked WHERE form IS NOT NULL) AS o
      JOIN logboek.form AS f ON f.lane = o.lane AND f.no = o.form
), whole AS (
    SELECT a.transaction_id, coalesce(f.document, CASE
               WHEN position('\\u0000' IN t.text) = 0 THEN t.text::jsonb END) AS document
      FROM asked AS a LEFT JOIN forms AS f ON f.lane = a.lane AND f.form = a.form
     CROSS JOIN LATERAL (SELECT convert_from(a.payload, 'UTF8') AS text) AS t
    OFFSET 0
), shown AS MATERIALIZED (
    SELECT DISTINCT ON (transaction_id) transaction_id, coalesce(ARRAY(
               SELECT jsonb_array_elements_text(CASE jsonb_typeof(v.list)
                   WHEN 'array' THEN v.list ELSE '[]' END) ORDER BY 1), '{{{{}}}}') AS fields
      FROM whole CROSS JOIN LATERAL (
          SELECT document #> '{{{{adl,body,adl.core.response,context,visible}}}}' AS list) AS v
     WHERE $6::text IS NULL OR ({_USER}) = $6
       AND document #> '{{{{adl,body,adl.core.response,decision}}}}' = 'true'
), told AS MATERIALIZED (
    SELECT {{}} FROM logboek.record AS r
     WHERE r.kind = {int(Kind.LINE)} AND r.subject IS NOT NULL
       AND r.record_id >= $1 AND r.record_id < $5
       AND r.transaction_id IN (SELECT transaction_id FROM asked)
       AND ($6::text IS NULL OR r.transaction_id IN (SELECT transaction_id FROM shown))
)
"""
# The function costs more than all else of a line, and lines are kept whole.
_LINE = """
    r.transaction_id, r.subject, r.key_id, r.peer, r.service, r.at,
    CASE WHEN r.form IS NULL THEN convert_from(r.payload, 'UTF8') ELSE logboek.whole(
        (SELECT f.text FROM logboek.form AS f WHERE f.lane = r.lane AND f.no = r.form), r.payload
    ) END AS text
"""
_ROWS = f"""{_ASKED.format(_LINE)}
SELECT own ->> 'controller_oin' AS controller,
       CASE own ->> 'direction' WHEN 'incoming' THEN coalesce(t.peer, '')
            ELSE own ->> 'controller_oin' END AS receiver,
       coalesce(own ->> 'delegator_oin', '') AS on_behalf_of, coalesce(t.service, '') AS service,
       t.subject, t.key_id, t.groups, s.fields, count(*) AS uses, min(t.at) AS first,
       max(t.at) AS last
  FROM (
    SELECT told.*, own, ARRAY(SELECT jsonb_array_elements_text(own -> 'data_groups') ORDER BY 1)
           AS groups
      FROM told CROSS JOIN LATERAL (SELECT text::jsonb -> 'landschap' AS own OFFSET 0) AS o
     WHERE own ->> 'outcome' IN ('delivered', 'partial')
    OFFSET 0
  ) AS t JOIN shown AS s USING (transaction_id)
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_QUESTIONS = f"""{_ASKED.format("r.transaction_id")}
SELECT (SELECT count(*) FROM shown) AS carried,
       (SELECT count(*) FROM shown AS s
         WHERE NOT EXISTS (SELECT FROM told WHERE told.transaction_id = s.transaction_id)
       ) AS without_persons,
       ARRAY(SELECT ROW(field, count(*)) FROM shown CROSS JOIN unnest(fields) AS f(field)
              GROUP BY field) AS fields
"""


async def incident_scope(
    pool: asyncpg.Pool,
    since: datetime,
    until: datetime,
    *,
    grants: Sequence[str] | None = None,
    peers: Sequence[str] | None = None,
    user: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scope:
    """Whom and what the questions in ``[since, until)`` were about, as far as lines tell.

    ``grants`` and ``peers`` narrow; None is all of them. ``user`` is one of our own people: of the
    questions that this account asked, through an application or in the console. ``progress`` gets
    the number of stretches that are done, of `stretches`. Raises TooMuch.
    """
    scope = Scope()
    chosen = (None if grants is None else list(grants), None if peers is None else list(peers))
    for done, (begin, end) in enumerate(stretches(since, until), start=1):
        bounds = (floor_id(begin), floor_id(end), *chosen, floor_id(end + _LATER), user)
        try:
            await _counted(pool, scope, bounds)
        except Closed:  # it ended before it gave anything: all of it is grouped first
            await add_opened(pool, scope, bounds)
        if progress is not None:
            progress(done)
    return scope


async def _counted(pool: asyncpg.Pool, scope: Scope, bounds: Bounds) -> None:
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(_QUESTIONS, *bounds)
        async for found in connection.cursor(_ROWS, *bounds, prefetch=_PAGE):
            scope.add(*_touched(found))
        fields = starmap(lambda field, number: (field, number), row["fields"])
        scope.asked(row["carried"], row["without_persons"], fields)


def _touched(row: asyncpg.Record) -> tuple[Touched, Seen]:
    touched = Touched(
        controller=row["controller"] or "",
        receiver=row["receiver"],
        on_behalf_of=row["on_behalf_of"],
        service=row["service"],
        subject=row["subject"],
        key_id=row["key_id"],
        data_groups=tuple(row["groups"]),
        fields=tuple(row["fields"]),
    )
    return touched, Seen(row["uses"], row["first"], row["last"])
