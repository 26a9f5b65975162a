# SPDX-License-Identifier: EUPL-1.2
"""How a question ended of which the service wrote nothing: one line, without a subject.

The record of the door, durable before the service is asked, is the intent. With recording
``intent`` what became of it is seen by nginx alone and written afterwards. A service that writes
its lines itself may be killed before it does. What never came is closed as lost.
Source: house decision: recording per service; Logboek Dataverwerkingen, "Gedrag van de applicatie".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from landschap.gateway.access import Line
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.records import Draft, Kind, Record
from landschap.vocabulary.ijson import JsonValue

LOST = "LostOutcome"
# What an earlier version called it; such lines are corrected by a late word just as well.
_LOST = {LOST, "OUTCOME_UNKNOWN"}
_SYSTEM = "landschap gateway"
# The caller hung up. Source: nginx.
_UNFINISHED = {499}
_FAILED = 500


def is_intent(record: Record) -> bool:
    """True for the record of a question at our Inway."""
    incoming = _member(record, "fsc", "direction") == "DIRECTION_INCOMING"
    return record.columns.kind == Kind.FSC and incoming


def still_open(records: Sequence[Record]) -> list[tuple[Record, Record | None]]:
    """Of the records of one transaction: intents without an outcome, in order of recording.

    Beside each stands the line that closed it as lost, if one did: what is heard later says
    more, and corrects it.
    """
    closed = {
        _member(each, "ldv", "parent_span_id"): each
        for each in records
        if each.columns.kind == Kind.LINE
    }
    pairs = ((each, closed.get(each.columns.span_id.hex())) for each in records if is_intent(each))
    return [(intent, line) for intent, line in pairs if line is None or _is_lost(line)]


def unaccounted(records: Sequence[Record]) -> list[Record]:
    """Of the records of one transaction: the intents of which no line tells anything.

    A line hangs below its intent, or below another line. One that hangs elsewhere (a service that
    wanted its trace untouched) tells of all of them.
    """
    lines = [each for each in records if each.columns.kind == Kind.LINE]
    parents = {_member(each, "ldv", "parent_span_id") for each in lines}
    intents = [each for each in records if is_intent(each)]
    known = {each.columns.span_id.hex() for each in (*intents, *lines)}
    if parents - known:
        return []
    return [each for each in intents if each.columns.span_id.hex() not in parents]


def is_unfinished(line: Line) -> bool:
    """True when nginx saw no whole answer of the service, or one that says it failed."""
    return not line.complete or line.status in _UNFINISHED or line.status >= _FAILED


def how_it_ended(line: Line) -> Outcome:
    """The outcome in one word."""
    if not line.answered:
        cancelled = line.status == 499
        return Outcome.CANCELLED if cancelled else Outcome.FAILED
    if not line.complete:
        return Outcome.PARTIAL
    if line.answered == 404:
        return Outcome.NOTHING_FOUND
    if line.answered >= 500:
        return Outcome.FAILED
    return Outcome.REFUSED if line.answered >= 400 else Outcome.DELIVERED


def closing_line(
    intent: Record, line: Line, *, controller: str, span_id: bytes, corrects: Record | None = None
) -> Draft:
    """The line for an intent whose outcome nginx saw."""
    entry = _entry(intent, controller, span_id, how_it_ended(line), line.code)
    began = min(line.began, line.at)
    entry = msgspec.structs.replace(
        entry,
        started_at=began,
        ended_at=line.at,
        correction_of=str(corrects.record_id) if corrects else None,
    )
    told: dict[str, JsonValue] = {
        "answer_status": line.status,
        "answer_bytes": line.bytes_sent,
        "question_bytes": line.bytes_received,
    }
    return _with(line_draft(entry, now=line.at, service=intent.columns.service), told)


def lost_line(intent: Record, *, controller: str, span_id: bytes, now: datetime) -> Draft:
    """The line for an intent of which nothing was heard: a crash, or a lost log."""
    entry = _entry(intent, controller, span_id, Outcome.FAILED, LOST)
    entry = msgspec.structs.replace(entry, started_at=intent.columns.at, ended_at=now)
    return line_draft(entry, now=now, service=intent.columns.service)


def _entry(
    intent: Record, controller: str, span_id: bytes, outcome: Outcome, code: str
) -> LineEntry:
    columns = intent.columns
    return LineEntry(
        trace_id=columns.trace_id,
        span_id=span_id,
        parent_span_id=columns.span_id,
        name=f"Antwoord van {columns.service}",
        started_at=columns.at,
        ended_at=columns.at,
        controller=controller,
        outcome=outcome,
        system=_SYSTEM,
        direction="incoming",
        trace_origin="fsc",
        peer=columns.peer,
        transaction_id=columns.transaction_id,
        grant_hash=columns.grant_hash,
        exception_type=code or None,
    )


def _with(draft: Draft, told: dict[str, JsonValue]) -> Draft:
    own = draft.payload["landschap"]
    members: dict[str, JsonValue] = {**own, **told} if isinstance(own, dict) else told
    return msgspec.structs.replace(draft, payload={**draft.payload, "landschap": members})


def _is_lost(line: Record) -> bool:
    attributes = _member(line, "ldv", "attributes")
    return isinstance(attributes, dict) and attributes.get("exception.type") in _LOST


def _member(record: Record, part: str, name: str) -> JsonValue:
    found = record.content().get(part)
    return found.get(name) if isinstance(found, dict) else None
