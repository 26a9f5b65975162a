# SPDX-License-Identifier: EUPL-1.2
"""The end of a service, announced in time: from when it is no longer to be built on, when it stops.

    [lifecycle]
    deprecated = 2027-01-01                              # from this day: build nothing new on it
    sunset = 2027-12-31                                  # its last day; after it: 410
    successor = "https://api.gemeente.example/personen/v2"
    policy = "https://gemeente.example/api-beleid"       # where people read about it

Until the last day every answer says so in headers; after it the door answers 410 with the successor
and asks the service nothing. An end before it was announced is no announcement, and is refused.
Source: RFC 9745 (Deprecation); RFC 8594 (Sunset); API design rules, "deprecation schedule".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum

from landschap.purposes.model import midnight
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

LIFECYCLE_KEYS = ("deprecated", "sunset", "successor", "policy")
# It stands between quotes in the configuration of the carrier and between < > in a header.
_ADDRESS = re.compile(r"https://[A-Za-z0-9._~:/?#@!&()*+,;=%\[\]-]{1,500}")
_SECOND = timedelta(seconds=1)
CLOSED = "service_closed"


class Phase(StrEnum):
    """Where a service stands on its way out."""

    ACTIVE = "actief"
    ENDING = "uitfaserend"
    CLOSED = "gesloten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What was announced; days are Dutch calendar days, ``sunset`` is the last day it answers."""

    deprecated: date
    sunset: date | None = None
    successor: str = ""
    policy: str = ""

    @property
    def ends_at(self) -> datetime | None:
        """The last second in which it answers."""
        return midnight(self.sunset + timedelta(days=1)) - _SECOND if self.sunset else None

    def phase(self, now: datetime) -> Phase:
        """Where it stands at this moment."""
        ends_at = self.ends_at
        if ends_at is not None and now > ends_at:
            return Phase.CLOSED
        # An end that is announced is a reason to build nothing new, also before that day.
        announced = self.sunset is not None or midnight(self.deprecated) <= now
        return Phase.ENDING if announced else Phase.ACTIVE

    def headers(self) -> dict[str, str]:
        """What every answer says of it."""
        told = {"Deprecation": f"@{int(midnight(self.deprecated).timestamp())}"}
        if (ends_at := self.ends_at) is not None:
            told["Sunset"] = format_datetime(ends_at.astimezone(UTC), usegmt=True)
        links = []
        if self.successor:
            links.append(f'<{self.successor}>; rel="successor-version"')
        if self.policy:
            links.append(f'<{self.policy}>; rel="deprecation"; type="text/html"')
            links.append(f'<{self.policy}>; rel="sunset"; type="text/html"')
        if links:
            told["Link"] = ", ".join(links)
        return told


def closed(service: str, ended: Lifecycle) -> Refusal:
    """The last day of the service is past. Never a redirect."""
    extra: dict[str, JsonValue] = {"service": service, "sunset": str(ended.sunset)}
    if ended.successor:
        extra["successor"] = ended.successor
    return Refusal(
        code=CLOSED,
        status=410,
        title="The service has ended",
        detail=f"{service[:100]} answered for the last time on {ended.sunset}.",
        missing=ended.successor or "another service",
        owner="the application that asks",
        extra=extra,
    )


def lifecycle_of(info: Mapping[str, object]) -> Lifecycle | None:
    """What an OpenAPI document says in ``info``: ``x-deprecated`` and ``x-sunset``.

    None when it announces nothing. Raises ValueError for what is no day, or an end too early.
    """
    days = {name: _day(info.get(f"x-{name}")) for name in ("deprecated", "sunset")}
    deprecated = days["deprecated"] or days["sunset"]
    if deprecated is None:
        return None
    if (wrong := order_fault(deprecated, days["sunset"])) is not None:
        raise ValueError(wrong)
    return Lifecycle(deprecated=deprecated, sunset=days["sunset"])


def order_fault(deprecated: date, sunset: date | None) -> str | None:
    """What is wrong with the order of these two days. Source: RFC 8594, RFC 9745 section 4."""
    if sunset is not None and sunset < deprecated:
        return f"{sunset} is before deprecated ({deprecated}): nobody was told in time"
    return None


def read_lifecycle(
    table: Mapping[str, object], wrong: Callable[[str, str], None]
) -> Lifecycle | None:
    """The life cycle in the table of a service; what is wrong is told, by key."""
    days = {}
    for key in ("deprecated", "sunset"):
        given = table.get(key)
        if given is None:
            continue
        if isinstance(given, date) and not isinstance(given, datetime):
            days[key] = given
        else:
            wrong(f"lifecycle.{key}", "a day such as 2027-12-31, without quotes")
    addresses = {}
    for key in ("successor", "policy"):
        text = table.get(key, "")
        if text and not (isinstance(text, str) and _ADDRESS.fullmatch(text)):
            wrong(f"lifecycle.{key}", "an address that begins with https://")
        addresses[key] = str(text)
    if "deprecated" not in days:
        if "deprecated" not in table:
            wrong("lifecycle.deprecated", "is missing: from which day to build nothing new on it")
        return None
    if (fault := order_fault(days["deprecated"], days.get("sunset"))) is not None:
        wrong("lifecycle.sunset", fault)
    return Lifecycle(deprecated=days["deprecated"], sunset=days.get("sunset"), **addresses)


def _day(given: object) -> date | None:
    if given is None:
        return None
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    return date.fromisoformat(str(given))
