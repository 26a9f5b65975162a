# SPDX-License-Identifier: EUPL-1.2
"""How sure we must be of who somebody is, per service: what the organisation recorded.

Source: Wet digitale overheid, art. 6 and 7 (a level per service, from a classification).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_EN = "en"


def service_of(path: str) -> str:
    """The service an address belongs to: its first part, in whichever language or form."""
    parts = path.partition("?")[0].strip("/").split("/")
    if parts and parts[0] == _EN:
        parts = parts[1:]
    return parts[0].partition(".")[0] if parts else ""


def needed_level(path: str, levels: Mapping[str, str] | None) -> str:
    """The level that an address needs; empty when it is no more than every login has."""
    return (levels or {}).get(service_of(path), "")


def unknown_services(levels: Mapping[str, str] | None, paths: Iterable[str]) -> list[str]:
    """The services of which a level was recorded, and that have no address here."""
    known = {service_of(path) for path in paths}
    return sorted(each for each in levels or {} if each not in known)
