# SPDX-License-Identifier: EUPL-1.2
"""Models from Amsterdam Schema: a dataset, and its tables inside it or in files of their own.

    auth OPENBAAR            an open property; anything else, or nothing, is closed
    relation "bag:panden"    x-verwijst-naar; the value is the identification at the other end
    identifier               the property that names objects; the number of a version is an axis
    temporal                 begin and end of validity: the axes of our registers, not properties
    unit, crs                x-eenheid, x-crs

Source: Amsterdam Schema specification 2 and 3, "Dataset", "Table".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.annotations import CRS, PersonalData
from landschap.registers.importing import (
    RD,
    Imported,
    Table,
    camel,
    geometry_of,
    geometry_value,
    identifying,
    kebab,
    protection,
    rules_of,
    table,
    type_head,
    words_of,
)
from landschap.registers.schemas import as_list
from landschap.vocabulary.ijson import JsonValue

_OPEN = "OPENBAAR"
_DATASET = {"type", "id", "title", "description", "auth", "crs", "tables", "versions", "identifier",
            "temporal", "version", "defaultVersion", "$schema"}  # fmt: skip
_TABLE = {
    "type",
    "id",
    "title",
    "description",
    "auth",
    "crs",
    "schema",
    "temporal",
    "version",
    "$id",
}
_SCHEMA = {"$id", "$schema", "type", "properties", "required", "identifier", "additionalProperties",
           "title", "description"}  # fmt: skip
_KNOWN = {"title", "description", "auth", "relation", "unit", "crs", "$ref"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a property is read: what its table and dataset say of all of them."""

    dataset: str
    crs: int
    auth: tuple[str, ...]
    into: Imported


def from_amsterdam(documents: Sequence[JsonValue]) -> Imported:
    """A register from a dataset and its tables; its notes say what was not carried over."""
    tables = [table(each) for each in documents if table(each).get("type") == "table"]
    datasets = [table(each) for each in documents if table(each).get("type") == "dataset"]
    dataset = datasets[0] if datasets else {}
    name = str(dataset.get("id") or (tables[0].get("id") if tables else "register"))
    into = Imported(name=kebab(name), title=str(dataset.get("title") or name))
    for other in datasets[1:]:
        into.note(str(other.get("id")), "is a second dataset; import it by itself")
    for keyword in sorted(set(dataset) - _DATASET):
        into.note(name, f"{keyword} was not carried over")
    written = {str(each.get("id")) for each in tables}
    for each in _tables_of(dataset, into):
        if "schema" in each:
            tables.append(each)
        elif str(each.get("id")) not in written:
            into.note(f"{name}/{each.get('id')}", "is in another file; name it as well")
    for one in tables:
        into.schemas[kebab(str(one.get("id")))] = _object_type(one, dataset, into)
    return into


def _tables_of(dataset: Table, into: Imported) -> list[Table]:
    versions = table(dataset.get("versions"))
    if not versions:
        return [table(each) for each in as_list(dataset.get("tables", []))]
    chosen = str(dataset.get("defaultVersion") or max(versions))
    for version in versions:
        if version != chosen:
            into.note(
                str(dataset.get("id")), f"version {version} was left out; {chosen} is the default"
            )
    return [table(each) for each in as_list(table(versions.get(chosen)).get("tables", []))]


def _object_type(one: Table, dataset: Table, into: Imported) -> dict[str, JsonValue]:
    schema, where = table(one.get("schema")), str(one.get("id"))
    for keyword in sorted(set(one) - _TABLE):
        into.note(where, f"{keyword} was not carried over")
    for keyword in sorted(set(schema) - _SCHEMA):
        into.note(where, f"{keyword} was not carried over: {str(schema[keyword])[:80]}")
    place = _Place(
        dataset=str(dataset.get("id", "")),
        crs=_crs(str(schema.get("crs") or one.get("crs") or dataset.get("crs") or ""), where, into),
        auth=tuple(
            str(each) for level in (dataset, one) for each in as_list(level.get("auth", []))
        ),
        into=into,
    )
    named = as_list(schema.get("identifier") or dataset.get("identifier") or "id")
    identification = camel(str(named[0]))
    axes = _axes(table(one.get("temporal") or dataset.get("temporal")), named)
    members = _members(schema, place, where, axes)
    if identification not in members:
        into.note(where, f"has no property {identification}; it was added to name objects")
        members[identification] = {"title": identification, "x-titel-en": identification,
                                   "type": "string", **protection()}  # fmt: skip
    first = identifying(dict(table(members[identification])), f"{where}/{identification}", into)
    members[identification] = first
    name = kebab(where)
    made = type_head(into.name, name, {**one, **_words(schema)}, collection=name,
                     identification=identification)  # fmt: skip
    if first.get("x-open") is True:
        made["x-open"] = True
        into.note(where, "is open data, as auth says OPENBAAR: see that it should be")
    else:
        for each in members.values():
            if isinstance(each, dict):
                each.pop("x-open", None)
    required = [camel(str(each)) for each in as_list(schema.get("required", []))]
    made["required"] = [each for each in required if each in members and each != identification]
    made["properties"] = members
    return made


def _words(schema: Table) -> Table:
    return {name: schema[name] for name in ("title", "description") if schema.get(name)}


def _crs(text: str, where: str, into: Imported) -> int:
    number = text.rpartition(":")[2]
    if number.isdigit() and int(number) in CRS:
        return int(number)
    if text:
        into.note(
            where, f"the coordinates are in {text}, which is not known here; taken for EPSG:{RD}"
        )
    return RD


def _axes(temporal: Table, named: Sequence[JsonValue]) -> dict[str, str]:
    """Properties that are an axis of our registers, and which."""
    axes = {str(name): "is the number of a version, which our registers give" for name in named[1:]}
    if temporal.get("identifier"):
        axes[str(temporal["identifier"])] = "is the number of a version, which our registers give"
    for dimension, ends in table(temporal.get("dimensions")).items():
        for name, end in zip(as_list(ends), ("geldigVan", "geldigTot"), strict=False):
            axes[str(name)] = f"is {end} of each assertion, on the axis {dimension}"
    return axes


def _members(
    schema: Table, place: _Place, where: str, axes: Mapping[str, str]
) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    for name, value in table(schema.get("properties")).items():
        at = f"{where}/{name}"
        if name == "schema":
            place.into.note(
                at, "names the schema of a row; each assertion has a model version here"
            )
            continue
        if name in axes:
            place.into.note(at, axes[name])
            continue
        if camel(name) != name:
            place.into.note(at, f"is called {camel(name)} here")
        members[camel(name)] = _property(table(value), place, at, name)
    return members


def _property(value: Table, place: _Place, where: str, name: str) -> dict[str, JsonValue]:
    own = [str(each) for each in as_list(value.get("auth", []))]
    said = own or list(place.auth)
    is_open = bool(said) and all(each == _OPEN for each in (*place.auth, *own))
    if not is_open:
        asked = ", ".join(each for each in said if each != _OPEN) or "nothing"
        told = f"auth asks {asked}: taken for personal data and closed, decide what it is"
        place.into.note(where, told)
    guarded = protection(
        open_=is_open, kind=PersonalData.NONE if is_open else PersonalData.ORDINARY
    )
    return {**words_of(value, name), **_value(value, place, where), **guarded}


def _value(value: Table, place: _Place, where: str) -> dict[str, JsonValue]:
    ref = str(value.get("$ref", ""))
    if ref:
        shape = geometry_of(ref)
        if shape is not None:
            return geometry_value(shape, place.crs)
        place.into.note(where, f"{ref} is not known here; it became a text")
        return {"type": "string"}
    if "relation" in value:
        return _relation(value, place, where)
    made = {**rules_of(value, where, place.into, _KNOWN), "type": value.get("type", "string")}
    if "unit" in value and {str(kind) for kind in as_list(made["type"])} <= {
        "number",
        "integer",
        "null",
    }:
        made["x-eenheid"] = str(value["unit"])
    elif "unit" in value:
        place.into.note(where, f"the unit {value['unit']} stands at no number and was left out")
    if made["type"] == "array":
        made["items"] = _value(table(value.get("items")), place, f"{where}/items")
    if made["type"] == "object":
        inner = table(value.get("properties"))
        made["additionalProperties"] = False
        made["properties"] = {
            camel(key): {
                **words_of(table(each), key),
                **_value(table(each), place, f"{where}/{key}"),
            }
            for key, each in inner.items()
        }
    return made


def _relation(value: Table, place: _Place, where: str) -> dict[str, JsonValue]:
    dataset, _, target = str(value["relation"]).partition(":")
    target = target.partition(":")[0]
    points_at = kebab(target) if dataset == place.dataset else f"{kebab(dataset)}.{kebab(target)}"
    many = value.get("type") == "array"
    inner = table(table(value.get("items")).get("properties") if many else value.get("properties"))
    if inner:
        left = ", ".join(inner)
        place.into.note(where, f"the relation held {left}; here it is the identification alone")
    text: JsonValue = {"type": "string"}
    rule: dict[str, JsonValue] = (
        {"type": "array", "items": text} if many else {"type": ["string", "null"]}
    )
    return {**rule, "x-verwijst-naar": points_at}
