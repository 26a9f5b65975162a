# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI description of one logical source, made from its declaration.

Source: NL GOV REST API Design Rules 2.2, /core/doc-openapi and /core/publish-openapi.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.integration.conversions import RESULT_TYPES
from landschap.integration.model import Declaration, Field
from landschap.integration.rows import Reason
from landschap.registers.describing import About, info_of
from landschap.vocabulary.ijson import JsonValue

Schema = dict[str, JsonValue]
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def describe(declaration: Declaration, about: About) -> dict[str, JsonValue]:
    """The OpenAPI 3.1 document: one operation, its parameters, its answer field by field."""
    title = declaration.title or declaration.name
    words = f"Logische bron {declaration.name}: één vraag, meerdere bronnen."
    return {
        "openapi": "3.1.0",
        "info": {
            **info_of(title, words, about),
            "version": declaration.version,
        },
        "servers": [{"url": f"{about.address}/{declaration.name}/v1"}],
        "paths": {"/_zoek": {"post": _operation(declaration)}},
        "components": {"schemas": _schemas(declaration)},
    }


def _operation(declaration: Declaration) -> Schema:
    key = declaration.key
    return {
        "operationId": "zoek",
        "summary": f"Zoek op {key}",
        "description": "Alleen via de Inway met doelverklaring; levert alleen toegestane velden.",
        "parameters": [
            _parameter("fields", "Velden of groepen, met komma's.", _TEXT),
            _parameter("geldigOp", "De dag waarop het gold; standaard vandaag.", _DAY),
            _parameter("beschikbaarOp", "Het moment waarop het bekend was; standaard nu.", _MOMENT),
            _parameter(
                "partial",
                "Of een antwoord met gaten welkom is; standaard allow.",
                {"type": "string", "enum": ["allow", "refuse"], "default": "allow"},
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": [key],
                        "properties": {key: _TEXT},
                        "additionalProperties": False,
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "Wat gevonden is, met herkomst per veld en genoemde gaten.",
                "headers": {"API-Version": {"schema": _TEXT}},
                "content": {"application/json": {"schema": _ref("Antwoord")}},
            },
            **{
                status: {
                    "description": words,
                    "content": {"application/problem+json": {"schema": _ref("Probleem")}},
                }
                for status, words in _REFUSALS.items()
            },
        },
    }


_REFUSALS: Mapping[str, str] = {
    "400": "De vraag klopt niet; alle fouten staan in errors.",
    "403": "Niet toegestaan voor dit doel.",
    "415": "De inhoud is geen application/json.",
    "503": "Een bron of het logboek is er niet; er is niets geleverd.",
}


def _parameter(name: str, words: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": words, "schema": schema}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(declaration: Declaration) -> Schema:
    return {
        "Resultaat": _result(declaration),
        "Herkomst": _provenance(declaration),
        **({"Afleiding": _DERIVATION} if declaration.derived else {}),
        "Gat": _gap(),
        "Antwoord": _object(
            {
                "resultaten": {"type": "array", "items": _ref("Resultaat")},
                "herkomst": {"type": "object", "additionalProperties": _origin(declaration)},
                "ontbreekt": {"type": "array", "items": _ref("Gat")},
                "geldigOp": _DAY,
                "beschikbaarOp": _MOMENT,
                "_weggelaten": _TEXTS,
            },
            "resultaten",
            "herkomst",
            "ontbreekt",
            "geldigOp",
            "beschikbaarOp",
        ),
        "Probleem": dict(_PROBLEM),
    }


def _provenance(declaration: Declaration) -> Schema:
    return _object(
        {
            "bron": {"type": "string", "enum": sorted(declaration.sources)},
            "bronhouder": _TEXT,
            "geldigOp": _DAY,
            "beschikbaarOp": _MOMENT,
            "beginGeldigheid": {**_DAY, "type": ["string", "null"]},
            "eindGeldigheid": {**_DAY, "type": ["string", "null"]},
            "tijdstipRegistratie": _MOMENT,
            "klok": {"type": "string", "enum": ["eigen", "bron", "landelijk"]},
            "zekerheid": {"type": "string", "enum": ["mogelijk"]},
            "inOnderzoek": {"type": "boolean"},
            "vervangen": {"type": "boolean"},
            "strijdig": {
                "type": "array",
                "items": {"type": "string", "enum": sorted(declaration.sources)},
                "description": "Bronnen die iets anders zeiden; de regel van het veld besliste.",
            },
        },
        "bron",
        "bronhouder",
    )


def _gap() -> Schema:
    return _object(
        {
            "bron": _TEXT,
            "reden": {"type": "string", "enum": [reason.value for reason in Reason]},
            "velden": _TEXTS,
            "vervangen": _TEXTS,
            "resultaten": {"type": "array", "items": {"type": "integer"}},
        },
        "bron",
        "reden",
        "velden",
    )


_PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
    },
}


def _object(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_DERIVATION: Schema = {
    "type": "object",
    "description": "De regel van een afgeleid veld, en de bronnen die ervoor zijn gelezen.",
    "required": ["regel", "bronnen", "geldigOp", "beschikbaarOp"],
    "additionalProperties": False,
    "properties": {
        "regel": _TEXT,
        "bronnen": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["bron", "bronhouder"],
                "additionalProperties": False,
                "properties": {"bron": _TEXT, "bronhouder": _TEXT},
            },
        },
        "geldigOp": _DAY,
        "beschikbaarOp": _MOMENT,
        "zekerheid": {"type": "string", "enum": ["mogelijk"]},
        "inOnderzoek": {"type": "boolean"},
        "vervangen": {"type": "boolean"},
    },
}


def _origin(declaration: Declaration) -> Schema:
    if not declaration.derived:
        return _ref("Herkomst")
    return {"oneOf": [_ref("Herkomst"), _ref("Afleiding")]}


def _result(declaration: Declaration) -> Schema:
    """The nested form of a record. No field is required: what is not permitted is absent."""
    top = _object({})
    for path in declaration.lists:
        _members_at(top, path.split(".")[:-1])[path.rsplit(".", 1)[-1]] = {
            "type": "array",
            "items": _object({}),
        }
    for path, field in declaration.fields.items():
        owner, inner = top, path
        if field.within:
            owner = _list_items(top, field.within)
            inner = path.removeprefix(f"{field.within}.")
        *parents, last = inner.split(".")
        _members_at(owner, parents)[last] = _field_schema(declaration, field)
    return top


def _members_at(owner: Schema, parents: list[str]) -> Schema:
    members = owner["properties"]
    for name in parents:
        assert isinstance(members, dict)  # noqa: S101  # built here
        inner = members.setdefault(name, _object({}))
        assert isinstance(inner, dict)  # noqa: S101  # built here
        members = inner["properties"]
    assert isinstance(members, dict)  # noqa: S101  # built here
    return members


def _list_items(top: Schema, path: str) -> Schema:
    *parents, last = path.split(".")
    group = _members_at(top, parents)[last]
    assert isinstance(group, dict)  # noqa: S101  # built here
    items = group["items"]
    assert isinstance(items, dict)  # noqa: S101  # built here
    return items


def _field_schema(declaration: Declaration, field: Field) -> Schema:
    if field.derived is not None:
        words = f"{declaration.data_group(field.path)}. Null als dat niet zeker is."
        bands: Schema = {"enum": [*field.derived.bands(), None]} if field.derived.bands() else {}
        return {"description": words, "type": [field.derived.gives, "null"], **bands}
    kinds = [RESULT_TYPES[step.name] for step in field.conversions if RESULT_TYPES[step.name]]
    words = ", ".join(str(column) for column in field.columns)
    schema: Schema = {"description": f"{declaration.data_group(field.path)}; uit {words}"}
    if not kinds:
        return schema
    if kinds[-1] in ("date", "onvolledige-datum"):
        return {**schema, "type": ["string", "null"], "format": kinds[-1]}
    schema["type"] = [kinds[-1], "null"]
    if kinds[-1] == "array":
        schema["items"] = _TEXT
    codes = [step.codes for step in field.conversions if step.codes]
    if codes and field.conversions[-1].name == "code":
        other = field.conversions[-1].otherwise
        schema["enum"] = [*sorted({*codes[-1].values(), *([other] if other else [])}), None]
    return schema
