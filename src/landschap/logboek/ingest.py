# SPDX-License-Identifier: EUPL-1.2
"""From a line as an application gives it to a record of ours.

A subject may be given as the number of a person or company with its kind (`BSN`): it becomes our
pseudonym here, before anything is written. Or it is a pseudonym of ours already, with the address
of our pseudonym space as its kind. What the log has no place for is not kept, and everything that
was given is searched for a number of a person first.
Source: Logboek Dataverwerkingen, "Interface", "Gedrag van de applicatie".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from landschap.logboek.batches import ready
from landschap.logboek.canonical import holds_person_number
from landschap.logboek.drafts import line_draft
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Ready
from landschap.logboek.given import Direction, Given, InvalidLine
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import from_subject_id, subject_pseudonym
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue

ACTIVITY = "dpl.core.processing_activity_id"
SUBJECT = "dpl.core.data_subject_id"
SUBJECT_TYPE = "dpl.core.data_subject_id_type"
PROCESSOR = "dpl.core.foreign_operation.processor"
# Three names that the extension for reading had; the last is the one it has now.
NEXT = ("dpl.read.externalReadAPI_id", "dpl.read.nextLogbook", "dpl.read.nextLogbookId")
_DROPPED = {"dpl.core.foreign_operation.trace_id", "dpl.core.foreign_operation.span_id"}
_OWN = {
    f"nl.landschap.{name}"
    for name in ("purpose", "data_groups", "outcome", "processing_id", "fsc_transaction_id",
                 "peer_oin", "delegator_oin")
}  # fmt: skip
_KNOWN = {ACTIVITY, SUBJECT, SUBJECT_TYPE, PROCESSOR, *NEXT, *_DROPPED, *_OWN}
_TRANSACTION = "nl.landschap.fsc_transaction_id"
_PEER = "nl.landschap.peer_oin"
_KINDS = {"bsn", "kvk", "rsin", "vestiging", "a-nummer", "v-nummer"}
MAX_ATTRIBUTES = 32
MAX_ATTRIBUTE_BYTES = 8192
_MAX_TEXT = 500
_MAX_GROUPS = 50
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,490}")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_.$:]{0,199}")
_DEFAULT_OUTCOMES = {"Error": Outcome.FAILED}
_RAW = msgspec.json.Encoder()


class Keys(msgspec.Struct, frozen=True):
    """What makes pseudonyms: our number, the address of our space, the living keys by number."""

    controller: str
    space: str
    keys: Mapping[int, bytes]

    def newest(self) -> tuple[int, bytes]:
        """Number and key that lines are written with now."""
        return list(self.keys.items())[-1]


class Found(msgspec.Struct, frozen=True):
    """What the log and the register hold of what a line refers to.

    The version of its activity at the moment of the act, and with whom its transaction was.
    """

    version: int | None = None
    peer: str | None = None


class Subject(msgspec.Struct, frozen=True):
    """Whom a line is about, as the log knows them."""

    pseudonym: bytes
    kind: str
    key_id: int


def activity_of(given: Given) -> str | None:
    """The address of the activity that a line names. Raises InvalidLine."""
    return _address(given, ACTIVITY)


def transaction_of(given: Given) -> UUID | None:
    """The FSC transaction in which the act was done. Raises InvalidLine."""
    text = _text(given, _TRANSACTION)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidLine("transaction", f"{_TRANSACTION} is a UUID", _TRANSACTION) from None


def started_at(given: Given) -> datetime:
    """When the act began."""
    return datetime.fromtimestamp(given.started / 1000, tz=UTC)


def check_given(given: Given) -> None:
    """Raises InvalidLine: an attribute that is none of ours, too many, a person's number."""
    for name in given.attributes:
        if name.startswith(("dpl.", "nl.landschap.")) and name not in _KNOWN:
            raise InvalidLine(
                "attribute_unknown", f"the attribute {name[:80]!r} is not taken here", name[:80]
            )
    if len(given.attributes) > MAX_ATTRIBUTES:
        raise InvalidLine(
            "attribute_count", f"a line has at most {MAX_ATTRIBUTES} attributes", "attributes"
        )
    if len(_RAW.encode(given.attributes)) > MAX_ATTRIBUTE_BYTES:
        raise InvalidLine(
            "attribute_size", f"attributes hold at most {MAX_ATTRIBUTE_BYTES} bytes", "attributes"
        )
    _text(given, SUBJECT, "one_subject")
    if given.attributes.get(SUBJECT) is not None and not given.attributes.get(ACTIVITY):
        raise InvalidLine(
            "activity_missing", "a line about a subject names its processing activity", ACTIVITY
        )
    if holds_person_number(_RAW.encode(_without_subject(given.raw))):
        raise InvalidLine(
            "person_number",
            f"a burgerservicenummer stands in the clear; only {SUBJECT} of type BSN may hold one",
        )


def record_of(
    given: Given, found: Found, keys: Keys, key_id: int, application: str, now: datetime
) -> Ready:
    """The record of a checked line, with what was found of it. Raises InvalidLine."""
    try:
        entry = _entry(given, found, keys, key_id, application)
        return ready(line_draft(entry, now=now))
    except InvalidRecord as error:
        raise InvalidLine("line", error.refusal.detail) from None


def _entry(given: Given, found: Found, keys: Keys, key_id: int, application: str) -> LineEntry:
    subject = subject_of(given, keys, key_id)
    processor, after = _address(given, PROCESSOR), _next(given)
    return LineEntry(
        trace_id=given.trace_id,
        span_id=given.span_id,
        parent_span_id=given.parent,
        status=given.status,
        name=given.name,
        started_at=started_at(given),
        ended_at=datetime.fromtimestamp(given.ended / 1000, tz=UTC),
        controller=keys.controller,
        outcome=_outcome(given),
        system=_system(given, "service.name") or application,
        system_version=_system(given, "service.version"),
        application=application,
        activity=activity_of(given),
        activity_version=found.version,
        subject=subject.pseudonym if subject else None,
        subject_type=f"{keys.space}/{subject.kind}/{subject.key_id}" if subject else None,
        key_id=subject.key_id if subject else None,
        direction=given.direction or _direction(processor, after),
        trace_origin=_origin(given),
        processor_url=processor,
        next_logbook=after,
        peer=_peer(given, found),
        delegator=_oin(given, "nl.landschap.delegator_oin"),
        transaction_id=transaction_of(given),
        purpose=_address(given, "nl.landschap.purpose"),
        processing_id=_text(given, "nl.landschap.processing_id"),
        data_groups=_groups(given),
        exception_type=_exception(given),
    )


def subject_of(given: Given, keys: Keys, key_id: int) -> Subject | None:
    """Whom the line is about; a number becomes a pseudonym under this key. Raises InvalidLine."""
    text, kind = _text(given, SUBJECT, "one_subject"), _text(given, SUBJECT_TYPE)
    if text is None:
        return None
    if kind is None:
        raise InvalidLine("subject_type", "a subject needs its kind", SUBJECT_TYPE)
    if kind.startswith(f"{keys.space}/"):
        return _pseudonym(text, kind.removeprefix(f"{keys.space}/"), keys)
    if kind.lower() not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise InvalidLine(
            "subject_type", f"known kinds are {known}, or our pseudonym space", SUBJECT_TYPE
        )
    try:
        found = subject_pseudonym(keys.keys[key_id], Oin.parse(keys.controller), kind.lower(), text)
    except InvalidValue:
        raise InvalidLine("subject", f"not a number of kind {kind}", SUBJECT) from None
    return Subject(found, kind.lower(), key_id)


def _pseudonym(text: str, tail: str, keys: Keys) -> Subject:
    kind, _, number = tail.partition("/")
    if kind not in _KINDS or not number.isdecimal() or int(number) not in keys.keys:
        raise InvalidLine("subject_type", "no living key of our pseudonym space", SUBJECT_TYPE)
    try:
        return Subject(from_subject_id(text), kind, int(number))
    except InvalidValue as error:
        raise InvalidLine("subject", str(error), SUBJECT) from None


def _without_subject(raw: JsonValue) -> JsonValue:
    """All that was given but the one place where a person's number may stand."""
    if not isinstance(raw, Mapping):
        return raw
    attributes = raw.get("attributes")
    if not isinstance(attributes, Mapping) or not isinstance(attributes.get(SUBJECT), str):
        return raw
    kept = {name: value for name, value in attributes.items() if name != SUBJECT}
    return {**raw, "attributes": kept}


def _outcome(given: Given) -> Outcome:
    text = _text(given, "nl.landschap.outcome")
    if text is None:
        return _DEFAULT_OUTCOMES.get(given.status, Outcome.DELIVERED)
    try:
        found = Outcome(text)
    except ValueError:
        known = ", ".join(sorted(Outcome))
        raise InvalidLine("outcome", f"outcomes are {known}", "nl.landschap.outcome") from None
    if (found is Outcome.FAILED) != (given.status == "Error"):
        raise InvalidLine("outcome", "failed and status Error go together", "nl.landschap.outcome")
    return found


def _direction(processor: str | None, after: str | None) -> Direction:
    if processor:
        return "incoming"
    return "outgoing" if after else "own"


def _origin(given: Given) -> Literal["caller", "own"]:
    return "caller" if given.parent else "own"


def _next(given: Given) -> str | None:
    found = {text for name in NEXT if (text := _address(given, name))}
    if len(found) > 1:
        raise InvalidLine("next_logbook", "a line has one next logbook", NEXT[-1])
    return found.pop() if found else None


def _exception(given: Given) -> str | None:
    """The class alone: messages and traces may hold what a person told us."""
    text = _text(given, "exception.type")
    return text if text and _CLASS.fullmatch(text) else None


def _system(given: Given, name: str) -> str | None:
    value = given.resource.get(name)
    return value[:200] if isinstance(value, str) and value else None


def _text(given: Given, name: str, rule: str = "not_a_text") -> str | None:
    value = given.attributes.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise InvalidLine(rule, f"{name} is one text of at most {_MAX_TEXT} characters", name)
    return value


def _address(given: Given, name: str) -> str | None:
    text = _text(given, name)
    if text is not None and not _ADDRESS.fullmatch(text):
        raise InvalidLine("not_an_address", f"{name} is a whole address (URI)", name)
    return text


def _oin(given: Given, name: str) -> str | None:
    text = _text(given, name)
    if text is None:
        return None
    try:
        return Oin.parse(text).value
    except InvalidValue:
        raise InvalidLine("oin", f"{name} is an OIN of twenty digits", name) from None


def _peer(given: Given, found: Found) -> str | None:
    """With whom: as the door knows it, and as it was said where no door was passed."""
    said = _oin(given, _PEER)
    if found.peer is not None and said not in (None, found.peer):
        raise InvalidLine("peer", "the transaction was with another organisation", _PEER)
    return found.peer or said


def _groups(given: Given) -> tuple[str, ...]:
    name = "nl.landschap.data_groups"
    value = given.attributes.get(name) or ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or len(texts) > _MAX_GROUPS:
        raise InvalidLine("data_groups", f"{name} is a list of at most {_MAX_GROUPS} texts", name)
    found: list[str] = []
    for each in texts:
        if not isinstance(each, str) or not 0 < len(each) <= 100:
            raise InvalidLine("data_groups", "a group of data is a text, never a value", name)
        found.append(each)
    return tuple(found)
