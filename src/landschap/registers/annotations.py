# SPDX-License-Identifier: EUPL-1.2
"""What stands in an information model beside the rules of JSON Schema, and what it means.

Every annotation is in `ON_TYPE` or `ON_PROPERTY`; one that is in neither is a mistake, and is told
with the nearest name, so that a misspelt ``x-persoonsgegeven`` never opens anything in silence.
Source: MIM 1.2, "Metagegevens"; AVG art. 4, 9; Regulation (EU) 2023/138, annex.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from landschap.registers.schemas import DIALECT, Fault, Schema
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean


class PersonalData(StrEnum):
    """What kind of personal data a property is. Source: AVG art. 4, 9 and 87; UAVG art. 46."""

    NONE = "geen"
    ORDINARY = "gewoon"
    IDENTIFYING = "identificerend"
    SPECIAL = "bijzonder"


class GeometryKind(StrEnum):
    """What shape a geometry has; ``geometrie`` is any of them. Source: RFC 7946, section 3.1."""

    POINT = "punt"
    LINE = "lijn"
    AREA = "vlak"
    ANY = "geometrie"


# Rijksdriehoekstelsel, longitude and latitude (WGS 84), and the same in ETRS89.
CRS = (28992, 4326, 4258)

# Source: Regulation (EU) 2023/138; authority table http://data.europa.eu/bna.
HVD_CATEGORIES: Mapping[str, str] = {
    "geospatial": "http://data.europa.eu/bna/c_ac64a52d",
    "earth-observation-and-environment": "http://data.europa.eu/bna/c_dd313021",
    "meteorological": "http://data.europa.eu/bna/c_164e0bf5",
    "statistics": "http://data.europa.eu/bna/c_e1da4e07",
    "companies": "http://data.europa.eu/bna/c_a9135398",
    "mobility": "http://data.europa.eu/bna/c_b79e35eb",
}

_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_URI: Schema = {"type": "string", "pattern": "^https?://[^ ]+$"}

EVERYWHERE: Mapping[str, Schema] = {
    "x-titel-en": {**_TEXT, "description": "The English title; `title` is Dutch."},
    "x-definitie-en": {**_TEXT, "description": "The English definition; `description` is Dutch."},
    "x-begrip": {**_URI, "description": "Where the term is defined: the URI of a concept."},
}  # fmt: skip

ON_TYPE: Mapping[str, Schema] = {
    **EVERYWHERE,
    "x-collectie": {
        "type": "string",
        "pattern": "^[a-z][a-z0-9-]{0,40}$",
        "description": "Name of the collection in addresses, plural.",
    },
    "x-identificatie": {
        **_TEXT,
        "description": "The property that names the object; never in the content itself.",
    },
    "x-versie": {
        "type": "string",
        "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$",
        "description": "Version of the model: major.minor.patch.",
    },
    "x-onvolledige-datums": {
        **_FLAG,
        "description": "Begins may be partly unknown (2010-08-00).",
    },
    "x-open": {
        **_FLAG,
        "description": "Objects may be listed without login; only their open properties are shown.",
    },
    "x-hvd-categorie": {
        "enum": list(HVD_CATEGORIES),
        "description": "High-value dataset of Regulation (EU) 2023/138: its category.",
    },
}

ON_PROPERTY: Mapping[str, Schema] = {
    **EVERYWHERE,
    "x-persoonsgegeven": {
        "enum": [kind.value for kind in PersonalData],
        "description": "What kind of personal data the value is.",
    },
    "x-open": {
        **_FLAG,
        "description": "Anybody may see the value, without login. Absent: closed.",
    },
    "x-zoekbaar": {**_FLAG, "description": "Objects can be found by this property."},
    "x-mim-tijdlijn-geldigheid": {
        **_FLAG,
        "description": "The value can change in reality.",
    },
    "x-mim-tijdlijn-registratie": {
        **_FLAG,
        "description": "Corrections of the value are kept.",
    },
    "x-onderwerp": {
        "enum": ["bsn", "kvk", "rsin", "vestiging"],
        "description": "The value is the number of the person or company the object is about.",
    },
    "x-groep": {
        "type": "string",
        "pattern": "^[a-z][a-zA-Z0-9]{0,40}$",
        "description": "Properties that change together; absent: one group per type.",
    },
    "x-verwijst-naar": {
        "type": "string",
        "pattern": "^([a-z][a-z0-9-]{0,40}\\.)?[a-z][a-z0-9-]{0,40}$",
        "description": "The type whose objects the value names: TYPE or REGISTER.TYPE.",
    },
    "x-geometrie": {
        "enum": [kind.value for kind in GeometryKind],
        "description": "The value is a GeoJSON geometry of this shape.",
    },
    "x-crs": {
        "enum": list(CRS),
        "description": "EPSG code of the coordinates as they are kept.",
    },
    "x-eenheid": {
        "type": "string",
        "pattern": "^[^ ]{1,20}$",
        "description": "Unit of the number: m2, EUR, jaar.",
    },
}

MODEL: Schema = {
    "type": "object",
    "required": ["$schema", "title", "x-titel-en", "type", "additionalProperties", "properties",
                 "x-collectie", "x-identificatie", "x-versie"],
    "properties": {
        "$schema": {"const": DIALECT},
        "title": _TEXT,
        "type": {"const": "object"},
        "additionalProperties": {"const": False},
        "properties": {"type": "object"},
        **ON_TYPE,
    },
}  # fmt: skip
PROPERTY: Schema = {
    "type": "object",
    "required": ["title", "x-titel-en", "x-persoonsgegeven", "type"],
    "properties": {"title": _TEXT, **ON_PROPERTY},
}


def annotation_faults(schema: Schema) -> Iterator[Fault]:
    """Annotations that do not exist, or that contradict each other."""
    yield from _misspelt(schema, ON_TYPE, "")
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, value in properties.items():
        if isinstance(value, Mapping):
            where = f"/properties/{name}"
            yield from _misspelt(value, ON_PROPERTY, where)
            yield from _inside(value, where)
            yield from _of_geometry(value, where)
            yield from _of_openness(schema, value, where)
    identification = properties.get(str(schema.get("x-identificatie")))
    if schema.get("x-open") is True and not _is_open(identification):
        yield Fault(
            f"/properties/{schema.get('x-identificatie')}/x-open",
            "must be true: objects of an open type are listed by their identification",
        )
    if "x-hvd-categorie" in schema and schema.get("x-open") is not True:
        yield Fault("/x-hvd-categorie", "is for open data: set x-open to true as well")


def _misspelt(schema: Schema, known: Mapping[str, Schema], where: str) -> Iterator[Fault]:
    for name in schema:
        if name.startswith("x-") and name not in known:
            yield Fault(f"{where}/{name}", f"is no annotation here{did_you_mean(name, known)}")


def _inside(value: Schema, where: str) -> Iterator[Fault]:
    """Members of a value have words of their own, and nothing else: they are not kept apart."""
    for path, inner in _members(value, where):
        yield from _misspelt(inner, _ON_MEMBER, path)
        yield from _inside(inner, path)


def _members(value: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    properties, items = value.get("properties"), value.get("items")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            if isinstance(inner, Mapping):
                yield f"{where}/properties/{name}", inner
    if isinstance(items, Mapping):
        yield f"{where}/items", items


_ON_MEMBER: Mapping[str, Schema] = {**EVERYWHERE, "x-eenheid": ON_PROPERTY["x-eenheid"]}


def _of_geometry(value: Schema, where: str) -> Iterator[Fault]:
    shape, crs = value.get("x-geometrie"), value.get("x-crs")
    if shape is not None and crs is None:
        yield Fault(where, "has x-geometrie and lacks x-crs: say how its coordinates are kept")
    if crs is not None and shape is None:
        yield Fault(f"{where}/x-crs", "is for a geometry: set x-geometrie as well")
    if shape is not None and "object" not in _types(value):
        yield Fault(f"{where}/type", "a geometry is an object")


def _of_openness(schema: Schema, value: Schema, where: str) -> Iterator[Fault]:
    if not _is_open(value):
        return
    if value.get("x-persoonsgegeven") != PersonalData.NONE.value:
        yield Fault(f"{where}/x-open", "personal data is never open")
    if schema.get("x-open") is not True:
        yield Fault(f"{where}/x-open", "does nothing in a closed type: set x-open on the type too")


def _is_open(value: JsonValue) -> bool:
    return isinstance(value, Mapping) and value.get("x-open") is True


def _types(value: Schema) -> list[JsonValue]:
    kinds = value.get("type")
    return kinds if isinstance(kinds, list) else [kinds]
