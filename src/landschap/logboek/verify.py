# SPDX-License-Identifier: EUPL-1.2
"""Prove that a log is what was written, or say exactly where it is not.

Four layers, each checked against the one above it: the leaf of every record against its columns and
payload, the root of every batch against its leaves, the head of every batch against its predecessor
in the lane, and the heads against the signed anchors. Nothing here reads a clock or a database: the
log is given as streams, so that a copy in a file is proved by the same code.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from landschap.logboek.anchors import Anchor, InvalidAnchor, Statement, digest_of, read_anchor
from landschap.logboek.findings import Finding, Harm, Report
from landschap.logboek.merkle import NO_HEAD, BatchHead, root_hash
from landschap.logboek.records import Record, leaf_of

Progress = Callable[[int], None]
# Is this certificate (DER) one of this organisation, by a trust anchor of the Group?
Trust = Callable[[bytes, str], bool]


class StoredBatch(msgspec.Struct, frozen=True):
    """A batch as stored: what its head is over, and the head that was written down."""

    made: BatchHead
    head: bytes


class Log(Protocol):
    """A log to be verified: three streams, each in its own order."""

    def anchors(self) -> AsyncIterator[Anchor]:
        """Oldest first."""
        ...

    def batches(self) -> AsyncIterator[StoredBatch]:
        """By lane and number."""
        ...

    def records(self) -> AsyncIterator[Record]:
        """By lane and identifier."""
        ...


async def verify(
    log: Log,
    *,
    dropped: Sequence[date] = (),
    trust: Trust | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify a whole log. ``dropped`` are months whose records went lawfully.

    ``trust`` judges the certificates of anchors; without it the report says that nobody did.
    """
    report = Report(
        months_dropped=tuple(f"{month:%Y-%m}" for month in dropped),
        strangers_not_checked=trust is None,
    )
    signed = await signed_heads(log, report, trust)
    walk = Walk(report, signed, {(m.year, m.month) for m in dropped})
    stream = Stream(log.records(), progress)
    async for batch in log.batches():
        await walk.through(batch, stream)
    walk.early(await stream.rest())
    walk.end_lane()
    report.records = stream.count
    walk.tails()
    return report


class SignedHeads:
    """The heads that anchors vouch for, and how far each lane is covered."""

    def __init__(self) -> None:
        self.heads: dict[tuple[str, int], tuple[bytes, datetime]] = {}
        self.covered: dict[str, int] = {}
        self.contradictions: list[tuple[str, int, datetime]] = []

    def add(self, statement: Statement) -> None:
        """Take over what one anchor states."""
        for end in statement.lanes:
            place = (end.lane, end.no)
            known = self.heads.setdefault(place, (end.head, statement.at))
            if known[0] != end.head:
                self.contradictions.append((*place, statement.at))
            self.covered[end.lane] = max(end.no, self.covered.get(end.lane, 0))


async def signed_heads(log: Log, report: Report, trust: Trust | None) -> SignedHeads:
    """Check the anchors of a log, and gather the heads that they vouch for."""
    signed = SignedHeads()
    previous: bytes | None = None
    async for anchor in log.anchors():
        report.anchors += 1
        try:
            statement = read_anchor(anchor)
        except InvalidAnchor as error:
            report.add(Finding(harm=Harm.ANCHOR_INVALID, detail=f"{anchor.anchor_id}: {error}"))
            previous = digest_of(anchor)
            continue
        if statement.prev != previous:
            detail = f"{anchor.anchor_id} does not follow the anchor before it"
            report.add(Finding(harm=Harm.ANCHOR_REMOVED, detail=detail))
        if trust is not None and not trust(anchor.certificate, statement.organisation):
            detail = f"{anchor.anchor_id}: its certificate is not one of {statement.organisation}"
            report.add(Finding(harm=Harm.ANCHOR_UNTRUSTED, detail=detail))
        else:
            signed.add(statement)
            report.last_anchor = statement.at
        previous = digest_of(anchor)
    for lane, no, at in signed.contradictions:
        detail = f"the anchor of {at:%Y-%m-%d %H:%M:%S} signed another head than an earlier one"
        report.add(Finding(harm=Harm.ANCHOR_CONTRADICTS, detail=detail, lane=lane, batch=no))
    return signed


class Stream:
    """The records, handed out batch by batch."""

    def __init__(
        self, records: AsyncIterator[Record], progress: Progress | None, already: int = 0
    ) -> None:
        self._records = records
        self._progress = progress
        self._held: Record | None = None
        self._ended = False
        self.count = already

    async def before(self, head: BatchHead) -> list[Record]:
        """The records that stand before this batch and so belong to none."""
        first = (head.lane, head.first)
        return await self._take(lambda place: place < first)

    async def within(self, head: BatchHead) -> list[Record]:
        """The records in the range of this batch."""
        last = (head.lane, head.last)
        return await self._take(lambda place: place <= last)

    async def rest(self) -> list[Record]:
        """The records after the last batch of all."""
        return await self._take(lambda _: True)

    async def _take(self, wanted: Callable[[tuple[str, bytes]], bool]) -> list[Record]:
        taken: list[Record] = []
        while (record := await self._peek()) is not None:
            if not wanted((record.lane, record.record_id.bytes)):
                break
            taken.append(record)
            self._held = None
        return taken

    async def _peek(self) -> Record | None:
        if self._held is None and not self._ended:
            self._held = await anext(self._records, None)
            self._ended = self._held is None
            self.count += not self._ended
            if self._progress is not None and (self._ended or self.count % 1000 == 0):
                self._progress(self.count)
        return self._held


class Walk:
    """The walk along the lanes: what the previous batch was, what was found on the way."""

    def __init__(self, report: Report, signed: SignedHeads, dropped: set[tuple[int, int]]) -> None:
        self._report = report
        self._signed = signed
        self._dropped = dropped
        self._previous: StoredBatch | None = None
        self._ends: dict[str, int] = {}

    async def through(self, batch: StoredBatch, stream: Stream) -> None:
        """Check a batch and its records, after the records that stand before it."""
        self.chain(batch)
        self.early(await stream.before(batch.made))
        self.batch(batch.made, await stream.within(batch.made))

    def chain(self, batch: StoredBatch) -> None:
        """Check a head against its own content, its predecessor and the anchors."""
        made, previous = batch.made, self._previous
        if previous is None or previous.made.lane != made.lane:
            self.end_lane()
            self._report.lanes += 1
            previous = None
        self._report.batches += 1
        expected_no = 1 if previous is None else previous.made.no + 1
        if made.no != expected_no:
            self._absent_batches(made.lane, expected_no, made.no)
        digest = made.digest()
        if digest != batch.head:
            self._add(Harm.HEAD_REWRITTEN, "the head does not follow from the batch", made)
        known = {NO_HEAD} if previous is None else {previous.head, previous.made.digest()}
        if made.no == expected_no and made.prev not in known:
            detail = f"it was chained to another head than batch {expected_no - 1} has now"
            self._add(Harm.CHAIN_BROKEN, detail, made)
        signed = self._signed.heads.get((made.lane, made.no))
        if signed is not None and signed[0] not in {batch.head, digest}:
            detail = f"the anchor of {signed[1]:%Y-%m-%d %H:%M:%S} signed another head"
            self._add(Harm.ANCHOR_CONTRADICTS, detail, made)
        self._previous = batch

    def batch(self, made: BatchHead, records: Sequence[Record]) -> None:
        """Check the records of one batch: their leaves, their places, the root over them."""
        if not records:
            self._without_records(made)
            return
        sound = [self._leaf_holds(record) for record in records]
        by_place: dict[int, Record] = {}
        for record in records:
            if record.batch != made.no or record.position in by_place:
                self._inserted(record, "its place is that of another record")
            elif not 0 <= record.position < made.size:
                self._inserted(record, f"the batch holds {made.size} records")
            else:
                by_place[record.position] = record
        absent = [place for place in range(made.size) if place not in by_place]
        for place in absent:
            self._add(Harm.RECORD_REMOVED, "nothing stands in this position", made, place)
        moved = self._moved(made, by_place)
        if absent or moved or not all(sound) or len(by_place) != len(records):
            return
        if root_hash([by_place[place].leaf for place in range(made.size)]) != made.root:
            detail = f"each of {made.size} records fits its leaf, but the leaves are not the root's"
            self._add(Harm.BATCH_CHANGED, detail, made)

    def early(self, records: Sequence[Record]) -> None:
        """Records outside the range of every batch."""
        for record in records:
            self._inserted(record, "no batch covers this identifier")

    def end_lane(self) -> None:
        """Remember how far a lane came."""
        if self._previous is not None:
            made = self._previous.made
            self._ends[made.lane] = made.no
            self._report.unanchored += made.no - min(made.no, self._covered(made.lane))
            self._previous = None

    def tails(self) -> None:
        """Check that every lane is at least as long as the anchors say."""
        for lane, covered in sorted(self._signed.covered.items()):
            end = self._ends.get(lane, 0)
            if end < covered:
                at = self._signed.heads[lane, covered][1]
                detail = (
                    f"the lane ends at batch {end}; the anchor of {at:%Y-%m-%d %H:%M:%S} "
                    f"signed batch {covered}"
                )
                self._report.add(
                    Finding(harm=Harm.TAIL_CUT, detail=detail, lane=lane, batch=end + 1)
                )

    def _covered(self, lane: str) -> int:
        return self._signed.covered.get(lane, 0)

    def _without_records(self, made: BatchHead) -> None:
        moment = datetime.fromtimestamp((int.from_bytes(made.last[:6], "big")) / 1000, tz=UTC)
        if (moment.year, moment.month) in self._dropped:
            self._report.batches_dropped += 1
            return
        detail = f"all {made.size} records are gone, and {moment:%Y-%m} was not dropped"
        self._add(Harm.BATCH_EMPTIED, detail, made)

    def _leaf_holds(self, record: Record) -> bool:
        if leaf_of(record.columns, record.salt, record.payload) == record.leaf:
            return True
        self._report.add(
            Finding(
                harm=Harm.RECORD_CHANGED,
                detail="a column or the payload is not what was written",
                lane=record.lane,
                batch=record.batch,
                position=record.position,
                record_id=record.record_id,
            )
        )
        return False

    def _moved(self, made: BatchHead, by_place: dict[int, Record]) -> bool:
        """Identifiers rise within a batch, so a record on another's place shows."""
        found = False
        in_order = sorted(by_place.values(), key=lambda record: record.record_id)
        for record, place in zip(in_order, sorted(by_place), strict=True):
            if record.position != place:
                found = True
                detail = f"this record was written in position {place}"
                self._add(Harm.RECORDS_REORDERED, detail, made, record.position, record.record_id)
        return found

    def _inserted(self, record: Record, detail: str) -> None:
        self._report.add(
            Finding(
                harm=Harm.RECORD_INSERTED,
                detail=detail,
                lane=record.lane,
                batch=record.batch,
                position=record.position,
                record_id=record.record_id,
            )
        )

    def _absent_batches(self, lane: str, first: int, found: int) -> None:
        detail = f"batch {first} should stand here, batch {found} does"
        self._report.add(Finding(harm=Harm.BATCH_REMOVED, detail=detail, lane=lane, batch=first))

    def _add(
        self,
        harm: Harm,
        detail: str,
        made: BatchHead,
        position: int | None = None,
        record_id: UUID | None = None,
    ) -> None:
        self._report.add(
            Finding(
                harm=harm,
                detail=detail,
                lane=made.lane,
                batch=made.no,
                position=position,
                record_id=record_id,
            )
        )
