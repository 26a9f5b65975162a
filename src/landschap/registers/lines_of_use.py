# SPDX-License-Identifier: EUPL-1.2
"""The lines of one answer of a register: who was concerned, why, which data; never a value.

A search for a known person that finds nothing still concerns that person.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from landschap.logboek.lines import Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Draft
from landschap.purposes.permit import Permit
from landschap.registers.models import ObjectType
from landschap.registers.questions import Match
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.tracing import TraceContext

SYSTEM = "landschap registers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What all lines of one answer share.

    ``trace`` is the caller's position, None when unknown. ``is_own``: one of our own people asks,
    for the case of this number.
    """

    permit: Permit
    controller: str
    type: ObjectType
    trace: TraceContext | None
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    leaves: frozenset[str]
    key_id: int
    subject_type: str
    doing: str
    valid_on: date
    known_at: datetime
    is_own: bool = False
    case_number: str = ""


class Held(Protocol):
    """What was found of one object."""

    @property
    def content(self) -> Mapping[str, JsonValue]:
        """What it says, its identification too."""
        ...


def numbers_of(kind: ObjectType, wanted: Sequence[str] | Match, found: Sequence[Held]) -> list[str]:
    """The numbers of the persons or companies an answer is about, sorted."""
    subject = kind.subject
    if subject is None:
        return []
    told = (one.content.get(subject.name) for one in found)
    # Null as well as nothing: it is about no person that is known here.
    numbers = {str(number) for number in told if number is not None}
    if isinstance(wanted, Match) and wanted.path == subject.name:
        numbers |= set(wanted.values)
    return sorted(numbers)


def drafts_of(use: Use, subjects: Sequence[bytes], spans: Iterator[bytes]) -> list[Draft]:
    """The lines for these pseudonyms; ``spans`` gives fresh span ids, the first is the answer's."""
    processing = Processing(
        permit=use.permit,
        system=SYSTEM,
        controller=use.controller,
        name=use.doing,
        trace_id=use.trace.trace_id if use.trace else use.permit.transaction_id.bytes,
        parent=use.trace.span_id if use.trace else None,
        started_at=use.started_at,
        ended_at=use.ended_at,
        outcome=use.outcome,
        data_groups=tuple(sorted({_group(use.type, leaf.split(".")[0]) for leaf in use.leaves})),
        key_id=use.key_id,
        subject_type=use.subject_type,
        valid_on=use.valid_on,
        known_at=use.known_at,
        direction="own" if use.is_own else "incoming",
        processing_id=use.case_number,
    )
    return lines_of(processing, subjects, spans)


def _group(kind: ObjectType, name: str) -> str:
    """The name of a property; of a derived one also the rule, so that it says what was read."""
    rule = kind.derived.get(name)
    return name if rule is None else f"{name} ({rule.words})"
