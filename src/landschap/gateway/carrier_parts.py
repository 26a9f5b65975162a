# SPDX-License-Identifier: EUPL-1.2
"""Lines that several servers of the configuration share."""

from __future__ import annotations

from pathlib import PurePath

from landschap.gateway.plan import CarrierPlan, Tls

_HTTP2_DIRECTIVE = (1, 25, 1)

LOG_FORMAT = (
    '{"ts":"$time_iso8601","at":"$msec","door":"$door","tx":"$d_tx","upstream":"$d_svc","method":'
    '"$request_method","status":"$status","upstream_status":"$upstream_status","code":"$log_code",'
    '"seconds":"$request_time","behind":"$upstream_response_time","bytes":"$bytes_sent","received":"$request_length",'
    '"body":"$body_bytes_sent","length":"$sent_http_content_length","serial":'
    '"$ssl_client_serial","verify":"$ssl_client_verify","tls":"$ssl_protocol","complete":"$request_completion","limit":'
    '"$limit_req_status"}'
)

# What was sent, by us or by the peer; a header of a peer goes into no file unless it is a code.
LOG_MAPS = """map $sent_http_fsc_error_code $log_code {
  default "";
  "~^[A-Z][A-Z_]{2,80}$" $sent_http_fsc_error_code;
}"""

# By the name of the server, which is known also when the certificate or the request line is bad
# and nothing of the server's own rules has run yet.
DOOR_MAP = """map $server_name $door {
  default web;
  private private;
  manager manager;
  inway inway;
  outway outway;
  open open;
  decisions decisions;
  logboek logboek;
}"""

# The access log reads them also where no decision was asked.
NO_TRACE_YET = 'set $d_tx ""; set $d_svc "";'

# An answer from behind the door must never make nginx jump to a place inside it.
NO_ACCEL = (
    "proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate "
    "X-Accel-Buffering X-Accel-Charset;"
)


def indented(text: str, spaces: int = 2) -> str:
    """The text with every line moved to the right."""
    return "\n".join(" " * spaces + line if line else line for line in text.splitlines())


def blanked(names: tuple[str, ...]) -> str:
    """Lines that remove request headers, each by its name."""
    return "\n".join(f'proxy_set_header {name} "";' for name in names)


def after_listen(plan: CarrierPlan, *, tls: bool = True) -> tuple[str, str]:
    """How HTTP/2 is switched on: a word behind ``ssl`` before 1.25.1, a line of its own since.

    Without TLS the word would leave no HTTP/1.1, so there only the line is used.
    """
    if not tls and not plan.knows(_HTTP2_DIRECTIVE):
        return "", ""
    return ("", "  http2 on;\n") if plan.knows(_HTTP2_DIRECTIVE) else (" http2", "")


def unix_upstream(name: str, socket: PurePath, *, keepalive: int) -> str:
    """One upstream on a unix socket, with connections kept open."""
    return (
        f"upstream {name} {{\n"
        f'  server "unix:{socket}" max_fails=0;\n'
        f"  keepalive {keepalive};\n"
        "  keepalive_requests 1000000;\n"
        "}"
    )


def client_certificate_lines(tls: Tls) -> str:
    """A client certificate under the trust anchors is demanded. Source: FSC Core, "mTLS"."""
    lines = ["ssl_verify_client on;", f'ssl_client_certificate "{tls.trust_anchors}";']
    if tls.crl:
        lines.append(f'ssl_crl "{tls.crl}";')
    return "\n".join(lines)


def bad_certificate(component: str) -> str:
    """The answer to a caller without, or with a foreign, certificate: 400 after the handshake."""
    return literal_location(
        "@badcert",
        400,
        "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED",
        component,
        "no client certificate of a trust anchor of this Group was shown",
    )


def literal_location(
    place: str,
    status: int,
    code: str,
    component: str,
    message: str,
    *,
    when: tuple[str, int, str] | None = None,
) -> str:
    """A place that answers with one fixed FSC error. Source: FSC Core, "Error response".

    ``when`` is a condition with the status and message that it changes the answer to.
    """

    def body(words: str) -> str:
        return f'{{"message":"{words}","domain":"ERROR_DOMAIN_{component}","code":"{code}"}}'

    other = ""
    if when is not None:
        other = f"  if ({when[0]}) {{ return {when[1]} '{body(when[2])}'; }}\n"
    return f"""location {place} {{
  internal;
  default_type application/json;
  add_header Fsc-Error-Code {code} always;
  add_header Fsc-Transaction-Id $d_tx always;
{other}  return {status} '{body(message)}';
}}"""
