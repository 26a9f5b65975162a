# SPDX-License-Identifier: EUPL-1.2
"""The rows of somebody's file as assertions, by a mapping.

Texts become what the model asks for; an empty cell is no value. A row that is wrong is told with
its line, its column and the rule; what stood there is told only where it is no personal data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NoReturn

from landschap.registers.annotations import PersonalData
from landschap.registers.mapping import FORMS, FileMapping, Rule, unknown
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.schemas import as_list, faults
from landschap.registers.shapes import geometry_of_wkt
from landschap.registers.sources import (
    Reading,
    Refused,
    RowFault,
    Sourced,
    SourceRow,
    UnreadableSource,
    draft_digest,
    model_faults,
)
from landschap.registers.timeline import Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.times import parse_day, parse_moment

_TRUE = {"true": True, "ja": True, "j": True, "1": True}
_FALSE = {"false": False, "nee": False, "n": False, "0": False}
_SHOWN = 60


class _Wrong(ValueError):
    """A cell that can not be read: the rule it breaks, and why."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def readings(
    mapping: FileMapping, file: str, rows: Iterable[SourceRow | RowFault]
) -> Iterator[Sourced | Refused]:
    """The assertions of a file, a row per group of its object.

    Raises UnreadableSource when the file lacks a column that the mapping names.
    """
    checked = False
    for row in rows:
        if isinstance(row, RowFault):
            yield Refused(faults=[row])
            continue
        if not checked:
            missing = missing_columns(mapping, file, row.cells)
            if missing:
                raise UnreadableSource(missing)
            checked = True
        yield from _of_row(mapping, file, row)


def missing_columns(mapping: FileMapping, file: str, there: Iterable[str]) -> list[RowFault]:
    """A fault per column of the mapping that the file does not have."""
    names = sorted(there)
    return [
        RowFault(
            file=file,
            line=1,
            column=column,
            message=f"the file has no column {column}",
            remedy=f"Correct the mapping: {unknown(column, names)}.",
            rule="kolom",
        )
        for column in sorted(mapping.columns() - set(names))
    ]


class _Row:
    """One row as it is read by a mapping; what is wrong with it is gathered."""

    def __init__(self, mapping: FileMapping, file: str, row: SourceRow) -> None:
        self.mapping, self.file, self.row = mapping, file, row
        self.faults: list[RowFault] = []

    def text(self, column: str) -> str:
        value = self.row.cells.get(column)
        return "" if value is None else str(value).strip()

    def fault(self, column: str, filled: str, error: Exception, *, shown: bool = True) -> None:
        rule = error.rule if isinstance(error, _Wrong) else "datum"
        value = self.text(column)[:_SHOWN] if shown and column else ""
        self.faults.append(
            RowFault(
                file=self.file,
                line=self.row.line,
                column=column,
                message=str(error),
                remedy="Correct this row, or the mapping.",
                rule=rule,
                value=value,
                filled=filled,
            )
        )


def _of_row(mapping: FileMapping, file: str, source: SourceRow) -> Iterator[Sourced | Refused]:
    row = _Row(mapping, file, source)
    object_id = row.text(mapping.identification)
    if not object_id:
        row.fault(
            mapping.identification, "identificatie", _Wrong("verplicht", "holds no identification")
        )
    begin, end, moment = _begin(row), _end(row), _moment(row)
    content = _content(row)
    if not row.faults and begin is not None and end <= begin.lo:
        row.fault(mapping.end, "geldigTot", _Wrong("periode", "does not lie after the begin"))
    if row.faults or begin is None:
        yield Refused(faults=row.faults, type_key=mapping.type.key, object_id=object_id)
        return
    draft = Draft(
        period=Period(begin.lo, end),
        kind=Kind.REGISTRATION,
        content=None,
        group="",
        begin_source=None if begin.complete else begin,
        source_registered_at=moment,
        source={"bestand": file},
    )
    for reading in _per_group(mapping, object_id, draft, content):
        wrong = _model_faults(mapping, reading, file, source.line)
        if wrong:
            yield Refused(faults=wrong, type_key=mapping.type.key, object_id=object_id)
            continue
        known = f" and registration {moment.isoformat()}" if moment else ""
        yield Sourced(
            reading=reading, file=file, line=source.line, tie=begin.lo.toordinal(),
            only=f"begin {begin}{known}",
        )  # fmt: skip


def _per_group(
    mapping: FileMapping, object_id: str, draft: Draft, content: Mapping[str, JsonValue]
) -> Iterator[Reading]:
    kind = mapping.type
    for group in kind.groups:
        own = {
            name: value for name, value in content.items() if kind.properties[name].group == group
        }
        if own or len(kind.groups) == 1:
            made = replace(draft, content=own, group=group)
            yield Reading(
                type=kind, object_id=object_id, draft=made, digest=draft_digest(object_id, made)
            )


def _model_faults(mapping: FileMapping, reading: Reading, file: str, line: int) -> list[RowFault]:
    """Where an object does not fit its model, told by the columns of the file."""
    kind, content = mapping.type, reading.draft.content or {}
    of_id = len([*faults(reading.object_id, kind.properties[kind.identification].schema)])
    found: list[RowFault] = []
    for place, each in enumerate(model_faults(reading, file, line)):
        name = each.column.partition("/")[0]
        if place < of_id:
            found.append(replace(each, column=mapping.identification, filled="identificatie"))
        elif name:
            found.append(_by_column(mapping, name, each))
        else:
            wanted = as_list(kind.group_schemas[reading.draft.group].get("required", []))
            absent = [str(one) for one in wanted if one not in content]
            told = [_by_column(mapping, name, _absent(mapping, name, each)) for name in absent]
            found += told or [each]
    return found


def _by_column(mapping: FileMapping, name: str, fault: RowFault) -> RowFault:
    rule = mapping.rules.get(name)
    return replace(fault, column=rule.column if rule else "", filled=f"velden.{name}")


def _absent(mapping: FileMapping, name: str, fault: RowFault) -> RowFault:
    why = "is empty" if name in mapping.rules else "comes from no column"
    return replace(fault, message=f"{why}, and {mapping.type.collection} need {name}")


def _begin(row: _Row) -> IncompleteDate | None:
    mapping = row.mapping
    if isinstance(mapping.begin, date):
        return IncompleteDate(mapping.begin.year, mapping.begin.month, mapping.begin.day)
    text = row.text(mapping.begin)
    try:
        if not text:
            return IncompleteDate(0, 0, 0) if mapping.type.incomplete_dates else _no_begin()
        begin = IncompleteDate.parse(_iso(mapping, text))
        if not (begin.complete or mapping.type.incomplete_dates):
            raise InvalidValue(f"is not a whole day, and {mapping.type.collection} need one")
    except ValueError as error:
        row.fault(mapping.begin, "geldigVan", error)
        return None
    return begin


def _no_begin() -> NoReturn:
    raise _Wrong("verplicht", "holds no day")


def _end(row: _Row) -> date:
    column = row.mapping.end
    text = row.text(column) if column else ""
    if not text:
        return OPEN
    try:
        return parse_day(_iso(row.mapping, text))
    except ValueError as error:
        row.fault(column, "geldigTot", error)
        return OPEN


def _moment(row: _Row) -> datetime | None:
    mapping = row.mapping
    if not mapping.registered:
        return None
    text = row.text(mapping.registered)
    try:
        return parse_moment(text if ":" in text else f"{_iso(mapping, text)}T00:00")
    except ValueError as error:
        row.fault(mapping.registered, "tijdstipRegistratie", error)
        return None


def _content(row: _Row) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = {}
    for name, rule in row.mapping.rules.items():
        value = row.row.cells.get(rule.column)
        if value is None or value == "":
            continue
        try:
            content[name] = _converted(row.mapping, name, rule, value)
        except ValueError as error:
            prop = row.mapping.type.properties[name]
            is_shown = prop.personal_data is PersonalData.NONE
            row.fault(rule.column, f"velden.{name}", error, shown=is_shown)
    return content


def _converted(mapping: FileMapping, name: str, rule: Rule, value: JsonValue) -> JsonValue:
    schema = mapping.type.properties[name].schema
    kinds = schema.get("type")
    wanted = set(kinds) if isinstance(kinds, list) else {kinds}
    if not isinstance(value, str):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_number and wanted <= {"string", "null"} else value
    if rule.separator:
        return [_code(rule, part.strip()) for part in value.split(rule.separator) if part.strip()]
    if rule.codes:
        return _code(rule, value)
    if "integer" in wanted or "number" in wanted:
        return _number(value, whole="number" not in wanted)
    if "boolean" in wanted:
        return _boolean(value)
    if wanted & {"object", "array"} and "string" not in wanted:
        return _structure(value)
    return _iso(mapping, value) if schema.get("format") == "date" else value


def _code(rule: Rule, text: str) -> JsonValue:
    if not rule.codes:
        return text
    if text not in rule.codes:
        known = ", ".join(sorted(rule.codes)[:_SHOWN])
        raise _Wrong("code", f"is none of the codes of the mapping: {known}")
    return rule.codes[text]


def _number(text: str, *, whole: bool) -> int | float:
    try:
        if whole:
            return int(text)
        number = float(text.replace(",", "."))
    except ValueError:
        raise _Wrong("getal", "is no number" if not whole else "is no whole number") from None
    if not math.isfinite(number):
        raise _Wrong("getal", "is no number")
    return number


def _boolean(text: str) -> bool:
    found = {**_TRUE, **_FALSE}.get(text.strip().lower())
    if found is None:
        raise _Wrong("ja-nee", "is neither ja nor nee")
    return found


def _structure(text: str) -> JsonValue:
    """A geometry or list in a cell: as JSON, or a geometry as WKT."""
    try:
        if text.lstrip()[:1] in "{[":
            return loads(text, max_bytes=len(text))
        return geometry_of_wkt(text)
    except (InvalidJson, InvalidValue) as error:
        raise _Wrong("structuur", str(error)) from None


def _iso(mapping: FileMapping, text: str) -> str:
    match = FORMS[mapping.form].fullmatch(text.strip())
    if match is None:
        raise InvalidValue(f"is no day in the form {mapping.form}")
    return f"{match['y']}-{int(match['m']):02}-{int(match['d']):02}"
