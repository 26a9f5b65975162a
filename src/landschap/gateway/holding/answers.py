# SPDX-License-Identifier: EUPL-1.2
"""What becomes of an answer of a held service: what leaves, and what the lines say of it.

An error of the service is told in our own words: its own may name a person. Who is not there and
who may not be seen get one and the same answer.
Source: RFC 9110, 15; RFC 9457; house rule "Rows".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from landschap.gateway.holding import json_form, xml_form
from landschap.gateway.holding.model import JSON, Hold
from landschap.gateway.holding.places import Shape
from landschap.gateway.holding.questions import Understood, is_of_form
from landschap.gateway.holding.reshaping import applied_to_body, at
from landschap.gateway.holding.steps import AFTER
from landschap.gateway.holding.trimming import Cut, Unreadable
from landschap.logboek.payloads import Outcome
from landschap.purposes.duties import NO_DUTIES, Duties
from landschap.purposes.permit import Permit
from landschap.vocabulary.problems import Fault, Refusal

_SUPPLIER = "the supplier of the service, or the operators of the organisation that offers it"
# What of a client's mistake a service may tell; 401 and 403 are about us, not about who asks.
_KEPT = frozenset({400, 409, 412, 415, 422, 428, 429})
_CODE = re.compile(r"[A-Za-z][A-Za-z_.-]{0,63}")
_MOST_PROBLEM = 65_536

NOTHING = Refusal(
    code="not_found",
    status=404,
    title="Nothing was found",
    detail="The service holds nothing that answers this question.",
)
"""The one answer for what does not exist and for what lies outside the row conditions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer of the service as it came, whole and not packed."""

    status: int
    media_type: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What leaves and what is recorded; with a refusal nothing of the body leaves."""

    outcome: Outcome
    refusal: Refusal | None = None
    status: int = 200
    media_type: str = ""
    body: bytes = b""
    numbers: tuple[str, ...] = ()
    released: frozenset[str] = frozenset()
    removed: int = 0
    trimmed: int = 0
    stopped: int = 0


def failed(code: str, detail: str, *, status: int = 502) -> Refusal:
    """A refusal for which the service, not the asker, is the cause."""
    return Refusal(
        code=code,
        status=status,
        title="The service gave no usable answer",
        detail=f"{detail} Nothing was delivered.",
        missing="an answer as the service was declared to give",
        owner=_SUPPLIER,
        fault=Fault.SOURCE,
    )


def judge(
    answered: Answered,
    hold: Hold,
    shapes: Sequence[Shape],
    permit: Permit,
    understood: Understood,
    duties: Duties = NO_DUTIES,
) -> Judged:
    """What leaves of this answer. ``duties`` hold obligations about fields alone."""
    asked = tuple(understood.numbers(hold.persons))
    if answered.status in (404, 410):
        return Judged(outcome=Outcome.NOTHING_FOUND, refusal=NOTHING, numbers=asked)
    if answered.status == 204 and permit.rows:
        refusal = failed("answer_untrimmable", "Which record it is about is not told.")
        return Judged(outcome=Outcome.FAILED, refusal=refusal, numbers=asked)
    if answered.status == 204:
        return _nameless(asked) or Judged(outcome=Outcome.DELIVERED, status=204, numbers=asked)
    if answered.status not in (200, 201, 203):
        refusal = _mapped(answered)
        outcome = Outcome.REFUSED if refusal.status in _KEPT else Outcome.FAILED
        return Judged(outcome=outcome, refusal=refusal, numbers=asked)
    if not is_of_form(answered.media_type, hold.form):
        refusal = failed("answer_untrimmable", f"It is not {hold.form.upper()} in UTF-8.")
        return Judged(outcome=Outcome.FAILED, refusal=refusal, numbers=asked)
    cut = Cut(
        permitted=frozenset(permit.fields),
        persons=frozenset(hold.persons),
        rows=permit.rows,
        is_told_fields=bool(hold.fields_parameter),
        duties=duties,
    )
    unknown = [each.path for each in permit.rows if each.path not in hold.fields]
    if unknown:
        refusal = failed("answer_untrimmable", "A row condition is about a field without place.")
        return Judged(outcome=Outcome.FAILED, refusal=refusal, numbers=asked)
    form = json_form if hold.form == JSON else xml_form
    try:
        body = form.cut_answer(answered.body, shapes, cut)
    except Unreadable as error:
        refusal = failed("answer_untrimmable", f"The answer can not be cut: {error}.")
        return Judged(outcome=Outcome.FAILED, refusal=refusal, numbers=asked, stopped=cut.stopped)
    try:
        body = applied_to_body(body, at(hold.steps, AFTER))
    except Unreadable as error:
        refusal = failed("answer_untrimmable", f"The answer can not be reshaped: {error}.")
        return Judged(outcome=Outcome.FAILED, refusal=refusal, numbers=asked, stopped=cut.stopped)
    return _released(answered, body, cut, asked)


def _released(answered: Answered, body: bytes, cut: Cut, asked: tuple[str, ...]) -> Judged:
    counted = Judged(
        outcome=Outcome.DELIVERED,
        status=answered.status,
        media_type=answered.media_type.partition(";")[0].strip().lower(),
        body=body,
        numbers=(*asked, *cut.numbers),
        released=frozenset(cut.released),
        removed=cut.removed,
        trimmed=cut.trimmed,
        stopped=cut.stopped,
    )
    if not cut.left:
        return replace(counted, outcome=Outcome.NOTHING_FOUND, refusal=NOTHING, body=b"")
    if cut.nameless and not asked:
        return replace(_nameless(()) or counted, removed=cut.removed, stopped=cut.stopped)
    return counted


def _nameless(asked: Sequence[str]) -> Judged | None:
    """Nobody is named, so nobody would have a line: no line, no answer."""
    if asked:
        return None
    words = "A record, or a question without an answer, names no person at the declared places."
    refusal = failed("answer_without_person", words)
    return Judged(outcome=Outcome.FAILED, refusal=refusal)


def _mapped(answered: Answered) -> Refusal:
    status = answered.status
    if status in _KEPT:
        code = _code_in(answered)
        return Refusal(
            code="service_refused",
            status=status,
            title="The service refused the question",
            detail=f"The service answered {status}. What it said besides may name a person and is "
            "not passed on.",
            missing="a question that the service takes",
            owner="the application that asks",
            extra={"serviceCode": code} if code else {},
        )
    if status in (503, 504):
        return failed("service_failed", f"The service answered {status}.", status=status)
    return failed("service_failed", f"The service answered {status}.")


def _code_in(answered: Answered) -> str:
    """The code of a problem, when it is a word: no digits, so no number of a person."""
    if not is_of_form(answered.media_type, JSON) or len(answered.body) > _MOST_PROBLEM:
        return ""
    try:
        problem = msgspec.json.decode(answered.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    code = problem.get("code") if isinstance(problem, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
