# SPDX-License-Identifier: EUPL-1.2
"""Whatever is sent in the place of lines: it is read, or refused in words; nothing else happens."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.log_rig import KEY, OWN

from landschap.logboek import otlp
from landschap.logboek.given import Given, InvalidLine, read_given, read_lines
from landschap.logboek.ingest import (
    ACTIVITY as ACTIVITY_NAME,
)
from landschap.logboek.ingest import (
    SUBJECT,
    SUBJECT_TYPE,
    Found,
    Keys,
    check_given,
    record_of,
)

KEYS = Keys(OWN, "https://proefdorp.test/register/pseudoniem", {1: KEY})
PERSON = "999993653"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [ACTIVITY_NAME, SUBJECT, SUBJECT_TYPE, "nl.landschap.outcome", "nl.landschap.data_groups",
     "dpl.read.nextLogbook", "dpl.read.nextLogbookId", "exception.type", "http.method"]
)  # fmt: skip


def lawful() -> dict[str, Any]:
    return {
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "status": "Unset",
        "name": "Adres bekeken",
        "start_time": 1_795_953_600_000,
        "end_time": 1_795_953_600_012,
        "attributes": {ACTIVITY_NAME: ACTIVITY, SUBJECT: PERSON, SUBJECT_TYPE: "BSN"},
    }


def taken(line: Given) -> bytes:
    """The payload of a line, when it is lawful."""
    check_given(line)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return record_of(line, Found(version=1), KEYS, 1, "balie", now).payload


@settings(max_examples=200, deadline=None)
@given(
    member=st.sampled_from([*lawful(), "resource", "iets"]),
    value=ANY_JSON,
    attributes=st.dictionaries(NAMES, ANY_JSON, max_size=4),
)
def test_a_line_with_anything_in_it_is_taken_or_refused(
    member: str, value: Any, attributes: dict[str, Any]
) -> None:
    line = lawful()
    line["attributes"] |= attributes
    line[member] = value
    try:
        told = taken(read_given(line))
    except InvalidLine as error:
        told = error.detail.encode()
    assert PERSON.encode() not in told


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200), by_line=st.booleans())
def test_any_body_is_read_or_refused(body: bytes, by_line: bool) -> None:
    for read in (
        lambda: read_lines(body, by_line=by_line),
        lambda: otlp.spans_in(body, otlp.PROTOBUF),
        lambda: otlp.spans_in(body, otlp.JSON),
    ):
        with contextlib.suppress(InvalidLine):
            read()


@settings(max_examples=200, deadline=None)
@given(value=ANY_JSON, place=st.sampled_from(["traceId", "name", "kind", "status", "attributes",
       "events", "links", "startTimeUnixNano", "parentSpanId", "flags"]))  # fmt: skip
def test_a_span_in_json_with_anything_in_it_is_read_or_refused(value: Any, place: str) -> None:
    span = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
            "name": "x", "startTimeUnixNano": "1", "endTimeUnixNano": "2", place: value}  # fmt: skip
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    with contextlib.suppress(InvalidLine):
        assert len(otlp.spans_in(body, otlp.JSON)) == 1


def test_values_of_every_kind_are_looked_through_for_a_person() -> None:
    inner = AnyValue()
    inner.kvlist_value.values.append(
        KeyValue(key="a", value=AnyValue(string_value="bij 123456782"))
    )
    deep = AnyValue()
    deep.array_value.values.extend([AnyValue(int_value=1), inner])
    span = Span(
        trace_id=b"t" * 16, span_id=b"s" * 8, name="x", start_time_unix_nano=1,
        end_time_unix_nano=2, attributes=[KeyValue(key="diep", value=deep)],
    )  # fmt: skip
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
    )
    (line,) = otlp.spans_in(request.SerializeToString(), otlp.PROTOBUF)
    assert isinstance(line, Given)
    with pytest.raises(InvalidLine) as raised:
        check_given(line)
    assert raised.value.rule == "person_number"
