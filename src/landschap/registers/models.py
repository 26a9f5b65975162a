# SPDX-License-Identifier: EUPL-1.2
"""Information models: what a register holds, in words a person and a program can read.

A model is one JSON Schema per object type, with annotations beside the rules; `annotations` says
what each of them means.
Source: MIM 1.2; JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from landschap.registers.annotations import GeometryKind, PersonalData
from landschap.registers.composing import Parts, code_list_faults, composed
from landschap.registers.derived_properties import DERIVED
from landschap.registers.deriving import Derivation, parse_derivation
from landschap.registers.migrating import migration_faults, parse_migrations
from landschap.registers.model_checks import NAME, clashes, faults_of_type
from landschap.registers.object_types import ObjectType, Property
from landschap.registers.schemas import Fault, Schema, as_list
from landschap.registers.source_holder import SourceHolder, faults_of_source, source_holder
from landschap.registers.terms import DURATION
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

__all__ = [
    "Dialect",
    "InvalidModel",
    "ObjectType",
    "Property",
    "Register",
    "Registers",
    "parse_object_type",
    "parse_register",
]


ONE_MONTH = "P1M"
"""Source: AVG art. 12 lid 3, for a request to correct; a law may set a shorter term."""


class InvalidModel(ValueError):
    """Models that can not be used; ``findings`` holds per file everything that is wrong."""

    def __init__(self, name: str, found: Sequence[Fault], *more: tuple[str, Fault]) -> None:
        self.findings = (*((name, fault) for fault in found), *more)
        files: dict[str, list[str]] = {}
        for file, fault in self.findings:
            files.setdefault(file, []).append(f"{fault.pointer or '/'}: {fault.message}")
        super().__init__("\n".join(f"{file}: {'; '.join(told)}" for file, told in files.items()))
        self.faults = tuple(fault for _, fault in self.findings)


class Dialect(StrEnum):
    """How a register refuses a time parameter it does not have: 400, or 403 as the DSO does.

    Source: API strategy, temporal extension; DSO API strategy 1.1, section 2.6.7.
    """

    STANDARD = "standaard"
    DSO = "dso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register: its object types, and the clock that orders its knowledge.

    ``decision_term`` is within which time is decided on a report that a value is wrong. ``source``
    is who holds what this is a copy of, when that is known.
    """

    name: str
    title: str
    title_en: str
    clock: Clock
    types: Mapping[str, ObjectType]
    dialect: Dialect = Dialect.STANDARD
    decision_term: str = ONE_MONTH
    source: SourceHolder | None = None

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
    kinds = {
        each: replace(
            _object_type(schema, register=name, name=each, clock=clock),
            migrations=tuple(read[each][0]) if each in read else (),
        )
        for each, schema in made.items()
    }
    return _register(head, kinds)


def _register(head: Mapping[str, JsonValue], kinds: Mapping[str, ObjectType]) -> Register:
    name = str(head["naam"])
    return Register(
        name=name,
        title=str(head.get("titel", name)),
        title_en=str(head.get("title", name)),
        clock=Clock(str(head["klok"])),
        types=kinds,
        dialect=Dialect(str(head.get("dialect", Dialect.STANDARD))),
        decision_term=str(head.get("besluittermijn", ONE_MONTH)),
        source=source_holder(head.get("bronhouder")),
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
    if not re.fullmatch(DURATION, str(head.get("besluittermijn", ONE_MONTH))):
        yield Fault("/besluittermijn", "must be a term such as P1M, P4W or P20D")
    yield from faults_of_source(head)
    for key in sorted(set(head) - _HEAD):
        yield Fault(f"/{key}", f"is not a setting of a register{did_you_mean(key, _HEAD)}")
    if not schemas:
        yield Fault("", "has no object types: put a NAME.schema.json beside it")


_HEAD = frozenset({"naam", "titel", "title", "klok", "dialect", "besluittermijn", "bronhouder"})


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
