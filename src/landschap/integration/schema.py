# SPDX-License-Identifier: EUPL-1.2
"""The JSON Schema of a declaration, so that an editor completes and checks while one writes.

It says the same as `declaration` as far as one key goes; whether the names fit together only
``landschap source check`` can tell.
"""

from __future__ import annotations

from landschap.integration.conversions import SIMPLE
from landschap.integration.declaration import DEFAULT_BUDGET_MS, SUBJECT_KINDS
from landschap.integration.model import Wins
from landschap.integration.schema_parts import TEXT, Schema, an_object, one_of, whole
from landschap.integration.schema_sources import any_source
from landschap.registers.deriving_checks import DERIVATION
from landschap.vocabulary.ijson import JsonValue

_COLUMN: Schema = {"type": "string", "pattern": r"^[a-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_.]*$"}


def schema() -> Schema:
    """The schema of one declaration file. Source: JSON Schema 2020-12."""
    top = an_object(
        {
            "logische_bron": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
            "versie": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
            "titel": TEXT,
            "sleutel": TEXT,
            "schaduw": TEXT,
            "tijdbudget_ms": whole(10, 60_000, DEFAULT_BUDGET_MS),
            "betrokkene": an_object(
                {"uit": _COLUMN, "soort": one_of(SUBJECT_KINDS)}, "uit", "soort"
            ),
            "gegevensgroepen": {"type": "object", "additionalProperties": TEXT},
            "bronnen": {"type": "object", "minProperties": 1, "additionalProperties": any_source()},
            "wortel": an_object({"bron": TEXT, "op": TEXT}, "bron", "op"),
            "koppelingen": {"type": "array", "items": _link()},
            "velden": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"oneOf": [*_field(), _list()]},
            },
        },
        "logische_bron", "versie", "sleutel", "bronnen", "wortel", "velden",
    )  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://landschap.example/schema/logische-bron.json",
        "title": "Logische bron",
        **top,
    }


def _link() -> Schema:
    return an_object(
        {
            "naam": TEXT,
            "van": _COLUMN,
            "naar": _COLUMN,
            "aantal": one_of(("een", "veel")),
            "verplicht": {"type": "boolean", "default": False},
            "splits": TEXT,
        },
        "naam", "van", "naar", "aantal",
    )  # fmt: skip


def _field() -> list[JsonValue]:
    """The forms of one field: from sources, or derived from other fields."""
    kept = an_object(
        {
            "uit": {"type": "array", "minItems": 1, "items": _COLUMN},
            "zet_om": {"type": "array", "items": {"oneOf": _conversions()}},
            "wint": one_of(tuple(Wins), Wins.FIRST_FILLED),
            "strikt": {"type": "boolean", "default": False},
        },
        "uit",
    )
    return [kept, an_object({"afgeleid": DERIVATION}, "afgeleid")]


def _list() -> Schema:
    one_of: Schema = {"oneOf": _field()}
    inner: Schema = {"type": "object", "minProperties": 1, "additionalProperties": one_of}
    return an_object({"lijst": TEXT, "volgorde": TEXT, "velden": inner}, "lijst", "velden")


def _conversions() -> list[JsonValue]:
    positions: Schema = {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "integer", "minimum": 1},
    }
    codes: Schema = {"type": "object", "minProperties": 1, "additionalProperties": TEXT}
    plain: Schema = {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}
    return [
        {"enum": list(SIMPLE)},
        an_object({"deel": positions}, "deel"),
        an_object({"code": codes, "anders": TEXT}, "code"),
        an_object({"codelijst": TEXT, "anders": TEXT}, "codelijst"),
        an_object({"niets_bij": plain}, "niets_bij"),
        an_object({"splits": TEXT}, "splits"),
    ]
