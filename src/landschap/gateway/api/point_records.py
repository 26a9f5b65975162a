# SPDX-License-Identifier: EUPL-1.2
"""One record per call of the decision point: what was asked, by whom of ours, what was decided.

Of one evaluation the record holds the whole explanation; of several, and of a search, what was
answered to each. A call that could not be decided is an error in the log; a denial never is.
Source: Authorization Decision Log, "Record".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft
from landschap.purposes.decision import Decision
from landschap.purposes.vetoes import vetoes_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

_NAME_LIMIT = 255
_NAME_LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call: its kind, its place in the trace, and what is known of who asks what."""

    event: str
    at: datetime
    trace_id: bytes
    span_id: bytes
    parent: bytes | None = None
    application: str = ""
    body: Mapping[str, JsonValue] = field(default_factory=dict)

    def by(self, application: str) -> Self:
        """The same call, of this application of ours."""
        return replace(self, application=application)

    def about(self, body: Mapping[str, JsonValue]) -> Self:
        """The same call, with what it asks."""
        return replace(self, body=body)

    def named(self, event: str) -> Self:
        """The same call, of another kind than its address says."""
        return replace(self, event=event)

    def onward(self) -> str:
        """The ``traceparent`` for who is asked on account of it."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a call is answered, or why it is refused; ``decisions`` are in the order of asking."""

    asking: Asking
    answer: Mapping[str, JsonValue] = field(default_factory=dict)
    decisions: tuple[Decision | None, ...] = ()
    context: JsonValue = None
    refusal: Refusal | None = None

    def without_content(self, refusal: Refusal) -> Told:
        """The same call, refused, with nothing of what was asked."""
        return Told(asking=self.asking.about({}), refusal=refusal)


def record_of(told: Told, snapshot: str) -> Draft:
    """The record of one call, decided on this version of the register."""
    asking = told.asking
    body: dict[str, JsonValue] = {"adl.core.response": _response(told)}
    if asking.body:
        body["adl.core.request"] = asking.body
    references: dict[str, JsonValue] = {"adl.core.policies": {"landschap": snapshot}}
    if asking.application:
        references["landschap.application"] = asking.application
    entry = AdlEntry(
        trace_id=asking.trace_id,
        span_id=asking.span_id,
        parent_span_id=asking.parent,
        at=asking.at,
        event_name=f"adl.{asking.event}",
        failed=told.refusal is not None or _has_accident(told),
        references=references,
        body=body,
    )
    return refused_draft(entry, service=_service(told))


def _response(told: Told) -> JsonValue:
    if told.refusal is not None:
        reason: dict[str, JsonValue] = {"code": told.refusal.code, "status": told.refusal.status}
        return {"decision": False, "context": reason}
    asking, answer = told.asking, told.answer
    if asking.event == "access_evaluation":
        decision = told.decisions[0] if told.decisions else None
        if decision is None:
            return {"decision": False, "context": told.context}
        words = decision.for_auditor()
        if said := vetoes_of(decision):
            words["vetoes"] = said
        return {"decision": decision.allow, "context": words}
    if asking.event == "access_evaluations":
        return {"evaluations": [_short(each, answer, n) for n, each in enumerate(told.decisions)]}
    return answer


def _short(decision: Decision | None, answer: Mapping[str, JsonValue], place: int) -> JsonValue:
    if decision is None:
        every = answer.get("evaluations")
        return every[place] if isinstance(every, list) else None
    words: dict[str, JsonValue] = {"code": decision.code, "policy": decision.policy}
    if decision.allow:
        words["visible"] = sorted(decision.visible)
    # What was known beside the question: without it the decision can not be taken again.
    if facts := decision.question.facts.recorded():
        words["facts"] = facts
    if decision.checks:
        words["checks"] = list(decision.checks)
    if said := vetoes_of(decision):
        words["vetoes"] = said
    return {"decision": decision.allow, "context": words}


def _has_accident(told: Told) -> bool:
    return any(each is not None and each.code == "internal_error" for each in told.decisions)


def _service(told: Told) -> str | None:
    named = {each.question.service for each in told.decisions if each is not None}
    name = named.pop() if len(named) == 1 else ""
    return name if _NAME_LEAST <= len(name) <= _NAME_LIMIT else None
