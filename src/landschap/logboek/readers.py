# SPDX-License-Identifier: EUPL-1.2
"""Who reads the log, and whose lines that reader may be shown.

A resident gets the own lines alone, whatever is asked. An auditor of the organisation gets those of
everybody, gives a reason, and each look is a record of the log. An auditor asks by pseudonym: who
has a person's number searches in the console, where a second officer allows it.
Source: Logboek Dataverwerkingen, extension "Lezen"; AVG art. 5 lid 2, art. 15; BIO2, 8.15.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from landschap.logboek.canonical import holds_person_number
from landschap.logboek.drafts import refused_draft
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE, Keys
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.pseudonyms import as_subject_id, from_subject_id, subject_pseudonym
from landschap.logboek.read_profile import InvalidQuestion, LogQuestion
from landschap.logboek.records import Draft
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

SHORTEST_REASON = 10
LOOK_ACTION = "inzien-logboek"


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A person who logged in, and the application of ours that asks for that person."""

    pseudonyms: tuple[bytes, ...]
    application: str


class Auditor(msgspec.Struct, frozen=True, kw_only=True):
    """An employee with a role of those who may look in the log."""

    subject: str
    roles: tuple[str, ...]
    level: str


Reader = Resident | Auditor


class LookMark(msgspec.Struct, frozen=True, kw_only=True):
    """When an auditor looks, and under which numbers that is recorded."""

    at: datetime
    trace_id: bytes
    span_id: bytes
    transaction_id: UUID


def pseudonyms_of(keys: Keys, kind: str, number: str) -> tuple[bytes, ...]:
    """One pseudonym per living key. Raises InvalidValue."""
    controller = Oin.parse(keys.controller)
    return tuple(subject_pseudonym(key, controller, kind, number) for key in keys.keys.values())


def is_by_number(question: LogQuestion, keys: Keys) -> bool:
    """True when the subject is given by a number, and not by our pseudonym."""
    kind = question.subject_type
    return kind is not None and not kind.startswith(f"{keys.space}/")


def subjects_shown(reader: Reader, question: LogQuestion, keys: Keys) -> tuple[bytes, ...] | None:
    """Whose lines are looked for; None is everybody's. Raises InvalidQuestion."""
    wanted = _wanted(question, keys)
    if isinstance(reader, Auditor):
        return wanted
    if wanted is None:
        return reader.pseudonyms
    return tuple(each for each in reader.pseudonyms if each in wanted)


def reason_lacks(question: LogQuestion) -> bool:
    """True without a reason of some length, or with the number of a person in it."""
    reason = question.reason.strip()
    return len(reason) < SHORTEST_REASON or holds_person_number(reason.encode())


def look_draft(
    reader: Auditor, question: LogQuestion, subjects: Sequence[bytes] | None, mark: LookMark
) -> Draft:
    """The record of an auditor's look: who, in which roles, at what, and why.

    ``held_for`` stands in it when what is held back was read too: for which purpose.
    """
    asked: dict[str, JsonValue] = {
        "kind": "lezen",
        "reason": question.reason.strip(),
        "since": as_utc_text(question.since),
        "until": as_utc_text(question.until),
    }
    if question.trace_id is not None:
        asked["trace_id"] = question.trace_id.hex()
    asked |= {
        name: value
        for name, value in (("activity", question.activity), ("purpose", question.purpose))
        if value is not None
    }
    if subjects is not None:
        asked["subjects"] = [as_subject_id(each) for each in subjects]
    if question.held_for is not None:
        asked["held_for"] = question.held_for
    request: JsonValue = {
        "subject": {
            "type": "employee",
            "id": reader.subject,
            "properties": {"roles": list(reader.roles), "loa": reader.level},
        },
        "action": {"name": LOOK_ACTION},
        "resource": {"type": "log", "id": "regels"},
        "context": asked,
    }
    response: JsonValue = {"decision": True, "context": {"by": "log officer"}}
    entry = AdlEntry(
        trace_id=mark.trace_id,
        span_id=mark.span_id,
        at=mark.at,
        transaction_id=mark.transaction_id,
        body={"adl.core.request": request, "adl.core.response": response},
    )
    return refused_draft(entry, service="logboek")


def _wanted(question: LogQuestion, keys: Keys) -> tuple[bytes, ...] | None:
    if question.subject is None or question.subject_type is None:
        return None
    try:
        if is_by_number(question, keys):
            return pseudonyms_of(keys, question.subject_type.lower(), question.subject)
        return (from_subject_id(question.subject),)
    except InvalidValue:
        place = SUBJECT if is_by_number(question, keys) else SUBJECT_TYPE
        raise InvalidQuestion("no subject of a kind that is known here", place) from None
