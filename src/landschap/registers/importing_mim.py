# SPDX-License-Identifier: EUPL-1.2
"""Models from MIM or UML that were written out as JSON Schema, as Dutch tools do.

    $defs / definitions     one entry per objecttype, gegevensgroeptype, datatype or list of codes
    allOf with $ref         generalisatie
    $ref to an objecttype   relatiesoort; the value becomes the identification of the other end
    enum, oneOf with const  enumeratie or codelijst

Metagegevens may stand beside the rules under their MIM names, of 1.2 or older.
Source: MIM 1.2, "Metagegevens"; JSON Schema 2020-12 and draft-07.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.importing import (
    RD,
    Imported,
    Table,
    camel,
    geometry_of,
    geometry_value,
    identifying,
    kebab,
    nullable,
    protection,
    rules_of,
    table,
    type_head,
    words_of,
)
from landschap.registers.schemas import as_list
from landschap.vocabulary.ijson import JsonValue

_STEREOTYPES = ("x-mim-stereotype", "x-stereotype", "stereotype", "x-mim-type")
_OBJECT = {"objecttype", "featuretype", "object type", "objecttypen"}
# Metagegeven -> our annotation. The first two are the names of MIM 1.2 and those before it.
_FLAGS: Mapping[str, str] = {
    "x-mim-tijdlijn-geldigheid": "x-mim-tijdlijn-geldigheid",
    "x-mim-tijdlijn-registratie": "x-mim-tijdlijn-registratie",
    "heeftTijdlijnGeldigheid": "x-mim-tijdlijn-geldigheid",
    "heeftTijdlijnRegistratie": "x-mim-tijdlijn-registratie",
    "indicatieMaterieleHistorie": "x-mim-tijdlijn-geldigheid",
    "indicatieFormeleHistorie": "x-mim-tijdlijn-registratie",
}
_TEXTS: Mapping[str, str] = {"x-mim-begrip": "x-begrip", "begrip": "x-begrip",
                             "x-mim-eenheid": "x-eenheid", "eenheid": "x-eenheid"}  # fmt: skip
_ON_TYPE = {"title", "description", "type", "properties", "required", "allOf", "$id", "$schema",
            "$comment", "additionalProperties", "abstract", "unevaluatedProperties",
            *_STEREOTYPES, *_FLAGS, *_TEXTS, "x-titel-en", "x-definitie-en"}  # fmt: skip
_META = {*_STEREOTYPES, *_FLAGS, *_TEXTS, "x-titel-en", "x-definitie-en"}


@dataclass(slots=True)
class _Source:
    name: str
    defs: Table
    objects: frozenset[str]
    into: Imported


def from_mim(name: str, document: JsonValue) -> Imported:
    """A register from one JSON Schema; its notes say what was not carried over."""
    whole = table(document)
    into = Imported(name=kebab(name), title=str(whole.get("title") or name))
    defs = {**table(whole.get("definitions")), **table(whole.get("$defs"))}
    if table(whole.get("properties")):
        defs[str(whole.get("title") or name)] = {
            key: value for key, value in whole.items() if key not in ("$defs", "definitions")
        }
    objects = frozenset(key for key in defs if _is_object_type(key, defs, into))
    source = _Source(name, defs, objects, into)
    for key in defs:
        if key in objects:
            into.schemas[kebab(key)] = _object_type(source, key)
    used = {ref for value in defs.values() for ref in _refs(value)}
    for key in sorted(set(defs) - objects - used):
        into.note(f"/$defs/{key}", "is no objecttype and is used nowhere; it was left out")
    return into


def _is_object_type(key: str, defs: Table, into: Imported) -> bool:
    each = table(defs[key])
    said = next((str(each[name]) for name in _STEREOTYPES if name in each), "")
    if said:
        return said.lower() in _OBJECT
    if not _own_properties(each) and "allOf" not in each:
        return False
    if any("identificatie" in name.lower() for name in _all_properties(key, defs)):
        into.note(f"/$defs/{key}", "was taken for an objecttype, as it has an identification")
        return True
    general = any(key in _above(table(other)) for other in defs.values())
    if general:
        into.note(f"/$defs/{key}", "was taken for an objecttype, as others specialise it")
    return general


def _own_properties(each: Table) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {}
    for part in (each, *(table(part) for part in as_list(each.get("allOf", [])))):
        made |= table(part.get("properties"))
    return made


def _above(each: Table) -> list[str]:
    """The entries a type specialises."""
    parts = (table(part) for part in as_list(each.get("allOf", [])))
    return [str(part["$ref"]).rpartition("/")[2] for part in parts if "$ref" in part]


def _all_properties(key: str, defs: Table, depth: int = 0) -> Iterator[str]:
    each = table(defs.get(key))
    yield from _own_properties(each)
    for above in _above(each) if depth < 10 else []:
        yield from _all_properties(above, defs, depth + 1)


def _refs(value: JsonValue) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield str(value["$ref"]).rpartition("/")[2]
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)


def _object_type(source: _Source, key: str) -> dict[str, JsonValue]:
    each, into, where = table(source.defs[key]), source.into, f"/$defs/{key}"
    defs: dict[str, JsonValue] = {}
    members: dict[str, JsonValue] = {}
    for name, value in _own_properties(each).items():
        renamed = camel(name)
        if renamed != name:
            into.note(f"{where}/properties/{name}", f"is called {renamed} here")
        members[renamed] = _property(source, table(value), f"{where}/properties/{name}", name, defs)
    into.note(where, f"its {len(members)} properties were taken for personal data and are closed: "
              "decide what they are")  # fmt: skip
    above = [name for name in _above(each) if name in source.objects]
    for name in _above(each):
        if name not in source.objects:
            into.note(f"{where}/allOf", f"{name} is no objecttype; its rules were not carried over")
    for name in above[1:]:
        into.note(f"{where}/allOf", f"a type specialises one other; {name} was left out")
    identification = _identification(source, key, members, where)
    _note_rest(each, where, into)
    made = type_head(into.name, kebab(key), each, collection=_plural(kebab(key)),
                     identification=identification)  # fmt: skip
    made |= _meta(each, where, into)
    into.note(where, f"the collection was called {made['x-collectie']}, which is a guess; titles "
              "in English are copies")  # fmt: skip
    if above:
        made["x-specialisatie-van"] = kebab(above[0])
    if any(key in _above(table(other)) for other in source.defs.values()) and each.get("abstract"):
        made["x-abstract"] = True
    made["required"] = [camel(name) for name in _required(each) if camel(name) in members]
    made["properties"] = members
    return {**made, "$defs": defs} if defs else made


def _required(each: Table) -> list[str]:
    parts = (each, *(table(part) for part in as_list(each.get("allOf", []))))
    return [str(name) for part in parts for name in as_list(part.get("required", []))]


def _identification(source: _Source, key: str, members: dict[str, JsonValue], where: str) -> str:
    """The property that names objects: its own, or that of a more general type."""
    names = [camel(name) for name in _all_properties(key, source.defs)]
    found = sorted((name for name in names if "identificatie" in name.lower()), key=len)
    if not found:
        source.into.note(where, "has no identification; the property identificatie was added")
        members["identificatie"] = {
            "title": "Identificatie", "x-titel-en": "Identification", "type": "string",
            **protection(),
        }  # fmt: skip
        return "identificatie"
    if found[0] in members:
        members[found[0]] = identifying(dict(table(members[found[0]])), where, source.into)
    return found[0]


def _note_rest(each: Table, where: str, into: Imported) -> None:
    for keyword in each:
        if keyword not in _ON_TYPE:
            into.note(where, f"{keyword} was not carried over")
    if each.get("additionalProperties") not in (None, False):
        into.note(where, "took other members as well; here it does not")


def _property(
    source: _Source, value: Table, where: str, name: str, defs: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    made = _value(source, value, where, defs)
    return {**words_of(value, name), **made, **protection()}


def _value(
    source: _Source, value: Table, where: str, defs: dict[str, JsonValue], via: Sequence[str] = ()
) -> dict[str, JsonValue]:
    """One value in our form, with our annotations; parts it refers to are put in ``defs``."""
    choices = as_list(value.get("oneOf", value.get("anyOf", [])))
    real = [table(each) for each in choices if table(each).get("type") != "null"]
    if choices and len(real) == 1:
        rest = {key: each for key, each in value.items() if key not in ("oneOf", "anyOf")}
        return nullable(_value(source, {**real[0], **rest}, where, defs, via))
    if choices and all("const" in each for each in real):
        return {
            **_codes(source, kebab(where.rpartition("/")[2]), value),
            **_meta(value, where, source.into),
        }
    if "$ref" in value:
        return {**_referred(source, value, where, defs, via), **_meta(value, where, source.into)}
    made = rules_of(value, where, source.into, _META)
    if "array" in as_list(made["type"]):
        items = _value(source, table(value.get("items")), f"{where}/items", defs, via)
        points_at = items.pop("x-verwijst-naar", None)
        made["items"] = items
        if points_at is not None:
            made["x-verwijst-naar"] = points_at
    if "object" in as_list(made["type"]):
        made |= _group(source, value, where, defs, via)
    return {**made, **_meta(value, where, source.into)}


def _group(
    source: _Source, value: Table, where: str, defs: dict[str, JsonValue], via: Sequence[str]
) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        camel(name): {
            **words_of(table(each), name),
            **_value(source, table(each), f"{where}/properties/{name}", defs, via),
        }
        for name, each in _own_properties(value).items()
    }
    for name, each in members.items():
        if isinstance(each, dict) and each.pop("x-verwijst-naar", None) is not None:
            source.into.note(where, f"the relation {name} lies inside a value; it became a text")
    required: list[JsonValue] = [camel(name) for name in _required(value)]
    return {"additionalProperties": False, "required": required, "properties": members}


def _referred(
    source: _Source, value: Table, where: str, defs: dict[str, JsonValue], via: Sequence[str]
) -> dict[str, JsonValue]:
    ref = str(value["$ref"])
    shape, key = geometry_of(ref), ref.rpartition("/")[2]
    if shape is not None:
        source.into.note(where, f"its coordinates were taken for EPSG:{RD}")
        return geometry_value(shape, RD)
    if key not in source.defs or not ref.startswith("#"):
        source.into.note(where, f"{ref} is not in this file; it became a text")
        return {"type": "string"}
    part = table(source.defs[key])
    if key in source.objects:
        source.into.note(where, f"is a relation; its value is the identification of {kebab(key)}")
        return {"type": "string", "x-verwijst-naar": kebab(key)}
    choices = [table(each) for each in as_list(part.get("oneOf", []))]
    if "enum" in part or (choices and all("const" in each for each in choices)):
        return _codes(source, kebab(key), part)
    if key in via:
        source.into.note(where, f"{key} holds itself; that was cut off and became a text")
        return {"type": "string"}
    if not _own_properties(part):
        return _value(source, part, where, defs, (*via, key))
    name = camel(key)
    if name not in defs:
        defs[name] = {}
        body = _group(source, part, f"/$defs/{key}", defs, (*via, key))
        defs[name] = {"type": "object", **body}
    return {"$ref": f"#/$defs/{name}"}


def _codes(source: _Source, name: str, part: Table) -> dict[str, JsonValue]:
    """A list of codes as a file of its own."""
    choices = [table(each) for each in as_list(part.get("oneOf", []))]
    pairs = [(each.get("const"), str(each.get("title", each.get("const")))) for each in choices]
    pairs = pairs or [(code, str(code)) for code in as_list(part["enum"]) if code is not None]
    rows: list[JsonValue] = [
        {"code": code, "titel": words, "title": words} for code, words in pairs
    ]
    title = str(part.get("title") or name)
    source.into.code_lists[name] = {"titel": title, "title": title, "waarden": rows}
    if not choices:
        source.into.note(f"{name}.waardelijst.json", "the codes have no meaning in words yet")
    whole = all(isinstance(code, int) for code, _ in pairs)
    return {"type": "integer" if whole else "string", "x-waardelijst": name}


def _meta(each: Table, where: str, into: Imported) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {}
    for name, ours in _FLAGS.items():
        if name in each:
            made[ours] = str(each[name]).lower() in ("ja", "true", "1")
    for name, ours in _TEXTS.items():
        if name in each:
            text = str(each[name])
            if ours == "x-begrip" and not text.startswith("http"):
                into.note(where, f"the term {text} is no address and was left out")
            else:
                made[ours] = text
    if "x-definitie-en" in each:
        made["x-definitie-en"] = str(each["x-definitie-en"])
    return made


def _plural(name: str) -> str:
    return f"{name}n"[:41] if name.endswith("e") else f"{name}en"[:41]
