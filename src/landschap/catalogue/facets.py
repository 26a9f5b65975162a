# SPDX-License-Identifier: EUPL-1.2
"""Choosing among APIs: by what one can choose, how many there are of each, and what is left.

The number beside a value is what one would get with it and with what is chosen in the other facets.
It counts only what the one who looks may see, for it is counted over nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ORGANISATION, PHASE, PERSONAL, PURPOSE, ACCESS = "org", "fase", "pg", "doel", "toegang"
FACETS: Final = (ORGANISATION, PHASE, PERSONAL, PURPOSE, ACCESS)
YES, NO, UNKNOWN = "ja", "nee", "onbekend"
MOST_CHOSEN = 20

Picked = Mapping[str, frozenset[str]]
"""The values that are chosen, by facet; a facet without any is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one can choose an API by: a value for each facet."""

    values: Mapping[str, str]


def yes_or_no(given: bool | None) -> str:
    """The value for what may also be not said."""
    return UNKNOWN if given is None else YES if given else NO
