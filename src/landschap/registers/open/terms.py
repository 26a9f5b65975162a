# SPDX-License-Identifier: EUPL-1.2
"""What a register says of itself as open data, beside its models: ``registers/NAME/open.toml``.

    omschrijving = "Alle gebouwen en adressen."       # in words for everybody
    description = "All buildings and addresses."
    thema = ["REGI"]                                   # EU data themes
    trefwoorden = ["adres", "gebouw"]
    frequentie = "DAILY"                               # EU frequencies
    gebied = "http://standaarden.overheid.nl/owms/terms/Weesp_(gemeente)"

    [[telling]]                                        # counts of a type that need not be open
    naam = "uitkeringen-per-soort"
    type = "uitkering"
    per = "soort"
    kleinste-aantal = 10                               # smaller counts are not told

Everything may be left out, but the four keys of a count that make it one.
Source: DCAT-AP-NL 3.0, "Dataset"; EU authority tables data-theme and frequency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from landschap.registers.models import InvalidModel, Register
from landschap.registers.schemas import Fault, Schema, faults

THEMES = ("AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "REGI", "SOCI",
          "TECH", "TRAN")  # fmt: skip
FREQUENCIES = ("CONT", "DAILY", "WEEKLY", "MONTHLY", "QUARTERLY", "ANNUAL", "IRREG")
LEAST_COUNT = 5
"""Below this a count is not told; of a type with personal data twice that."""

_NAME = "^[a-z][a-z0-9-]{0,60}$"
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 2000}
_COUNT: Schema = {
    "type": "object",
    "required": ["naam", "type", "per"],
    "additionalProperties": False,
    "properties": {
        "naam": {"type": "string", "pattern": _NAME},
        "titel": _TEXT,
        "type": _TEXT,
        "per": _TEXT,
        "kleinste-aantal": {"type": "integer", "minimum": 3, "maximum": 1_000_000},
    },
}
_TERMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "omschrijving": _TEXT,
        "description": _TEXT,
        "thema": {"type": "array", "minItems": 1, "items": {"enum": list(THEMES)}},
        "trefwoorden": {"type": "array", "items": _TEXT},
        "frequentie": {"enum": list(FREQUENCIES)},
        "gebied": {"type": "string", "pattern": '^https?://[^ <>"]+$'},
        "telling": {"type": "array", "items": _COUNT},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One published table: how many objects of a type there are, per value of a property."""

    name: str
    title: str
    type_name: str
    path: str
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a register says of itself as open data."""

    description: str = ""
    description_en: str = ""
    themes: tuple[str, ...] = ("GOVE",)
    keywords: tuple[str, ...] = ()
    frequency: str = "IRREG"
    area: str = ""
    counts: tuple[Count, ...] = ()


def read_terms(given: Mapping[str, object], register: Register, where: str) -> Terms:
    """The terms of a register. Raises InvalidModel with everything that is wrong."""
    found = list(faults(given, _TERMS))  # type: ignore[arg-type]  # TOML of JSON's kinds
    if found:
        raise InvalidModel(where, found)
    tables = given.get("telling", ())
    assert isinstance(tables, list | tuple)  # noqa: S101  # checked above; for the type checker
    wrong = [
        fault for number, table in enumerate(tables) for fault in _wrong(register, table, number)
    ]
    names = [str(table["naam"]) for table in tables]
    wrong += [
        Fault("/telling", f"{name} stands there twice")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    # Two tables have one total, and what one of them hides the other may tell.
    types = [str(table["type"]) for table in tables]
    wrong += [
        Fault(
            "/telling", f"{name} is counted twice; one table per type, or they tell of each other"
        )
        for name in sorted({name for name in types if types.count(name) > 1})
    ]
    if wrong:
        raise InvalidModel(where, wrong)
    themes, keywords = given.get("thema", ["GOVE"]), given.get("trefwoorden", [])
    assert isinstance(themes, list)  # noqa: S101  # checked above
    assert isinstance(keywords, list)  # noqa: S101  # checked above
    return Terms(
        description=str(given.get("omschrijving", "")),
        description_en=str(given.get("description", "")),
        themes=tuple(themes),
        keywords=tuple(keywords),
        frequency=str(given.get("frequentie", "IRREG")),
        area=str(given.get("gebied", "")),
        counts=tuple(_count(register, table) for table in tables),
    )


def _wrong(register: Register, table: Mapping[str, object], number: int) -> Iterator[Fault]:
    """A count is over one type and one property with few values, that names nobody."""
    at = f"/telling/{number}"
    kind = register.types.get(str(table["type"]))
    if kind is None:
        yield Fault(f"{at}/type", f"{register.name} has no type {table['type']}")
        return
    prop = kind.properties.get(str(table["per"]))
    if prop is None or prop.name == kind.identification:
        yield Fault(f"{at}/per", f"is no property of {kind.name} by which can be counted")
    elif prop.subject_kind or not (_is_listed(prop.schema) or prop.schema.get("type") == "boolean"):
        # A free text could hold a name, and then a group is somebody.
        yield Fault(f"{at}/per", "must be a property with an enum, or true and false")
    elif prop.group != kind.groups[0] or kind.incomplete_dates:
        yield Fault(f"{at}/per", "must be of the first group of a type with complete dates")


def _is_listed(schema: Schema) -> bool:
    return isinstance(schema.get("enum"), list)


def _count(register: Register, table: Mapping[str, object]) -> Count:
    kind = register.types[str(table["type"])]
    usual = 2 * LEAST_COUNT if kind.holds_personal_data else LEAST_COUNT
    name = str(table["naam"])
    return Count(
        name=name,
        title=str(table.get("titel", re.sub("-", " ", name).capitalize())),
        type_name=kind.name,
        path=str(table["per"]),
        least=int(str(table.get("kleinste-aantal", usual))),
    )
