# SPDX-License-Identifier: EUPL-1.2
"""What is asked of a source and what comes back: questions, rows, and named failures.

A row keeps its own period and registration, so that each field can say since when it holds and
how long it has been known. What a source could not give has a reason of a closed list.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from landschap.integration.model import Axes
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.tracing import TraceContext

# A question that leads to more keys than this is bulk delivery, not a lookup.
MAX_KEYS = 1_000


class Reason(StrEnum):
    """Why a value is not there; the words of the wire are Dutch. Empty is not a reason: it is null.

    The first seven are failures of a source, the others follow from the rows or the question.
    """

    UNREACHABLE = "onbereikbaar"
    TOO_LATE = "te_laat"
    REFUSED = "geweigerd"
    UNREADABLE = "onleesbaar"
    TOO_LARGE = "te_groot"
    SUSPENDED = "onderbroken"
    BROKEN = "storing"
    NO_TIME_TRAVEL = "tijdreis_niet_ondersteund"
    DEPENDS = "hangt_af_van_ontbrekende_bron"
    NO_PARTNER = "geen_partner"
    MORE_THAN_ONE = "meer_dan_een"
    DISAGREE = "bronnen_oneens"
    UNTRANSLATABLE = "niet_om_te_zetten"


# For the log: the class of the failure, never its message.
EXCEPTION_TYPES: Mapping[Reason, str] = {
    Reason.UNREACHABLE: "SourceUnreachable",
    Reason.TOO_LATE: "SourceTimeout",
    Reason.REFUSED: "SourceRefused",
    Reason.UNREADABLE: "SourceUnreadable",
    Reason.TOO_LARGE: "SourceAnswerTooLarge",
    Reason.SUSPENDED: "SourceSuspended",
    Reason.BROKEN: "SourceBroken",
}


class SourceFailed(Exception):
    """A source that did not give rows. Holds the reason only: no text of the source, no data.

    ``pause_seconds`` is how long a source that is SUSPENDED asked to be left alone, None when it
    did not say how long.
    """

    def __init__(self, reason: Reason, *, pause_seconds: float | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.pause_seconds = pause_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The two times of a question, the same for every source.

    ``now`` and ``today`` say that the asker left the axis at its default, so that a source without
    that axis may still answer.
    """

    valid_on: date
    known_at: datetime
    today: bool
    now: bool

    def beyond(self, axes: Axes) -> bool:
        """True when a source with these axes can not answer for this moment."""
        if axes is Axes.BOTH:
            return False
        return not self.now or (axes is Axes.NONE and not self.today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behalf:
    """The question that is being answered: its Permit as it came, and its purpose.

    Only our own Outway gets the Permit, so that it can say from which question the next follows.
    """

    permit: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to one source: rows whose ``by`` is one of ``keys``, these columns only.

    ``shared`` is one mapping for all questions of one answer, in which doors to the same store
    keep what must be equal for all of them (the state of knowledge of a register).
    """

    by: str
    keys: Sequence[str]
    columns: Sequence[str]
    moment: Moment
    trace: TraceContext | None = None
    behalf: Behalf | None = None
    shared: MutableMapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. ``begin`` and ``end`` are days (half-open), None when open or unknown.

    ``registered`` is a moment on ``clock`` (eigen, bron, landelijk); ``doubts`` are columns that
    are under investigation.
    """

    id: str
    values: Mapping[str, JsonValue]
    begin: str | None = None
    end: str | None = None
    registered: str | None = None
    clock: str = ""
    certain: bool = True
    doubts: tuple[str, ...] = ()


class Connector(Protocol):
    """A door to one source."""

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows that fit the question, in any order. Raises SourceFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one source by the value they were asked for."""

    by_key: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A source whose rows are absent, and why."""

    reason: Reason


Collected = Mapping[str, Batch | Failure]


def batch_of(rows: Sequence[Row], by: str) -> Batch:
    """Sort rows under the value of ``by``; within one value by id, never by order of arrival."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(key_text(row.values.get(by)), []).append(row)
    return Batch({key: _sorted(found) for key, found in by_key.items()})


def _sorted(rows: list[Row]) -> tuple[Row, ...]:
    """By id; rows of one id (a source without numbers) by all that they hold."""
    if len(rows) == 1:
        return (rows[0],)
    if len({row.id for row in rows}) == len(rows):
        return tuple(sorted(rows, key=lambda row: row.id))
    return tuple(
        sorted(rows, key=lambda row: (row.id, row.begin or "", repr(sorted(row.values.items()))))
    )


def at_path(value: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path inside objects, None when there is none."""
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def has_path(value: JsonValue, path: str) -> bool:
    """True when something is written at a dotted path, also when it is null."""
    *parents, last = path.split(".")
    inner = at_path(value, ".".join(parents)) if parents else value
    return isinstance(inner, Mapping) and last in inner


def key_text(value: JsonValue) -> str:
    """A key as text; numbers are written as they stand, anything else is no key."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def keys_of(value: JsonValue, splits: str) -> tuple[str, ...]:
    """The keys one column leads to: none when empty, several when it is split or a list."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(key for item in value if (key := key_text(item)))
    text = key_text(value)
    parts = text.split(splits) if splits else (text,)
    return tuple(dict.fromkeys(part for part in parts if part))
