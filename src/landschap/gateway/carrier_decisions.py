# SPDX-License-Identifier: EUPL-1.2
"""The server of the decision point: gateways of our own, which prove themselves as at the Outway.

Nothing of a request goes on but its body, its trace and how it proves itself; what a client says
of its own certificate is replaced by what nginx saw.
Source: AuthZEN 1.0, "Transport"; house decision: own side of the Outway.
"""

from __future__ import annotations

import json

from landschap.gateway.carrier_parts import (
    NO_ACCEL,
    NO_TRACE_YET,
    after_listen,
    indented,
    unix_upstream,
)
from landschap.gateway.plan import CarrierPlan, DecisionsDoor

_ERRORS_PAGE = "https://landschap.example/docs/reference/errors"
# The length nginx counts itself.
_PASSED = ("Content-Type", "Accept", "X-Api-Key", "X-Request-Id", "traceparent", "tracestate")


def decisions_server(plan: CarrierPlan, door: DecisionsDoor) -> str:
    """The whole server."""
    after_ssl, http2 = after_listen(plan, tls=door.tls)
    certificate = "$ssl_client_escaped_cert" if door.client_ca else '""'
    passed = [f"proxy_set_header {name} {_incoming(name)};" for name in _PASSED]
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
        "proxy_pass http://decisions;",
    ]
    return "\n".join(
        [
            unix_upstream("decisions", door.socket, keepalive=32),
            "server {",
            f"  listen {door.listen.text()}{' ssl' if door.tls else ''}{after_ssl};",
            f"{http2}  server_name decisions;\n  {NO_TRACE_YET}",
            *_client_ca_lines(door),
            # A question may name a person: no error line repeats it.
            f'  error_log "{plan.error_log}" alert;',
            "  client_max_body_size 64k;",
            "  error_page 413 = @toolarge;",
            "  error_page 495 496 = @badcert;",
            "  error_page 502 504 = @unreach;",
            "  location / {\n" + indented("\n".join(location), 4) + "\n  }",
            indented(_own_answers()),
            "}",
        ]
    )


def _incoming(name: str) -> str:
    return "$http_" + name.lower().replace("-", "_")


def _client_ca_lines(door: DecisionsDoor) -> list[str]:
    if door.client_ca is None:
        return []
    # optional: a gateway may prove itself by a key instead; a wrong certificate is refused.
    return [f'  ssl_verify_client optional;\n  ssl_client_certificate "{door.client_ca}";']


def _own_answers() -> str:
    told = (
        ("@toolarge", 413, "body_too_large", "The body is too large", "Send at most 32 kB."),
        ("@badcert", 400, "application_unknown", "The certificate can not be used",
         "The client certificate is not one of the internal authority."),
        ("@unreach", 503, "decisions_unavailable", "The decision point does not answer",
         "Nothing is permitted without a decision; try again in a moment."),
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
    return f"""location {place} {{
  internal;
  default_type application/problem+json;
  add_header API-Version 1.0.0 always;
  add_header Cache-Control no-store always;
  add_header X-Request-ID $http_x_request_id always;
  return {status} '{body}';
}}"""
