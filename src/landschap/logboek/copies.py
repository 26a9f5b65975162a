# SPDX-License-Identifier: EUPL-1.2
"""A copy of the log as lines of JSON, complete enough to be proved without us.

The first line says whose log it is; then come all anchors, all batches and all records, each line
one object with one member that names what it holds. Bytes are hexadecimal, a payload is the very
text that was hashed; of a sealed record it stays closed, as bytes under ``sealed``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from landschap.logboek.anchors import Anchor
from landschap.logboek.merkle import BatchHead
from landschap.logboek.records import Columns, Record
from landschap.logboek.sealing import is_sealed
from landschap.logboek.verify import StoredBatch
from landschap.vocabulary.times import as_utc_text

VERSION = 1


class InvalidCopy(ValueError):
    """A file that is no copy of a log, or a line of it that can not be read."""


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: whose log, copied when, and which months had gone lawfully by then."""

    log: Literal[1] = 1
    organisation: str
    copied_at: str
    dropped: list[str] = []

    def months(self) -> list[date]:
        """The dropped months. Raises InvalidCopy."""
        try:
            return [date.fromisoformat(f"{month}-01") for month in self.dropped]
        except ValueError:
            raise InvalidCopy("a dropped month is written as YYYY-MM") from None


class _Anchor(msgspec.Struct):
    id: UUID
    at: datetime
    jws: str
    certificate: str


class _Batch(msgspec.Struct):
    lane: str
    no: int
    size: int
    first: UUID
    last: UUID
    root: str
    prev: str
    head: str


class _Record(msgspec.Struct, omit_defaults=True):
    id: UUID
    kind: int
    at: datetime
    trace_id: str
    span_id: str
    lane: str
    batch: int
    position: int
    salt: str
    leaf: str
    payload: str
    sealed: str | None = None
    transaction_id: UUID | None = None
    subject: str | None = None
    key_id: int | None = None
    peer: str | None = None
    source_delegator: str | None = None
    destination_delegator: str | None = None
    service: str | None = None
    grant_hash: str | None = None
    activity: str | None = None


def title_line(organisation: str, at: datetime, dropped: Iterable[date]) -> bytes:
    """The first line of a copy."""
    title = Title(
        organisation=organisation,
        copied_at=as_utc_text(at),
        dropped=[f"{month:%Y-%m}" for month in dropped],
    )
    return msgspec.json.encode(title)


def read_title(line: bytes) -> Title:
    """Read the first line. Raises InvalidCopy when this is no copy of a log."""
    try:
        return msgspec.json.decode(line, type=Title)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidCopy("this file does not begin as a copy of a log") from None


def anchor_line(anchor: Anchor) -> bytes:
    """One anchor as a line."""
    made = _Anchor(anchor.anchor_id, anchor.at, anchor.jws, anchor.certificate.hex())
    return msgspec.json.encode({"anchor": made})


def batch_line(batch: StoredBatch) -> bytes:
    """One batch as a line."""
    made = batch.made
    first, last = UUID(bytes=made.first), UUID(bytes=made.last)
    hashes = (made.root.hex(), made.prev.hex(), batch.head.hex())
    return msgspec.json.encode(
        {"batch": _Batch(made.lane, made.no, made.size, first, last, *hashes)}
    )


def record_line(record: Record) -> bytes:
    """One record as a line."""
    c, closed = record.columns, is_sealed(record.payload)
    made = _Record(
        id=c.record_id,
        kind=c.kind,
        at=c.at,
        trace_id=c.trace_id.hex(),
        span_id=c.span_id.hex(),
        lane=record.lane,
        batch=record.batch,
        position=record.position,
        salt=record.salt.hex(),
        leaf=record.leaf.hex(),
        payload="" if closed else record.payload.decode(),
        sealed=record.payload.hex() if closed else None,
        transaction_id=c.transaction_id,
        subject=None if c.subject is None else c.subject.hex(),
        key_id=c.key_id,
        peer=c.peer,
        source_delegator=c.source_delegator,
        destination_delegator=c.destination_delegator,
        service=c.service,
        grant_hash=c.grant_hash,
        activity=c.activity,
    )
    return msgspec.json.encode({"record": made})


class _Line(msgspec.Struct):
    anchor: _Anchor | None = None
    batch: _Batch | None = None
    record: _Record | None = None


_READER = msgspec.json.Decoder(_Line)


def read_line(line: bytes) -> Anchor | StoredBatch | Record:
    """Read any line but the first. Raises InvalidCopy."""
    try:
        found = _READER.decode(line)
        if found.record is not None:
            return _record(found.record)
        if found.batch is not None:
            return _batch(found.batch)
        if found.anchor is not None:
            one = found.anchor
            return Anchor(one.id, one.at.astimezone(UTC), one.jws, bytes.fromhex(one.certificate))
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidCopy(f"a line can not be read: {error}") from None
    raise InvalidCopy("a line holds no anchor, batch or record")


def _batch(one: _Batch) -> StoredBatch:
    made = BatchHead(
        lane=one.lane,
        no=one.no,
        size=one.size,
        first=one.first.bytes,
        last=one.last.bytes,
        root=bytes.fromhex(one.root),
        prev=bytes.fromhex(one.prev),
    )
    return StoredBatch(made, bytes.fromhex(one.head))


def _record(one: _Record) -> Record:
    columns = Columns(
        one.id,
        one.kind,
        one.at.astimezone(UTC),
        bytes.fromhex(one.trace_id),
        bytes.fromhex(one.span_id),
        one.transaction_id,
        None if one.subject is None else bytes.fromhex(one.subject),
        one.key_id,
        one.peer,
        one.source_delegator,
        one.destination_delegator,
        one.service,
        one.grant_hash,
        one.activity,
    )
    return Record(
        columns=columns,
        lane=one.lane,
        batch=one.batch,
        position=one.position,
        salt=bytes.fromhex(one.salt),
        leaf=bytes.fromhex(one.leaf),
        # Behind each other: beside what is sealed no text can stand that nothing proves.
        payload=one.payload.encode() + bytes.fromhex(one.sealed or ""),
    )
