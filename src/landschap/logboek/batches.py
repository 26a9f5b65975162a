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
    identified,
    leaf_of,
)


class Sealed(msgspec.Struct, frozen=True):
    """A record with its identifier, salt and leaf: what it says can no longer change."""

    columns: Columns
    salt: bytes
    leaf: bytes
    payload: bytes


class LaneEnd(msgspec.Struct, frozen=True):
    """Where a lane ends: the number and hash of its last batch, its last record."""

    no: int = 0
    head: bytes = NO_HEAD
    last: UUID | None = None


def seal(draft: Draft | Ready, record_id: UUID, salt: bytes) -> Sealed:
    """Give a draft its identifier and leaf. Raises InvalidRecord."""
    if isinstance(draft, Ready):
        payload = draft.payload
        columns = identified(draft.columns, record_id)
    else:
        payload = encode(draft)
        columns = columns_of(draft, record_id)
    return Sealed(columns, salt, leaf_of(columns, salt, payload), payload)


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
