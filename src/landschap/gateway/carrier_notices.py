# SPDX-License-Identifier: EUPL-1.2
"""Headers that every answer of a service gets at the Inway, such as the announcement of its end."""

from __future__ import annotations

from landschap.gateway.plan import InwayDoor


def notice_maps(door: InwayDoor) -> list[str]:
    """One map per header that some service has on every answer; without a value it is not sent."""
    maps = []
    for header in _noticed(door):
        told = "".join(
            f"  {service.name} '{value}';\n"
            for service in door.services
            for name, value in service.notices
            if name == header
        )
        maps.append(f'map $d_svc {_notice_name(header)} {{\n  default "";\n{told}}}')
    return maps


def notice_lines(door: InwayDoor) -> list[str]:
    """What sends them. A header without a value is not sent by nginx."""
    return [f"add_header {name} {_notice_name(name)} always;" for name in _noticed(door)]


def _noticed(door: InwayDoor) -> list[str]:
    return sorted({name for service in door.services for name, _ in service.notices})


def _notice_name(header: str) -> str:
    return "$told_" + header.lower().replace("-", "_")
