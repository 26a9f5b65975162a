# SPDX-License-Identifier: EUPL-1.2
"""From drafts to sealed records, and from sealed records to the batch that is committed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from landschap.logboek.forms import Ready
from landschap.logboek.merkle import NO_HEAD, BatchHead, root_hash
from landschap.logboek.records import (
    Columns,
    Draft,
    columns_of,
    encode,
    sealed_under,
)
from landschap.logboek.sealing import Close

_NO_ID = UUID(int=0)


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A record with its identifier, salt and leaf: what it says can no longer change.

    ``form`` and ``values`` are the same payload, as the log keeps it when it has a form.
    """

    columns: Columns
    salt: bytes
    leaf: bytes
    payload: bytes
    form: bytes | None = None
    values: bytes = b""


class LaneEnd(msgspec.Struct, frozen=True):
    """Where a lane ends: the number and hash of its last batch, its last record."""

    no: int = 0
    head: bytes = NO_HEAD
    last: UUID | None = None


def ready(draft: Draft) -> Ready:
    """The record of a draft, checked and encoded. Raises InvalidRecord."""
    payload = encode(draft)
    return Ready(columns_of(draft, _NO_ID), payload)


def seal(draft: Draft | Ready, record_id: UUID, salt: bytes, close: Close | None = None) -> Sealed:
    """Give a draft its identifier and leaf; with ``close`` what it says is closed before that.

    Raises InvalidRecord.
    """
    made = draft if isinstance(draft, Ready) else ready(draft)
    if close is not None:  # what is the same in many records would show, so none has a form
        closed = close(record_id, made.payload)
        columns, leaf = sealed_under(made.columns, record_id, salt, closed)
        return Sealed(columns, salt, leaf, closed)
    columns, leaf = sealed_under(made.columns, record_id, salt, made.payload)
    return Sealed(columns, salt, leaf, made.payload, made.form, made.values)


def head_over(lane: str, end: LaneEnd, records: Sequence[Sealed]) -> BatchHead:
    """The head of the next batch of a lane. Raises ValueError for no records."""
    return BatchHead(
        lane=lane,
        no=end.no + 1,
        size=len(records),
        first=records[0].columns.record_id.bytes,
        last=records[-1].columns.record_id.bytes,
        root=root_hash([record.leaf for record in records]),
        prev=end.head,
    )
