# SPDX-License-Identifier: EUPL-1.2
"""The configuration of nginx, as the one text that follows from a `CarrierPlan`.

nginx carries, Python decides. Nothing in the text depends on anything but the plan, so two equal
plans give the same bytes and the same version. The version is served on a private unix socket
(``/version``): that is how the supervisor learns which configuration really runs, because a
reload by itself reports nothing.

What every text holds to:

- one nginx per organisation; a server stands in it only when its listener is configured;
- no request header reaches a service, a peer or the decider unless it is named here;
- the path goes on byte for byte; a request is sent on at most once;
- without a decision there is no answer (500), without a certificate no decision (400);
- no path, no query and no person in a log file.

Source: FSC Core, "Inway", "Outway", "Manager"; house decision: nginx as the carrier.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from landschap.gateway.carrier_doors import BAD_REQUEST_MAP, inway_server, outway_server
from landschap.gateway.carrier_open import open_server
from landschap.gateway.carrier_own import decisions_server, log_server
from landschap.gateway.carrier_parts import (
    DOOR_MAP,
    LOG_FORMAT,
    LOG_MAPS,
    NO_ACCEL,
    NO_TRACE_YET,
    after_listen,
    bad_certificate,
    blanked,
    client_certificate_lines,
    indented,
    literal_location,
    unix_upstream,
)
from landschap.gateway.carrier_protocols import COMMON_MAPS
from landschap.gateway.plan import CarrierPlan, ManagerDoor, Tls, WebDoor

# Directives younger than 1.22.1, the oldest version the text was run on. ``max_headers`` counts
# from the version it was tried on; an older one only loses that one limit.
_RELOAD_CARE = (1, 27, 4)
_MAX_HEADERS = (1, 31, 3)

_VERSION_MARK = "@configuration-version@"

# Headers that say who is asking: a client of these listeners never sets them itself.
_TRUSTED = (
    "Permit",
    "Purpose-Declaration",
    "Fsc-Authorization",
    "Fsc-Transaction-Id",
    "X-Landschap-Door",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Real-Ip",
    "Forwarded",
)
_TRUSTED_AT_MANAGER = (*_TRUSTED, "X-Forwarded-For", "X-Forwarded-Proto", "Cookie")
_TRUSTED_AT_WEB = (*_TRUSTED, "X-Peer-Cert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The text of nginx.conf and the version it will tell at its private socket."""

    text: str
    version: str


def render(plan: CarrierPlan) -> Rendered:
    """The whole configuration. Equal plans give equal bytes and an equal version."""
    servers = [DOOR_MAP, LOG_MAPS, COMMON_MAPS, BAD_REQUEST_MAP, _version_server(plan)]
    if plan.manager:
        servers.append(_manager_server(plan, plan.manager))
    if plan.inway:
        servers.append(inway_server(plan, plan.inway))
    if plan.outway:
        servers.append(outway_server(plan, plan.outway))
    if plan.web:
        servers.append(_web_server(plan, plan.web))
    if plan.open:
        servers.append(open_server(plan, plan.open))
    if plan.decisions:
        servers.append(decisions_server(plan, plan.decisions))
    if plan.logboek:
        servers.append(log_server(plan, plan.logboek))
    http = indented("\n".join([*_http_lines(plan), *servers]))
    draft = "\n".join([*_main_lines(plan), "http {", http, "}", ""])
    version = hashlib.sha256(draft.encode()).hexdigest()[:32]
    return Rendered(text=draft.replace(_VERSION_MARK, version), version=version)


def _main_lines(plan: CarrierPlan) -> list[str]:
    lines = [
        "# Written by landschap; changes made here are lost at the next service or contract.",
        "daemon off;",
        f"worker_processes {plan.workers};",
        f'pid "{plan.run}/nginx.pid";',
        f'error_log "{plan.error_log}" warn;',
        # Long transfers of an old worker are cut this long after a reload.
        "worker_shutdown_timeout 30s;",
        "events { worker_connections 4096; }",
    ]
    if plan.worker_user:
        lines.insert(1, f"user {plan.worker_user};")
    if plan.knows(_RELOAD_CARE):
        # Otherwise a revocation list replaced twice within a second stays the old one.
        lines.append("ssl_object_cache_inheritable off;")
    return lines


def _http_lines(plan: CarrierPlan) -> list[str]:
    lines = [
        f"log_format landschap escape=json '{LOG_FORMAT}';",
        # Written by the second instead of by the question: a tenth of nginx's time.
        f'access_log "{plan.access_log}" landschap buffer=64k flush=1s;',
        *(
            f'{name}_temp_path "{plan.run}/nginx-{name}";'
            for name in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
        ),
        "default_type application/octet-stream;",
        "server_tokens off;",
        "merge_slashes off;",
        "keepalive_timeout 60s;",
        "keepalive_requests 100000;",
        # Also bounds the TLS handshake.
        f"client_header_timeout {plan.header_timeout_seconds}s;",
        "client_body_timeout 30s;",
        "large_client_header_buffers 4 16k;",
        "map_hash_bucket_size 512;",
        "map_hash_max_size 8192;",
        "server_names_hash_bucket_size 512;",
        "server_names_hash_max_size 8192;",
        "proxy_headers_hash_bucket_size 128;",
        "proxy_headers_hash_max_size 2048;",
        "limit_req_status 429;",
        # A refusal travels in one header of the decision: 16 kB and the rest of the answer. Not
        # more than 24 kB: a larger piece the packaged nginx asks of the system for every question
        # and gives back after it (four calls, a fifth of its time).
        "proxy_buffer_size 24k;",
        "proxy_buffers 8 24k;",
        "proxy_busy_buffers_size 48k;",
    ]
    if plan.knows(_RELOAD_CARE):
        # Without it a reload may close a connection a client is just about to use.
        lines.append("keepalive_min_timeout 5s;")
    if plan.knows(_MAX_HEADERS):
        lines.append("max_headers 100;")
    return [*lines, *_tls_lines(plan.tls)]


def _tls_lines(tls: Tls) -> list[str]:
    return [
        f'ssl_certificate "{tls.certificate}";',
        f'ssl_certificate_key "{tls.key}";',
        "ssl_protocols TLSv1.2 TLSv1.3;",
        # No resumption: a resumed session is not checked against a newer revocation list.
        "ssl_session_tickets off;",
        "ssl_session_cache off;",
        "ssl_verify_depth 4;",
    ]


def _version_server(plan: CarrierPlan) -> str:
    return f"""server {{
  listen "unix:{plan.version_socket}" default_server;
  server_name private;
  {NO_TRACE_YET}
  access_log off;
  default_type text/plain;
  location = /version {{ return 200 "{_VERSION_MARK}"; }}
  location / {{ return 404; }}
}}"""


def _manager_server(plan: CarrierPlan, door: ManagerDoor) -> str:
    after_ssl, http2 = after_listen(plan)
    return f"""{unix_upstream("manager", door.socket, keepalive=16)}
server {{
  listen {door.listen.text()} ssl{after_ssl};
{http2}  server_name manager;
  {NO_TRACE_YET}
{indented(client_certificate_lines(plan.tls))}
  client_max_body_size 2m;
  error_page 400 414 431 494 = /_badreq;
  error_page 405 = @m405;
  error_page 413 = @toolarge;
  error_page 495 496 = @badcert;
  error_page 502 504 = @unreach;
  location / {{
    proxy_http_version 1.1;
    proxy_redirect off;
    {NO_ACCEL}
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_set_header X-Peer-Cert $ssl_client_escaped_cert;
{indented(blanked(_TRUSTED_AT_MANAGER), 4)}
    proxy_next_upstream off;
    proxy_read_timeout 60s;
    proxy_pass http://manager;
  }}
{indented(bad_certificate("MANAGER"))}
{indented(_manager_answers())}
}}"""


def _manager_answers() -> str:
    """What nginx itself answers at the Manager, in the form in which the Manager would."""
    own = (
        ("= /_badreq", 400, "ERROR_CODE_REQUEST_INVALID", "not a proper HTTP request"),
        ("@m405", 405, "ERROR_CODE_METHOD_UNSUPPORTED", "this method is not supported"),
        ("@toolarge", 413, "ERROR_CODE_BODY_TOO_LARGE", "the body is too large"),
        ("@unreach", 502, "ERROR_CODE_INTERNAL", "the Manager does not answer; try again later"),
    )
    return "\n".join(
        literal_location(place, status, code, "MANAGER", message)
        for place, status, code, message in own
    )


def _web_server(plan: CarrierPlan, door: WebDoor) -> str:
    after_ssl, http2 = after_listen(plan) if door.tls else ("", "")
    ssl = f" ssl{after_ssl}" if door.tls else ""
    hsts = "  add_header Strict-Transport-Security max-age=31536000 always;\n" if door.tls else ""
    return f"""{unix_upstream("people", door.socket, keepalive=16)}
server {{
  listen {door.listen.text()}{ssl};
{http2}{hsts}  server_name {door.server_name};
  if ($host != {door.server_name}) {{ return 421; }}
  {NO_TRACE_YET}
  client_max_body_size 1m;
  location / {{
{_to_people()}
  }}
  # A description of an API comes as a file; its limit is that of what can be shown.
  location ~ ^(?:/en)?/catalogus/publiceren$ {{
    client_max_body_size 6m;
{_to_people()}
  }}
  # Files come along with a report; they are judged where it can be told what is wrong with them,
  # and are not kept here meanwhile.
  location ~ ^(?:/en)?/gegevens/[^/]+/[^/]+/[^/]+/[^/]+/fout$ {{
    client_max_body_size 32m;
    proxy_request_buffering off;
{_to_people()}
  }}
}}"""


def _to_people() -> str:
    return f"""    proxy_http_version 1.1;
    proxy_redirect off;
    {NO_ACCEL}
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $remote_addr;
{indented(blanked(_TRUSTED_AT_WEB), 4)}
    proxy_next_upstream off;
    proxy_read_timeout 60s;
    proxy_pass http://people;"""
