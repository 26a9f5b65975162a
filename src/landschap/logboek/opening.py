# SPDX-License-Identifier: EUPL-1.2
"""A log of which each record is also opened on the way of a verification.

That a record stands as it was written is proved without any key: what is hashed is what is stored.
With the keys this adds that each says something to us, and that nobody put it where it is not of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import msgspec

from landschap.logboek.anchors import Anchor
from landschap.logboek.findings import Finding, Harm, Report
from landschap.logboek.records import Record
from landschap.logboek.sealing import NotOpened, is_sealed, key_named_in, own_key
from landschap.logboek.verify import Log, StoredBatch


class OpenedLog:
    """A log, and what was seen when its records were opened."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._opened = 0
        self._closed: Counter[str] = Counter()
        self._harmed: list[Finding] = []
        self._harms = 0

    def anchors(self) -> AsyncIterator[Anchor]:
        """As of the log."""
        return self._log.anchors()

    def batches(self) -> AsyncIterator[StoredBatch]:
        """As of the log."""
        return self._log.batches()

    async def records(self) -> AsyncIterator[Record]:
        """As of the log, each opened when it is sealed."""
        async for record in self._log.records():
            if is_sealed(record.payload):
                self._open(record)
            yield record

    def tell(self, report: Report) -> None:
        """Add to a report what was seen."""
        report.opened = self._opened
        report.closed = dict(sorted(self._closed.items()))
        for finding in self._harmed:
            report.add(finding)
        report.harms += self._harms - len(self._harmed)

    def _open(self, record: Record) -> None:
        if own_key(record.record_id, record.payload, record.keys) is None:
            self._closed[key_named_in(record.payload).hex()] += 1
            return
        try:
            record.content()
        except (NotOpened, msgspec.DecodeError):
            self._harms += 1
            if self._harms <= _MOST:
                self._harmed.append(
                    Finding(
                        harm=Harm.RECORD_CLOSED,
                        detail="the key that it names is here and does not open it",
                        lane=record.lane,
                        batch=record.batch,
                        position=record.position,
                        record_id=record.record_id,
                    )
                )
            return
        self._opened += 1


_MOST = 200
