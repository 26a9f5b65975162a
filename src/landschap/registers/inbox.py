# SPDX-License-Identifier: EUPL-1.2
"""Notices of others: what we take of a CloudEvent, and whose word we take for it.

A notice says that something changed and where to ask; nothing of ``data`` is kept. Only who its
source names may bring it: the OIN in ``source`` is that of the peer at the door.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents 1.0.2, "JSON Format", "JSON Batch Format".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from landschap.registers.notices import BATCH, EVENT, SPEC_VERSION
from landschap.registers.refusals import invalid_body
from landschap.registers.schemas import Schema, faults
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import parse_moment

MAX_BODY = 1024 * 1024
MAX_EVENTS = 1000
_SOURCE = re.compile(r"urn:nld:oin:([0-9]{20}):systeem:[A-Za-z0-9._~-]{1,100}")
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 500}
CLOUD_EVENT: Schema = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "enum": [SPEC_VERSION]},
        "id": _TEXT,
        "source": _TEXT,
        "type": {"type": "string", "pattern": "^[a-z][a-z0-9-]*(\\.[a-z0-9-]+)+$"},
        "subject": _TEXT,
        "time": {"type": "string", "maxLength": 40},
        "dataref": _TEXT,
        "sequence": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        "sequencetype": {"type": "string", "enum": ["Integer"]},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A notice of another, as it is kept. ``subject`` is empty when there is none."""

    source: str
    event_id: str
    type: str
    subject: str
    sequence: int | None
    dataref: str
    time: datetime | None


def read_events(media_type: str, body: bytes, peer: str) -> Sequence[Received] | Refusal:
    """The notices in a body of one CloudEvent or a batch; all are right, or none is taken."""
    kind = media_type.partition(";")[0].strip().lower()
    if kind not in (EVENT, BATCH):
        return Refusal(
            code="media_type",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            title="This content type is not read here",
            detail=f"Send a CloudEvent as {EVENT}, or several as {BATCH}.",
        )
    try:
        given = loads(body, max_bytes=MAX_BODY, storable=True)
    except InvalidJson as error:
        return invalid_body([("", str(error))])
    if kind == BATCH and not isinstance(given, list):
        return invalid_body([("", "must be a list of CloudEvents")])
    events = given if kind == BATCH and isinstance(given, list) else [given]
    if len(events) > MAX_EVENTS:
        return invalid_body([("", f"holds more than {MAX_EVENTS} CloudEvents")])
    wrong: list[tuple[str, str]] = []
    found = []
    for place, event in enumerate(events):
        before = f"/{place}" if kind == BATCH else ""
        wrong += [(before + fault.pointer, fault.message) for fault in faults(event, CLOUD_EVENT)]
        if isinstance(event, Mapping) and not wrong:
            found.append(_received(event, before, wrong))
    if wrong:
        return invalid_body(wrong)
    strangers = [each for each in found if oin_of(each.source) != peer]
    return _not_theirs(peer) if strangers else found


def oin_of(source: str) -> str:
    """The organisation in a ``source``; empty when it names none."""
    match = _SOURCE.fullmatch(source)
    return match[1] if match else ""


def object_of(received: Received) -> tuple[str, str]:
    """Whose order a notice is in: that of its object, or of its source when it names none."""
    return received.source, received.subject


def _received(
    event: Mapping[str, JsonValue], before: str, wrong: list[tuple[str, str]]
) -> Received:
    time = None
    try:
        time = parse_moment(str(event["time"])) if "time" in event else None
    except InvalidValue as error:
        wrong.append((f"{before}/time", str(error)))
    sequence = event.get("sequence")
    return Received(
        source=str(event["source"]),
        event_id=str(event["id"]),
        type=str(event["type"]),
        subject=str(event.get("subject", "")),
        sequence=int(sequence) if isinstance(sequence, str) else None,
        dataref=str(event.get("dataref", "")),
        time=time,
    )


def _not_theirs(peer: str) -> Refusal:
    return Refusal(
        code="melding.andere-bron",
        status=HTTPStatus.FORBIDDEN,
        title="This notice is not of who brings it",
        detail=f"Nothing was taken: peer {peer} brings notices of urn:nld:oin:{peer}: only.",
        missing="a source of the organisation that brings the notice",
        owner="the organisation that sends",
    )
