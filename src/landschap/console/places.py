# SPDX-License-Identifier: EUPL-1.2
"""Places where data lies: tables, files and memories, what classes of data each holds, how long.

What registers hold follows from their models; the other places are written down by hand, in a list
that a test compares with the tables that there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.models import Register

MODEL = "model"
CLASSES = ("gewoon", "identificerend", "bijzonder", "pseudoniem", "medewerker")
OF_MODELS = ("gewoon", "identificerend", "bijzonder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in words, what of it is a table, a file or a memory, what it holds and how long."""

    where: str
    kinds: tuple[str, ...]
    until: str
    tables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    cache: str = ""

    @property
    def sort(self) -> str:
        """Whether it is a table, a file or a memory."""
        return "memory" if self.cache else "file" if self.files else "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A property of a register, ``register.type.property``, with its class."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The list, and the words of each in Dutch."""

    every: Sequence[Place]
    dutch: Mapping[str, str]


def held_in(registers: Iterable[Register]) -> Sequence[Held]:
    """The properties that are personal data, of these registers."""
    return [
        Held(path=f"{register.name}.{kind.name}.{prop.name}", kind=prop.personal_data.value)
        for register in registers
        for kind in register.types.values()
        for prop in kind.properties.values()
        if prop.personal_data.value in OF_MODELS
    ]


def places_of(kind: str, places: Sequence[Place], held: Sequence[Held]) -> Sequence[Place]:
    """The places that hold this class; one that holds what models hold does when a model does.

    Without a class: all that hold anything about a person.
    """
    of_models = {each.kind for each in held}
    return [
        each
        for each in places
        if (each.kinds if not kind else kind in each.kinds)
        or (MODEL in each.kinds and kind in of_models)
    ]


def classes_of(place: Place, held: Sequence[Held]) -> Sequence[str]:
    """The classes that a place holds, with those of the models in place of `MODEL`."""
    of_models = {each.kind for each in held} if MODEL in place.kinds else set()
    return [each for each in CLASSES if each in place.kinds or each in of_models]
