# SPDX-License-Identifier: EUPL-1.2
"""One object type of a register: its properties, its groups, and the paths below them.

Source: MIM 1.2, "Objecttype" and "Attribuutsoort"; JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from landschap.registers.annotations import GeometryKind, PersonalData
from landschap.registers.deriving import Derivation, Derivations, in_order
from landschap.registers.geometry import faults_of as geometry_faults
from landschap.registers.geometry_crs import crs_kept
from landschap.registers.migrating import Migration, migrated, steps_after, version_of
from landschap.registers.schemas import Fault, Schema, faults
from landschap.registers.timeline import DOUBT_PREFIX, Clock
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of an object type."""

    name: str
    title: str
    title_en: str
    schema: Schema
    group: str
    searchable: bool
    personal_data: PersonalData
    has_validity: bool
    has_registration: bool
    subject_kind: str = ""
    points_at: str = ""
    definition: str = ""
    definition_en: str = ""
    term: str = ""
    unit: str = ""
    open: bool = False
    geometry: GeometryKind | None = None
    crs: int = 0
    # Kept nowhere: it follows from other properties.
    derived: Derivation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One object type of one register."""

    register: str
    name: str
    collection: str
    clock: Clock
    version: str
    title: str
    title_en: str
    identification: str
    incomplete_dates: bool
    properties: Mapping[str, Property]
    schema: Schema
    group_schemas: Mapping[str, Schema]
    definition: str = ""
    definition_en: str = ""
    term: str = ""
    open: bool = False
    hvd_category: str = ""
    # How content of older versions is read, in order.
    migrations: tuple[Migration, ...] = ()
    # Part of a type: the store then reads these properties and groups, and no other.
    view: bool = False
    # What follows from what, each after what it follows from.
    derived: Derivations = field(init=False, repr=False, compare=False)
    # What is at or below each path, worked out once: every question asks for it.
    _leaves: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out the paths."""
        found = {p.name: p.derived for p in self.properties.values() if p.derived is not None}
        object.__setattr__(self, "derived", in_order(found))
        object.__setattr__(self, "_leaves", _leaves_of(frozenset(_paths(self.schema, ""))))

    @property
    def key(self) -> str:
        """The name under which the store keeps it."""
        return f"{self.register}.{self.name}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of properties that have a timeline of their own."""
        return tuple(self.group_schemas)

    def content_properties(self) -> Iterator[Property]:
        """The properties an assertion holds: all but the identification and what is derived."""
        return (
            p
            for p in self.properties.values()
            if p.name != self.identification and p.derived is None
        )

    def searchable_paths(self) -> tuple[str, ...]:
        """The properties by which objects can be found, beside the identification."""
        return tuple(p.name for p in self.content_properties() if p.searchable)

    @property
    def holds_personal_data(self) -> bool:
        """True when an answer is a processing of personal data."""
        return any(p.personal_data is not PersonalData.NONE for p in self.properties.values())

    @property
    def subject(self) -> Property | None:
        """The property that holds the number of the person or company concerned."""
        return next((p for p in self.properties.values() if p.subject_kind), None)

    @property
    def geometry(self) -> Property | None:
        """The property that says where an object lies; None for a type without a place."""
        return next((p for p in self.properties.values() if p.geometry), None)

    def open_properties(self) -> tuple[Property, ...]:
        """The properties anybody may see without saying who they are; none of a closed type."""
        return tuple(p for p in self.properties.values() if p.open) if self.open else ()

    def leaves(self, path: str) -> frozenset[str]:
        """The paths of values at or below a path; empty when the path does not exist."""
        return self._leaves.get(path, _NOTHING)

    def paths(self) -> frozenset[str]:
        """Every path an answer may hold: ``naam`` and, inside an object, ``naam.voornamen``."""
        return frozenset(self._leaves)

    def kept_paths(self) -> frozenset[str]:
        """The paths of what is kept: a derived value can not be written, doubted or waited for."""
        return frozenset(p for p in self._leaves if p.partition(".")[0] not in self.derived)

    def as_now(
        self, content: Mapping[str, JsonValue], version: str, group: str
    ) -> Mapping[str, JsonValue]:
        """Content of a group that was written under a version of the model, as it is read now."""
        if not self.migrations or version == self.version:
            return content
        steps = steps_after(self.migrations, version_of(version))
        return migrated(content, steps, group, {p.name: p.group for p in self.properties.values()})

    def faults_in(
        self, object_id: str, group: str, content: Mapping[str, JsonValue] | None
    ) -> list[Fault]:
        """What is wrong with an assertion's object, group and content."""
        found = list(faults(object_id, self.properties[self.identification].schema))
        if group.startswith(DOUBT_PREFIX):
            return found + list(faults(content, _DOUBT)) if content is not None else found
        if group not in self.group_schemas:
            return [*found, Fault("", f"{self.key} has no group {group}")]
        if content is None:
            return found
        found += faults(content, self.group_schemas[group])
        found += self.subject_faults(content)
        place = self.geometry
        if place is not None and place.geometry is not None:
            crs = crs_kept(place.crs)
            value = content.get(place.name)
            found += geometry_faults(value, place.geometry, crs, f"/{place.name}")
        return found

    def subject_faults(self, content: Mapping[str, JsonValue]) -> Iterator[Fault]:
        """A number of a person that is none: no line in the log could say whose data this is."""
        subject = self.subject
        if subject is None or subject.subject_kind != "bsn":
            return
        number = content.get(subject.name)
        if isinstance(number, str):
            try:
                Bsn.parse(number)
            except InvalidValue as error:
                yield Fault(f"/{subject.name}", f"is {error}")


_DOUBT: Schema = {
    "type": "object",
    "required": ["kenmerken"],
    "properties": {"kenmerken": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
}


_NOTHING: frozenset[str] = frozenset()


def _leaves_of(paths: frozenset[str]) -> Mapping[str, frozenset[str]]:
    below: dict[str, set[str]] = {path: set() for path in paths}
    for path in paths:
        for place in (place for place, letter in enumerate(path) if letter == "."):
            below[path[:place]].add(path)
    return {path: frozenset(found or {path}) for path, found in below.items()}


def _paths(schema: Schema, prefix: str) -> Iterator[str]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            yield prefix + name
            if isinstance(inner, Mapping):
                yield from _paths(inner, f"{prefix}{name}.")
