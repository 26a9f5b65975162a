# SPDX-License-Identifier: EUPL-1.2
"""Where a version of an API stands: being made, in use, on its way out, gone; and from which day.

An own service says it in its file, as the door then tells each caller in headers; of another the
description says it. A version of major 0, or with a mark such as ``-beta.1``, is not finished.
Source: API design rules, "Life cycle of an API"; SemVer 2.0.0, items 4 and 9; RFC 9745; RFC 8594.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from landschap.gateway.lifecycle import Lifecycle, Phase, lifecycle_of

CONCEPT, ACTIVE, ENDING, CLOSED = (
    "concept", Phase.ACTIVE.value, Phase.ENDING.value, Phase.CLOSED.value,
)  # fmt: skip
PHASES = (ACTIVE, ENDING, CONCEPT, CLOSED)
UNFINISHED = re.compile(r"v?(?:0(?:\.|$)|[0-9]+(?:\.[0-9]+){0,2}-)")
"""How a version begins that says of itself that it is not finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The phase of one version, one of `PHASES`, with the days of its end.

    ``fault`` says what is wrong with what was announced; then nothing else is known of the end.
    """

    phase: str
    deprecated: date | None = None
    sunset: date | None = None
    successor: str = ""
    policy: str = ""
    fault: str = ""


def standing_of(
    version: str, info: Mapping[str, object], now: datetime, own: Lifecycle | None = None
) -> Standing:
    """Where a version stands at a moment; ``own`` is the end that our door announces of it."""
    fault = ""
    try:
        ends = own or lifecycle_of(info)
    except ValueError as error:
        ends, fault = None, str(error)[:200]
    if ends is None:
        return Standing(phase=CONCEPT if is_unfinished(version) else ACTIVE, fault=fault)
    phase = ends.phase(now).value
    return Standing(
        phase=CONCEPT if phase == ACTIVE and is_unfinished(version) else phase,
        deprecated=ends.deprecated,
        sunset=ends.sunset,
        successor=ends.successor,
        policy=ends.policy,
    )


def is_unfinished(version: str) -> bool:
    """True for a version that says of itself that anything may still change."""
    return UNFINISHED.match(version) is not None
