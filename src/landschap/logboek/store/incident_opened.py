# SPDX-License-Identifier: EUPL-1.2
"""The scope of an incident in a sealed log: what `store.incident` asks, opened record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import asyncpg

from landschap.logboek.incidents import MAX_ROWS, Scope, Seen, TooMuch, Touched
from landschap.logboek.records import Kind, Record
from landschap.logboek.store.opened import opened_in
from landschap.logboek.told_of import delivered_in, shown_in, text, texts

# From and up to which identifier, on which grants, with which peers, up to which line, which user.
Bounds = tuple[UUID, UUID, list[str] | None, list[str] | None, UUID, str | None]
_CHOSEN = """
(kind = 1 OR $6::text IS NOT NULL) AND transaction_id IS NOT NULL
AND ($4::text[] IS NULL OR grant_hash = ANY($4)) AND ($5::text[] IS NULL OR peer = ANY($5))
"""
_TOLD = "subject IS NOT NULL AND transaction_id IS NOT NULL"
_Fields = tuple[str, ...]


async def add_opened(pool: asyncpg.Pool, scope: Scope, bounds: Bounds) -> None:
    """Add one stretch of time to a scope. Raises TooMuch, and NotOpened."""
    first, end, grants, peers, later, user = bounds
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        asked: set[UUID] = set()
        shown: dict[UUID, _Fields] = {}
        decisions = opened_in(
            connection, (first, end), (Kind.FSC, Kind.ADL), _CHOSEN, grants, peers, user
        )
        async for record in decisions:
            _see_decision(record, user, asked, shown)
        without = set(shown)
        async for record in opened_in(connection, (first, later), (Kind.LINE,), _TOLD):
            transaction = record.columns.transaction_id
            if transaction not in asked:
                continue
            without.discard(transaction)
            found = _touched(record, shown.get(transaction))
            if found is not None:
                moment = record.columns.at
                scope.add(found, Seen(1, moment, moment))
    fields = Counter(field for each in shown.values() for field in each)
    scope.asked(len(shown), len(without), fields.items())


def _see_decision(
    record: Record, user: str | None, asked: set[UUID], shown: dict[UUID, _Fields]
) -> None:
    transaction = record.columns.transaction_id
    if transaction is None:
        return
    if len(asked) >= MAX_ROWS:
        raise TooMuch("over two million questions")
    asked.add(transaction)
    found = shown_in(record)
    if found is not None and (user is None or found.user == user):
        shown.setdefault(transaction, tuple(each for each in found.fields if each is not None))


def _touched(record: Record, fields: _Fields | None) -> Touched | None:
    """Whom a line was about, of a question that was let through and got something."""
    told, columns = delivered_in(record), record.columns
    if fields is None or told is None or columns.subject is None:
        return None
    own = told.own if isinstance(told.own, Mapping) else {}
    controller = text(own, "controller_oin") or ""
    groups = texts(own.get("data_groups"))
    return Touched(
        controller=controller,
        receiver=(columns.peer or "") if told.direction == "incoming" else controller,
        on_behalf_of=told.delegator or "",
        service=columns.service or "",
        subject=columns.subject,
        key_id=columns.key_id,
        data_groups=tuple(each for each in groups if each is not None),
        fields=fields,
    )
