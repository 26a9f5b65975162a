# SPDX-License-Identifier: EUPL-1.2
"""Events as OpenTelemetry logs over HTTP; the receiver confirms each request.

Source: OpenTelemetry Protocol 1.5, "OTLP/HTTP", "Partial success".
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from landschap.platform.siem.kinds import CRITICAL, HIGH, INFORMATIONAL, LOW, MEDIUM
from landschap.platform.siem_settings import OtlpSettings

_SECONDS = 10.0
_MOST_BYTES = 100_000
_NANOSECONDS = 1_000_000
# Numbers of OpenTelemetry: INFO, INFO2, WARN, ERROR, FATAL.
_SEVERITIES = {INFORMATIONAL: 9, LOW: 10, MEDIUM: 13, HIGH: 17, CRITICAL: 21}


def body_of(told: Sequence[Mapping[str, Any]]) -> bytes:
    """An ExportLogsServiceRequest in JSON: the event is the body of its log record."""
    first = told[0]["metadata"]
    resource = {
        "service.name": "landschap",
        "service.version": first["product"]["version"],
        "service.namespace": first["tenant_uid"],
    }
    scope = {"name": "landschap.siem", "version": first["version"]}
    logs = {"scope": scope, "logRecords": [_record(one) for one in told]}
    whole = {"resource": {"attributes": _attributes(resource)}, "scopeLogs": [logs]}
    return msgspec.json.encode({"resourceLogs": [whole]})


def _record(told: Mapping[str, Any]) -> dict[str, Any]:
    metadata = told["metadata"]
    more = {"event.id": metadata["uid"], "ocsf.class_uid": str(told["class_uid"])}
    return {
        "timeUnixNano": str(told["time"] * _NANOSECONDS),
        "observedTimeUnixNano": str(metadata["logged_time"] * _NANOSECONDS),
        "severityNumber": _SEVERITIES[told["severity_id"]],
        "eventName": metadata["event_code"],
        "body": {"stringValue": msgspec.json.encode(told).decode()},
        "attributes": _attributes(more),
    }


def _attributes(given: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in given.items()]


class OtlpReceiver:
    """The receiver, asked anew for each request."""

    name = "otlp"
    unconfirmed_seconds = 0.0

    def __init__(self, given: OtlpSettings, hosts: Mapping[str, str]) -> None:
        self.given = given
        self.hosts = hosts
        self._session: aiohttp.ClientSession | None = None

    def is_broken(self) -> bool:
        """False: every request stands by itself."""
        return False

    async def send(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Send these events. Raises OSError or TimeoutError unless all of them were taken."""
        parts = urlsplit(self.given.address)
        name = parts.hostname or ""
        where = self.hosts.get(name, name)
        address = f"[{where}]" if ":" in where else where
        port = f":{parts.port}" if parts.port else ""
        headers = {"Content-Type": "application/json", "Host": parts.netloc}
        if self.given.token_file is not None:
            headers["Authorization"] = f"Bearer {self.given.token_file.read_text().strip()}"
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout)
        try:
            async with self._session.post(
                f"{parts.scheme}://{address}{port}/v1/logs",
                data=body_of(told),
                headers=headers,
                ssl=self._tls() if parts.scheme == "https" else True,
                server_hostname=name if parts.scheme == "https" else None,
                allow_redirects=False,
            ) as answer:
                await _check(answer)
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _tls(self) -> ssl.SSLContext:
        authority = self.given.authority
        return ssl.create_default_context(cafile=str(authority) if authority else None)


async def _check(answer: aiohttp.ClientResponse) -> None:
    """Raises OSError when the receiver did not take everything."""
    body = await answer.content.read(_MOST_BYTES)
    if answer.status != 200:
        raise OSError(f"the receiver answers {answer.status}")
    if not body or answer.content_type != "application/json":
        return
    try:
        partial = msgspec.json.decode(body).get("partialSuccess") or {}
        refused = int(partial.get("rejectedLogRecords") or 0)
    except (msgspec.DecodeError, AttributeError, ValueError):
        return
    if refused:
        raise OSError(f"the receiver refused {refused} events")
