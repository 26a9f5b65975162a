# SPDX-License-Identifier: EUPL-1.2
"""The server of open data: nobody logs in, so everybody is counted, and what can be kept is.

Who asks without a key is counted by address; who asks with one too, at a higher rate. The key is
judged by the application behind: one that is made up is refused there, so it wins nothing but a
refusal. Answers without a key are kept for as long as they themselves say. Bulk files are sent
from disk, with ranges and a validator.
Source: NL GOV REST API Design Rules 2.2, /core/transport; RFC 6585, section 4.
"""

from __future__ import annotations

import json

from landschap.gateway.carrier_parts import (
    NO_ACCEL,
    NO_TRACE_YET,
    after_listen,
    blanked,
    indented,
    unix_upstream,
)
from landschap.gateway.plan import CarrierPlan, OpenDoor

FILES_PATH = "/bestanden/"
KEYS_PATHS = ("/sleutels", "/en/sleutels")

# What a client may say; everything else that could be believed is taken away by its name.
_UNHEARD = (
    "Permit",
    "Purpose-Declaration",
    "Fsc-Authorization",
    "Fsc-Transaction-Id",
    "X-Landschap-Door",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-For",
    "X-Real-Ip",
    "Forwarded",
    "X-Peer-Cert",
    "Authorization",
    "Cookie",
)
_HEADERS = (
    'add_header Access-Control-Allow-Origin "*" always;',
    "add_header Content-Security-Policy \"default-src 'none'; frame-ancestors 'none'\" always;",
    "add_header Referrer-Policy no-referrer always;",
    "add_header X-Content-Type-Options nosniff always;",
    "add_header X-Frame-Options DENY always;",
)
_TYPES = (
    "application/json application/problem+json application/geo+json application/ld+json "
    "application/openapi+json application/x-ndjson application/yaml text/turtle text/csv "
    "text/css image/svg+xml application/vnd.mapbox-vector-tile"
)
# Register, collection, version, file: no folder, and nothing that is still being made.
_FILE = (
    "^/bestanden/[a-z0-9-]+/[a-z0-9-]+/[A-Za-z0-9]+/[a-z0-9-]+\\.(jsonl|csv|geojson|parquet|json)$"
)
_KEY_IN_QUERY = "(^|&)(x-)?(api[-_]?key|sleutel|token|access_token)="
_ERRORS_PAGE = "https://landschap.example/docs/reference/errors"


def open_server(plan: CarrierPlan, door: OpenDoor) -> str:
    """The whole server, with the counters and the store of kept answers it needs."""
    after_ssl, http2 = after_listen(plan) if door.tls else ("", "")
    ssl = f" ssl{after_ssl}" if door.tls else ""
    return "\n".join(
        [
            unix_upstream("open", door.socket, keepalive=16),
            _counters(plan, door),
            "server {",
            f"  listen {door.listen.text()}{ssl};",
            f"{http2}  server_name open {door.server_name};",
            f"  if ($host != {door.server_name}) {{ return 421; }}",
            # It would stand in histories and logs on the way here.
            f'  if ($args ~* "{_KEY_IN_QUERY}") {{ return 463; }}',
            f"  {NO_TRACE_YET}",
            # An address may hold what somebody looked for: no error line repeats it.
            f'  error_log "{plan.error_log}" alert;',
            "  client_max_body_size 256k;",
            _compression(),
            # All here: a place with one of its own would lose the others.
            "  error_page 413 = @toolarge;",
            # A jump, because an answer to a key is never kept: it has the key's own figures.
            "  error_page 418 = @withkey;",
            "  error_page 429 = @toomany;",
            "  error_page 463 = @keyinquery;",
            "  error_page 502 504 = @unreach;",
            "  location / {",
            '    if ($http_x_api_key != "") { return 418; }',
            f"    limit_req zone=open burst={door.burst} nodelay;",
            indented(_kept(), 4),
            indented(_passed(door), 4),
            "  }",
            "  location @withkey {",
            f"    limit_req zone=openkey burst={door.burst} nodelay;",
            indented(_passed(door), 4),
            "  }",
            *(_keys_location(door, path) for path in KEYS_PATHS),
            _files(door),
            indented(_own_answers(door)),
            "}",
        ]
    )


def _counters(plan: CarrierPlan, door: OpenDoor) -> str:
    return f"""map $http_x_api_key $open_anonymous {{
  default "";
  "" $binary_remote_addr;
}}
map $http_x_api_key $open_known {{
  default $binary_remote_addr;
  "" "";
}}
map $request_method $open_newkey {{
  default "";
  POST $binary_remote_addr;
}}
limit_req_zone $open_anonymous zone=open:10m rate={door.requests_per_second}r/s;
limit_req_zone $open_known zone=openkey:10m rate={door.key_requests_per_second}r/s;
limit_req_zone $open_newkey zone=opennew:1m rate={door.new_keys_per_minute}r/m;
proxy_cache_path "{plan.run}/nginx-open" levels=1:2 keys_zone=openkept:4m max_size=256m \
inactive=10m use_temp_path=off;"""


def _compression() -> str:
    return f"""  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_min_length 1024;
  gzip_types {_TYPES};"""


def _kept() -> str:
    return """proxy_cache openkept;
proxy_cache_key "$host$request_uri";
proxy_cache_lock on;
proxy_cache_use_stale updating;"""


def _passed(door: OpenDoor) -> str:
    return f"""proxy_http_version 1.1;
proxy_redirect off;
{NO_ACCEL}
proxy_set_header Host $http_host;
proxy_set_header Connection "";
proxy_set_header X-Forwarded-Proto $scheme;
{blanked(_UNHEARD)}
proxy_next_upstream off;
proxy_read_timeout {door.answer_seconds}s;
proxy_pass http://open;"""


def _keys_location(door: OpenDoor, path: str) -> str:
    """Asking for a key is slower than asking for data: each one is a row that is kept."""
    return f"""  location = {path} {{
    limit_req zone=opennew burst={door.new_keys_per_minute} nodelay;
    limit_req zone=open burst={door.burst} nodelay;
{indented(_passed(door), 4)}
  }}"""


def _files(door: OpenDoor) -> str:
    """Files as they lie on disk. A name that begins with a dot is one that is being made."""
    return f"""  location ^~ {FILES_PATH} {{
    limit_req zone=open burst={door.burst} nodelay;
    error_page 403 404 = @nofile;
    error_page 405 = @m405;
    error_page 429 = @toomany;
    if ($uri !~ "{_FILE}") {{ return 404; }}
    alias "{door.files}/";
    autoindex off;
    gzip off;
    charset utf-8;
    charset_types text/csv;
    types {{
      application/x-ndjson jsonl;
      text/csv csv;
      application/geo+json geojson;
      application/vnd.apache.parquet parquet;
      application/json json;
    }}
    add_header Cache-Control "public, max-age=300";
{indented(_headers(door), 4)}
  }}"""


def _headers(door: OpenDoor) -> str:
    hsts = ["add_header Strict-Transport-Security max-age=31536000 always;"] if door.tls else []
    return "\n".join([*_HEADERS, *hsts])


def _own_answers(door: OpenDoor) -> str:
    """What nginx itself answers, as problem details, like everything behind it does."""
    rate = (
        "add_header Retry-After 1 always;",
        f"add_header RateLimit-Limit {door.requests_per_second} always;",
        "add_header RateLimit-Remaining 0 always;",
        "add_header RateLimit-Reset 1 always;",
    )
    told = (
        ("@toolarge", 413, "body_too_large", "The body is too large", "Send at most 256 kB.", ()),
        ("@toomany", 429, "open_rate", "Too many requests",
         "Wait a second, and ask less often. A free key gives more room: see /sleutels.", rate),
        ("@unreach", 503, "open_unavailable", "Open data does not answer",
         "Try again in a minute.", ("add_header Retry-After 60 always;",)),
        ("@keyinquery", 400, "open_key_in_address", "A key does not belong in an address",
         "Send it in the header X-Api-Key, and ask for a new one: this one may be in logs by now.",
         ()),
        ("@m405", 405, "method_not_allowed", "This method is not offered here",
         "Files are read with GET or HEAD.", ('add_header Allow "GET, HEAD" always;',)),
        ("@nofile", 404, "not_found", "There is nothing at this address",
         "There is no such file; /catalogus lists those there are.", ()),
    )  # fmt: skip
    return "\n".join(
        _answer(door, place, status, code, title, detail, more)
        for place, status, code, title, detail, more in told
    )


def _answer(
    door: OpenDoor,
    place: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    more: tuple[str, ...],
) -> str:
    body = json.dumps(
        {
            "type": f"{_ERRORS_PAGE}#{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
        }
    )
    headers = "\n".join([*more, "add_header Cache-Control no-store always;", _headers(door)])
    return f"""location {place} {{
  internal;
  default_type application/problem+json;
  add_header API-Version 1.0.0 always;
{indented(headers)}
  return {status} '{body}';
}}"""
