# SPDX-License-Identifier: EUPL-1.2
"""What importers of models share: names in our form, values, and notes of what was not carried.

Whatever an importer does not understand ends in a note, never in silence; whatever it has to guess
about protection it guesses to the safe side: closed, and personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from landschap.registers.annotations import GeometryKind, PersonalData
from landschap.registers.schemas import ANNOTATIONS, DIALECT, FORMATS, KEYWORDS, as_list
from landschap.vocabulary.ijson import JsonValue

Table = Mapping[str, JsonValue]
# Source: https://geojson.org/schema, the names of its files.
GEOMETRIES: Mapping[str, GeometryKind] = {
    "Point": GeometryKind.POINT,
    "MultiPoint": GeometryKind.POINT,
    "LineString": GeometryKind.LINE,
    "MultiLineString": GeometryKind.LINE,
    "Polygon": GeometryKind.AREA,
    "MultiPolygon": GeometryKind.AREA,
    "Geometry": GeometryKind.ANY,
    "GeometryCollection": GeometryKind.ANY,
}
RD = 28992


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person has to look at: where in the source, and what."""

    where: str
    what: str


@dataclass(slots=True)
class Imported:
    """A register made of somebody else's models: files by name, and the notes."""

    name: str
    title: str
    schemas: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    code_lists: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def note(self, where: str, what: str) -> None:
        """Remember a note, once."""
        made = Note(where, what)
        if made not in self.notes:
            self.notes.append(made)


def table(value: JsonValue) -> Table:
    """A table, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def kebab(name: str) -> str:
    """``GebouwdObject`` as ``gebouwd-object``: the name of a type, a collection, a list."""
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    made = re.sub(r"[^a-z0-9]+", "-", parts.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", made)[:41] or "naamloos"


def camel(name: str) -> str:
    """``datum begin`` as ``datumBegin``: the name of a property."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    if not words:
        return "naamloos"
    first = words[0][:1].lower() + words[0][1:] if not words[0].isupper() else words[0].lower()
    made = first + "".join(word[:1].upper() + word[1:] for word in words[1:])
    return re.sub(r"^[^a-z]+", "", made)[:61] or "naamloos"


def geometry_of(ref: str) -> GeometryKind | None:
    """The shape a reference to GeoJSON asks for; None for another reference."""
    if "geojson.org/schema/" not in ref.lower():
        return None
    return GEOMETRIES.get(ref.rpartition("/")[2].removesuffix(".json"), GeometryKind.ANY)


def geometry_value(kind: GeometryKind, crs: int) -> dict[str, JsonValue]:
    """A value that is a geometry."""
    return {"type": ["object", "null"], "x-geometrie": kind.value, "x-crs": crs}


def words_of(source: Table, name: str) -> dict[str, JsonValue]:
    """Title and definition; the English ones are copied until somebody translates them."""
    title = str(source.get("title") or name)
    made: dict[str, JsonValue] = {
        "title": title,
        "x-titel-en": str(source.get("x-titel-en", title)),
    }
    if source.get("description"):
        made["description"] = str(source["description"])
    return made


def protection(
    *, open_: bool = False, kind: PersonalData = PersonalData.ORDINARY
) -> dict[str, JsonValue]:
    """Who may see a property."""
    made: dict[str, JsonValue] = {"x-persoonsgegeven": kind.value}
    return {**made, "x-open": True} if open_ else made


def nullable(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The same value, or none."""
    kinds = as_list(value.get("type"))
    made = {**value, "type": [*kinds, "null"] if "null" not in kinds else list(kinds)}
    if "enum" in value:
        made["enum"] = [
            *as_list(value["enum"]),
            *([] if None in as_list(value["enum"]) else [None]),
        ]
    return made


def rules_of(
    source: Table, where: str, into: Imported, known: Iterable[str] = ()
) -> dict[str, JsonValue]:
    """The rules of a plain value that we have as well; the others become notes."""
    made: dict[str, JsonValue] = {}
    handled = {*known, *ANNOTATIONS, "properties", "items", "required", "additionalProperties"}
    for keyword, value in source.items():
        if keyword in handled:
            continue
        if keyword == "format" and value not in FORMATS:
            into.note(where, f"the format {value} is not checked here and was left out")
        elif keyword in KEYWORDS:
            made[keyword] = value
        else:
            into.note(where, f"{keyword} was not carried over: {str(value)[:80]}")
    if "type" not in made:
        codes = as_list(made.get("enum", []))
        made["type"] = _type_of(codes) if codes else "string"
        if not codes:
            into.note(where, "has no type; it became a text")
    return made


def _type_of(codes: Iterable[JsonValue]) -> str:
    return "integer" if all(isinstance(code, int) for code in codes) else "string"


def type_head(
    register: str, name: str, source: Table, *, collection: str, identification: str
) -> dict[str, JsonValue]:
    """The beginning of a TYPE.schema.json."""
    return {
        "$schema": DIALECT,
        "$id": f"https://landschap.example/modellen/{register}/{name}/1.0.0",
        **words_of(source, name),
        "x-collectie": collection,
        "x-identificatie": identification,
        "x-versie": "1.0.0",
        "type": "object",
        "additionalProperties": False,
    }


def identifying(value: dict[str, JsonValue], where: str, into: Imported) -> dict[str, JsonValue]:
    """A property that names objects: a text, always there."""
    if value.get("type") == "string":
        return value
    kinds = [kind for kind in as_list(value.get("type")) if kind != "null"]
    if kinds != ["string"]:
        into.note(
            where, f"names the objects and was {' or '.join(map(str, kinds))}; it became a text"
        )
        value = {
            name: rule for name, rule in value.items() if name in ANNOTATIONS or name[:2] == "x-"
        }
    return {**value, "type": "string"}
