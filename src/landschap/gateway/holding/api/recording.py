# SPDX-License-Identifier: EUPL-1.2
"""What the log is told of one question to a held service: a line per person, and second decisions.

Source: Logboek Dataverwerkingen, "Gedrag van de applicatie"; Authorization Decision Log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from landschap.gateway.holding.api.served import Served
from landschap.logboek.lines import UNRECORDABLE, Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.logboek.second_decisions import SecondRefusal, second_refusal
from landschap.platform.ids import new_span_id, span_ids
from landschap.purposes.permit import Permit
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.tracing import TraceContext

SYSTEM = "landschap gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """With what a number becomes a pseudonym, and the space that it is then of.

    ``key`` finds a person among statements. ``line_key`` gives number and key of the generation
    that lines are written with now.
    """

    key: bytes
    controller: Oin
    space: str
    line_key: Callable[[], tuple[int, bytes]] | None = None

    def newest(self) -> tuple[int, bytes]:
        """Number and key that lines are written with, and pseudonyms in answers."""
        return self.line_key() if self.line_key else (1, self.key)

    def of(self, kind: str, numbers: Iterable[str]) -> list[bytes]:
        """Each person among statements, once. Raises ProblemError for what is no such number."""
        return self.under(self.key, kind, numbers)

    def under(self, key: bytes, kind: str, numbers: Iterable[str]) -> list[bytes]:
        """Each person under this key, once. Raises ProblemError for what is no such number."""
        try:
            found = [
                subject_pseudonym(key, self.controller, kind, number)
                for number in sorted(set(numbers))
            ]
        except InvalidValue:
            raise ProblemError(UNRECORDABLE) from None
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question on its way. ``span`` is our own: that of the first line."""

    served: Served
    permit: Permit
    trace: TraceContext | None
    span: bytes
    started_at: datetime
    action: str

    @property
    def trace_id(self) -> bytes:
        """The caller's trace; without one the transaction is the trace."""
        return self.trace.trace_id if self.trace else self.permit.transaction_id.bytes


def lines(
    case: Case,
    pseudonyms: Pseudonyms,
    numbers: Iterable[str],
    outcome: Outcome,
    *,
    fields: Iterable[str] = (),
    exception: str | None = None,
) -> list[Draft]:
    """The lines of one answer. Raises ProblemError for what is no number of a person."""
    hold = case.served.hold
    key_id, key = pseudonyms.newest()
    subjects = pseudonyms.under(key, hold.kind, numbers)
    processing = Processing(
        permit=case.permit,
        system=SYSTEM,
        controller=pseudonyms.controller.value,
        name=f"{case.permit.service} {case.action}",
        trace_id=case.trace_id,
        parent=case.trace.span_id if case.trace else None,
        started_at=case.started_at,
        ended_at=max(datetime.now(UTC), case.started_at),
        outcome=outcome,
        data_groups=tuple(sorted({path.partition(".")[0] for path in fields})),
        exception_type=exception,
        steps=tuple(each.label for each in hold.steps),
        key_id=key_id,
        subject_type=f"{pseudonyms.space}/{hold.kind}/{key_id}",
    )
    return lines_of(processing, subjects, chain([case.span], span_ids()))


def refused(case: Case, action: str, code: str, about: Sequence[str] = ()) -> Draft:
    """A decision taken after the door: on what the door could not see."""
    return second_refusal(
        SecondRefusal(
            permit=case.permit,
            action=action,
            code=code,
            at=case.started_at,
            trace_id=case.trace_id,
            trace=case.trace,
            about={"fields": list(about)} if about else None,
        ),
        new_span_id(),
    )
