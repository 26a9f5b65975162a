# SPDX-License-Identifier: EUPL-1.2
"""From the columns of somebody's file to the properties of a model, by a file that says how.

    collectie = "vergunningen"
    identificatie = "ZAAKNR"
    geldigVan = "INGANG"                # a column; or a day for all rows: 2020-01-01
    geldigTot = "EINDE"                 # the first day outside; may be absent
    tijdstipRegistratie = "MUTATIE"     # when the source registered it; a copy needs it
    datumvorm = "dd-mm-jjjj"            # also jjjj-mm-dd (default) and jjjjmmdd
    scheiding = ";"                     # between the cells of a CSV; "tab" for a tab
    codering = "windows-1252"           # of the text; utf-8 (default), with or without a mark

    [velden]
    naam = "NAAM"
    soort = { kolom = "SRT", codes = { A = "aanvraag", B = "besluit" } }
    doelen = { kolom = "DOEL", lijst = "|" }

All that is wrong with a mapping is told at once, with the nearest name, before a row is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from landschap.registers.models import ObjectType, Register
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue

FORMS: Mapping[str, re.Pattern[str]] = {
    "jjjj-mm-dd": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "jjjjmmdd": re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    "dd-mm-jjjj": re.compile(r"(?P<d>[0-9]{1,2})-(?P<m>[0-9]{1,2})-(?P<y>[0-9]{4})"),
}
_HEAD = {
    "collectie", "identificatie", "geldigVan", "geldigTot", "tijdstipRegistratie", "datumvorm",
    "scheiding", "codering", "velden",
}  # fmt: skip
_RULE = {"kolom", "codes", "lijst"}
# What is read as declared and as nothing else: a guess would spoil names without a word.
ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8-sig",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16",
}


class InvalidMapping(ValueError):
    """A mapping that can not be used; ``faults`` holds everything that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where a property comes from: a column, its codes, what separates a list."""

    column: str
    codes: Mapping[str, JsonValue] = field(default_factory=dict)
    separator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """A mapping that fits a model. ``begin`` is a column, or a day for every row."""

    type: ObjectType
    identification: str
    begin: str | date
    end: str
    registered: str
    form: str
    separator: str
    encoding: str
    rules: Mapping[str, Rule]

    def columns(self) -> frozenset[str]:
        """Every column the mapping reads."""
        named = {self.identification, self.end, self.registered}
        named |= {rule.column for rule in self.rules.values()}
        if isinstance(self.begin, str):
            named.add(self.begin)
        return frozenset(named - {""})


def read_mapping(register: Register, given: Mapping[str, object]) -> FileMapping:
    """A mapping from its TOML. Raises InvalidMapping with everything that is wrong."""
    wrong = [unknown(key, _HEAD) for key in given if key not in _HEAD]
    collections = {kind.collection: kind for kind in register.types.values()}
    name = str(given.get("collectie", ""))
    kind = collections.get(name)
    if kind is None:
        wrong.append(f"collectie: {unknown(name or '(absent)', collections)}")
        raise InvalidMapping(wrong)
    form = str(given.get("datumvorm", "jjjj-mm-dd"))
    if form not in FORMS:
        wrong.append(f"datumvorm: must be one of {', '.join(FORMS)}")
    separator = str(given.get("scheiding", ","))
    separator = "\t" if separator == "tab" else separator
    if len(separator) != 1 or separator in '"\r\n':
        wrong.append("scheiding: must be one character, or tab")
    encoding = str(given.get("codering", "utf-8")).lower()
    if encoding not in ENCODINGS:
        wrong.append(f"codering: must be one of {', '.join(ENCODINGS)}")
    wrong += [
        f"{key}: name the column" for key in ("identificatie", "geldigVan") if not given.get(key)
    ]
    if register.clock is Clock.SOURCE and not given.get("tijdstipRegistratie"):
        wrong.append("tijdstipRegistratie: a copy needs the moment of registration at the source")
    rules = _rules(kind, given.get("velden"), wrong)
    if wrong:
        raise InvalidMapping(wrong)
    begin = given["geldigVan"]
    return FileMapping(
        type=kind,
        identification=str(given["identificatie"]),
        begin=begin if isinstance(begin, date) else str(begin),
        end=str(given.get("geldigTot", "")),
        registered=str(given.get("tijdstipRegistratie", "")),
        form=form,
        separator=separator,
        encoding=ENCODINGS[encoding],
        rules=rules,
    )


def _rules(kind: ObjectType, given: object, wrong: list[str]) -> dict[str, Rule]:
    properties = {prop.name for prop in kind.content_properties()}
    if not isinstance(given, Mapping) or not given:
        wrong.append("velden: say for each property which column it comes from")
        return {}
    rules = {}
    for name, value in given.items():
        if name not in properties:
            wrong.append(f"velden.{name}: {unknown(str(name), properties)}")
        elif isinstance(value, str) and value:
            rules[name] = Rule(column=value)
        elif isinstance(value, Mapping) and value.get("kolom") and set(value) <= _RULE:
            codes = value.get("codes", {})
            rules[name] = Rule(
                column=str(value["kolom"]),
                codes=codes if isinstance(codes, Mapping) else {},
                separator=str(value.get("lijst", "")),
            )
        else:
            wrong.append(f'velden.{name}: write a column, or {{ kolom = "...", codes, lijst }}')
    return rules


def unknown(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is not known: the nearest one, or all there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}" if near else f"there are {', '.join(names) or 'none'}"
    return f"{name} is not known; {hint}"
