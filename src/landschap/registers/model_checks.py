# SPDX-License-Identifier: EUPL-1.2
"""Whether a model can be used: every rule of `annotations` that JSON Schema can not say.

A misspelt annotation is a mistake, told with the nearest name: what protects a value may never be
left out by a slip of the pen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from landschap.registers.annotations import (
    LABELS,
    MODEL,
    ON_PROPERTY,
    ON_TYPE,
    ON_VALUE,
    PROPERTY,
    VALUE,
    PersonalData,
)
from landschap.registers.derived_properties import derived_faults
from landschap.registers.schemas import (
    Fault,
    Schema,
    as_list,
    faults,
    inner_schemas,
    schema_faults,
    unknown_keywords,
)
from landschap.vocabulary.mistakes import did_you_mean

NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
PATH = re.compile(r"[a-z][A-Za-z0-9]{0,60}")
MAX_PROPERTIES = 500
# An index holds the value as text: what has one way to be written as text can be looked up.
SEARCHABLE = frozenset({"string", "integer", "boolean", "null"})


def faults_of_type(schema: Schema, name: str) -> Iterator[Fault]:
    """Everything that is wrong with one object type, whose parts have been put together."""
    yield from faults(schema, MODEL)
    yield from unknown_keywords(schema)
    yield from _misspelt(schema, ON_TYPE, "")
    if not NAME.fullmatch(name):
        yield Fault("", "the file name must be lower case letters, digits and hyphens")
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    if len(properties) > MAX_PROPERTIES:
        yield Fault("/properties", f"are more than {MAX_PROPERTIES}")
        return
    yield from _of_type(schema, properties)
    sound = True
    for key, value in properties.items():
        where = f"/properties/{key}"
        if not PATH.fullmatch(key):
            yield Fault(where, "a property is lower camel case, without _ or -")
        wrong = list(faults(value, PROPERTY, where))
        yield from wrong
        sound = sound and not wrong
        if isinstance(value, Mapping):
            yield from _misspelt(value, ON_PROPERTY, where)
            yield from _of_property(schema, value, where)
            yield from _inside(value, where)
    if sound and not list(unknown_keywords(schema)):
        yield from schema_faults(schema)
        yield from derived_faults(schema, properties)


def clashes(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, Fault]]:
    """What the types of one register say against each other, by the type that says it."""
    taken: dict[str, str] = {}
    for name, schema in schemas.items():
        collection = str(schema.get("x-collectie"))
        if collection in taken:
            yield name, Fault("/x-collectie", f"is the collection of {taken[collection]} already")
        taken.setdefault(collection, name)
    wholes = {name: dict(_parts_of(schema)) for name, schema in schemas.items()}
    for name in schemas:
        way = _way_back(name, wholes)
        if way:
            pointer = f"/properties/{wholes[name][way[1]]}/x-verwijst-naar"
            yield name, Fault(pointer, f"is part of itself: {' -> '.join(way)}")


def _parts_of(schema: Schema) -> Iterator[tuple[str, str]]:
    """The types an object of this type is part of, and the property that says so."""
    properties = schema.get("properties")
    for key, value in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(value, Mapping) and value.get("x-relatie") == "deel-van":
            yield str(value.get("x-verwijst-naar")), key


def _way_back(start: str, wholes: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The shortest way from a type over what it is part of to itself; empty when there is none."""
    ways = [[start]]
    seen = set()
    while ways:
        way = ways.pop(0)
        for whole in wholes.get(way[-1], {}):
            if whole == start:
                return [*way, whole]
            if whole not in seen:
                seen.add(whole)
                ways.append([*way, whole])
    return []


def _of_type(schema: Schema, properties: Schema) -> Iterator[Fault]:
    named = str(schema.get("x-identificatie"))
    identification = properties.get(named)
    if not isinstance(identification, Mapping):
        yield Fault(
            "/x-identificatie", f"is not one of the properties{did_you_mean(named, properties)}"
        )
        return
    if identification.get("type") != "string":
        yield Fault(f"/properties/{named}/type", "an identification is a string, and never null")
    for name in as_list(schema.get("required", [])):
        if str(name) not in properties:
            hint = did_you_mean(str(name), properties)
            yield Fault("/required", f"names {name}, which is not one of the properties{hint}")
    if schema.get("x-open") is True and identification.get("x-open") is not True:
        yield Fault(
            f"/properties/{named}/x-open",
            "must be true: objects of an open type are listed by their identification",
        )
    if "x-hvd-categorie" in schema and schema.get("x-open") is not True:
        yield Fault("/x-hvd-categorie", "is for open data: set x-open to true as well")


def _of_property(schema: Schema, value: Schema, where: str) -> Iterator[Fault]:
    kinds = _kinds(value)
    if value.get("x-zoekbaar") is True and not kinds <= SEARCHABLE:
        yield Fault(f"{where}/x-zoekbaar", "only a text, a whole number or a yes or no can be "
                    "searched by")  # fmt: skip
    if "x-verwijst-naar" in value and not _item_kinds(value) <= {"string", "null"}:
        yield Fault(f"{where}/x-verwijst-naar", "a relation is a text, or a list of texts")
    if "x-relatie" in value and "x-verwijst-naar" not in value:
        yield Fault(f"{where}/x-relatie", "is for a relation: set x-verwijst-naar as well")
    if "x-onderwerp" in value and not kinds <= {"string", "null"}:
        yield Fault(f"{where}/x-onderwerp", "the number of a subject is a text")
    yield from _of_geometry(value, where)
    yield from _of_openness(schema, value, where)
    if value.get("x-onderwerp") == "bsn" and value.get("x-persoonsgegeven") != "identificerend":
        yield Fault(
            f"{where}/x-persoonsgegeven", "must be identificerend for the number of a person"
        )


def _of_geometry(value: Schema, where: str) -> Iterator[Fault]:
    shape, crs = value.get("x-geometrie"), value.get("x-crs")
    if shape is not None and crs is None:
        yield Fault(where, "has x-geometrie and lacks x-crs: say how its coordinates are kept")
    if crs is not None and shape is None:
        yield Fault(f"{where}/x-crs", "is for a geometry: set x-geometrie as well")
    if shape is not None and not _kinds(value) <= {"object", "null"}:
        yield Fault(f"{where}/type", "a geometry is an object")


def _of_openness(schema: Schema, value: Schema, where: str) -> Iterator[Fault]:
    if value.get("x-open") is not True:
        return
    if value.get("x-persoonsgegeven") != PersonalData.NONE.value:
        yield Fault(f"{where}/x-open", "personal data is never open")
    if schema.get("x-open") is not True:
        yield Fault(f"{where}/x-open", "does nothing in a closed type: set x-open on the type too")


def _inside(value: Schema, where: str) -> Iterator[Fault]:
    """A value and what is inside it; members are not kept apart, so they have fewer annotations."""
    yield from _of_value(value, where)
    for path, inner in inner_schemas(value, where):
        yield from faults(inner, VALUE, path)
        yield from _misspelt(inner, ON_VALUE, path)
        yield from _inside(inner, path)


def _of_value(value: Schema, where: str) -> Iterator[Fault]:
    if "x-eenheid" in value and not _item_kinds(value) <= {"number", "integer", "null"}:
        yield Fault(f"{where}/x-eenheid", "only a number has a unit")
    labels = value.get("x-waarden")
    if labels is None:
        return
    yield from faults(labels, LABELS, f"{where}/x-waarden")
    codes = {str(code) for code in as_list(value.get("enum", [])) if code is not None}
    names = set(labels) if isinstance(labels, Mapping) else set()
    for code in sorted(codes - names):
        yield Fault(f"{where}/x-waarden", f"lacks the code {code}")
    for code in sorted(names - codes):
        yield Fault(f"{where}/x-waarden/{code}", f"is no code of enum{did_you_mean(code, codes)}")


def _misspelt(schema: Schema, known: Mapping[str, Schema], where: str) -> Iterator[Fault]:
    for name in schema:
        if name.startswith("x-") and name not in known:
            yield Fault(f"{where}/{name}", f"is no annotation here{did_you_mean(name, known)}")


def _kinds(value: Schema) -> set[str]:
    return {str(kind) for kind in as_list(value.get("type"))}


def _item_kinds(value: Schema) -> set[str]:
    """The kinds of a value, and for a list those of its items."""
    kinds, items = _kinds(value), value.get("items")
    if "array" in kinds and isinstance(items, Mapping):
        kinds = kinds - {"array"} | _kinds(items)
    return kinds
