# SPDX-License-Identifier: EUPL-1.2
"""The lines of one answer: one per person concerned, none of them holding a value.

One person gives one line. Several give a line without a subject and one child per person.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie", rules 2 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol
from uuid import UUID

from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Mandated, Outcome
from landschap.logboek.records import Draft
from landschap.vocabulary.problems import Fault, Refusal

UNRECORDABLE = Refusal(
    code="log_record_impossible",
    status=503,
    title="This use can not be recorded",
    detail="Nothing was delivered, because the log would not tell whose data it was.",
    missing="a lawful log record",
    owner="the operators of this organisation",
    fault=Fault.OURS,
)
"""What is answered when a line can not be written: no line, no answer."""


class Granted(Protocol):
    """Under what is answered, as a Permit says it; empty texts mean that there is none."""

    @property
    def transaction_id(self) -> UUID:
        """The transaction of the question."""

    @property
    def service(self) -> str:
        """The service that was asked."""

    @property
    def peer(self) -> str:
        """Who asks."""

    @property
    def delegator(self) -> str:
        """For whom that peer asks."""

    @property
    def purpose(self) -> str:
        """What for."""

    @property
    def activity(self) -> str:
        """Our own processing activity."""

    @property
    def activity_version(self) -> int:
        """Its version."""

    @property
    def grant_hash(self) -> str:
        """The grant it came under."""

    @property
    def declaration(self) -> str:
        """The ``jti`` of the purpose declaration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """What all lines of one answer share.

    ``parent`` is the caller's span, None when unknown. ``direction`` is own for one of our own
    people, ``processing_id`` the number of the case it was for, ``mandate`` in whose name,
    ``steps`` what reshaped question and answer on the way (name@version).
    """

    permit: Granted
    system: str
    controller: str
    name: str
    trace_id: bytes
    parent: bytes | None
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    data_groups: tuple[str, ...]
    exception_type: str | None = None
    key_id: int = 1
    subject_type: str = ""
    valid_on: date | None = None
    known_at: datetime | None = None
    direction: Literal["own", "incoming"] = "incoming"
    processing_id: str = ""
    mandate: Mandated | None = None
    steps: tuple[str, ...] = ()


def lines_of(
    processing: Processing, subjects: Sequence[bytes], spans: Iterator[bytes]
) -> list[Draft]:
    """The lines for these pseudonyms. ``spans`` gives fresh span ids; the first is the answer's."""
    first = next(spans)
    if len(subjects) <= 1:
        subject = subjects[0] if subjects else None
        return [_line(processing, subject, first, processing.parent)]
    lines = [_line(processing, None, first, processing.parent)]
    lines += [_line(processing, subject, next(spans), first) for subject in subjects]
    return lines


def _line(
    processing: Processing, subject: bytes | None, span: bytes, parent: bytes | None
) -> Draft:
    permit = processing.permit
    is_own = processing.direction == "own"
    origin: Literal["caller", "own", "fsc"] = "own" if is_own else "fsc"
    entry = LineEntry(
        trace_id=processing.trace_id,
        span_id=span,
        parent_span_id=parent,
        name=processing.name,
        started_at=processing.started_at,
        ended_at=processing.ended_at,
        controller=processing.controller,
        outcome=processing.outcome,
        system=processing.system,
        activity=permit.activity,
        activity_version=permit.activity_version,
        subject=subject,
        subject_type=processing.subject_type if subject else None,
        key_id=processing.key_id if subject else None,
        direction=processing.direction,
        trace_origin="caller" if processing.parent else origin,
        processor_url=None if is_own else f"urn:nld:oin:{permit.peer}",
        peer=None if is_own else permit.peer,
        delegator=permit.delegator or None,
        transaction_id=permit.transaction_id,
        grant_hash=permit.grant_hash or None,
        purpose=permit.purpose,
        processing_id=processing.processing_id or None,
        declaration_jti=permit.declaration or None,
        data_groups=processing.data_groups,
        exception_type=processing.exception_type,
        valid_on=processing.valid_on,
        known_at=processing.known_at,
        mandate=processing.mandate,
        steps=processing.steps,
    )
    return line_draft(entry, now=processing.ended_at, service=permit.service)
