# SPDX-License-Identifier: EUPL-1.2
"""A logical source as a value: sources, links, fields. Read from YAML by `declaration`.

Names of the file are Dutch, because municipalities write it; here each has one English name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from landschap.integration.access import Access
from landschap.integration.conversions import Conversion
from landschap.registers.deriving import Derivation, Derivations, in_order


class Axes(StrEnum):
    """Which of the two time axes a source can be asked on. File: ``tijd``."""

    BOTH = "beide"
    VALID = "geldig"
    NONE = "geen"


class Wins(StrEnum):
    """Which source decides a field that has several columns. File: ``wint``.

    Of ``aaneen`` none does: what is filled stands one behind the other with a space, as the parts
    of a name.
    """

    FIRST_FILLED = "eerste_gevulde"
    AGREE_OR_REPORT = "eens_of_melden"
    NEWEST = "nieuwste"
    JOINED = "aaneen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of one source, written ``bron.kolom``."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from. ``holder`` is the organisation that answers for them."""

    name: str
    access: Access
    keys: tuple[str, ...]
    axes: Axes
    holder: str
    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How rows of one source lead to rows of another.

    ``many`` allows more than one partner; ``required`` makes a missing partner a named gap instead
    of an empty value; ``splits`` cuts a key that holds several values.
    """

    origin: Column
    target: Column
    many: bool
    required: bool
    splits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the answer. ``columns`` in order of who wins; ``within`` names its list.

    One that is ``derived`` has no columns: it follows from other fields, named by their whole path.
    """

    path: str
    columns: tuple[Column, ...]
    conversions: tuple[Conversion, ...]
    wins: Wins
    strict: bool
    within: str = ""
    derived: Derivation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroup:
    """A member of the answer that holds one item per row of ``source``, ordered by ``order``."""

    path: str
    source: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The column that tells whose data it is, and the kind of number (``bsn``, ``kvk``, ...)."""

    column: Column
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One logical source. ``links`` is keyed by the source it leads to, so it is a tree.

    ``key`` is the member of the question's body; ``root`` the column it is compared with;
    ``data_groups`` gives the first part of a field name its words; ``shadow`` names the logical
    source over a copy that is compared while this one answers.
    """

    name: str
    version: str
    title: str
    key: str
    root: Column
    subject: Subject | None
    budget_ms: int
    sources: Mapping[str, Source]
    links: Mapping[str, Link]
    fields: Mapping[str, Field]
    lists: Mapping[str, ListGroup]
    data_groups: Mapping[str, str]
    shadow: str = ""

    def data_group(self, path: str) -> str:
        """The kind of data a field belongs to, in words for the log and the resident.

        Of a derived field with its rule, so that it says what was read for it.
        """
        first = path.split(".", 1)[0]
        words = self.data_groups.get(first, first)
        rule = self.derived.get(path)
        return words if rule is None else f"{words} ({rule.words})"

    @property
    def derived(self) -> Derivations:
        """The derived fields by path, each after what it follows from."""
        return in_order(
            {path: each.derived for path, each in self.fields.items() if each.derived is not None}
        )

    def chain(self, source: str) -> tuple[str, ...]:
        """The sources from the root down to ``source``, both included."""
        path = [source]
        while path[-1] != self.root.source:
            path.append(self.links[path[-1]].origin.source)
        return tuple(reversed(path))

    @property
    def key_is_subject(self) -> bool:
        """True when the one who is asked for is the one the data is about."""
        return self.subject is not None and self.subject.column == self.root
