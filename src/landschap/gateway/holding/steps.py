# SPDX-License-Identifier: EUPL-1.2
"""Steps before and after a held service: named, versioned, in order, and nothing but reshaping.

    weg          a member is left out
    toevoegen    a member with a constant is added where there is none
    hernoemen    a member gets another name
    maskeren     a value becomes asterisks
    omzetten     a value is converted by the closed list of logical sources

Before (``voor``) the question was understood and permitted already; after (``na``) the answer was
cut already. So a step can let nothing through that was not permitted, and adds constants only. A
value that can not be converted ends the answer: nothing is guessed.
Source: demand S-28; `integration.conversions`.
"""

from __future__ import annotations

from dataclasses import dataclass

from landschap.integration.conversions import Conversion

BEFORE, AFTER = "voor", "na"
MOMENTS = (BEFORE, AFTER)
DEEDS = ("weg", "toevoegen", "hernoemen", "maskeren", "omzetten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``place`` are the names to it (``*`` is every item), or ``?name`` of the query.

    ``to`` is a new name, ``value`` a constant, ``conversions`` what a value goes through.
    """

    name: str
    version: str
    moment: str
    deed: str
    place: tuple[str, ...]
    to: str = ""
    value: str | int | float | bool | None = None
    conversions: tuple[Conversion, ...] = ()

    @property
    def label(self) -> str:
        """How it is named in the log."""
        return f"{self.name}@{self.version}"

    @property
    def parameter(self) -> str:
        """The query parameter that it is about; empty when it is about the body."""
        return self.place[0][1:] if self.place[0].startswith("?") else ""
