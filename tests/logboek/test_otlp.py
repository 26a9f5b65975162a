# SPDX-License-Identifier: EUPL-1.2
"""Spans of the stock OpenTelemetry SDK become lines; a request that breaks a rule leaves none."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.book_rig import SPANS, Account, account_on, pools_of, served
from tests.logboek.log_rig import pseudonym
from tests.throwaway import Database

from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE
from landschap.logboek.store import by_trace
from landschap.platform.postgres import Server, apply_migrations, pool
from landschap.platform.trouble import Trouble

PERSON = "999993653"
LAWFUL = {ACTIVITY_NAME: ACTIVITY, SUBJECT: PERSON, SUBJECT_TYPE: "BSN"}


@pytest.fixture(scope="module")
async def account(module_database: Database) -> AsyncIterator[Account]:
    async with account_on(module_database.settings, await pools_of(module_database)) as made:
        yield made


def spans_of(*attributes: dict[str, Any], kind: SpanKind = SpanKind.INTERNAL) -> list[ReadableSpan]:
    """One ended span per set of attributes, children of one that has none of them."""
    kept = InMemorySpanExporter()
    about = Resource.create({"service.name": "zaaksysteem", "service.version": "4.2"})
    provider = TracerProvider(resource=about)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("proef")
    for number, each in enumerate(attributes):
        with tracer.start_as_current_span(f"Handeling {number}", kind=kind) as span:
            span.set_attributes(each)
    return list(kept.get_finished_spans())


async def export(
    address: str, account: Account, spans: Sequence[ReadableSpan], **more: Any
) -> SpanExportResult:
    exporter = OTLPSpanExporter(
        endpoint=f"{address}{SPANS}",
        headers={"X-Api-Key": account.client.headers["X-Api-Key"]},
        timeout=20,
        **more,
    )
    try:
        return await asyncio.to_thread(exporter.export, spans)
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # of the library


def trace_of(span: ReadableSpan) -> bytes:
    assert span.context is not None
    found: bytes = span.context.trace_id.to_bytes(16, "big")
    return found


@pytest.mark.parametrize("packing", [Compression.NoCompression, Compression.Gzip])
async def test_spans_of_the_stock_exporter_are_lines(account: Account, packing: Any) -> None:
    more = {
        "nl.landschap.data_groups": ["adres", "uitkering"],
        "nl.landschap.processing_id": "Z-2026-18",
        "dpl.read.nextLogbookId": "https://doesburg.example/logboek",
        "thread.id": 1,
    }
    [span] = spans_of({**LAWFUL, **more}, kind=SpanKind.CLIENT)
    async with served(account) as address:
        result = await export(address, account, [span], compression=packing)
        again = await export(address, account, [span], compression=packing)
    assert (result, again) == (SpanExportResult.SUCCESS, SpanExportResult.SUCCESS)
    [record] = await by_trace(account.book.pool, trace_of(span))
    kept: Any = record.content()
    assert record.columns.subject == pseudonym()
    assert kept["ldv"]["name"] == "Handeling 0"
    assert kept["ldv"]["start_time"] == (span.start_time or 0) // 1_000_000
    assert kept["landschap"]["direction"] == "outgoing"
    assert kept["landschap"]["data_groups"] == ["adres", "uitkering"]
    assert kept["ldv"]["attributes"]["dpl.read.nextLogbookId"] == more["dpl.read.nextLogbookId"]
    assert b"thread.id" not in record.payload
    assert PERSON.encode() not in record.payload


async def test_an_exception_is_kept_by_its_class_alone(account: Account) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with (
        pytest.raises(LookupError),
        provider.get_tracer("proef").start_as_current_span("Zoeken", attributes=LAWFUL),
    ):
        raise LookupError("geen woning in de Dorpsstraat")
    spans = kept.get_finished_spans()
    async with served(account) as address:
        assert await export(address, account, spans) is SpanExportResult.SUCCESS
    [record] = await by_trace(account.book.pool, trace_of(spans[0]))
    content: Any = record.content()
    assert content["ldv"]["status"] == "Error"
    assert content["ldv"]["attributes"]["exception.type"] == "LookupError"
    assert content["landschap"]["outcome"] == "failed"
    assert b"Dorpsstraat" not in record.payload


@pytest.mark.case("L20")
async def test_one_unlawful_span_of_three_keeps_all_out(account: Account) -> None:
    spans = spans_of(LAWFUL, {**LAWFUL, ACTIVITY_NAME: "https://elders.example/x"}, LAWFUL)
    async with served(account) as address:
        assert await export(address, account, spans) is SpanExportResult.FAILURE
    for span in spans:
        assert await by_trace(account.book.pool, trace_of(span)) == []
    body = as_json(spans)
    answer = await send(account, body)
    assert answer.status_code == 400
    assert spans[1].context is not None
    assert f"{spans[1].context.span_id:016x}" in answer.json()["message"]
    assert "activity_unknown" in answer.json()["message"]
    for span in spans:
        assert await by_trace(account.book.pool, trace_of(span)) == []


def as_json(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """The JSON form of the protocol, with identifiers in hexadecimals."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [pair("service.name", "zaaksysteem")]},
                "scopeSpans": [{"spans": [_span(each) for each in spans]}],
            }
        ]
    }


def _span(span: ReadableSpan) -> dict[str, Any]:
    assert span.context is not None
    return {
        "traceId": f"{span.context.trace_id:032x}",
        "spanId": f"{span.context.span_id:016x}",
        "name": span.name,
        "kind": 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "status": {},
        "attributes": [pair(name, str(value)) for name, value in (span.attributes or {}).items()],
        "laterMember": {},
    }


def pair(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}


async def send(account: Account, body: Any, kind: str = "application/json") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await account.client.post(SPANS, content=content, headers={"Content-Type": kind})


async def test_the_json_form_is_read_the_same_way(account: Account) -> None:
    spans = spans_of(LAWFUL)
    answer = await send(account, as_json(spans))
    assert (answer.status_code, answer.json()) == (200, {})
    [record] = await by_trace(account.book.pool, trace_of(spans[0]))
    assert record.columns.subject == pseudonym()
    # The same span in the other form is the same line.
    async with served(account) as address:
        named = [replace_resource(each) for each in spans]
        assert await export(address, account, named) is SpanExportResult.SUCCESS
    assert len(await by_trace(account.book.pool, trace_of(spans[0]))) == 1


def replace_resource(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name, context=span.context, attributes=span.attributes, kind=span.kind,
        start_time=span.start_time, end_time=span.end_time,
        resource=Resource({"service.name": "zaaksysteem"}),
    )  # fmt: skip


async def test_wrong_bodies_are_refused_in_the_form_they_came_in(account: Account) -> None:
    answer = await send(account, b"\xff\xff", "application/x-protobuf")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/x-protobuf")
    assert b"ExportTraceServiceRequest" in answer.content
    empty = ExportTraceServiceRequest().SerializeToString()
    assert (await send(account, empty, "application/x-protobuf")).status_code == 400
    for body in ({}, {"resourceSpans": 3}, [1], {"resourceSpans": [{"scopeSpans": 1}]}):
        assert (await send(account, body)).status_code == 400
    short = as_json(spans_of(LAWFUL))
    short["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "ab"
    answer = await send(account, short)
    assert (answer.status_code, "traceId" in answer.json()["message"]) == (400, True)
    assert (await send(account, b"", "text/plain")).status_code == 415
    stranger = {"X-Api-Key": "geraden", "Content-Type": "application/json"}
    answer = await account.client.post(SPANS, content=b"{}", headers=stranger)
    assert (answer.status_code, answer.json()["code"]) == (401, 16)


async def test_the_same_span_with_another_content_is_a_conflict(account: Account) -> None:
    body = as_json(spans_of(LAWFUL))
    assert (await send(account, body)).status_code == 200
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] = "Iets anders"
    answer = await send(account, body)
    assert (answer.status_code, answer.json()["code"]) == (409, 6)


async def _started_again(killed: Server) -> Server:
    while not killed.ended():  # noqa: ASYNC110 - a process that ends sets no event
        await asyncio.sleep(0.01)
    for _ in range(400):
        server = Server(killed.settings)
        try:
            await server.start()
        except Trouble:
            await asyncio.sleep(0.1)
        else:
            return server
    pytest.fail("the server does not start after a kill")


@pytest.mark.case("L21")
async def test_a_span_that_was_confirmed_is_there_after_the_power_is_cut(
    cluster: Any, short_folder: Path, tmp_path: Path
) -> None:
    home = short_folder / tmp_path.name[-12:]
    paths = replace(cluster.settings.paths, data=home / "d", secrets=home / "s", run=home / "r")
    server = Server(replace(cluster.settings, paths=paths))
    await server.start()
    await apply_migrations(server.settings)
    rooms = ("purposes", "gateway", "logboek")
    pools = {room: await pool(server.settings, room) for room in rooms}
    async with account_on(server.settings, pools) as account, served(account) as address:
        spans = spans_of(LAWFUL, LAWFUL)
        assert await export(address, account, spans) is SpanExportResult.SUCCESS
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        restarted = await _started_again(server)
        for each in pools.values():
            await each.expire_connections()
        for span in spans:
            assert len(await by_trace(pools["logboek"], trace_of(span))) == 1
        # And it is known as delivered: the same again is no second line.
        assert await export(address, account, spans) is SpanExportResult.SUCCESS
        for span in spans:
            assert len(await by_trace(pools["logboek"], trace_of(span))) == 1
    for each in pools.values():
        each.terminate()
    await restarted.stop()
