# SPDX-License-Identifier: EUPL-1.2
"""The JSON Schema of a declaration, so that an editor completes and checks while one writes.

It says the same as `declaration` as far as one key goes; whether the names fit together only
``landschap source check`` can tell.
"""

from __future__ import annotations

from landschap.integration.conversions import SIMPLE
from landschap.integration.declaration import CLOCKS, DEFAULT_BUDGET_MS, SUBJECT_KINDS
from landschap.integration.model import Axes, Wins
from landschap.registers.deriving_checks import DERIVATION
from landschap.vocabulary.ijson import JsonValue

Schema = dict[str, JsonValue]
_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "minItems": 1, "items": _TEXT}
_COLUMN: Schema = {"type": "string", "pattern": r"^[a-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_.]*$"}


def schema() -> Schema:
    """The schema of one declaration file. Source: JSON Schema 2020-12."""
    top = _object(
        {
            "logische_bron": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
            "versie": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
            "titel": _TEXT,
            "sleutel": _TEXT,
            "tijdbudget_ms": _whole(10, 60_000, DEFAULT_BUDGET_MS),
            "betrokkene": _object(
                {"uit": _COLUMN, "soort": _one_of(SUBJECT_KINDS)}, "uit", "soort"
            ),
            "gegevensgroepen": {"type": "object", "additionalProperties": _TEXT},
            "bronnen": {"type": "object", "minProperties": 1, "additionalProperties": _source()},
            "wortel": _object({"bron": _TEXT, "op": _TEXT}, "bron", "op"),
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


def _object(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _one_of(words: tuple[str, ...], default: str | None = None) -> Schema:
    found: Schema = {"type": "string", "enum": list(words)}
    return found if default is None else {**found, "default": default}


def _whole(low: int, high: int, default: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


def _source() -> Schema:
    shared: Schema = {
        "sleutels": _TEXTS,
        "bronhouder": _TEXT,
        "tijd": _one_of(tuple(Axes), Axes.BOTH),
        "timeout_ms": _whole(1, 60_000, 800),
    }
    register = _object(
        {"soort": {"const": "register"}, "register": _TEXT, "objecttype": _TEXT, **shared},
        "soort", "register", "objecttype", "sleutels", "bronhouder",
    )  # fmt: skip
    rest = _object(
        {
            "soort": {"const": "rest"},
            "url": {"type": "string", "pattern": r"^https?://[^/{}]+/[^{}]*\{[^{}]+\}[^{}]*$"},
            "stapel": _whole(1, 1_000, 1),
            "gelijktijdig": _whole(1, 256, 8),
            "records": _TEXT,
            "velden_parameter": _TEXT,
            "geheim": _object({"kop": _TEXT, "bestand": _TEXT}, "kop", "bestand"),
            "periode": _object({"begin": _TEXT, "eind": _TEXT, "registratie": _TEXT}),
            "klok": _one_of(CLOCKS, "bron"),
            "hoogstens_bytes": _whole(1_000, 50_000_000, 1_000_000),
            **shared,
        },
        "soort", "url", "sleutels", "bronhouder",
    )  # fmt: skip
    return {"oneOf": [register, rest]}


def _link() -> Schema:
    return _object(
        {
            "naam": _TEXT,
            "van": _COLUMN,
            "naar": _COLUMN,
            "aantal": _one_of(("een", "veel")),
            "verplicht": {"type": "boolean", "default": False},
            "splits": _TEXT,
        },
        "naam", "van", "naar", "aantal",
    )  # fmt: skip


def _field() -> list[JsonValue]:
    """The forms of one field: from sources, or derived from other fields."""
    kept = _object(
        {
            "uit": {"type": "array", "minItems": 1, "items": _COLUMN},
            "zet_om": {"type": "array", "items": {"oneOf": _conversions()}},
            "wint": _one_of(tuple(Wins), Wins.FIRST_FILLED),
            "strikt": {"type": "boolean", "default": False},
        },
        "uit",
    )
    return [kept, _object({"afgeleid": DERIVATION}, "afgeleid")]


def _list() -> Schema:
    one_of: Schema = {"oneOf": _field()}
    inner: Schema = {"type": "object", "minProperties": 1, "additionalProperties": one_of}
    return _object({"lijst": _TEXT, "volgorde": _TEXT, "velden": inner}, "lijst", "velden")


def _conversions() -> list[JsonValue]:
    positions: Schema = {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "integer", "minimum": 1},
    }
    codes: Schema = {"type": "object", "minProperties": 1, "additionalProperties": _TEXT}
    plain: Schema = {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}
    return [
        {"enum": list(SIMPLE)},
        _object({"deel": positions}, "deel"),
        _object({"code": codes, "anders": _TEXT}, "code"),
        _object({"niets_bij": plain}, "niets_bij"),
        _object({"splits": _TEXT}, "splits"),
    ]
