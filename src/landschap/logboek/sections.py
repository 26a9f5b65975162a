# SPDX-License-Identifier: EUPL-1.2
"""Sections of a log: some batches in a row and all records up to the last of them.

Whether a section is plainly whole can be told without the rest of the log, so several helpers may
look at once. Of a section that is not, nothing is concluded here: it is walked record by record, as
a log without helpers is, so that the report is the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from landschap.logboek.findings import Report
from landschap.logboek.forms import Kept
from landschap.logboek.merkle import BatchHead, root_hash
from landschap.logboek.records import Columns, Record
from landschap.logboek.verify import (
    Log,
    Progress,
    StoredBatch,
    Stream,
    Trust,
    Walk,
    signed_heads,
)

MOST_RECORDS = 10_000
MOST_BATCHES = 2_000
COVERED = tuple(field.name for field in msgspec.structs.fields(Columns))
"""The first columns of a row, as the leaf covers them; then those of `AFTER`."""
AFTER = ("lane", "batch", "pos", "salt", "leaf", "payload", "form")
_COVERED = len(COVERED)
_ENVELOPE = msgspec.json.Encoder()

# Lane and identifier: where a record stands in the order of a log.
Place = tuple[str, bytes]


class Section(msgspec.Struct, frozen=True):
    """Batches in a row, and the places from ``after`` up to and with ``until``.

    ``plain``: the ranges of the batches rise, so that every record up to ``until`` is looked at
    when the last batch is.
    """

    after: Place | None
    until: Place
    batches: tuple[StoredBatch, ...]
    plain: bool

    @property
    def size(self) -> int:
        """How many records its heads say there are."""
        return sum(batch.made.size for batch in self.batches)


class PartedLog(Log, Protocol):
    """A log of which the records can also be read between two places."""

    def records_between(self, after: Place | None, until: Place | None) -> AsyncIterator[Record]:
        """By lane and identifier; without ``after`` the first, without ``until`` the last."""
        ...


class Helpers(Protocol):
    """Who looks at several sections at a time."""

    @property
    def number(self) -> int:
        """How many sections at once."""
        ...

    def look(self, section: Section) -> Awaitable[bytes | None]:
        """What `whole_batches` says of this section; None also when it could not be read."""
        ...


async def verify_together(
    log: PartedLog,
    helpers: Helpers,
    *,
    dropped: Sequence[date] = (),
    trust: Trust | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify a whole log as `verify` does, with the same report, and the hashes by helpers."""
    report = Report(
        months_dropped=tuple(f"{month:%Y-%m}" for month in dropped),
        strangers_not_checked=trust is None,
    )
    signed = await signed_heads(log, report, trust)
    walk = Walk(report, signed, {(m.year, m.month) for m in dropped})
    end: Place | None = None
    rest: Stream | None = None
    async for section, seen in _looked_at(sections_of(log.batches()), helpers):
        if rest is None and not section.plain:
            # Its heads overlap: where a section ends says nothing, so the rest is walked as one.
            rest = Stream(log.records_between(end, None), progress, report.records)
        if rest is not None:
            await _walk_through(walk, section, rest)
        elif seen is not None:
            _see(walk, section, seen, report)
        else:
            between = log.records_between(section.after, section.until)
            stream = Stream(between, progress, report.records)
            await _walk_through(walk, section, stream)
            walk.early(await stream.rest())
            report.records = stream.count
        end = section.until
        if progress is not None and rest is None:
            progress(report.records)
    stream = rest or Stream(log.records_between(end, None), progress, report.records)
    walk.early(await stream.rest())
    walk.end_lane()
    report.records = stream.count
    walk.tails()
    return report


async def sections_of(batches: AsyncIterator[StoredBatch]) -> AsyncIterator[Section]:
    """The sections of a log, in its order: of 10,000 records or 2,000 batches at most.

    One batch that is larger is a section by itself.
    """
    after: Place | None = None
    held: list[StoredBatch] = []
    records, plain, before = 0, True, after
    async for batch in batches:
        made = batch.made
        full = records + made.size > MOST_RECORDS or len(held) >= MOST_BATCHES
        if held and full:
            until = (held[-1].made.lane, held[-1].made.last)
            yield Section(after, until, tuple(held), plain)
            after, held, records, plain = until, [], 0, True
        begin = (made.lane, made.first)
        plain = plain and made.first <= made.last and (before is None or before < begin)
        before = (made.lane, made.last)
        held.append(batch)
        records += made.size
    if held:
        yield Section(after, (held[-1].made.lane, held[-1].made.last), tuple(held), plain)


def whole_batches(
    batches: Sequence[BatchHead], rows: Sequence[Any], forms: Callable[[str, int], Kept | None]
) -> bytes | None:
    """One byte for each batch: 1 when it is whole, 0 when no record of it is there.

    ``rows`` are all records of a plain section in order, with the columns of `COVERED` and `AFTER`.
    None when anything is otherwise: a place, a leaf, a root, a record of no batch.
    """
    seen = bytearray()
    begin = 0
    for made in batches:
        if begin == len(rows) or not _reaches(rows[begin], made):
            seen.append(0)
            continue
        held = rows[begin : begin + made.size]
        if not _is_whole(made, held, forms):
            return None
        seen.append(1)
        begin += made.size
    return bytes(seen) if begin == len(rows) else None


def _reaches(row: Any, made: BatchHead) -> bool:
    """True when this record stands at or before the end of the batch, in its lane."""
    return bool(row[_COVERED] == made.lane and row[0].bytes <= made.last)


def _is_whole(
    made: BatchHead, rows: Sequence[Any], forms: Callable[[str, int], Kept | None]
) -> bool:
    lane, number, encode = made.lane, made.no, _ENVELOPE.encode
    first, last = rows[0], rows[-1]
    if len(rows) != made.size or first[0].bytes < made.first or not _reaches(last, made):
        return False
    leaves = []
    for place, row in enumerate(rows):
        own_lane, batch, position, salt, leaf, payload, form = row[_COVERED:]
        if position != place or batch != number or own_lane != lane:
            return False
        if form is not None:
            kept = forms(lane, form)
            if kept is not None:
                payload = kept.filled(payload)
        covered = encode(row[:_COVERED])
        if sha256(b"".join((b"\x00", salt, covered, b"\n", payload))).digest() != leaf:
            return False
        leaves.append(leaf)
    return root_hash(leaves) == made.root


async def _looked_at(
    sections: AsyncIterator[Section], helpers: Helpers
) -> AsyncIterator[tuple[Section, bytes | None]]:
    """Every section with what was seen of it, in order; a few are under way at a time."""
    under_way: deque[tuple[Section, Awaitable[bytes | None]]] = deque()
    async for section in sections:
        under_way.append((section, helpers.look(section)))
        if len(under_way) > 2 * helpers.number:
            first, seen = under_way.popleft()
            yield first, await seen
    for first, seen in under_way:
        yield first, await seen


async def _walk_through(walk: Walk, section: Section, stream: Stream) -> None:
    for batch in section.batches:
        await walk.through(batch, stream)


def _see(walk: Walk, section: Section, seen: bytes, report: Report) -> None:
    for batch, whole in zip(section.batches, seen, strict=True):
        walk.chain(batch)
        if whole:
            report.records += batch.made.size
        else:
            walk.batch(batch.made, ())
