# SPDX-License-Identifier: EUPL-1.2
"""What a verification found, and what it could not prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

MAX_FINDINGS = 200


class Harm(StrEnum):
    """The ways in which a log can be harmed, and what each sentence of a report begins with."""

    RECORD_CHANGED = "record changed"
    RECORD_REMOVED = "record removed"
    RECORD_INSERTED = "record inserted"
    RECORDS_REORDERED = "records reordered"
    BATCH_CHANGED = "batch changed"
    BATCH_EMPTIED = "batch emptied"
    BATCH_REMOVED = "batch removed"
    HEAD_REWRITTEN = "batch head rewritten"
    CHAIN_BROKEN = "chain broken"
    TAIL_CUT = "end of lane cut off"
    ANCHOR_CONTRADICTS = "lane rewritten after it was signed"
    ANCHOR_INVALID = "anchor invalid"
    ANCHOR_REMOVED = "anchor removed"
    ANCHOR_UNTRUSTED = "anchor signed by a stranger"
    RECORD_CLOSED = "record does not open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where the log is not what was written."""

    harm: Harm
    detail: str
    lane: str | None = None
    batch: int | None = None
    position: int | None = None
    record_id: UUID | None = None

    def sentence(self) -> str:
        """The finding in one line: what, where, and what shows it."""
        where = [f"lane {self.lane}"] if self.lane else []
        where += [f"batch {self.batch}"] if self.batch is not None else []
        where += [f"position {self.position}"] if self.position is not None else []
        where += [f"record {self.record_id}"] if self.record_id else []
        place = f" ({', '.join(where)})" if where else ""
        return f"{self.harm.value}{place}: {self.detail}"

    def body(self) -> dict[str, JsonValue]:
        """The finding for machines; absent members are left out."""
        found: Mapping[str, JsonValue] = {
            "harm": self.harm.name.lower(),
            "detail": self.detail,
            "lane": self.lane,
            "batch": self.batch,
            "position": self.position,
            "record": str(self.record_id) if self.record_id else None,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True, kw_only=True)
class Report:
    """The outcome of one verification."""

    lanes: int = 0
    batches: int = 0
    records: int = 0
    anchors: int = 0
    batches_dropped: int = 0
    months_dropped: tuple[str, ...] = ()
    last_anchor: datetime | None = None
    unanchored: int = 0
    strangers_not_checked: bool = False
    witnessed_until: datetime | None = None
    opened: int | None = None
    """Sealed records that were opened; None when nothing was to be opened."""
    closed: dict[str, int] = field(default_factory=dict)
    """Sealed records whose key is not here, by the name of the key."""
    findings: list[Finding] = field(default_factory=list)
    harms: int = 0

    @property
    def intact(self) -> bool:
        """True when nothing was found."""
        return self.harms == 0

    def add(self, finding: Finding) -> None:
        """Keep a finding; beyond 200 they are only counted."""
        self.harms += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)

    def unproven(self) -> list[str]:
        """What this verification can not prove, in sentences."""
        told = []
        if self.last_anchor is None:
            told.append(
                "no anchor was signed yet: a log of which the end was cut off looks the same"
            )
        elif self.unanchored:
            told.append(
                f"{self.unanchored} batches were written after the last anchor of "
                f"{as_utc_text(self.last_anchor)}: had later ones been cut off, it would not show"
            )
        if self.months_dropped:
            told.append(
                f"the records of {', '.join(self.months_dropped)} are gone after their term "
                f"({self.batches_dropped} batches): their heads are still chained, what stood in "
                "them can no longer be shown"
            )
        told += [
            f"what {number} records say: they are sealed with key {name}, which is not here; that "
            "they stand as they were written, and all that finds them, is proved"
            for name, number in self.closed.items()
        ]
        if self.strangers_not_checked:
            told.append("no trust anchors were given: anyone's certificate would do for an anchor")
        if self.witnessed_until is None:
            told.append(
                "who holds both the database and the organisation's key can write a whole log "
                "anew; only an anchor that another organisation keeps shows that"
            )
        else:
            told.append(
                f"what was written after {as_utc_text(self.witnessed_until)} is with no witness "
                "yet: who holds the database and the key can still write that anew"
            )
        return told

    def body(self) -> dict[str, JsonValue]:
        """The report for machines."""
        return {
            "intact": self.intact,
            "lanes": self.lanes,
            "batches": self.batches,
            "records": self.records,
            "anchors": self.anchors,
            "last_anchor": None if self.last_anchor is None else as_utc_text(self.last_anchor),
            "months_dropped": list(self.months_dropped),
            **({} if self.opened is None else {"opened": self.opened, "closed": {**self.closed}}),
            "harms": self.harms,
            "findings": [finding.body() for finding in self.findings],
            "unproven": list(self.unproven()),
        }
