# SPDX-License-Identifier: EUPL-1.2
"""What the database itself must keep: who may do what, and which tables can be spread."""

from __future__ import annotations

import re

from tests.conftest import Database

_ROOMS = (
    "logboek", "purposes", "fsc", "registers", "gateway", "portal", "console", "packages", "forms",
    "platform",
)  # fmt: skip
# Tables that a library makes and keeps; their shape is not ours.
_FOREIGN = re.compile(r"fsc\.pgqueuer")

_TABLES = """
    SELECT c.oid, n.nspname || '.' || c.relname AS name, obj_description(c.oid, 'pg_class') AS words
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY($1)
    ORDER BY 2"""
_KEYS = """
    SELECT i.indexrelid::regclass::text AS index,
           array_agg(a.attname::text ORDER BY k.place) AS columns
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = $1 AND i.indisunique GROUP BY 1"""
_GRANTS = """
    SELECT table_schema || '.' || table_name AS name, grantee, privilege_type
    FROM information_schema.role_table_grants
    WHERE table_schema = ANY($1) AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
      AND grantee LIKE 'landschap\\_%' AND grantee <> 'landschap_owner'"""
# The truth of log, history, policy and contract is appended to, never changed.
_APPEND_ONLY = {
    *("logboek.record", "logboek.form", "logboek.batch", "logboek.anchor"),
    "registers.assertion",
    *("purposes.standing", "purposes.case_state", "purposes.approval"),
    *("purposes.proposal", "purposes.proposal_outcome"),
    *("console.emergency", "console.emergency_look", "console.emergency_end"),
    *("console.emergency_review", "console.quarter_report"),
    "console.report_publication",
    *("console.incident", "console.incident_step"),
    *("console.desk_look", "console.desk_found", "console.desk_deed", "console.desk_letter"),
    *("gateway.statement_heard", "gateway.statement_proof"),
    *("gateway.rights_request", "gateway.rights_event"),
    *("packages.applied", "packages.proposal", "packages.verdict"),
}


async def test_every_table_says_how_it_is_spread_and_keeps_to_it(database: Database) -> None:
    connection = await database.administrator()
    try:
        tables = await connection.fetch(_TABLES, list(_ROOMS))
        assert len(tables) > 8
        wrong = []
        for table in tables:
            if _FOREIGN.match(table["name"]):
                continue
            match = re.match(r"(reference|distributed: (\w+))\b", table["words"] or "")
            if match is None:
                wrong.append(f"{table['name']} has no comment that begins with its spreading")
                continue
            if match[2]:
                keys = await connection.fetch(_KEYS, table["oid"])
                wrong += [
                    f"{table['name']}: {match[2]} is not in {key['index']}"
                    for key in keys
                    if match[2] not in key["columns"]
                ]
        assert not wrong, wrong
    finally:
        await connection.close()


async def test_no_application_role_may_change_or_remove_what_was_written(
    database: Database,
) -> None:
    connection = await database.administrator()
    try:
        grants = await connection.fetch(_GRANTS, list(_ROOMS))
        found = [dict(grant) for grant in grants if grant["name"] in _APPEND_ONLY]
        assert not found, found
        names = {row["name"] for row in await connection.fetch(_TABLES, list(_ROOMS))}
        assert names >= _APPEND_ONLY, _APPEND_ONLY - names
    finally:
        await connection.close()


async def test_the_owner_can_not_log_in(database: Database) -> None:
    connection = await database.administrator()
    try:
        may = await connection.fetchval(
            "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'landschap_owner'"
        )
        assert may is False
    finally:
        await connection.close()
