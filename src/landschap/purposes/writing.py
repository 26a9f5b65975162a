# SPDX-License-Identifier: EUPL-1.2
"""A register as the files that people review: the other way round from `files`.

What is written reads back as the same register. A key that says nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, time
from enum import Enum
from typing import Any

from landschap.purposes.model import Hours, Register, Text, Validity

WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
_WIDTH = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}

# Table of the register -> (file, table of the format, attribute -> key), in order of writing.
_Keys = Mapping[str, str]
_TABLES: Mapping[str, tuple[str, str, _Keys]] = {
    "schemes": (
        "doelen.toml", "stelsel",
        {"uri": "uri", "title": "titel", "publisher": "uitgever", "rank": "rang",
         "version": "versie"},
    ),
    "purposes": (
        "doelen.toml", "doel",
        {
            "uri": "uri", "scheme": "stelsel", "version": "versie", "broader": "valt_onder",
            "label": "naam", "definition": "omschrijving", "status": "status", "valid": "",
            "replaced_by": "opgevolgd_door", "exact_match": "gelijk_aan",
            "broad_match": "verwant_aan",
        },
    ),
    "legal_bases": (
        "activiteiten.toml", "grondslag",
        {
            "id": "id", "code": "code", "law": "wet", "law_name": "wet_naam", "article": "artikel",
            "text": "tekst", "kept_for": "bewaartermijn_verstrekking",
        },
    ),
    "activities": (
        "activiteiten.toml", "activiteit",
        {
            "uri": "uri", "version": "versie", "valid": "", "name": "naam", "what": "wat",
            "why": "waarvoor", "ground": "waarom_mag_dit", "purpose": "doel",
            "legal_bases": "grondslagen", "controller": "verantwoordelijke",
            "public_body": "bestuursorgaan", "processors": "verwerkers", "subjects": "betrokkenen",
            "data_groups": "gegevens", "special_data": "bijzondere_gegevens",
            "origin": "herkomst", "recipients": "ontvangers", "third_countries": "derde_landen",
            "retention": "bewaartermijn", "log_retention": "bewaartermijn_logboek",
            "measures": "maatregelen", "category": "categorie", "based_on": "gebaseerd_op",
            "dpia": "dpia", "confidential": "vertrouwelijk",
        },
    ),
    "services": (
        "beleid.toml", "dienst",
        {
            "provider": "aanbieder", "name": "naam", "personal": "persoonsgegevens",
            "fields": "velden", "searchable": "zoekvelden", "confidential": "geheimhouding",
            "derived": "afgeleid",
        },
    ),
    "field_sets": (
        "beleid.toml", "veldenset",
        {
            "id": "id", "version": "versie", "provider": "aanbieder", "service": "dienst",
            "fields": "velden", "searchable": "zoekvelden",
        },
    ),
    "groups": ("beleid.toml", "groep", {"name": "naam", "members": "leden"}),
    "decrees": (
        "beleid.toml", "autorisatiebesluit",
        {
            "id": "id", "reference": "kenmerk", "receivers": "ontvangers",
            "provider": "aanbieder", "service": "dienst", "valid": "",
            "searchable": "zoekvelden", "persons": "personen",
        },
    ),
    "compatibilities": (
        "beleid.toml", "verenigbaarheid",
        {
            "id": "id", "version": "versie", "origin": "van", "target": "naar", "test": "toets",
            "legal_basis": "grondslag", "author": "opgesteld_door",
            "approver": "goedgekeurd_door", "valid": "", "explanation": "uitleg",
        },
    ),
    "policies": (
        "beleid.toml", "beleidsregel",
        {
            "id": "id", "version": "versie", "effect": "werking", "purpose": "doel",
            "organisations": "organisaties", "roles": "rollen", "provider": "aanbieder",
            "service": "dienst", "actions": "handelingen", "field_set": "veldenset",
            "min_loa": "minimaal_niveau", "hours": "uren", "legal_bases": "grondslagen",
            "activity": "activiteit", "delegable": "delegeerbaar", "history": "historie",
            "rows": "rijen", "needs": "nodig", "despite": "ondanks_beperking",
            "obligations": "verplichtingen", "receiver": "soort_ontvanger",
            "decree": "autorisatiebesluit", "valid": "", "explanation": "uitleg",
        },
    ),
}  # fmt: skip
# Values inside a policy or a service.
_INSIDE: Mapping[str, _Keys] = {
    "RowCondition": {"path": "pad", "op": "op", "values": "waarde"},
    "Obligation": {"kind": "doe", "path": "veld", "value": "waarde"},
    "Confidentiality": {"path": "veld", "guarded": "afgeschermd"},
    "DerivedField": {"path": "veld", "inputs": "uit"},
}


class CannotWrite(ValueError):
    """The register holds something that has no place in the files."""


def files_of(register: Register) -> dict[str, str]:
    """The register as file name -> TOML. Raises CannotWrite rather than leave something out."""
    found: dict[str, list[str]] = {}
    for field in fields(register):
        if field.name == "owner":
            continue
        entries = getattr(register, field.name)
        if entries and field.name not in _TABLES:
            raise CannotWrite(f"{field.name} can not be written")
        for entry in entries:
            file, table, keys = _TABLES[field.name]
            found.setdefault(file, []).append(entry_of(table, entry, keys))
    head = "# SPDX-License-Identifier: EUPL-1.2\n\n"
    return {file: head + "\n".join(parts) for file, parts in found.items()}


def table_text(kind: str, entry: object) -> str:
    """One entry of a table of the register (``activities``, ``purposes``, ...) as TOML."""
    _, table, keys = _TABLES[kind]
    return entry_of(table, entry, keys)


def keys_of(kind: str) -> _Keys:
    """Attribute -> key of the file format, for one table of the register."""
    return _TABLES[kind][2]


def entry_of(table: str, entry: object, keys: _Keys) -> str:
    """One entry with the keys of its table, as TOML that ends in a new line."""
    return "\n".join([f"[[{table}]]", *_lines(entry, keys)]) + "\n"


def _lines(entry: object, keys: _Keys) -> Iterator[str]:
    _refuse_unknown(entry, keys)
    for name, key in keys.items():
        value = getattr(entry, name, None)
        if isinstance(value, Validity):
            yield f"geldig_vanaf = {value.since}"
            if value.until:
                yield f"geldig_tot = {value.until}"
        elif value not in (None, "", (), False) or name == "personal":
            yield _broken(key, value)


def _refuse_unknown(entry: Any, keys: _Keys) -> None:
    for field in fields(entry):
        if field.name not in keys and getattr(entry, field.name):
            raise CannotWrite(f"{field.name} of {type(entry).__name__} can not be written")


def _broken(key: str, value: object) -> str:
    """One line, or a long list over several."""
    line = f"{key} = {toml_of(value)}"
    if len(line) <= _WIDTH or not isinstance(value, tuple):
        return line
    return f"{key} = [\n" + "".join(f"  {toml_of(each)},\n" for each in value) + "]"


def toml_of(value: object) -> str:
    """A value as TOML."""
    plain: tuple[tuple[type, Callable[..., str]], ...] = (
        (bool, lambda it: "true" if it else "false"),
        (int, str),
        (Enum, lambda it: quoted(str(it.value))),
        (str, quoted),
        (date, date.isoformat),
        (time, time.isoformat),
        (Text, lambda it: f"{{ nl = {quoted(it.nl)}, en = {quoted(it.en)} }}"),
        (Hours, _hours),
        (tuple, lambda it: f"[{', '.join(map(toml_of, it))}]"),
    )
    for kind, written in plain:
        if isinstance(value, kind):
            return written(value)
    keys = _INSIDE.get(type(value).__name__)
    if keys is None:
        raise CannotWrite(f"{type(value).__name__} can not be written")
    _refuse_unknown(value, keys)
    held = ((key, getattr(value, name)) for name, key in keys.items())
    return "{ " + ", ".join(f"{key} = {toml_of(it)}" for key, it in held if it) + " }"


def _hours(hours: Hours) -> str:
    days = toml_of(tuple(WEEKDAYS[day] for day in hours.days))
    return f"{{ dagen = {days}, van = {hours.begin.isoformat()}, tot = {hours.end.isoformat()} }}"


def quoted(text: str) -> str:
    """A text between quotes. Source: TOML 1.0, "String" (basic)."""
    kept = "".join(_ESCAPES.get(sign, sign) for sign in text)
    return '"' + re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", _escaped, kept) + '"'


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    # A lone surrogate is no character; TOML has no way to write one.
    return "\\uFFFD" if code >= 0xD800 else f"\\u{code:04X}"


def commented(lines: Iterable[str]) -> str:
    """Lines of comment; what would end a comment early is made a space."""
    return "".join(f"# {_CONTROL.sub(' ', line)}\n" for line in lines)
