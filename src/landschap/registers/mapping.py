# SPDX-License-Identifier: EUPL-1.2
"""From the columns of somebody's file to the properties of a model, by a file that says how.

    collectie = "vergunningen"
    identificatie = "ZAAKNR"
    geldigVan = "INGANG"                # a column; or a day for all rows: 2020-01-01
    geldigTot = "EINDE"                 # the first day outside; may be absent
    tijdstipRegistratie = "MUTATIE"     # when the source registered it; a copy needs it
    datumvorm = "dd-mm-jjjj"            # also jjjj-mm-dd (default) and jjjjmmdd
    scheiding = ";"                     # between the cells of a CSV

    [velden]
    naam = "NAAM"
    soort = { kolom = "SRT", codes = { A = "aanvraag", B = "besluit" } }
    doelen = { kolom = "DOEL", lijst = "|" }

Texts become what the model asks for; an empty cell is no value. All that is wrong with the mapping
is told at once, with the nearest name, before a row is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.sources import (
    Reading,
    RowFault,
    SourceRow,
    UnreadableSource,
    draft_digest,
    model_faults,
)
from landschap.registers.timeline import Clock, Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_moment

_FORMS: Mapping[str, re.Pattern[str]] = {
    "jjjj-mm-dd": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "jjjjmmdd": re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    "dd-mm-jjjj": re.compile(r"(?P<d>[0-9]{1,2})-(?P<m>[0-9]{1,2})-(?P<y>[0-9]{4})"),
}
_HEAD = {
    "collectie", "identificatie", "geldigVan", "geldigTot", "tijdstipRegistratie", "datumvorm",
    "scheiding", "velden",
}  # fmt: skip
_RULE = {"kolom", "codes", "lijst"}
Fault = Callable[[str, str], None]
_TRUE = {"true": True, "ja": True, "j": True, "1": True}
_FALSE = {"false": False, "nee": False, "n": False, "0": False}


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
    wrong = [_unknown(key, _HEAD) for key in given if key not in _HEAD]
    collections = {kind.collection: kind for kind in register.types.values()}
    name = str(given.get("collectie", ""))
    kind = collections.get(name)
    if kind is None:
        wrong.append(f"collectie: {_unknown(name or '(absent)', collections)}")
        raise InvalidMapping(wrong)
    form = str(given.get("datumvorm", "jjjj-mm-dd"))
    if form not in _FORMS:
        wrong.append(f"datumvorm: must be one of {', '.join(_FORMS)}")
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
        separator=str(given.get("scheiding", ",")),
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
            wrong.append(f"velden.{name}: {_unknown(str(name), properties)}")
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


def readings(mapping: FileMapping, file: str, rows: Iterable[SourceRow]) -> list[Reading]:
    """All assertions of a file, a row per group of its object. Raises UnreadableSource."""
    found: list[Reading] = []
    wrong: list[RowFault] = []
    checked = False
    for row in rows:
        if not checked:
            missing = _missing_columns(mapping, file, row)
            if missing:
                raise UnreadableSource(missing)
            checked = True
        try:
            made = _of_row(mapping, file, row)
        except UnreadableSource as error:
            wrong += error.faults
            continue
        for reading in made:
            wrong += model_faults(reading, file, row.line)
        found += made
    if wrong:
        raise UnreadableSource(wrong)
    return found


def _missing_columns(mapping: FileMapping, file: str, row: SourceRow) -> list[RowFault]:
    there = sorted(row.cells)
    return [
        RowFault(
            file=file,
            line=1,
            column=column,
            message=f"the file has no column {column}",
            remedy=f"Correct the mapping: {_unknown(column, there)}.",
        )
        for column in sorted(mapping.columns() - set(there))
    ]


def _of_row(mapping: FileMapping, file: str, row: SourceRow) -> list[Reading]:
    wrong: list[RowFault] = []

    def fault(column: str, message: str) -> None:
        remedy = "Correct this row, or the mapping; nothing was loaded."
        wrong.append(
            RowFault(file=file, line=row.line, column=column, message=message, remedy=remedy)
        )

    object_id = _text(row.cells.get(mapping.identification))
    if not object_id:
        fault(mapping.identification, "holds no identification")
    begin = _begin(mapping, row, fault)
    end = _end(mapping, row, fault)
    moment = _moment(mapping, row, fault)
    content = _content(mapping, row, fault)
    if not wrong and begin is not None and end <= begin.lo:
        fault(mapping.end, "does not lie after the begin")
    if wrong or begin is None:
        raise UnreadableSource(wrong)
    draft = Draft(
        period=Period(begin.lo, end),
        kind=Kind.REGISTRATION,
        content=None,
        group="",
        begin_source=None if begin.complete else begin,
        source_registered_at=moment,
        source={"bestand": file},
    )
    return list(_per_group(mapping.type, object_id, draft, content))


def _per_group(
    kind: ObjectType, object_id: str, draft: Draft, content: Mapping[str, JsonValue]
) -> Iterable[Reading]:
    for group in kind.groups:
        own = {
            name: value for name, value in content.items() if kind.properties[name].group == group
        }
        if own or len(kind.groups) == 1:
            made = Draft(
                period=draft.period,
                kind=draft.kind,
                content=own,
                group=group,
                begin_source=draft.begin_source,
                source_registered_at=draft.source_registered_at,
                source=draft.source,
            )
            yield Reading(
                type=kind, object_id=object_id, draft=made, digest=draft_digest(object_id, made)
            )


def _begin(mapping: FileMapping, row: SourceRow, fault: Fault) -> IncompleteDate | None:
    if isinstance(mapping.begin, date):
        return IncompleteDate(mapping.begin.year, mapping.begin.month, mapping.begin.day)
    text = _text(row.cells.get(mapping.begin))
    try:
        if not text:
            return IncompleteDate(0, 0, 0) if mapping.type.incomplete_dates else _no_begin()
        return IncompleteDate.parse(_iso(mapping, text))
    except InvalidValue as error:
        fault(mapping.begin, str(error))
        return None


def _no_begin() -> IncompleteDate:
    raise InvalidValue("holds no day")


def _end(mapping: FileMapping, row: SourceRow, fault: Fault) -> date:
    text = _text(row.cells.get(mapping.end)) if mapping.end else ""
    if not text:
        return OPEN
    try:
        return date.fromisoformat(_iso(mapping, text))
    except ValueError as error:
        fault(mapping.end, str(error))
        return OPEN


def _moment(mapping: FileMapping, row: SourceRow, fault: Fault) -> datetime | None:
    if not mapping.registered:
        return None
    text = _text(row.cells.get(mapping.registered))
    try:
        return parse_moment(text if ":" in text else f"{_iso(mapping, text)}T00:00")
    except InvalidValue as error:
        fault(mapping.registered, str(error))
        return None


def _content(mapping: FileMapping, row: SourceRow, fault: Fault) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = {}
    for name, rule in mapping.rules.items():
        value = row.cells.get(rule.column)
        if value is None or value == "":
            continue
        try:
            content[name] = _converted(mapping, name, rule, value)
        except InvalidValue as error:
            fault(rule.column, str(error))
    return content


def _converted(mapping: FileMapping, name: str, rule: Rule, value: JsonValue) -> JsonValue:
    schema = mapping.type.properties[name].schema
    if not isinstance(value, str):
        return value
    if rule.separator:
        return [_code(rule, part.strip()) for part in value.split(rule.separator) if part.strip()]
    if rule.codes:
        return _code(rule, value)
    kinds = schema.get("type")
    wanted = set(kinds) if isinstance(kinds, list) else {kinds}
    if "integer" in wanted:
        return _number(value, whole=True)
    if "number" in wanted:
        return _number(value, whole=False)
    if "boolean" in wanted:
        return _boolean(value)
    return _iso(mapping, value) if schema.get("format") == "date" else value


def _code(rule: Rule, text: str) -> JsonValue:
    if not rule.codes:
        return text
    if text not in rule.codes:
        raise InvalidValue(f"holds {text[:40]!r}: {_unknown(text[:40], rule.codes)}")
    return rule.codes[text]


def _number(text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text.replace(",", "."))
    except ValueError:
        raise InvalidValue(f"holds {text[:40]!r}, which is no number") from None


def _boolean(text: str) -> bool:
    found = {**_TRUE, **_FALSE}.get(text.strip().lower())
    if found is None:
        raise InvalidValue(f"holds {text[:40]!r}; write ja or nee")
    return found


def _iso(mapping: FileMapping, text: str) -> str:
    match = _FORMS[mapping.form].fullmatch(text.strip())
    if match is None:
        raise InvalidValue(f"holds {text[:40]!r}, which is no day in the form {mapping.form}")
    return f"{match['y']}-{int(match['m']):02}-{int(match['d']):02}"


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value).strip()


def _unknown(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}" if near else f"there are {', '.join(names) or 'none'}"
    return f"{name} is not known; {hint}"
