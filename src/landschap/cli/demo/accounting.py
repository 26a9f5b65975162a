# SPDX-License-Identifier: EUPL-1.2
"""An application of Weesp accounts for what it did, and the resident reads it.

It stands for an application of any supplier: it knows the address of the log, its own key, and
OpenTelemetry. With the SDK of OpenTelemetry installed its stock exporter is used; without it the
same span is sent as the protocol describes it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping

import aiohttp

from landschap.cli.demo.keys import key_of
from landschap.cli.demo.landscape import SUZANNE, Landscape
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Visitor

APPLICATION = "balie"
ACTIVITY = "https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen"
_NAME = "Adres opgezocht aan de balie"
_RESIDENT = "burger-1"


async def account_for_a_use(landscape: Landscape) -> Seen:
    """Deliver a span about Suzanne under a new case; her page shows it under that case."""
    weesp = landscape.weesp
    key = await key_of(landscape, weesp, APPLICATION)
    case = f"Z-BALIE-{secrets.token_hex(3)}"
    attributes = {
        "dpl.core.processing_activity_id": ACTIVITY,
        "dpl.core.data_subject_id": SUZANNE,
        "dpl.core.data_subject_id_type": "BSN",
        "nl.landschap.processing_id": case,
    }
    address = f"http://{weesp.logboek}/v1/traces"
    exporter = await _deliver(address, key, attributes)
    visitor = Visitor()
    page = await visitor.log_in(weesp.web_address, _RESIDENT)
    data = await visitor.open(f"{weesp.web_address}/gebruik.json")
    found = f"Uw zaak {case}" in page.text and case in data.text
    seen: Seen = {"exporter": exporter, "case": case, "found in the person's view": found}
    demand(found, "the resident does not see the use under its case", seen)
    demand(SUZANNE not in page.text + data.text, "a person's number is told", seen)
    return seen


async def _deliver(address: str, key: str, attributes: Mapping[str, str]) -> str:
    """Send one span; what sent it. Raises RuntimeError when it is not confirmed."""
    try:
        from importlib.metadata import version

        number = version("opentelemetry-exporter-otlp-proto-http")
    except ImportError:
        await _deliver_by_hand(address, key, attributes)
        return "a request as the protocol describes it"
    await asyncio.to_thread(_deliver_by_sdk, address, key, attributes)
    return f"opentelemetry-exporter-otlp-proto-http {number}"


def _deliver_by_sdk(address: str, key: str, attributes: Mapping[str, str]) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": APPLICATION}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with provider.get_tracer(APPLICATION).start_as_current_span(_NAME, attributes=attributes):
        pass
    exporter = OTLPSpanExporter(endpoint=address, headers={"X-Api-Key": key}, timeout=15)
    if exporter.export(kept.get_finished_spans()) is not SpanExportResult.SUCCESS:
        raise RuntimeError("the log did not confirm the span")


async def _deliver_by_hand(address: str, key: str, attributes: Mapping[str, str]) -> None:
    now = time.time_ns()
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": _NAME,
        "kind": 1,
        "startTimeUnixNano": str(now - 5_000_000),
        "endTimeUnixNano": str(now),
        "attributes": [
            {"key": name, "value": {"stringValue": text}} for name, text in attributes.items()
        ],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": APPLICATION}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session,
        session.post(address, json=body, headers={"X-Api-Key": key}) as answer,
    ):
        if answer.status != 200:
            raise RuntimeError(f"the log answered {answer.status}")
