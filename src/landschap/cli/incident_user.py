# SPDX-License-Identifier: EUPL-1.2
"""Looking at what one of our own people did: two people decide, and it is recorded before anything
is shown. Source: AVG art. 5 lid 2 and art. 88; BIO2, 8.15 (use of logs is logged).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from landschap.logboek.canonical import holds_person_number
from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.settings import Settings
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

ACTION = "inzien-logboek"
_SHORTEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLook:
    """Whose acts are looked at, why, who decided and who approved."""

    user: str
    reason: str
    author: str
    approver: str


def user_look(given: Mapping[str, object]) -> UserLook | None:
    """What was asked about a user; None when nothing was. Raises click.UsageError."""
    user = str(given["user"] or "")
    words = {name: str(given[name] or "").strip() for name in ("reason", "author", "approver")}
    if not user:
        if any(words.values()):
            raise click.UsageError("--reason, --author and --approver belong to --user")
        return None
    if not all(words.values()):
        raise click.UsageError("--user needs --reason, --author and --approver")
    if words["author"].casefold() == words["approver"].casefold():
        raise click.UsageError("one person can not decide and approve: name another --approver")
    if len(words["reason"]) < _SHORTEST or holds_person_number(words["reason"].encode()):
        raise click.UsageError(
            f"--reason holds at least {_SHORTEST} characters, and no number of a person"
        )
    return UserLook(user=user, **words)


def record_look(settings: Settings, look: UserLook, period: tuple[datetime, datetime]) -> None:
    """Write the look in the log; raises LogUnavailable: no record, no look."""

    async def write() -> None:
        async with postgres.database(settings):
            writer = LogWriter(settings, "operator")
            await writer.start()
            try:
                await writer.append([_draft(look, period)])
            finally:
                await writer.close()

    asyncio.run(write())


def _draft(look: UserLook, period: tuple[datetime, datetime]) -> Draft:
    context: dict[str, JsonValue] = {
        "kind": "datalek",
        "user": look.user,
        "reason": look.reason,
        "approvedBy": look.approver,
        "since": as_utc_text(period[0]),
        "until": as_utc_text(period[1]),
    }
    request: JsonValue = {
        "subject": {"type": "officer", "id": look.author},
        "action": {"name": ACTION},
        "resource": {"type": "log", "id": "incident"},
        "context": context,
    }
    entry = AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=datetime.now(UTC),
        transaction_id=uuid7(),
        body={
            "adl.core.request": request,
            "adl.core.response": {"decision": True, "context": {"by": "two officers"}},
        },
    )
    return refused_draft(entry, service="logboek")
