# SPDX-License-Identifier: EUPL-1.2
"""What is answered when lines are not taken in; no word of what was given stands in it."""

from __future__ import annotations

from collections.abc import Sequence

from landschap.logboek.given import MAX_BYTES, InvalidLine
from landschap.logboek.seen import SeenLine
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, Refusal

_MOST_TOLD = 50
_ASKER = "the application that delivers the lines"


def body_unreadable(mistake: InvalidLine) -> Refusal:
    """A body of which no line can be read, or with too many."""
    return Refusal(
        code="request_invalid",
        status=400,
        title="The lines can not be read",
        detail=f"Nothing was written: {mistake.detail}.",
        missing="a well-formed body",
        owner=_ASKER,
        fault=Fault.INPUT,
        extra={"errors": [_mistake(None, mistake)]},
    )


def lines_invalid(mistakes: Sequence[tuple[int, InvalidLine]]) -> Refusal:
    """Lines that may not stand in the log, each with its place, span and rule."""
    return Refusal(
        code="log_lines_invalid",
        status=422,
        title="These lines may not stand in the log",
        detail=f"Nothing was written. Lines that break a rule: {len(mistakes)}.",
        missing="lines that keep to the rules in errors",
        owner=_ASKER,
        fault=Fault.INPUT,
        extra={"errors": [_mistake(*each) for each in mistakes[:_MOST_TOLD]]},
    )


def conflicting(places: Sequence[tuple[int, SeenLine]]) -> Refusal:
    """Lines that are kept with another content."""
    return Refusal(
        code="log_lines_conflict",
        status=409,
        title="A line is never changed",
        detail=(
            "Nothing was written. The log holds other lines under the same trace and span: "
            f"{len(places)}. A correction is a new line."
        ),
        missing="a new span for each other act",
        owner=_ASKER,
        extra={"errors": [_conflict(*each) for each in places[:_MOST_TOLD]]},
    )


def media_type_unknown(*known: str) -> Refusal:
    """A body in another form."""
    return Refusal(
        code="media_type",
        status=415,
        title="This content type is not read here",
        detail=f"Lines are read as {', '.join(known)}.",
        missing="one of these as Content-Type",
        owner=_ASKER,
    )


def encoding_unknown() -> Refusal:
    """A body that can not be unpacked."""
    return Refusal(
        code="media_type",
        status=415,
        title="This content encoding is not read here",
        detail="A body is sent as it is, or as one whole gzip stream.",
        missing="Content-Encoding gzip, or none",
        owner=_ASKER,
    )


def too_large() -> Refusal:
    """A body that is too large once it is unpacked."""
    return Refusal(
        code="body_too_large",
        status=413,
        title="The body is too large",
        detail=f"At most {MAX_BYTES} bytes are read; divide the lines over more requests.",
        owner=_ASKER,
    )


def _mistake(place: int | None, error: InvalidLine) -> JsonValue:
    told = _place(place, error.span)
    return {
        **told,
        "rule": error.rule,
        "detail": f"{_named(place, error.span)}{error.detail} ({error.rule})",
        **({"location": {"name": error.place}} if error.place else {}),
    }


def _conflict(place: int, kept: SeenLine) -> JsonValue:
    span = kept.span_id.hex()
    words = f"{_named(place, span)}the log holds another line under this trace and span (conflict)"
    return {**_place(place, span), "rule": "conflict", "detail": words}


def _place(place: int | None, span: str) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {"in": "body"}
    if place is not None:
        found["line"] = place
    if span:
        found["span_id"] = span
    return found


def _named(place: int | None, span: str) -> str:
    if place is None:
        return ""
    return f"line {place}, span {span}: " if span else f"line {place}: "


_READER = "the one who asks"


def question_unreadable(detail: str, place: str) -> Refusal:
    """A question for lines that can not be read; ``place`` is the member, or empty."""
    error: dict[str, JsonValue] = {"in": "body", "detail": detail}
    if place:
        error["location"] = {"name": place}
    return Refusal(
        code="request_invalid",
        status=400,
        title="The question can not be read",
        detail=f"Nothing was read: {f'{place}: ' if place else ''}{detail}.",
        missing="a well-formed question",
        owner=_READER,
        extra={"errors": [error]},
    )


def question_type_unknown() -> Refusal:
    """A question in another form."""
    return Refusal(
        code="media_type",
        status=415,
        title="This content type is not read here",
        detail="A question is read as application/json.",
        missing="Content-Type: application/json",
        owner=_READER,
    )


def selector_missing() -> Refusal:
    """A question for everything."""
    return Refusal(
        code="selector_missing",
        status=400,
        title="It is not said which lines are asked",
        detail="A question names a trace, a processing activity or a data subject; "
        "a period and a purpose only narrow it.",
        missing="one of traceId, the processing activity, the data subject",
        owner=_READER,
    )


def result_too_large(most: int) -> Refusal:
    """More lines than an answer holds: a part would be taken for all."""
    return Refusal(
        code="result_too_large",
        status=400,
        title="There are more lines than an answer holds",
        detail=f"More than {most} lines fit the question. Ask for a shorter period "
        "(startTime, endTime), or for one trace.",
        missing="a narrower question",
        owner=_READER,
        extra={"max": most},
    )


def reason_missing() -> Refusal:
    """An auditor looks with a reason, as in the console."""
    return Refusal(
        code="reason_missing",
        status=400,
        title="Looking in the log needs a reason",
        detail="Say in nl.landschap.reason why you look, in ten to 500 characters and without "
        "the number of a person: the reason is kept.",
        missing="nl.landschap.reason",
        owner=_READER,
    )


def person_by_number() -> Refusal:
    """An auditor who has the number of a person."""
    return Refusal(
        code="person_by_number",
        status=403,
        title="A person is not searched by number here",
        detail="Who has the number of a person searches in the console, where a second officer "
        "allows it. Here an auditor names our pseudonym.",
        missing="the permission of a second officer",
        owner="another officer of this organisation",
    )
