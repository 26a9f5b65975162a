# SPDX-License-Identifier: EUPL-1.2
"""What stands in an information model beside the rules of JSON Schema, and what it means.

Every annotation is in `ON_TYPE` or `ON_PROPERTY`; one that is in neither is a mistake, and is told
with the nearest name, so that a misspelt ``x-persoonsgegeven`` never opens anything in silence.
Source: MIM 1.2, "Metagegevens"; AVG art. 4, 9; Regulation (EU) 2023/138, annex.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from landschap.registers.schemas import DIALECT, Schema


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

_TYPE_NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,40}$"}
_LABEL: Schema = {
    "type": "object",
    "required": ["nl", "en"],
    "additionalProperties": False,
    "properties": {"nl": _TEXT, "en": _TEXT},
}

EVERYWHERE: Mapping[str, Schema] = {
    "x-titel-en": {**_TEXT, "description": "The English title; `title` is Dutch."},
    "x-definitie-en": {**_TEXT, "description": "The English definition; `description` is Dutch."},
    "x-begrip": {**_URI, "description": "Where the term is defined: the URI of a concept."},
}  # fmt: skip

ON_TYPE: Mapping[str, Schema] = {
    **EVERYWHERE,
    "x-specialisatie-van": {
        **_TYPE_NAME,
        "description": "The type of this register whose properties it has as well.",
    },
    "x-abstract": {
        **_FLAG,
        "description": "Only there to be specialised: no object is of this type alone.",
    },
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

# On a property, and on the members and items inside it.
ON_VALUE: Mapping[str, Schema] = {
    **EVERYWHERE,
    "x-eenheid": {
        "type": "string",
        "pattern": "^[^ ]{1,20}$",
        "description": "Unit of the number: m2, EUR, jaar.",
    },
    "x-waarden": {
        "type": "object",
        "description": "What each code of `enum` means, in Dutch and English.",
    },
    "x-waardelijst": {
        **_TYPE_NAME,
        "description": "The codes stand in NAME.waardelijst.json beside the model.",
    },
}

ON_PROPERTY: Mapping[str, Schema] = {
    **ON_VALUE,
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
        "description": "The value is the number of the person or company the object is about; "
        "empty or null: about nobody that is known. A `bsn` has to pass the eleven-test, or the "
        "content is refused.",
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
    "x-afgeleid": {
        "type": "object",
        "description": "The value follows from other fields by a rule, and is kept nowhere.",
    },
    "x-relatie": {
        "enum": ["associatie", "deel-van"],
        "description": "What the relation is: deel-van when the object does not exist without it.",
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
VALUE: Schema = {"type": "object", "properties": ON_VALUE}
LABELS: Schema = {"type": "object", "minProperties": 1, "additionalProperties": _LABEL}
CODE_LIST: Schema = {
    "type": "object",
    "required": ["titel", "title", "waarden"],
    "additionalProperties": False,
    "properties": {
        "titel": _TEXT,
        "title": _TEXT,
        "bron": _URI,
        "waarden": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "titel", "title"],
                "additionalProperties": False,
                "properties": {"code": {"type": ["string", "integer"]}, "titel": _TEXT,
                               "title": _TEXT},
            },
        },
    },
}  # fmt: skip
