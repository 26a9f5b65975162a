# SPDX-License-Identifier: EUPL-1.2
"""Lines that arrive as spans of OpenTelemetry: protobuf or JSON, read by the official messages.

    spans_in     a request         -> Given lines
    accepted     the answer to it, in the form it was asked in
    status       the answer that refuses it

Every span is a line; nothing is sampled here. Of attributes that are no part of the standard
nothing is kept. Identifiers are hexadecimals in the JSON form and bytes in protobuf.
Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP"; Logboek Dataverwerkingen, "Interface".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from landschap.logboek.given import (
    MAX_BYTES,
    MAX_LINES,
    Direction,
    Given,
    InvalidLine,
    Status,
)
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
INVALID, CONFLICT, NOT_DURABLE, UNKNOWN_CALLER = 3, 6, 14, 16
"""Numbers of `google.rpc.Code`."""
_MAX_DEPTH = 32
# What the library raises on a value of another kind than it expects.
_UNFORESEEN_BY_THE_LIBRARY = (TypeError, ValueError, AttributeError, KeyError)
_STATUSES: tuple[Status, ...] = ("Unset", "Ok", "Error")
# Kinds 2 and 3 are of an act for, or by, another application.
_DIRECTIONS: Mapping[int, Direction] = {2: "incoming", 3: "outgoing"}
_IDENTIFIERS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


def spans_in(body: bytes, media_type: str) -> list[Given | InvalidLine]:
    """The spans of a request in their order, each read or refused.

    Raises InvalidLine for a body that can not be read, or that holds none or too many.
    """
    request = _from_json(body) if media_type == JSON else _from_protobuf(body)
    found = list(_spans(request))
    if not 1 <= len(found) <= MAX_LINES:
        raise InvalidLine("line_count", f"a request holds 1 to {MAX_LINES} spans")
    return [_read(span, resource) for span, resource in found]


def accepted(media_type: str) -> bytes:
    """All spans are durable."""
    answer = ExportTraceServiceResponse()
    if media_type == JSON:
        return json_format.MessageToJson(answer, indent=None).encode()
    written: bytes = answer.SerializeToString()
    return written


def status(code: int, message: str, media_type: str) -> bytes:
    """A `google.rpc.Status`, as the protocol wants with every refusal."""
    if media_type == JSON:
        plain = re.sub(r'[\x00-\x1f"\\]', " ", message)
        return f'{{"code":{code},"message":"{plain}"}}'.encode()
    text = message.encode()[:2000]
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _from_protobuf(body: bytes) -> Any:
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        raise InvalidLine("not_protobuf", "the body is no ExportTraceServiceRequest") from None
    return request


def _from_json(body: bytes) -> Any:
    try:
        value = loads(body, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH, storable=True)
    except InvalidJson as error:
        raise InvalidLine("not_json", str(error)) from None
    if not isinstance(value, Mapping):
        raise InvalidLine("not_json", "the body is no ExportTraceServiceRequest")
    request = ExportTraceServiceRequest()
    try:
        # What a later version of the protocol adds is passed over, as the protocol asks.
        json_format.ParseDict(_as_bytes(value), request, ignore_unknown_fields=True)
    except (json_format.ParseError, *_UNFORESEEN_BY_THE_LIBRARY):
        # Its own words repeat what was given.
        raise InvalidLine("not_json", "the body is no ExportTraceServiceRequest") from None
    return request


def _as_bytes(value: JsonValue) -> Any:
    """Identifiers as the mapping of protobuf wants bytes: base64 instead of hexadecimals."""
    if isinstance(value, Mapping):
        return {
            name: _base64(item, name) if name in _IDENTIFIERS else _as_bytes(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_as_bytes(item) for item in value]
    return value


def _base64(value: JsonValue, name: str) -> str:
    if value in (None, ""):
        return ""
    size = _IDENTIFIERS[name]
    if not isinstance(value, str) or not re.fullmatch(f"[0-9A-Fa-f]{{{size}}}", value):
        raise InvalidLine("identifier", f"{name} is {size} hexadecimals", name)
    return base64.b64encode(bytes.fromhex(value)).decode()


def _spans(request: Any) -> Iterator[tuple[Any, Any]]:
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                yield span, group.resource


def _read(span: Any, resource: Any) -> Given | InvalidLine:
    try:
        return _given(span, resource)
    except InvalidLine as error:
        error.span = span.span_id.hex()[:16]
        return error


def _given(span: Any, resource: Any) -> Given:
    code = span.status.code
    if not 0 <= code < len(_STATUSES):
        raise InvalidLine("status_unknown", "status.code is 0, 1 or 2", "status")
    attributes = _attributes(span.attributes)
    about = _attributes(resource.attributes)
    events: list[JsonValue] = []
    for event in span.events:
        told = _attributes(event.attributes)
        if event.name == "exception" and "exception.type" in told:
            attributes.setdefault("exception.type", told["exception.type"])
        events.append({"name": event.name, "attributes": told})
    raw: JsonValue = {
        "name": span.name,
        "attributes": dict(attributes),
        "resource": about,
        "events": events,
        "links": [_attributes(each.attributes) for each in span.links],
        "status": span.status.message,
        "tracestate": span.trace_state,
    }
    return Given(
        trace_id=_identifier(span.trace_id, 16, "traceId"),
        span_id=_identifier(span.span_id, 8, "spanId"),
        parent=_identifier(span.parent_span_id, 8, "parentSpanId") if span.parent_span_id else None,
        status=_STATUSES[code],
        name=span.name,
        started=_milliseconds(span.start_time_unix_nano),
        ended=_milliseconds(span.end_time_unix_nano),
        # Instruments add attributes of their own: those are looked at in `raw`, and not kept.
        attributes={
            name: value
            for name, value in attributes.items()
            if name.startswith(("dpl.", "nl.landschap.")) or name == "exception.type"
        },
        resource=about,
        raw=raw,
        direction=_DIRECTIONS.get(span.kind),
    )


def _attributes(pairs: Iterable[Any]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for pair in pairs:
        if pair.key in found:
            raise InvalidLine("attribute_twice", f"{pair.key[:80]!r} stands there twice", pair.key)
        found[pair.key] = _value(pair.value)
    return found


def _value(value: Any) -> JsonValue:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        hexadecimals: str = value.bytes_value.hex()
        return hexadecimals
    return None if kind is None else cast("JsonValue", getattr(value, kind))


def _identifier(value: bytes, size: int, name: str) -> bytes:
    if len(value) != size or not any(value):
        raise InvalidLine("identifier", f"{name} is {size} bytes, not all zero", name)
    return value


_LAST_NANOSECOND = 253_402_300_799_999 * 1_000_000


def _milliseconds(nanoseconds: int) -> int:
    if nanoseconds > _LAST_NANOSECOND:
        raise InvalidLine("moment", "a moment lies beyond the year 9999", "startTimeUnixNano")
    return nanoseconds // 1_000_000


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
