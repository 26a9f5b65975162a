# SPDX-License-Identifier: EUPL-1.2
"""Information models: what a register holds, in words a person and a program can read.

A model is one JSON Schema per object type, with annotations beside the rules:

    x-collectie                   name of the collection in addresses, plural
    x-identificatie               the property that names the object; never in the content itself
    x-versie                      version of the model
    x-onvolledige-datums          begins may be partly unknown (2010-08-00)
    x-titel-en                    the English title; ``title`` is Dutch
    x-zoekbaar                    objects can be found by this property
    x-persoonsgegeven             geen, gewoon, identificerend or bijzonder
    x-mim-tijdlijn-geldigheid     the value can change in reality
    x-mim-tijdlijn-registratie    corrections of the value are kept
    x-onderwerp                   the number of the person or company the object is about: bsn, kvk
    x-groep                       properties that change together; default one group per type
    x-verwijst-naar               the type whose objects the value names: TYPE or REGISTER.TYPE

Source: MIM 1.2, "Tijdlijn geldigheid", "Tijdlijn registratie"; JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from landschap.registers.schemas import DIALECT, Fault, Schema, faults, unknown_keywords
from landschap.registers.timeline import DOUBT_PREFIX, Clock
from landschap.vocabulary.ijson import JsonValue

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_PATH = re.compile(r"[a-z][A-Za-z0-9]{0,60}")


class InvalidModel(ValueError):
    """A model that can not be used; ``faults`` holds everything that is wrong with it."""

    def __init__(self, name: str, found: Sequence[Fault]) -> None:
        lines = "; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in found)
        super().__init__(f"{name}: {lines}")
        self.faults = tuple(found)


class PersonalData(StrEnum):
    """What kind of personal data a property is. Source: AVG art. 4, 9 and 87; UAVG art. 46."""

    NONE = "geen"
    ORDINARY = "gewoon"
    IDENTIFYING = "identificerend"
    SPECIAL = "bijzonder"


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

    @property
    def key(self) -> str:
        """The name under which the store keeps it."""
        return f"{self.register}.{self.name}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of properties that have a timeline of their own."""
        return tuple(self.group_schemas)

    def content_properties(self) -> Iterator[Property]:
        """The properties an assertion holds: all but the identification."""
        return (p for p in self.properties.values() if p.name != self.identification)

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

    def leaves(self, path: str) -> frozenset[str]:
        """The paths of values at or below a path; empty when the path does not exist."""
        below = frozenset(p for p in self.paths() if p.startswith(f"{path}."))
        return below or frozenset({path} & self.paths())

    def paths(self) -> frozenset[str]:
        """Every path an answer may hold: ``naam`` and, inside an object, ``naam.voornamen``."""
        return frozenset(_paths(self.schema, ""))

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
        return found + list(faults(content, self.group_schemas[group]))


_DOUBT: Schema = {
    "type": "object",
    "required": ["kenmerken"],
    "properties": {"kenmerken": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register: its object types, and the clock that orders its knowledge."""

    name: str
    title: str
    title_en: str
    clock: Clock
    types: Mapping[str, ObjectType]

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
    head: Mapping[str, JsonValue], schemas: Mapping[str, JsonValue], where: str
) -> Register:
    """A register from its ``register.toml`` and its schemas by name. Raises InvalidModel."""
    name, clock = str(head.get("naam", "")), str(head.get("klok", ""))
    found = []
    if not _NAME.fullmatch(name):
        found.append(Fault("/naam", "must be lower case letters, digits and hyphens"))
    if clock not in list(Clock):
        found.append(Fault("/klok", "must be eigen (we hold it) or bron (we hold a copy)"))
    unknown = set(head) - {"naam", "titel", "title", "klok"}
    found += [Fault(f"/{key}", "is not a setting of a register") for key in sorted(unknown)]
    if not schemas:
        found.append(Fault("", "has no object types: put a NAME.schema.json beside it"))
    if found:
        raise InvalidModel(where, found)
    types = {
        type_name: parse_object_type(schema, register=name, name=type_name, clock=Clock(clock))
        for type_name, schema in sorted(schemas.items())
    }
    return Register(
        name=name,
        title=str(head.get("titel", name)),
        title_en=str(head.get("title", name)),
        clock=Clock(clock),
        types=types,
    )


def parse_object_type(schema: JsonValue, *, register: str, name: str, clock: Clock) -> ObjectType:
    """An object type from its JSON Schema. Raises InvalidModel with everything that is wrong."""
    where = f"{register}/{name}.schema.json"
    if not isinstance(schema, Mapping):
        raise InvalidModel(where, [Fault("", "must be an object")])
    found = list(_faults_of_model(schema, name))
    if found:
        raise InvalidModel(where, found)
    properties = schema["properties"]
    assert isinstance(properties, Mapping)  # noqa: S101  # checked above; for the type checker
    identification = str(schema["x-identificatie"])
    parsed = {key: _property(key, value, name) for key, value in properties.items()}
    content = [p for p in parsed.values() if p.name != identification]
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
    )


def _group_schema(schema: Schema, content: Sequence[Property], group: str) -> Schema:
    members = {p.name: p.schema for p in content if p.group == group}
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    return {
        "type": "object",
        "properties": members,
        "required": [name for name in names if name in members],
        "additionalProperties": False,
    }


def _faults_of_model(schema: Schema, name: str) -> Iterator[Fault]:
    yield from faults(schema, _MODEL)
    yield from unknown_keywords(schema)
    if not _NAME.fullmatch(name):
        yield Fault("", "the file name must be lower case letters, digits and hyphens")
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    if schema.get("x-identificatie") not in properties:
        yield Fault("/x-identificatie", "is not one of the properties")
    for key, value in properties.items():
        if not _PATH.fullmatch(key):
            yield Fault(f"/properties/{key}", "a property is lower camel case, without _ or -")
        yield from faults(value, _PROPERTY, f"/properties/{key}")


def _property(name: str, value: JsonValue, default_group: str) -> Property:
    assert isinstance(value, Mapping)  # noqa: S101  # checked by _PROPERTY; for the type checker
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
    )


def _paths(schema: Schema, prefix: str) -> Iterator[str]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            yield prefix + name
            if isinstance(inner, Mapping):
                yield from _paths(inner, f"{prefix}{name}.")


_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_MODEL: Schema = {
    "type": "object",
    "required": ["$schema", "title", "x-titel-en", "type", "additionalProperties", "properties",
                 "x-collectie", "x-identificatie", "x-versie"],
    "properties": {
        "$schema": {"const": DIALECT},
        "title": _TEXT,
        "x-titel-en": _TEXT,
        "type": {"const": "object"},
        "additionalProperties": {"const": False},
        "properties": {"type": "object"},
        "x-collectie": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,40}$"},
        "x-versie": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
        "x-onvolledige-datums": _FLAG,
    },
}  # fmt: skip
_PROPERTY: Schema = {
    "type": "object",
    "required": ["title", "x-titel-en", "x-persoonsgegeven", "type"],
    "properties": {
        "title": _TEXT,
        "x-titel-en": _TEXT,
        "x-zoekbaar": _FLAG,
        "x-persoonsgegeven": {"enum": [kind.value for kind in PersonalData]},
        "x-mim-tijdlijn-geldigheid": _FLAG,
        "x-mim-tijdlijn-registratie": _FLAG,
        "x-onderwerp": {"enum": ["bsn", "kvk", "rsin", "vestiging"]},
        "x-groep": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9]{0,40}$"},
        "x-verwijst-naar": {
            "type": "string",
            "pattern": "^([a-z][a-z0-9-]{0,40}\\.)?[a-z][a-z0-9-]{0,40}$",
        },
    },
}
