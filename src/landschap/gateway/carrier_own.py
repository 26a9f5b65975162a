# SPDX-License-Identifier: EUPL-1.2
"""The servers for applications of our own, which prove themselves as at the Outway.

The decision point and the processing log. Nothing of a request goes on but its body, its form,
its trace and how it proves itself; what a client says
of its own certificate is replaced by what nginx saw.
Source: AuthZEN 1.0, "Transport"; house decision: own side of the Outway.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from landschap.gateway.carrier_parts import (
    NO_ACCEL,
    NO_TRACE_YET,
    after_listen,
    indented,
    unix_upstream,
)
from landschap.gateway.plan import CarrierPlan, DecisionsDoor, LogDoor, OwnDoor

_ERRORS_PAGE = "https://landschap.example/docs/reference/errors"
# The length nginx counts itself.
_PASSED = ("Content-Type", "Accept", "X-Api-Key", "X-Request-Id", "traceparent", "tracestate")


_AWAY = 503


class _Ways(NamedTuple):
    """What differs between these servers: name, largest body, headers, answers of nginx itself."""

    name: str
    largest: str
    passed: tuple[str, ...]
    too_large: str
    away: tuple[str, str, str]


_DECISIONS = _Ways(
    "decisions",
    "64k",
    _PASSED,
    "Send at most 32 kB.",
    (
        "decisions_unavailable",
        "The decision point does not answer",
        "Nothing is permitted without a decision; try again in a moment.",
    ),
)
_LOGBOEK = _Ways(
    "logboek",
    "4m",
    # A reader shows who it is with a bearer token.
    (*_PASSED, "Authorization", "Content-Encoding", "API-Version", "Idempotency-Key"),
    "Send at most 4 MB; divide the lines over more requests.",
    (
        "log_unavailable",
        "The log does not answer",
        "Nothing was written; keep the lines and deliver them again.",
    ),
)


def decisions_server(plan: CarrierPlan, door: DecisionsDoor) -> str:
    """The whole server of the decision point."""
    return _server(plan, door, _DECISIONS)


def log_server(plan: CarrierPlan, door: LogDoor) -> str:
    """The whole server of the processing log."""
    return _server(plan, door, _LOGBOEK)


def _server(plan: CarrierPlan, door: OwnDoor, ways: _Ways) -> str:
    after_ssl, http2 = after_listen(plan, tls=door.tls)
    certificate = "$ssl_client_escaped_cert" if door.client_ca else '""'
    passed = [f"proxy_set_header {name} {_incoming(name)};" for name in ways.passed]
    location = [
        "proxy_http_version 1.1;",
        "proxy_redirect off;",
        NO_ACCEL,
        "proxy_pass_request_headers off;",
        "proxy_set_header Host $http_host;",
        'proxy_set_header Connection "";',
        *passed,
        f"proxy_set_header X-Client-Cert {certificate};",
        "proxy_next_upstream off;",
        "proxy_connect_timeout 1s;",
        "proxy_read_timeout 30s;",
        f"proxy_pass http://{ways.name};",
    ]
    return "\n".join(
        [
            unix_upstream(ways.name, door.socket, keepalive=32),
            "server {",
            f"  listen {door.listen.text()}{' ssl' if door.tls else ''}{after_ssl};",
            f"{http2}  server_name {ways.name};\n  {NO_TRACE_YET}",
            *_client_ca_lines(door),
            # A body may name a person: no error line repeats it.
            f'  error_log "{plan.error_log}" alert;',
            f"  client_max_body_size {ways.largest};",
            "  error_page 413 = @toolarge;",
            "  error_page 495 496 = @badcert;",
            "  error_page 502 504 = @unreach;",
            "  location / {\n" + indented("\n".join(location), 4) + "\n  }",
            indented(_own_answers(ways)),
            "}",
        ]
    )


def _incoming(name: str) -> str:
    return "$http_" + name.lower().replace("-", "_")


def _client_ca_lines(door: OwnDoor) -> list[str]:
    if door.client_ca is None:
        return []
    # optional: a gateway may prove itself by a key instead; a wrong certificate is refused.
    return [f'  ssl_verify_client optional;\n  ssl_client_certificate "{door.client_ca}";']


def _own_answers(ways: _Ways) -> str:
    told = (
        ("@toolarge", 413, "body_too_large", "The body is too large", ways.too_large),
        ("@badcert", 400, "application_unknown", "The certificate can not be used",
         "The client certificate is not one of the internal authority."),
        ("@unreach", 503, *ways.away),
    )  # fmt: skip
    return "\n".join(_answer(*each) for each in told)


def _answer(place: str, status: int, code: str, title: str, detail: str) -> str:
    body = json.dumps(
        {
            "type": f"{_ERRORS_PAGE}#{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
        }
    )
    retry = "\n  add_header Retry-After 5 always;" if status == _AWAY else ""
    return f"""location {place} {{
  internal;
  default_type application/problem+json;
  add_header API-Version 1.0.0 always;
  add_header Cache-Control no-store always;
  add_header X-Request-ID $http_x_request_id always;{retry}
  return {status} '{body}';
}}"""
