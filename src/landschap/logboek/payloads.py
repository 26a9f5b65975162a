# SPDX-License-Identifier: EUPL-1.2
"""The wire forms of three standards, made from typed values.

    fsc_payload     one transaction        FSC Logging, "Log record"
    adl_payload     one decision           Authorization Decision Log, "Record"
    line_payload    one processing action  Logboek Dataverwerkingen, "Interface"

A permitted question is recorded once, as ``{"fsc": ..., "adl": ...}``; a refused one as
``{"adl": ...}``; a line as ``{"ldv": ..., "landschap": ...}``. What the standard has no member for
stands under ``landschap``, because private attributes inside ``dpl.`` are not conformant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.pseudonyms import as_subject_id
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

DEFAULT_NAME = "Verwerking zonder naam"
MAX_NAME = 200
MAX_AHEAD = timedelta(seconds=60)
_SERVICE_NAME_SIZES = range(3, 256)
_MAX_GRANT_HASH = 1024


class Outcome(StrEnum):
    """How a processing action ended for the one who asked."""

    DELIVERED = "delivered"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOTHING_FOUND = "nothing_found"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FscEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction. The delegators are named when the token or contract has them.

    ``additional_data`` holds the reference to a contract outside FSC, when the grant has one.
    """

    transaction_id: UUID
    direction: Literal["incoming", "outgoing"]
    grant_hash: str
    outway_peer_id: str
    service_peer_id: str
    service_name: str
    created_at: datetime
    source_delegator: str | None = None
    destination_delegator: str | None = None
    additional_data: Mapping[str, JsonValue] = {}


class AdlEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision.

    ``body`` holds raw ``adl.core.*`` values, ``references`` points to values kept elsewhere; a key
    stands in one of the two. ``failed`` only when no decision could be made: a denial is none.
    """

    trace_id: bytes
    span_id: bytes
    at: datetime
    event_name: str = "adl.access_evaluation"
    parent_span_id: bytes | None = None
    failed: bool = False
    transaction_id: UUID | None = None
    references: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)
    body: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)
    resource: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)


class Mandated(msgspec.Struct, frozen=True, kw_only=True):
    """The mandate under which somebody looked in the name of the person a line is about.

    ``source`` is who keeps it and ``reference`` how it is known there; ``services`` are those it
    covers, ``until`` its end. ``acting`` is the pseudonym of who looked, in our own log only.
    """

    source: str
    reference: str
    services: tuple[str, ...]
    until: datetime | None = None
    acting: bytes | None = None


class LineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One processing action, about one subject or about none.

    ``subject`` is a pseudonym, ``subject_type`` the URI of the pseudonym space, ``data_groups``
    the kinds of data used and never their values, ``peer`` the authenticated counterparty.
    ``valid_on`` and ``known_at`` are the day and the moment that was asked about. ``status`` is
    what an application said itself, else it follows from the outcome; ``application`` told us.
    ``mandate`` is in whose name was looked, see `Mandated`; ``steps`` are what reshaped the answer
    on the way, as name@version.
    """

    trace_id: bytes
    span_id: bytes
    name: str
    started_at: datetime
    ended_at: datetime
    controller: str
    outcome: Outcome
    system: str
    parent_span_id: bytes | None = None
    activity: str | None = None
    activity_version: int | None = None
    subject: bytes | None = None
    subject_type: str | None = None
    key_id: int | None = None
    direction: Literal["own", "incoming", "outgoing"] = "own"
    trace_origin: Literal["caller", "own", "fsc"] = "own"
    processor_url: str | None = None
    next_logbook: str | None = None
    peer: str | None = None
    delegator: str | None = None
    transaction_id: UUID | None = None
    grant_hash: str | None = None
    purpose: str | None = None
    declaration_jti: str | None = None
    processing_id: str | None = None
    data_groups: tuple[str, ...] = ()
    exception_type: str | None = None
    correction_of: str | None = None
    valid_on: date | None = None
    known_at: datetime | None = None
    status: Literal["Unset", "Ok", "Error"] | None = None
    system_version: str | None = None
    application: str | None = None
    mandate: Mandated | None = None
    steps: tuple[str, ...] = ()


def fsc_payload(entry: FscEntry) -> dict[str, JsonValue]:
    """The transaction record. Raises InvalidRecord for a name or hash outside its size.

    Source: FSC Logging, "Log record".
    """
    if len(entry.service_name) not in _SERVICE_NAME_SIZES:
        raise InvalidRecord("service_name holds 3 to 255 characters")
    if not 0 < len(entry.grant_hash) <= _MAX_GRANT_HASH:
        raise InvalidRecord("grant_hash holds 1 to 1024 characters")
    source: dict[str, JsonValue] = {
        "type": "SOURCE_TYPE_SOURCE",
        "outway_peer_id": entry.outway_peer_id,
    }
    if entry.source_delegator is not None:
        source["type"] = "SOURCE_TYPE_DELEGATED_SOURCE"
        source["delegator_peer_id"] = entry.source_delegator
    destination: dict[str, JsonValue] = {
        "type": "DESTINATION_TYPE_DESTINATION",
        "service_peer_id": entry.service_peer_id,
    }
    if entry.destination_delegator is not None:
        destination["type"] = "DESTINATION_TYPE_DELEGATED_DESTINATION"
        destination["delegator_peer_id"] = entry.destination_delegator
    payload: dict[str, JsonValue] = {
        "transaction_id": str(entry.transaction_id),
        "direction": _DIRECTIONS[entry.direction],
        "grant_hash": entry.grant_hash,
        "source": source,
        "destination": destination,
        "service_name": entry.service_name,
        "created_at": int(entry.created_at.timestamp()),
    }
    if entry.additional_data:
        payload["additional_data"] = entry.additional_data
    return payload


_DIRECTIONS = {"incoming": "DIRECTION_INCOMING", "outgoing": "DIRECTION_OUTGOING"}


def adl_payload(entry: AdlEntry) -> dict[str, JsonValue]:
    """The decision record. Raises InvalidRecord when a key stands in body and in references.

    Source: Authorization Decision Log, "Record".
    """
    twice = entry.body.keys() & entry.references.keys()
    if twice:
        raise InvalidRecord(f"{min(twice)} stands in body and in attributes")
    payload: dict[str, JsonValue] = {
        "trace_id": entry.trace_id.hex(),
        "span_id": entry.span_id.hex(),
        "event_name": entry.event_name,
        "timestamp": _milliseconds(entry.at),
        "status": "Error" if entry.failed else "Unset",
    }
    if entry.parent_span_id is not None:
        payload["parent_span_id"] = entry.parent_span_id.hex()
    attributes = dict(entry.references)
    if entry.transaction_id is not None:
        attributes["adl.fsc.transaction_id"] = str(entry.transaction_id)
    if attributes:
        payload["attributes"] = attributes
    if entry.body:
        payload["body"] = entry.body
    if entry.resource:
        payload["resource"] = entry.resource
    return payload


def line_payload(entry: LineEntry, *, now: datetime) -> dict[str, JsonValue]:
    """The line in the national form under ``ldv``, what that has no place for under ``landschap``.

    Raises InvalidRecord: an end before the start or over 60 s ahead of ``now``, a subject without
    type or activity. An empty name gets a default: the logging code never fails for a name.
    Source: Logboek Dataverwerkingen, "Gedrag van de applicatie" and "Interface".
    """
    if entry.ended_at < entry.started_at:
        raise InvalidRecord("a line ends before it starts")
    if entry.ended_at > now + MAX_AHEAD:
        raise InvalidRecord("a line ends over 60 seconds in the future")
    if entry.subject is not None and not (entry.activity and entry.subject_type):
        raise InvalidRecord("a line about a subject needs its type and a processing activity")
    line: dict[str, JsonValue] = {
        "trace_id": entry.trace_id.hex(),
        "span_id": entry.span_id.hex(),
        "status": _status(entry),
        "name": entry.name.strip()[:MAX_NAME] or DEFAULT_NAME,
        "start_time": _milliseconds(entry.started_at),
        "end_time": _milliseconds(entry.ended_at),
        "resource": {"attributes": _resource(entry)},
        "attributes": _attributes(entry),
    }
    if entry.parent_span_id is not None:
        line["parent_span_id"] = entry.parent_span_id.hex()
    return {"ldv": line, "landschap": _own_members(entry)}


def _resource(entry: LineEntry) -> dict[str, JsonValue]:
    version = {"service.version": entry.system_version} if entry.system_version else {}
    return {"service.name": entry.system, **version}


# A refusal or an empty answer is no fault of the system; only Error is.
_STATUS = {Outcome.FAILED: "Error", Outcome.CANCELLED: "Ok"}


def _status(entry: LineEntry) -> str:
    return entry.status or _STATUS.get(entry.outcome, "Unset")


def _attributes(entry: LineEntry) -> dict[str, JsonValue]:
    subject = None if entry.subject is None else as_subject_id(entry.subject)
    found = {
        "dpl.core.processing_activity_id": entry.activity,
        "dpl.core.data_subject_id": subject,
        "dpl.core.data_subject_id_type": entry.subject_type if subject else None,
        "dpl.core.foreign_operation.processor": entry.processor_url,
        "dpl.read.nextLogbookId": entry.next_logbook,
        # The standard has it on an error only; of an answer in part it is ours to tell.
        "exception.type": entry.exception_type if _status(entry) == "Error" else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _own_members(entry: LineEntry) -> dict[str, JsonValue]:
    transaction = None if entry.transaction_id is None else str(entry.transaction_id)
    found: dict[str, JsonValue] = {
        "controller_oin": entry.controller,
        "activity_version": entry.activity_version,
        "direction": entry.direction,
        "trace_origin": entry.trace_origin,
        "peer_oin": entry.peer,
        "delegator_oin": entry.delegator,
        "fsc_transaction_id": transaction,
        "grant_hash": entry.grant_hash,
        "purpose_uri": entry.purpose,
        "declaration_jti": entry.declaration_jti,
        "processing_id": entry.processing_id,
        "data_groups": list(entry.data_groups),
        "outcome": entry.outcome.value,
        "key_id": entry.key_id,
        "correction_of": entry.correction_of,
        "application": entry.application,
        "valid_on": None if entry.valid_on is None else entry.valid_on.isoformat(),
        "known_at": None if entry.known_at is None else as_utc_text(entry.known_at),
        "mandate": None if entry.mandate is None else _mandate(entry.mandate),
        "steps": list(entry.steps) or None,
        "exception_type": None if _status(entry) == "Error" else entry.exception_type,
    }
    return {name: value for name, value in found.items() if value is not None}


def _mandate(mandate: Mandated) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {
        "source": mandate.source,
        "reference": mandate.reference,
        "services": list(mandate.services),
        "until": None if mandate.until is None else as_utc_text(mandate.until),
        "acting": None if mandate.acting is None else as_subject_id(mandate.acting),
    }
    return {name: value for name, value in found.items() if value is not None}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
