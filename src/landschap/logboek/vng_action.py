# SPDX-License-Identifier: EUPL-1.2
"""An action of the older municipal standard, and its lines.

An action about several persons becomes a line without a subject and a child for each of them.
Source: VNG, "Logging van verwerkingen", bewerking API 0.9.0, `Verwerkingsactie`; Logboek
Dataverwerkingen, "Gedrag van de applicatie", rule 5.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from landschap.logboek.disclosure import Level
from landschap.logboek.given import Given
from landschap.logboek.ingest import ACTIVITY, PROCESSOR, SUBJECT, SUBJECT_TYPE
from landschap.vocabulary.ijson import JsonValue

_MAX_SYSTEM = 200


class VngObject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an action is about, as the number it was given by, and which data."""

    kind: str
    number: str
    groups: tuple[str, ...]
    rest: JsonValue


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """For whom was processed, and what that organisation says of its own side."""

    oin: str | None
    activity_id: UUID | None
    activity: str | None
    processing: UUID | None


class VngAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action. ``rest`` is all that was given, without numbers of objects and employee."""

    name: str
    processing_id: UUID | None
    activity_id: UUID | None
    activity: str | None
    level: Level
    term: str | None
    system: str | None
    consumer: Consumer
    at: datetime
    objects: tuple[VngObject, ...]
    rest: JsonValue


class Spans(msgspec.Struct, frozen=True):
    """Where lines stand: their trace, the span that led to them, and a maker of new spans."""

    trace_id: bytes
    parent: bytes | None
    fresh: Callable[[], bytes]


def lines_of(action: VngAction, activity: str | None, spans: Spans) -> list[Given]:
    """The lines of an action: its own, and a child for each person when there are several."""
    first = spans.fresh()
    if len(action.objects) <= 1:
        about = action.objects[0] if action.objects else None
        return [_line(action, activity, (spans.trace_id, first, spans.parent), about)]
    lines = [_line(action, activity, (spans.trace_id, first, spans.parent), None)]
    for each in action.objects:
        place = (spans.trace_id, spans.fresh(), first)
        lines.append(_line(action, activity, place, each, is_child=True))
    return lines


def _line(
    action: VngAction,
    activity: str | None,
    place: tuple[bytes, bytes, bytes | None],
    about: VngObject | None,
    *,
    is_child: bool = False,
) -> Given:
    moment = int(action.at.timestamp() * 1000)
    trace_id, span_id, parent = place
    attributes = _attributes(action, activity, about)
    subject: JsonValue = {SUBJECT: about.number} if about else {}
    return Given(
        trace_id=trace_id,
        span_id=span_id,
        parent=parent,
        status="Unset",
        name=action.name,
        started=moment,
        ended=moment,
        attributes=attributes,
        resource={"service.name": action.system[:_MAX_SYSTEM]} if action.system else {},
        # What the children share with their parent is looked through once.
        raw={
            "attributes": subject,
            "action": None if is_child else action.rest,
            "object": about.rest if about else None,
        },
        direction="incoming" if action.consumer.oin else "own",
    )


def _attributes(
    action: VngAction, activity: str | None, about: VngObject | None
) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    if activity is not None:
        found[ACTIVITY] = activity
    if action.processing_id is not None:
        found["nl.landschap.processing_id"] = str(action.processing_id)
    if action.consumer.oin is not None:
        found["nl.landschap.peer_oin"] = action.consumer.oin
        found[PROCESSOR] = f"urn:nld:oin:{action.consumer.oin}"
    if about is not None:
        found[SUBJECT] = about.number
        found[SUBJECT_TYPE] = about.kind
        found["nl.landschap.data_groups"] = list(about.groups)
    return found
