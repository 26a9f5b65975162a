# SPDX-License-Identifier: EUPL-1.2
"""The form beside a description that is going to be published: its fields and where they go.

A field that the description fills in itself is not asked for. Days are typed as people type them.
Source: DCAT-AP-NL 3.0, "Data Service"; API design rules, "Criteria for use"; house decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from landschap.catalogue.beside import Beside, Path, put, said_at
from landschap.catalogue.criteria import ACCESS, MEANS
from landschap.catalogue.publishing import is_address, is_mail
from landschap.gateway.lifecycle import order_fault
from landschap.purposes.model import LEVELS
from landschap.registers.open.terms import THEMES
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import read_typed_day

_LONGEST, _MOST_LINES = 2_000, 20


class Sort(StrEnum):
    """How a field is typed."""

    LINE = "line"
    TEXT = "text"
    LINES = "lines"
    DAY = "day"
    CHOICE = "choice"
    CHECKS = "checks"


class Fault(StrEnum):
    """What is wrong with what was typed."""

    DAY = "day"
    ADDRESS = "address"
    MAIL = "mail"
    CHOICE = "choice"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name in the form, where its value goes, how it is typed."""

    name: str
    path: Path
    sort: Sort = Sort.LINE
    choices: Sequence[str] = ()
    is_address: bool = False


_INFO: Path = ("info",)
_USE: Path = ("info", "x-gebruik")
SERVERS: Path = ("servers",)
DESCRIPTION = (
    Field(name="omschrijving", path=(*_INFO, "description"), sort=Sort.TEXT),
    Field(name="contact_naam", path=(*_INFO, "contact", "name")),
    Field(name="contact_mail", path=(*_INFO, "contact", "email")),
    Field(name="contact_url", path=(*_INFO, "contact", "url"), is_address=True),
    Field(name="licentie", path=(*_INFO, "license", "url"), is_address=True),
    Field(name="thema", path=(*_USE, "thema"), sort=Sort.CHECKS, choices=THEMES),
    Field(name="adres", path=SERVERS, is_address=True),
)
CRITERIA = (
    Field(name="toegang", path=(*_USE, "toegang"), sort=Sort.CHOICE, choices=ACCESS),
    Field(name="middelen", path=(*_USE, "middelen"), sort=Sort.CHECKS, choices=MEANS),
    Field(name="doelen", path=(*_USE, "doelen"), sort=Sort.LINES),
    Field(name="grondslag", path=(*_USE, "grondslag"), sort=Sort.LINES),
    Field(name="niveau", path=(*_USE, "niveau"), sort=Sort.CHOICE, choices=LEVELS),
    Field(name="betrokkenen", path=(*_USE, "betrokkenen"), sort=Sort.LINES),
    Field(name="kosten", path=(*_USE, "kosten")),
    Field(name="ondersteuning", path=(*_USE, "ondersteuning")),
    Field(name="beschikbaarheid", path=(*_USE, "beschikbaarheid")),
)
LIFE = (
    Field(name="verouderd", path=(*_INFO, "x-deprecated"), sort=Sort.DAY),
    Field(name="einde", path=(*_INFO, "x-sunset"), sort=Sort.DAY),
)
FIELDS = (*DESCRIPTION, *CRITERIA, *LIFE)

Given = Mapping[str, Sequence[str]]


def read_form(given: Given) -> tuple[Beside, Mapping[str, Fault]]:
    """What was typed as what is said beside a description, and what of it can not be."""
    beside: dict[str, JsonValue] = {}
    faults: dict[str, Fault] = {}
    for field in FIELDS:
        value, fault = _read(field, given.get(field.name, ()))
        if fault is not None:
            faults[field.name] = fault
        else:
            put(beside, field.path, value)
    licence = said_at(beside, ("info", "license", "url"))
    put(beside, ("info", "license", "name"), licence)
    if not faults and (fault := _order(beside)) is not None:
        faults["einde"] = fault
    return beside, faults


def typed_of(beside: Beside) -> dict[str, list[str]]:
    """What was said beside a description, as it is typed."""
    return {field.name: _typed(field, said_at(dict(beside), field.path)) for field in FIELDS}


def said_by(value: JsonValue) -> dict[str, str]:
    """The fields that a description fills in itself, with its words."""
    found = {}
    for field in FIELDS:
        typed = _typed(field, said_at(value, field.path))
        if typed and field.path != SERVERS:
            found[field.name] = ", ".join(" ".join(typed).split("\n"))[:_LONGEST]
    return found


def _read(field: Field, typed: Sequence[str]) -> tuple[JsonValue, Fault | None]:
    texts = [each.replace("\0", "").strip()[:_LONGEST] for each in typed[:_MOST_LINES]]
    texts = [each for each in texts if each]
    first = texts[0] if texts else ""
    match field.sort:
        case Sort.CHECKS:
            wrong = any(each not in field.choices for each in texts)
            return list(texts), Fault.CHOICE if wrong else None
        case Sort.CHOICE:
            wrong = bool(first) and first not in field.choices
            return first, Fault.CHOICE if wrong else None
        case Sort.LINES:
            lines = [" ".join(line.split()) for line in first.splitlines()]
            return [line for line in lines if line][:_MOST_LINES], None
        case Sort.DAY:
            day = read_typed_day(first) if first else None
            return (day.isoformat() if day else ""), Fault.DAY if first and not day else None
        case Sort.TEXT:
            return first.replace("\r\n", "\n"), None
        case Sort.LINE:
            return _line(field, " ".join(first.split()))


def _line(field: Field, text: str) -> tuple[JsonValue, Fault | None]:
    if field.is_address:
        if text and not is_address(text):
            return "", Fault.ADDRESS
        return ([{"url": text}] if text else []) if field.path == SERVERS else text, None
    if field.name == "contact_mail" and text and not is_mail(text):
        return "", Fault.MAIL
    return text, None


def _order(beside: Beside) -> Fault | None:
    days = [read_typed_day(str(said_at(dict(beside), field.path) or "")) for field in LIFE]
    deprecated, sunset = days
    if deprecated is None or sunset is None:
        return None
    return Fault.ORDER if order_fault(deprecated, sunset) else None


def _typed(field: Field, value: JsonValue) -> list[str]:
    if field.path == SERVERS:
        first = value[0] if isinstance(value, list) and value else None
        url = first.get("url") if isinstance(first, dict) else None
        return [url] if isinstance(url, str) else []
    if isinstance(value, list):
        texts = [each for each in value if isinstance(each, str)]
        return ["\n".join(texts)] if field.sort is Sort.LINES and texts else texts
    if not isinstance(value, str):
        return []
    day = read_typed_day(value) if field.sort is Sort.DAY else None
    return [f"{day:%d-%m-%Y}"] if day else [value]
