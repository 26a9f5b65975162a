# SPDX-License-Identifier: EUPL-1.2
"""The servers of Inway and Outway: a decision per request, and what each decision does.

The decider answers 200 with the place to go to, or 403 with the whole refusal in headers (nginx
hands on no other status). The contract is written out in ``docs/reference/decision-subrequest.md``.
Source: FSC Core, "Inway", "Outway"; FSC Logging, "Transaction log".
"""

from __future__ import annotations

from collections.abc import Sequence

from landschap.gateway.carrier_notices import notice_lines, notice_maps
from landschap.gateway.carrier_parts import (
    NO_ACCEL,
    NO_TRACE_YET,
    after_listen,
    bad_certificate,
    client_certificate_lines,
    indented,
    literal_location,
    unix_upstream,
)
from landschap.gateway.carrier_protocols import (
    WANTS,
    inway_lines,
    inway_protocols,
    outway_lines,
    outway_protocols,
    place_of,
)
from landschap.gateway.plan import CarrierPlan, InwayDoor, OutwayDoor

# Each status a refusal may carry; `return` wants a literal, so each is a line.
DENY_STATUSES = (400, 401, 403, 404, 405, 409, 410, 411, 413, 422, 429, 500, 502, 503, 504)

# What a client may say about the form of question and answer; none of these names a person.
CONTENT_HEADERS = ("Content-Type", "Accept", "Prefer")

_INWAY_ASKS = (
    "Fsc-Authorization",
    "Doelbinding",
    "Prefer",
    "Vertrouwelijkheid",
    "VerwerkingId",
    "VerwerkingsactiviteitId",
    "VerwerkingsactiviteitUrl",
    "Bewaartermijn",
    "tracestate",
    "Purpose-Declaration",
    # What is new in every question stands last: the decider reads the rest once (`recall.py`).
    "Fsc-Transaction-Id",
    "traceparent",
)
_OUTWAY_ASKS = (
    "Fsc-Grant-Hash",
    "Fsc-Grant-Alias",
    "Fsc-Transaction-Id",
    "Doelbinding",
    "Handeling",
    "Zaak",
    "Authorization",
    "X-Api-Key",
    # Of the question that this one is needed to answer; it goes no further than the decider.
    "Permit",
    "Prefer",
    "traceparent",
    "tracestate",
)


def inway_server(plan: CarrierPlan, door: InwayDoor) -> str:
    """The Inway: mutual TLS, decision, then the own service the decision names."""
    after_ssl, http2 = after_listen(plan)
    limit = door.peer_requests_per_second
    return "\n".join(
        [
            _decide_upstream(plan, "inway"),
            *(_service_upstream(each.name, place_of(plan, each)) for each in door.services),
            *inway_protocols(plan, door),
            *_header_maps(door),
            *notice_maps(door),
            *([_peer_zone(limit)] if limit else []),
            "server {",
            f"  listen {door.listen.text()} ssl{after_ssl};",
            f"{http2}  server_name inway;\n  {NO_TRACE_YET}",
            indented(client_certificate_lines(plan.tls)),
            _shared_server_lines(plan, door.max_body_bytes),
            _decide_location("inway", _INWAY_ASKS, "X-Peer-Cert $ssl_client_escaped_cert"),
            _inway_location(door),
            indented(_answers("INWAY", notice_lines(door))),
            indented(bad_certificate("INWAY")),
            "}",
        ]
    )


def outway_server(plan: CarrierPlan, door: OutwayDoor) -> str:
    """The Outway: an own application, decision, then the peer's Inway the decision names."""
    after_ssl, http2 = after_listen(plan, tls=door.tls)
    certificate = "$ssl_client_escaped_cert" if door.client_ca else '""'
    sans = "".join(f"  {peer.name} {peer.host};\n" for peer in door.peers)
    return "\n".join(
        [
            _decide_upstream(plan, "outway"),
            *(_service_upstream(peer.name, peer.server) for peer in door.peers),
            *outway_protocols(),
            f'map $d_svc $d_san {{\n  default "";\n{sans}}}',
            "server {",
            f"  listen {door.listen.text()}{' ssl' if door.tls else ''}{after_ssl};",
            f"{http2}  server_name outway;\n  {NO_TRACE_YET}",
            *_client_ca_lines(door),
            _shared_server_lines(plan, door.max_body_bytes),
            _decide_location("outway", _OUTWAY_ASKS, _outway_proof(plan, certificate)),
            _outway_location(plan, door),
            indented(_answers("OUTWAY")),
            indented(bad_certificate("OUTWAY")),
            "}",
        ]
    )


def _outway_proof(plan: CarrierPlan, certificate: str) -> str:
    """Which application of ours asks, and which certificate of ours the peer is going to see."""
    shown = f'proxy_set_header X-Outway-Certificate "{plan.tls.thumbprint}"'
    return f"X-Client-Cert {certificate};\n    {shown}"


def _client_ca_lines(door: OutwayDoor) -> list[str]:
    if door.client_ca is None:
        return []
    # optional: an application may prove itself by a key instead; a wrong certificate is refused.
    return [f'  ssl_verify_client optional;\n  ssl_client_certificate "{door.client_ca}";']


def _decide_upstream(plan: CarrierPlan, door: str) -> str:
    return unix_upstream(f"decide-{door}", plan.decide_socket, keepalive=128)


def _service_upstream(name: str, server: str) -> str:
    place = f'"{server}"' if server.startswith("unix:") else server
    return f"upstream {name} {{\n  server {place} max_fails=0;\n  keepalive 64;\n}}"


def _header_maps(door: InwayDoor) -> list[str]:
    """One map per extra header: it is sent to the services that declared it, to no other."""
    maps = []
    for header in sorted({name for service in door.services for name in service.headers}):
        takers = "".join(
            f"  {service.name} {_incoming(header)};\n"
            for service in door.services
            if header in service.headers
        )
        maps.append(f'map $d_svc {_map_name(header)} {{\n  default "";\n{takers}}}')
    return maps


def _map_name(header: str) -> str:
    return "$in_" + header.lower().replace("-", "_")


def _incoming(header: str) -> str:
    return "$http_" + header.lower().replace("-", "_")


def _peer_zone(requests_per_second: int) -> str:
    # The fingerprint, not the serial: serials repeat between issuers.
    return f"limit_req_zone $ssl_client_fingerprint zone=peer:10m rate={requests_per_second}r/s;"


def _shared_server_lines(plan: CarrierPlan, max_body_bytes: int) -> str:
    # An error line of nginx repeats the request line, and a foreign service may put a person's
    # number in its path; what happened stands in the access log, without the path.
    return f"""  error_log "{plan.error_log}" alert;
  client_max_body_size {max_body_bytes};
{indented(_OWN_ERRORS)}
  error_page 418 = @badreq;
  if ($request_uri ~ "[^!-~]|#") {{ return 418; }}"""


def _decide_location(door: str, asks: tuple[str, ...], proof: str) -> str:
    passed = "\n".join(f"    proxy_set_header {name} {_incoming(name)};" for name in asks)
    return f"""  location = /_decide {{
    internal;
    proxy_pass http://decide-{door}$request_uri;
    proxy_method $request_method;
    proxy_http_version 1.1;
    proxy_pass_request_body off;
    proxy_pass_request_headers off;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
    proxy_set_header X-Landschap-Door {door};
    proxy_set_header X-Body-Length $content_length;
    proxy_set_header X-Body-Encoding $http_transfer_encoding;
    proxy_set_header {proof};
    proxy_set_header {WANTS};
{passed}
    proxy_connect_timeout 250ms;
    proxy_read_timeout 2s;
    proxy_send_timeout 2s;
    proxy_next_upstream off;
  }}"""


_FROM_DECISION = """auth_request /_decide;
auth_request_set $d_svc $upstream_http_x_fsc_service;
auth_request_set $d_tx $upstream_http_fsc_transaction_id;
auth_request_set $d_trace $upstream_http_traceparent;
auth_request_set $d_status $upstream_http_x_fsc_status;
auth_request_set $d_body $upstream_http_x_fsc_body;
auth_request_set $d_deny $upstream_http_x_fsc_deny;
auth_request_set $d_code $upstream_http_fsc_error_code;
auth_request_set $d_www $upstream_http_x_fsc_www;"""

# What nginx refuses by itself. 400 leads to a path, not to a name: a request line that can not be
# read has no path, and without one nginx can not go to a named place.
_OWN_ERRORS = """error_page 400 = /_badreq;
error_page 414 431 494 = /_toolong;
error_page 405 = @m405;
error_page 413 = @toolarge;
error_page 429 = @toomany;
error_page 495 496 = @badcert;"""

_TOO_LONG = "the request line or a header is longer than 16 kB"
_TUNNEL = ('$request ~ "^CONNECT "', 405, "this method is not supported")
# By the raw line: of a request that can not be read nothing else is known.
BAD_REQUEST_MAP = """map $request $bad_code {
  default ERROR_CODE_REQUEST_INVALID;
  "~^CONNECT " ERROR_CODE_METHOD_UNSUPPORTED;
}"""

# These stand in the location: at the server the sub-request would inherit them. A location with
# an error_page of its own inherits none, so the others are repeated there.
_FAILURES = f"""{_OWN_ERRORS}
error_page 403 = @deny-$d_deny;
error_page 500 = @nodecision;
error_page 502 504 = @unreach;"""

_PASSING_ON = f"""proxy_http_version 1.1;
proxy_buffering off;
proxy_request_buffering off;
proxy_redirect off;
proxy_connect_timeout 1s;
proxy_next_upstream off;
{NO_ACCEL}
proxy_pass_header Server;
proxy_pass_header Date;
proxy_hide_header Fsc-Transaction-Id;
proxy_pass_request_headers off;
proxy_set_header Fsc-Transaction-Id $d_tx;
proxy_set_header traceparent $d_trace;
proxy_set_header tracestate $d_tracestate;
add_header Fsc-Transaction-Id $d_tx always;"""


def _inway_location(door: InwayDoor) -> str:
    extra = sorted({name for service in door.services for name in service.headers})
    burst = f"limit_req zone=peer burst={door.peer_burst} nodelay;"
    lines = [
        *([burst] if door.peer_requests_per_second else []),
        _FROM_DECISION,
        "auth_request_set $d_base $upstream_http_x_fsc_base;",
        "auth_request_set $d_permit $upstream_http_permit;",
        "auth_request_set $d_tracestate $upstream_http_tracestate;",
        "auth_request_set $d_decision $upstream_http_purpose_decision;",
        "auth_request_set $d_applied $upstream_http_preference_applied;",
        _FAILURES,
        _PASSING_ON,
        f"proxy_read_timeout {door.answer_seconds}s;",
        *inway_lines(door),
        # The service receives the token. Source: FSC Core, "Inway".
        "proxy_set_header Fsc-Authorization $http_fsc_authorization;",
        "proxy_set_header Permit $d_permit;",
        *(f"proxy_set_header {name} {_incoming(name)};" for name in CONTENT_HEADERS),
        *(f"proxy_set_header {name} {_map_name(name)};" for name in extra),
        "proxy_hide_header Purpose-Decision;",
        "add_header Purpose-Decision $d_decision always;",
        "add_header Preference-Applied $d_applied always;",
        *notice_lines(door),
        "proxy_pass http://$d_svc$d_base$request_uri;",
    ]
    return "  location / {\n" + indented("\n".join(lines), 4) + "\n  }"


def _outway_location(plan: CarrierPlan, door: OutwayDoor) -> str:
    tls = plan.tls
    crl = [f'proxy_ssl_crl "{tls.crl}";'] if tls.crl else []
    lines = [
        _FROM_DECISION,
        "auth_request_set $d_token $upstream_http_fsc_authorization;",
        "auth_request_set $d_declaration $upstream_http_purpose_declaration;",
        "auth_request_set $d_purpose $upstream_http_doelbinding;",
        "auth_request_set $d_tracestate $upstream_http_tracestate;",
        _FAILURES,
        _PASSING_ON,
        f"proxy_read_timeout {door.answer_seconds}s;",
        "proxy_set_header Host $d_san;",
        *outway_lines(),
        "proxy_set_header Fsc-Authorization $d_token;",
        "proxy_set_header Purpose-Declaration $d_declaration;",
        "proxy_set_header Doelbinding $d_purpose;",
        *(f"proxy_set_header {name} {_incoming(name)};" for name in CONTENT_HEADERS),
        *(f"proxy_set_header {name} {_incoming(name)};" for name in door.headers),
        f'proxy_ssl_certificate "{tls.certificate}";',
        f'proxy_ssl_certificate_key "{tls.key}";',
        f'proxy_ssl_trusted_certificate "{tls.trust_anchors}";',
        *crl,
        "proxy_ssl_verify on;",
        "proxy_ssl_verify_depth 4;",
        "proxy_ssl_server_name on;",
        "proxy_ssl_name $d_san;",
        "proxy_ssl_session_reuse off;",
        "proxy_ssl_protocols TLSv1.2 TLSv1.3;",
        "proxy_pass https://$d_svc$request_uri;",
    ]
    return "  location / {\n" + indented("\n".join(lines), 4) + "\n  }"


def _answers(component: str, more: Sequence[str] = ()) -> str:
    """Where nginx itself answers: the refusals of the decider, and its own."""
    unreachable = {
        "INWAY": ("ERROR_CODE_SERVICE_UNREACHABLE", "the service behind this Inway is not reached"),
        "OUTWAY": ("ERROR_CODE_INWAY_UNREACHABLE", "the Inway of the peer is not reached"),
    }[component]
    return "\n".join(
        [
            _deny_location("fsc", "application/json"),
            _deny_location("problem", "application/problem+json", more),
            _EXPLAINED,
            # A refusal without a known form is no decision.
            *(_no_decision(name, component) for name in ("@nodecision", "@deny-")),
            literal_location("@unreach", 502, *_with_component(unreachable, component)),
            *(_bad_request(place, component) for place in ("@badreq", "= /_badreq")),
            literal_location(
                "= /_toolong", 400, "ERROR_CODE_REQUEST_INVALID", component, _TOO_LONG
            ),
            literal_location(
                "@m405",
                405,
                "ERROR_CODE_METHOD_UNSUPPORTED",
                component,
                "this method is not supported",
            ),
            literal_location(
                "@toolarge", 413, "ERROR_CODE_BODY_TOO_LARGE", component, "the body is too large"
            ),
            literal_location(
                "@toomany", 429, "ERROR_CODE_RATE_LIMITED", component, "too many requests"
            ),
        ]
    )


_EXPLAINED = """location @deny-explained {
  internal;
  default_type application/json;
  add_header Fsc-Transaction-Id $d_tx always;
  add_header Preference-Applied explain always;
  return 200 $d_body;
}"""
"""Nothing was carried out: the decision itself is the answer."""


def _no_decision(name: str, component: str) -> str:
    """No decision, no answer. Source: FSC Logging, "Error codes"."""
    return literal_location(
        name, 500, "TRANSACTION_LOG_WRITE_ERROR", component, "decider not answering"
    )


def _bad_request(place: str, component: str) -> str:
    """What can not be read. An older nginx can not read CONNECT either, which has its own code."""
    return literal_location(
        place, 400, "$bad_code", component, "not a proper HTTP request", when=_TUNNEL
    )


def _with_component(pair: tuple[str, str], component: str) -> tuple[str, str, str]:
    code, message = pair
    return code, component, message


def _deny_location(form: str, media_type: str, more: Sequence[str] = ()) -> str:
    told = "".join(f"\n  {line}" for line in more)
    returns = "\n".join(
        f"  if ($d_status = {status}) {{ return {status} $d_body; }}" for status in DENY_STATUSES
    )
    return f"""location @deny-{form} {{
  internal;
  default_type {media_type};
  add_header Fsc-Error-Code $d_code always;
  add_header Fsc-Transaction-Id $d_tx always;
  add_header WWW-Authenticate $d_www always;{told}
{returns}
  return 403 $d_body;
}}"""
