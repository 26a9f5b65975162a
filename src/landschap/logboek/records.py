# SPDX-License-Identifier: EUPL-1.2
"""What stands in the log, and the bytes under which it is proved.

A `Draft` is what a door or a service wants to have written; a `Record` is what the log holds. The
leaf of a record covers every column that is shown or searched, so that neither the payload nor
the subject under which it is found can be changed unseen:

    leaf = SHA-256(0x00 || salt || columns as a JSON array || line feed || payload)

The salt keeps a payload with few possible values from being guessed from its leaf. Lane, batch and
position are proved by the tree and the chain instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256
from typing import cast
from uuid import UUID

import msgspec

from landschap.logboek.canonical import MAX_PAYLOAD_BYTES, holds_person_number, payload_bytes
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.payloads import (
    AdlEntry,
    FscEntry,
    LineEntry,
    adl_payload,
    fsc_payload,
    line_payload,
)
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.sealing import Keys, is_sealed, opened
from landschap.vocabulary.ijson import InvalidJson, JsonValue

__all__ = [
    "AdlEntry",
    "Columns",
    "Draft",
    "FscEntry",
    "Kind",
    "LineEntry",
    "Record",
    "adl_payload",
    "columns_of",
    "encode",
    "fsc_payload",
    "leaf_of",
    "line_payload",
    "sealed_under",
]

SALT_BYTES = 16
_MILLISECOND = 1000
_SUBJECT_ID = "dpl.core.data_subject_id"
_ENVELOPE = msgspec.json.Encoder()


class Kind(IntEnum):
    """The four kinds of record."""

    FSC = 1  # a transaction that passed a door, with the decision on it
    ADL = 2  # a decision without transaction: a refusal, an explanation
    INTENT = 3  # a service will be asked that does not write lines itself
    LINE = 4  # what was done with one subject, or with none


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record to be written.

    ``at`` is the moment of the deed, aware. A struct of msgspec and not a dataclass: one is made
    for every question, at a tenth of the cost.
    """

    kind: Kind
    at: datetime
    trace_id: bytes
    span_id: bytes
    payload: Mapping[str, JsonValue]
    transaction_id: UUID | None = None
    subject: bytes | None = None
    key_id: int | None = None
    peer: str | None = None
    service: str | None = None
    grant_hash: str | None = None
    activity: str | None = None


class Columns(msgspec.Struct, frozen=True, gc=False):
    """The columns of a record beside its payload, in the order in which the leaf covers them."""

    record_id: UUID
    kind: int
    at: datetime
    trace_id: bytes
    span_id: bytes
    transaction_id: UUID | None
    subject: bytes | None
    key_id: int | None
    peer: str | None
    source_delegator: str | None
    destination_delegator: str | None
    service: str | None
    grant_hash: str | None
    activity: str | None


class Record(msgspec.Struct, frozen=True):
    """A record as the log holds it. Of a sealed one the payload is closed, and ``keys`` open it."""

    columns: Columns
    lane: str
    batch: int
    position: int
    salt: bytes
    leaf: bytes
    payload: bytes
    keys: Keys | None = None

    @property
    def record_id(self) -> UUID:
        """The identifier; its first 48 bits are the millisecond of recording."""
        return self.columns.record_id

    @property
    def recorded_at(self) -> datetime:
        """The moment at which the log took the record, by its own clock."""
        milliseconds = self.columns.record_id.int >> 80
        return datetime.fromtimestamp(milliseconds / _MILLISECOND, tz=UTC)

    def content(self) -> dict[str, JsonValue]:
        """What the record says, read. Raises NotOpened when it is sealed and not for us."""
        return cast("dict[str, JsonValue]", msgspec.json.decode(self.text()))

    def text(self) -> bytes:
        """What the record says, as it was encoded. Raises NotOpened as `content` does."""
        stored = self.payload
        return opened(stored, self.record_id, self.keys) if is_sealed(stored) else stored


def leaf_of(columns: Columns, salt: bytes, payload: bytes) -> bytes:
    """The leaf under which a record is proved."""
    return _leaf(msgspec.structs.astuple(columns), salt, payload)


def sealed_under(
    columns: Columns, record_id: UUID, salt: bytes, payload: bytes
) -> tuple[Columns, bytes]:
    """The same columns under the identifier that the log gives, and the leaf of that record."""
    values = (record_id, *msgspec.structs.astuple(columns)[1:])
    return Columns(*values), _leaf(values, salt, payload)


def _leaf(columns: tuple[object, ...], salt: bytes, payload: bytes) -> bytes:
    return sha256(b"\x00%b%b\n%b" % (salt, _ENVELOPE.encode(columns), payload)).digest()


def encode(draft: Draft) -> bytes:
    """The payload bytes of a lawful draft.

    Raises InvalidRecord: identifiers of the wrong length or all zero, a moment without zone, a
    payload without canonical form or over 64 kB, a line that names another subject than its
    column or a subject without activity, a burgerservicenummer in the clear.
    """
    if len(draft.trace_id) != 16 or not any(draft.trace_id):
        raise InvalidRecord("trace_id must be sixteen bytes, not all zero")
    if len(draft.span_id) != 8 or not any(draft.span_id):
        raise InvalidRecord("span_id must be eight bytes, not all zero")
    if draft.at.tzinfo is None:
        raise InvalidRecord("the moment of a record needs a time zone")
    if draft.kind == Kind.LINE or draft.subject is not None:
        _check_subject(draft)
    try:
        data = payload_bytes(draft.payload)
    except InvalidJson as error:
        raise InvalidRecord(f"payload without canonical form: {error}") from None
    if len(data) > MAX_PAYLOAD_BYTES:
        raise InvalidRecord(f"payload of {len(data)} bytes; at most {MAX_PAYLOAD_BYTES} are kept")
    if holds_person_number(data):
        raise InvalidRecord("a burgerservicenummer stands in the clear; use its pseudonym")
    return data


def columns_of(draft: Draft, record_id: UUID) -> Columns:
    """The columns of a draft under the identifier that the log gives it."""
    source_delegator, destination_delegator = _delegators(draft.payload)
    at = draft.at if draft.at.tzinfo is UTC else draft.at.astimezone(UTC)
    return Columns(
        record_id,
        int(draft.kind),
        at,
        draft.trace_id,
        draft.span_id,
        draft.transaction_id,
        draft.subject,
        draft.key_id,
        draft.peer,
        source_delegator,
        destination_delegator,
        draft.service,
        draft.grant_hash,
        draft.activity,
    )


def _delegators(payload: Mapping[str, JsonValue]) -> tuple[str | None, str | None]:
    """The delegators in a transaction: they may read it too. Source: FSC Logging, "GET /logs"."""
    fsc = payload.get("fsc")
    if not isinstance(fsc, dict):
        return None, None
    found = []
    for side in ("source", "destination"):
        names = fsc.get(side)
        delegator = names.get("delegator_peer_id") if isinstance(names, dict) else None
        found.append(delegator if isinstance(delegator, str) else None)
    return found[0], found[1]


def _check_subject(draft: Draft) -> None:
    if draft.subject is None:
        named = _named_subject(draft.payload)
        if named is not None:
            raise InvalidRecord("the payload names a subject, the record does not")
        return
    if len(draft.subject) != 16:
        raise InvalidRecord("a subject is a pseudonym of sixteen bytes")
    if draft.kind != Kind.LINE:
        return
    if draft.activity is None:
        raise InvalidRecord("a line about a subject needs a processing activity")
    if _named_subject(draft.payload) != as_subject_id(draft.subject):
        raise InvalidRecord("a line names exactly one subject, the same as its column")


def _named_subject(payload: Mapping[str, JsonValue]) -> JsonValue:
    line = payload.get("ldv")
    attributes = line.get("attributes") if isinstance(line, Mapping) else None
    return attributes.get(_SUBJECT_ID) if isinstance(attributes, Mapping) else None
