# SPDX-License-Identifier: EUPL-1.2
"""The proof of one record, as a file to hand over: what shows that it stands in a signed log.

A file of lines of JSON like a copy of the log. The title holds the path from the leaf of the record
to the root of its batch; then come the anchor that signed the lane first after that batch, the
batches from the one of the record to the one that was signed, and the record. Nothing of any other
record is in it but hashes. Of a sealed record the title also holds what opens that record alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from landschap.logboek.anchors import Anchor, InvalidAnchor, Statement, read_anchor
from landschap.logboek.copies import InvalidCopy, anchor_line, batch_line, read_line, record_line
from landschap.logboek.merkle import proves_inclusion
from landschap.logboek.records import Record, leaf_of
from landschap.logboek.sealing import NotOpened, is_sealed, opened_alone, own_key
from landschap.logboek.verify import StoredBatch
from landschap.vocabulary.times import as_utc_text

# A minute of a busy lane has some thousands; of a day without a signature, this is enough.
MAX_BATCHES = 200_000
_MAX_PATH = 64


class InvalidProof(ValueError):
    """A proof that does not hold together: the first place where it does not."""


class RecordProof(msgspec.Struct, frozen=True, kw_only=True):
    """One record, its batch and those after it in the lane, and the anchor over the last."""

    organisation: str
    path: tuple[bytes, ...]
    anchor: Anchor
    batches: tuple[StoredBatch, ...]
    record: Record
    opens: bytes | None = None

    def said(self) -> bytes:
        """What the record says. Raises NotOpened when it is sealed and the file opens it not."""
        stored = self.record.payload
        if self.opens is None or not is_sealed(stored):
            return self.record.text()
        return opened_alone(stored, self.record.record_id, self.organisation, self.opens)


class _Title(msgspec.Struct, kw_only=True):
    proof: Literal[1] = 1
    organisation: str
    made_at: str
    path: list[str]
    opens: str | msgspec.UnsetType = msgspec.UNSET


def proof_lines(proof: RecordProof, made_at: datetime) -> Iterator[bytes]:
    """The lines of the file, without their ends. Who can not open the record makes it closed."""
    record = proof.record
    closed = is_sealed(record.payload)
    opens = own_key(record.record_id, record.payload, record.keys) if closed else None
    yield msgspec.json.encode(
        _Title(
            organisation=proof.organisation,
            made_at=as_utc_text(made_at),
            path=[sibling.hex() for sibling in proof.path],
            opens=msgspec.UNSET if opens is None else opens.hex(),
        )
    )
    yield anchor_line(proof.anchor)
    for batch in proof.batches:
        yield batch_line(batch)
    yield record_line(proof.record)


def read_proof(data: bytes) -> RecordProof:
    """Read such a file. Raises InvalidProof when it is none or has another number of parts."""
    title, *lines = data.splitlines()[: MAX_BATCHES + 4] or [b""]
    try:
        head = msgspec.json.decode(title, type=_Title)
        path = tuple(bytes.fromhex(sibling) for sibling in head.path)
        opens = None if head.opens is msgspec.UNSET else bytes.fromhex(head.opens)
        parts = [read_line(line) for line in lines]
    except InvalidCopy as error:
        raise InvalidProof(str(error)) from None
    except (msgspec.DecodeError, ValueError):
        raise InvalidProof("this file does not begin as the proof of a record") from None
    anchors = [part for part in parts if isinstance(part, Anchor)]
    batches = [part for part in parts if isinstance(part, StoredBatch)]
    records = [part for part in parts if isinstance(part, Record)]
    if (len(anchors), len(records)) != (1, 1) or not 0 < len(batches) <= MAX_BATCHES:
        raise InvalidProof("a proof holds one anchor, one record, and the batches between them")
    return RecordProof(
        organisation=head.organisation,
        path=path,
        anchor=anchors[0],
        batches=tuple(batches),
        record=records[0],
        opens=opens,
    )


def check_proof(proof: RecordProof, trust: Callable[[bytes, str], bool] | None) -> Statement:
    """What the anchor over this record says: whose log, and until when it was there at the latest.

    ``trust`` judges the certificate of the anchor; without it nobody does. Raises InvalidProof with
    the first thing that does not follow.
    """
    record, first, last = proof.record, proof.batches[0], proof.batches[-1]
    if leaf_of(record.columns, record.salt, record.payload) != record.leaf:
        raise InvalidProof("the record is not what its leaf was made of")
    if proof.opens is not None:
        try:
            opened_alone(record.payload, record.record_id, proof.organisation, proof.opens)
        except NotOpened:
            raise InvalidProof("the key in this file does not open the record") from None
    made = first.made
    within = made.first <= record.record_id.bytes <= made.last
    if (record.lane, record.batch) != (made.lane, made.no) or not within:
        raise InvalidProof("the record is of another batch than the first one in the proof")
    if _root(proof) != made.root:
        raise InvalidProof("the path from the record does not lead to the root of its batch")
    for batch in proof.batches:
        if batch.made.digest() != batch.head:
            raise InvalidProof(f"the head of batch {batch.made.no} does not follow from it")
    for before, after in pairwise(proof.batches):
        place = (before.made.lane, before.made.no + 1)
        if (after.made.lane, after.made.no) != place or after.made.prev != before.head:
            raise InvalidProof(f"batch {after.made.no} does not follow batch {before.made.no}")
    try:
        statement = read_anchor(proof.anchor)
    except InvalidAnchor as error:
        raise InvalidProof(f"the anchor: {error}") from None
    signed = {(end.lane, end.no): end.head for end in statement.lanes}
    if signed.get((last.made.lane, last.made.no)) != last.head:
        raise InvalidProof("the anchor signed another head than that of the last batch")
    if statement.organisation != proof.organisation:
        raise InvalidProof(f"the anchor is of {statement.organisation}, the title names another")
    if trust is not None and not trust(proof.anchor.certificate, statement.organisation):
        raise InvalidProof(f"the certificate of the anchor is not one of {statement.organisation}")
    return statement


def _root(proof: RecordProof) -> bytes:
    if len(proof.path) > _MAX_PATH:
        raise InvalidProof("the path is longer than any tree is high")
    record = proof.record
    try:
        size = proof.batches[0].made.size
        return proves_inclusion(record.leaf, record.position, size, proof.path)
    except ValueError as error:
        raise InvalidProof(str(error)) from None
