# SPDX-License-Identifier: EUPL-1.2
"""Information models: what a register holds, in words a person and a program can read.

A model is one JSON Schema per object type, with annotations beside the rules; `annotations` says
what each of them means.
Source: MIM 1.2; JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from landschap.registers.annotations import GeometryKind, PersonalData
from landschap.registers.composing import Parts, code_list_faults, composed
from landschap.registers.derived_properties import DERIVED
from landschap.registers.deriving import Derivation, Derivations, in_order, parse_derivation
from landschap.registers.geometry import faults_of as geometry_faults
from landschap.registers.geometry_crs import crs_kept
from landschap.registers.migrating import (
    Migration,
    migrated,
    migration_faults,
    parse_migrations,
    steps_after,
    version_of,
)
from landschap.registers.model_checks import NAME, clashes, faults_of_type
from landschap.registers.schemas import Fault, Schema, as_list, faults
from landschap.registers.timeline import DOUBT_PREFIX, Clock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean


class InvalidModel(ValueError):
    """Models that can not be used; ``findings`` holds per file everything that is wrong."""

    def __init__(self, name: str, found: Sequence[Fault], *more: tuple[str, Fault]) -> None:
        self.findings = (*((name, fault) for fault in found), *more)
        files: dict[str, list[str]] = {}
        for file, fault in self.findings:
            files.setdefault(file, []).append(f"{fault.pointer or '/'}: {fault.message}")
        super().__init__("\n".join(f"{file}: {'; '.join(told)}" for file, told in files.items()))
        self.faults = tuple(fault for _, fault in self.findings)


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
        place = self.geometry
        if place is not None and place.geometry is not None:
            crs = crs_kept(place.crs)
            value = content.get(place.name)
            found += geometry_faults(value, place.geometry, crs, f"/{place.name}")
        return found


_DOUBT: Schema = {
    "type": "object",
    "required": ["kenmerken"],
    "properties": {"kenmerken": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
}


class Dialect(StrEnum):
    """How a register refuses a time parameter it does not have: 400, or 403 as the DSO does.

    Source: API strategy, temporal extension; DSO API strategy 1.1, section 2.6.7.
    """

    STANDARD = "standaard"
    DSO = "dso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register: its object types, and the clock that orders its knowledge."""

    name: str
    title: str
    title_en: str
    clock: Clock
    types: Mapping[str, ObjectType]
    dialect: Dialect = Dialect.STANDARD

    def by_collection(self, collection: str) -> ObjectType | None:
        """The object type behind a collection in an address."""
        return next((t for t in self.types.values() if t.collection == collection), None)


@dataclass(frozen=True, slots=True)
class Registers:
    """All registers of one organisation, by name."""

    by_name: Mapping[str, Register]

    def type(self, register: str, name: str) -> ObjectType:
        """One object type. Raises KeyError with what there is."""
        known = self.by_name.get(register)
        if known is None or name not in known.types:
            there = sorted(t.key for r in self.by_name.values() for t in r.types.values())
            raise KeyError(f"there is no {register}.{name}; there are {', '.join(there)}")
        return known.types[name]


def parse_register(
    head: Mapping[str, JsonValue],
    schemas: Mapping[str, JsonValue],
    where: str,
    code_lists: Mapping[str, JsonValue] | None = None,
    migrations: Mapping[str, JsonValue] | None = None,
) -> Register:
    """A register from its ``register.toml``, its schemas, code lists and migrations by name.

    Raises InvalidModel with everything that is wrong in any of these files.
    """
    wrong = list(_faults_of_head(head, schemas))
    if wrong:
        raise InvalidModel(where, wrong)
    name, clock = str(head["naam"]), Clock(str(head["klok"]))
    parts = Parts(schemas, code_lists or {})
    made = composed(parts)
    found = [
        (f"{name}/{each}.waardelijst.json", fault)
        for each, value in parts.code_lists.items()
        for fault in code_list_faults(value)
    ]
    for each, schema in made.items():
        parts.wrong.setdefault(each, []).extend(faults_of_type(schema, each))
    read = {each: parse_migrations(given) for each, given in (migrations or {}).items()}
    found += [
        (f"{name}/{each}.migratie.toml", fault)
        for each, (steps, wrong_steps) in read.items()
        for fault in [*wrong_steps, *migration_faults(steps, made.get(each))]
    ]
    for each, fault in clashes(made):
        parts.wrong[each].append(fault)
    found += [
        (f"{name}/{each}.schema.json", fault)
        for each, faults_of_it in sorted(parts.wrong.items())
        for fault in faults_of_it
    ]
    if found:
        raise InvalidModel("", [], *found)
    return Register(
        name=name,
        title=str(head.get("titel", name)),
        title_en=str(head.get("title", name)),
        clock=clock,
        types={
            each: replace(
                _object_type(schema, register=name, name=each, clock=clock),
                migrations=tuple(read[each][0]) if each in read else (),
            )
            for each, schema in made.items()
        },
        dialect=Dialect(str(head.get("dialect", Dialect.STANDARD))),
    )


def _faults_of_head(
    head: Mapping[str, JsonValue], schemas: Mapping[str, JsonValue]
) -> Iterator[Fault]:
    if not NAME.fullmatch(str(head.get("naam", ""))):
        yield Fault("/naam", "must be lower case letters, digits and hyphens")
    if head.get("klok") not in list(Clock):
        yield Fault("/klok", "must be eigen (we hold it) or bron (we hold a copy)")
    if head.get("dialect", Dialect.STANDARD) not in list(Dialect):
        yield Fault("/dialect", f"must be one of {', '.join(Dialect)}")
    for key in sorted(set(head) - _HEAD):
        yield Fault(f"/{key}", f"is not a setting of a register{did_you_mean(key, _HEAD)}")
    if not schemas:
        yield Fault("", "has no object types: put a NAME.schema.json beside it")


_HEAD = frozenset({"naam", "titel", "title", "klok", "dialect"})


def parse_object_type(schema: JsonValue, *, register: str, name: str, clock: Clock) -> ObjectType:
    """One object type from its JSON Schema. Raises InvalidModel with everything that is wrong."""
    head: Mapping[str, JsonValue] = {"naam": register, "klok": clock.value}
    return parse_register(head, {name: schema}, register).types[name]


def _object_type(schema: Schema, *, register: str, name: str, clock: Clock) -> ObjectType:
    properties = schema["properties"]
    assert isinstance(properties, Mapping)  # noqa: S101  # checked by faults_of_type
    identification = str(schema["x-identificatie"])
    parsed = {key: _property(key, value, name) for key, value in properties.items()}
    content = [p for p in parsed.values() if p.name != identification and p.derived is None]
    return ObjectType(
        register=register,
        name=name,
        collection=str(schema["x-collectie"]),
        clock=clock,
        version=str(schema["x-versie"]),
        title=str(schema["title"]),
        title_en=str(schema["x-titel-en"]),
        identification=identification,
        incomplete_dates=schema.get("x-onvolledige-datums") is True,
        properties=parsed,
        schema=schema,
        group_schemas={
            group: _group_schema(schema, content, group)
            for group in dict.fromkeys(p.group for p in content)
        },
        definition=str(schema.get("description", "")),
        definition_en=str(schema.get("x-definitie-en", "")),
        term=str(schema.get("x-begrip", "")),
        open=schema.get("x-open") is True,
        hvd_category=str(schema.get("x-hvd-categorie", "")),
    )


def _group_schema(schema: Schema, content: Sequence[Property], group: str) -> Schema:
    members = {p.name: p.schema for p in content if p.group == group}
    required = as_list(schema.get("required", []))
    return {
        "type": "object",
        "properties": members,
        "required": [name for name in required if name in members],
        "additionalProperties": False,
    }


def _property(name: str, value: JsonValue, default_group: str) -> Property:
    assert isinstance(value, Mapping)  # noqa: S101  # checked by faults_of_type; for the type checker
    return Property(
        name=name,
        title=str(value["title"]),
        title_en=str(value["x-titel-en"]),
        schema=value,
        group=str(value.get("x-groep", default_group)),
        searchable=value.get("x-zoekbaar") is True,
        personal_data=PersonalData(str(value["x-persoonsgegeven"])),
        has_validity=value.get("x-mim-tijdlijn-geldigheid") is True,
        has_registration=value.get("x-mim-tijdlijn-registratie") is True,
        subject_kind=str(value.get("x-onderwerp", "")),
        points_at=str(value.get("x-verwijst-naar", "")),
        definition=str(value.get("description", "")),
        definition_en=str(value.get("x-definitie-en", "")),
        term=str(value.get("x-begrip", "")),
        unit=str(value.get("x-eenheid", "")),
        open=value.get("x-open") is True,
        geometry=GeometryKind(str(value["x-geometrie"])) if "x-geometrie" in value else None,
        crs=_crs_of(value),
        derived=_derived_of(value),
    )


def _derived_of(value: Schema) -> Derivation | None:
    given = value.get(DERIVED)
    return parse_derivation(given) if isinstance(given, Mapping) else None


def _crs_of(value: Schema) -> int:
    crs = value.get("x-crs")
    return crs if isinstance(crs, int) else 0


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
