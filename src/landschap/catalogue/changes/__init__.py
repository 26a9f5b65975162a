# SPDX-License-Identifier: EUPL-1.2
"""What changed between two descriptions of an API, and what of it breaks who calls it.

Breaking is what a caller that kept to the old description can not be sure of any more: something it
asks for is gone, or something it was not asked for is demanded. A value that may newly come back is
told, because a caller that lists all values may stumble, and does not by itself ask a new major.
Source: API design rules, "Life cycle of an API", breaking or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from landschap.catalogue.documents import Place


class Weight(StrEnum):
    """What a change means to who calls the API."""

    BREAKING = "breaking"
    TELL = "tell"
    FITS = "fits"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """One change, at its place in the new document, or in the old one for what is gone."""

    place: Place
    weight: Weight
    message: str


class Changes:
    """Changes as they are gathered: each once, however many operations share its place."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str], Change] = {}

    def add(self, weight: Weight, place: Place, message: str) -> None:
        """One change at a place."""
        made = Change(place=place, weight=weight, message=message)
        self._found.setdefault((place, message), made)

    def all(self) -> list[Change]:
        """Breaking first, then in the order of their places."""
        order = list(Weight)
        return sorted(self._found.values(), key=lambda one: (order.index(one.weight), one.place))


def breaking(changes: Iterable[Change]) -> list[Change]:
    """Those that break who calls it."""
    return [each for each in changes if each.weight is Weight.BREAKING]


def major_of(version: str) -> int | None:
    """The first number of a version such as 2.1.0; None when it is none."""
    found = re.match(r"v?(0|[1-9][0-9]{0,8})(?:\.|$)", version)
    return int(found[1]) if found else None


def is_new_major(old: str, new: str) -> bool:
    """True when the second is a later major version: only then may something break."""
    before, after = major_of(old), major_of(new)
    return before is not None and after is not None and after > before
