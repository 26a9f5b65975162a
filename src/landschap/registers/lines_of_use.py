# SPDX-License-Identifier: EUPL-1.2
"""The lines of one answer of a register: who was concerned, why, which data; never a value.

One person gives one line; several give a line without subject and a child per person. A search
for a known person that finds nothing still concerns that person.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.records import Draft
from landschap.purposes.permit import Permit
from landschap.registers.models import ObjectType
from landschap.registers.questions import Found, Match
from landschap.vocabulary.tracing import TraceContext

SYSTEM = "landschap registers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What all lines of one answer share. ``trace`` is the caller's position, None when unknown."""

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


def numbers_of(
    kind: ObjectType, wanted: Sequence[str] | Match, found: Sequence[Found]
) -> list[str]:
    """The numbers of the persons or companies an answer is about, sorted."""
    subject = kind.subject
    if subject is None:
        return []
    numbers = {str(one.content[subject.name]) for one in found if subject.name in one.content}
    if isinstance(wanted, Match) and wanted.path == subject.name:
        numbers |= set(wanted.values)
    return sorted(numbers)


def drafts_of(use: Use, subjects: Sequence[bytes], spans: Iterator[bytes]) -> list[Draft]:
    """The lines for these pseudonyms; ``spans`` gives fresh span ids, the first is the answer's."""
    first = next(spans)
    parent = use.trace.span_id if use.trace else None
    if len(subjects) <= 1:
        return [_line(use, subjects[0] if subjects else None, first, parent)]
    lines = [_line(use, None, first, parent)]
    return lines + [_line(use, subject, next(spans), first) for subject in subjects]


def _line(use: Use, subject: bytes | None, span: bytes, parent: bytes | None) -> Draft:
    permit = use.permit
    entry = LineEntry(
        trace_id=use.trace.trace_id if use.trace else permit.transaction_id.bytes,
        span_id=span,
        parent_span_id=parent,
        name=f"{use.type.collection} raadplegen",
        started_at=use.started_at,
        ended_at=use.ended_at,
        controller=use.controller,
        outcome=use.outcome,
        system=SYSTEM,
        activity=permit.activity,
        activity_version=permit.activity_version,
        subject=subject,
        subject_type=use.subject_type if subject else None,
        key_id=use.key_id if subject else None,
        direction="incoming",
        trace_origin="caller" if use.trace else "fsc",
        processor_url=f"urn:nld:oin:{permit.peer}",
        peer=permit.peer,
        delegator=permit.delegator or None,
        transaction_id=permit.transaction_id,
        grant_hash=permit.grant_hash or None,
        purpose=permit.purpose,
        declaration_jti=permit.declaration or None,
        data_groups=tuple(sorted({leaf.split(".")[0] for leaf in use.leaves})),
    )
    return line_draft(entry, now=use.ended_at, service=permit.service)
