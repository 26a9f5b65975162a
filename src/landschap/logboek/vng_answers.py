# SPDX-License-Identifier: EUPL-1.2
"""Lines of the log as the older municipal standard tells them to the person concerned.

    created       what was just written, for the application that did
    objects_of    an entry per line: the object, and the action it is part of
    actions_of    an entry per action, with the objects that are the person's own

Who an object is stands there as it was asked, never as the log knows it. System, employee and
source of the data are told to nobody. Of a use that is told in general only, no more is told here.
Source: VNG, "Logging van verwerkingen", inzage API 0.9.0; mapping of Logboek Dataverwerkingen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from landschap.logboek.disclosure import Level, is_generic
from landschap.logboek.records import Record
from landschap.logboek.vng_action import Consumer, VngAction
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

Json = dict[str, JsonValue]


class NotedAction(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept beside the line of an action that came in by this standard.

    ``term`` is the last one that was given for it; ``consumer_`` what the other side said.
    """

    action_id: UUID
    trace_id: bytes
    span_id: bytes
    application: str
    at: datetime
    activity: str | None = None
    processing_id: UUID | None = None
    consumer_activity_id: UUID | None = None
    consumer_activity: str | None = None
    consumer_processing: UUID | None = None
    term: str | None = None


_NOTHING_SAID = Consumer(oin=None, activity_id=None, activity=None, processing=None)


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of a processing activity at the time of a line."""

    id: UUID
    name: str
    log_retention: str


class Asked(msgspec.Struct, frozen=True):
    """Whom was asked for; None where the address alone says which action."""

    kind: str | None
    number: str | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line with what belongs to it. ``whole`` is the line of an act with several persons,
    ``consumer`` what the one who asked said of its own side.
    """

    record: Record
    whole: Record | None
    activity: Activity | None
    level: Level
    noted: NotedAction | None = None
    consumer: Consumer | None = None


class Place(msgspec.Struct, frozen=True):
    """Our log: its address for this standard."""

    address: str

    def action_id(self, trace_id: bytes, span_id: bytes) -> UUID:
        """The number of an action, made from where its line stands. Source: RFC 9562, 5.5."""
        return uuid5(uuid5(NAMESPACE_URL, self.address), (trace_id + span_id).hex())

    def url_of(self, action_id: UUID) -> str:
        """The address of an action that came in by this standard."""
        return f"{self.address}/verwerkingsacties/{action_id}"

    def number_of(self, record: Record, whole: Record | None) -> UUID:
        """The number of the action that a line is, or is a part of."""
        columns = (whole or record).columns
        return self.action_id(columns.trace_id, columns.span_id)


def created(
    action: VngAction, noted: NotedAction, record: Record, level: Level, place: Place
) -> Json:
    """What was kept of an action; numbers of objects as they were given, nobody's employee."""
    kept = _map(_map(record.content().get("ldv")).get("resource")).get("attributes")
    line = Line(
        record=record, whole=None, activity=None, level=level, noted=noted,
        consumer=action.consumer,
    )  # fmt: skip
    objects: list[JsonValue] = [
        {
            "objecttype": "persoon",
            "soortObjectId": each.kind,
            "objectId": each.number,
            "verwerkteSoortenGegevens": [{"soortGegeven": group} for group in each.groups],
        }
        for each in action.objects
    ]
    return {
        **_action(line, place),
        **({"verwerkingsactiviteitId": str(action.activity_id)} if action.activity_id else {}),
        **({"systeem": _map(kept).get("service.name")} if action.system else {}),
        "verwerkteObjecten": objects,
    }


def objects_of(lines: Sequence[Line], asked: Asked, place: Place) -> list[JsonValue]:
    """One entry per line, in the order of the lines."""
    return [
        {**_object(each.record, asked), "verwerkingsactie": _action(each, place)} for each in lines
    ]


def actions_of(lines: Sequence[Line], asked: Asked, place: Place) -> list[JsonValue]:
    """One entry per action, in the order of the first line of each."""
    found: dict[UUID, Json] = {}
    for each in lines:
        number = place.number_of(each.record, each.whole)
        told = found.setdefault(number, {**_action(each, place), "verwerkteObjecten": []})
        objects = told["verwerkteObjecten"]
        assert isinstance(objects, list)  # noqa: S101 - made above
        objects.append(_object(each.record, asked))
    return list(found.values())


def _object(record: Record, asked: Asked) -> Json:
    groups = _map(record.content().get("landschap")).get("data_groups")
    found: Json = {
        "verwerktObjectId": str(record.columns.record_id),
        "objecttype": "persoon",
        "soortObjectId": asked.kind,
        "objectId": asked.number,
        "verwerkteSoortenGegevens": [
            {"soortGegeven": each} for each in (groups if isinstance(groups, list) else [])
        ],
    }
    return {name: value for name, value in found.items() if value is not None}


def _action(line: Line, place: Place) -> Json:
    record, noted = line.record, line.noted
    content = record.content()
    own = _map(content.get("landschap"))
    number = place.number_of(record, line.whole)
    found: Json = {
        "url": place.url_of(number) if noted else None,
        "actieId": str(number),
        "actieNaam": _map(content.get("ldv")).get("name"),
        "vertrouwelijkheid": line.level.value,
        "uitvoerder": own.get("controller_oin"),
        "tijdstip": as_utc_text(record.columns.at),
        "tijdstipRegistratie": as_utc_text(record.recorded_at),
    }
    if not is_generic(record):
        found |= _more(line, own)
    return {name: value for name, value in found.items() if value is not None}


def _more(line: Line, own: Mapping[str, JsonValue]) -> Json:
    """What is told of a use of which everything may be told."""
    columns, activity, noted = line.record.columns, line.activity, line.noted
    said = line.consumer or _NOTHING_SAID
    consumer = own.get("delegator_oin") or own.get("peer_oin")
    incoming = own.get("direction") == "incoming"
    term = noted.term if noted and noted.term else activity.log_retention if activity else None
    return {
        "verwerkingNaam": activity.name if activity else None,
        "verwerkingId": _processing(own, columns.trace_id),
        "verwerkingsactiviteitId": str(activity.id) if activity else None,
        "verwerkingsactiviteitUrl": columns.activity,
        "bewaartermijn": term,
        "soortAfnemerId": "OIN" if incoming and consumer else None,
        "afnemerId": consumer if incoming else None,
        "verwerkingsactiviteitIdAfnemer": _text(said.activity_id),
        "verwerkingsactiviteitUrlAfnemer": said.activity,
        "verwerkingIdAfnemer": _text(said.processing),
    }


def consumer_in(transaction: Record) -> Consumer | None:
    """What a peer said of its own side, from the record of its transaction at our Inway."""
    adl = _map(transaction.content().get("adl"))
    request = _map(_map(adl.get("body")).get("adl.core.request"))
    said = _map(_map(request.get("context")).get("consumer"))
    if not said:
        return None
    activity = said.get("activity")
    return Consumer(
        oin=None,
        activity_id=_uuid(said.get("activity_id")),
        activity=activity if isinstance(activity, str) else None,
        processing=_uuid(said.get("processing")),
    )


def consumer_of(noted: NotedAction) -> Consumer:
    """What was said with an action of the other side."""
    return Consumer(
        oin=None,
        activity_id=noted.consumer_activity_id,
        activity=noted.consumer_activity,
        processing=noted.consumer_processing,
    )


def _uuid(value: JsonValue) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _processing(own: Mapping[str, JsonValue], trace_id: bytes) -> str:
    """The number of the processing when it is a UUID, else that of the trace."""
    return str(_uuid(own.get("processing_id")) or UUID(bytes=trace_id))


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _map(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}
