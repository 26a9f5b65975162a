# SPDX-License-Identifier: EUPL-1.2
"""Choosing among APIs: by what one can choose, how many there are of each, and what is left.

The number beside a value is what one would get with it and with what is chosen in the other facets.
It counts only what the one who looks may see, for it is counted over nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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

    def fits(self, picked: Picked, *, but: str = "") -> bool:
        """True when it has a chosen value in each facet in which something is chosen."""
        return all(self.values[facet] in values for facet, values in picked.items() if facet != but)


def yes_or_no(given: bool | None) -> str:
    """The value for what may also be not said."""
    return UNKNOWN if given is None else YES if given else NO


def counted(every: Sequence[Facts], picked: Picked) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Each facet with its values and their numbers, the most first; chosen ones always."""
    found = {}
    for facet in FACETS:
        counts = Counter(each.values[facet] for each in every if each.fits(picked, but=facet))
        for value in picked.get(facet, ()):
            counts.setdefault(value, 0)
        found[facet] = sorted(counts.items(), key=lambda each: (-each[1], each[0].lower()))
    return found
