# SPDX-License-Identifier: EUPL-1.2
"""More than plain questions: WebSocket, server-sent events, and services that speak HTTP/2 only.

What a question wants is told to the decider in one header (``X-Wants``), which refuses it for a
service that was not declared to have it. What passes then passes as bytes: nothing is gathered.

nginx chooses the protocol towards a service by place, not by question. So a service that speaks
HTTP/2 is reached through a server of its own on the private socket, which speaks it.
Source: RFC 6455, 4.2; RFC 9113, 3.3; WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

from landschap.gateway.carrier_parts import NO_ACCEL, NO_TRACE_YET
from landschap.gateway.plan import CarrierPlan, InwayDoor, ServiceUpstream

WANTS = "X-Wants $wants"

# What a WebSocket needs besides; sent only where the upgrade itself is.
_SOCKET_HEADERS = (
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
)
# Says to the private server what the caller said to the door.
_HOST_WITHIN = "X-Landschap-Host"

# An upgrade to anything else may be overlooked, and is. Source: RFC 9110, 7.8.
COMMON_MAPS = """map $http_accept $wants_events {
  default "";
  "~text/event-stream" events;
}
map $http_upgrade $wants {
  default $wants_events;
  websocket websocket;
}"""


def inway_protocols(plan: CarrierPlan, door: InwayDoor) -> list[str]:
    """Maps and private servers that the services of this Inway need; most need none."""
    sockets = "".join(
        f'  "{each.name} websocket" websocket;\n' for each in door.services if each.websocket
    )
    bridged = [each for each in door.services if each.http2]
    names = "".join(f"  {each.name} {_bridge_name(each)};\n" for each in bridged)
    hosts = "".join(f"  {each.name} $http_host;\n" for each in bridged)
    lines = []
    if sockets:
        wanted = 'map "$d_svc $http_upgrade" $in_upgrade'
        lines += [f'{wanted} {{\n  default "";\n{sockets}}}', *_upgrade_maps("in")]
    if bridged:
        lines += [
            f"map $d_svc $in_host {{\n  default $http_host;\n{names}}}",
            f'map $d_svc $in_host_within {{\n  default "";\n{hosts}}}',
            *(_bridge(plan, door, each) for each in bridged),
        ]
    return lines


def inway_lines(door: InwayDoor) -> list[str]:
    """Request headers to a service: its host, and those of a WebSocket where one may be."""
    lines = ["proxy_set_header Host $http_host;"]
    if any(each.http2 for each in door.services):
        lines = [
            "proxy_set_header Host $in_host;",
            f"proxy_set_header {_HOST_WITHIN} $in_host_within;",
        ]
    if any(each.websocket for each in door.services):
        return [*lines, *_upgrade_lines("in")]
    return [*lines, 'proxy_set_header Connection "";']


def outway_protocols() -> list[str]:
    """The maps of the Outway: the provider's Inway decides what its service has."""
    return [
        'map $http_upgrade $out_upgrade {\n  default "";\n  websocket websocket;\n}',
        *_upgrade_maps("out"),
    ]


def outway_lines() -> list[str]:
    """Request headers to a peer's Inway: those of a WebSocket."""
    return _upgrade_lines("out")


def _upgrade_lines(side: str) -> list[str]:
    # All empty, and so absent, in any other question.
    return [
        f"proxy_set_header Upgrade ${side}_upgrade;",
        f"proxy_set_header Connection ${side}_connection;",
        *(f"proxy_set_header {name} ${side}_{_low(name)};" for name in _SOCKET_HEADERS),
    ]


def place_of(plan: CarrierPlan, service: ServiceUpstream) -> str:
    """Where the door sends questions for this service."""
    return f"unix:{plan.version_socket}" if service.http2 else service.server


def _upgrade_maps(side: str) -> list[str]:
    wanted = f"map ${side}_upgrade"
    return [
        f'{wanted} ${side}_connection {{\n  default "";\n  websocket upgrade;\n}}',
        *(
            f'{wanted} ${side}_{_low(name)} {{\n  default "";\n  websocket $http_{_low(name)};\n}}'
            for name in _SOCKET_HEADERS
        ),
    ]


def _low(name: str) -> str:
    return name.lower().replace("-", "_")


def _bridge_name(service: ServiceUpstream) -> str:
    return f"h2-{service.name}"


def _bridge(plan: CarrierPlan, door: InwayDoor, service: ServiceUpstream) -> str:
    """A server on the private socket that speaks HTTP/2 with one service.

    Only nginx itself reaches it. When the service is gone it closes the connection, so that the
    door answers as for any other service.
    """
    name = _bridge_name(service)
    place = f'"{service.server}"' if service.server.startswith("unix:") else service.server
    return f"""upstream {name} {{
  server {place} max_fails=0;
}}
server {{
  listen "unix:{plan.version_socket}";
  server_name {name};
  {NO_TRACE_YET}
  access_log off;
  error_log "{plan.error_log}" alert;
  client_max_body_size 0;
  location / {{
    proxy_http_version 2;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_redirect off;
    {NO_ACCEL}
    proxy_pass_header Server;
    proxy_pass_header Date;
    proxy_connect_timeout 1s;
    proxy_read_timeout {door.answer_seconds}s;
    proxy_next_upstream off;
    proxy_set_header Host $http_x_landschap_host;
    proxy_set_header {_HOST_WITHIN} "";
    proxy_set_header Connection "";
    error_page 502 504 = @gone;
    proxy_pass http://{name}$request_uri;
  }}
  location @gone {{ return 444; }}
}}"""
