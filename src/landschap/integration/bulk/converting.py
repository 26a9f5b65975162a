# SPDX-License-Identifier: EUPL-1.2
"""The closed list of conversions as expressions: the other half of `conversions.convert`.

Each step gives a column and when it can not be converted. What is nothing stays nothing, and what
can not be converted is nothing to the next step, so the first fault of a row is its only one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from landschap.integration.bulk.dialects import Dialect, either, trimmed
from landschap.integration.bulk.values import Cell, Kind
from landschap.integration.conversions import NO, YES, Conversion

# More codes than these are looked up in a table instead of one by one.
CODES_IN_LINE = 200
_WHOLE = "[+-]?[0-9]{1,15}"
_NUMBER = "[+-]?[0-9]{1,15}(?:[.][0-9]{1,15})?"
_LARGEST = 10**15


class Inexpressible(ValueError):
    """A chain of conversions that has no form in sets. The message names the step."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A column after its conversions, and the condition under which it can not be given."""

    cell: Cell
    bad: str = ""


def converted(
    cell: Cell, steps: Sequence[Conversion], dialect: Dialect, tables: Mapping[int, str]
) -> Converted:
    """The column after all steps. ``tables`` holds long code lists by their place in ``steps``.

    Raises Inexpressible.
    """
    bad: list[str] = []
    for place, step in enumerate(steps):
        found = _Step(dialect, cell, tables.get(place, "")).run(step)
        cell = found.cell
        if found.bad:
            bad.append(found.bad)
    return Converted(cell, either(bad) if bad else "")


@dataclass(frozen=True, slots=True)
class _Text:
    """A column read as text. ``bad`` is when it has no text: what is composed."""

    sql: str
    bad: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    dialect: Dialect
    cell: Cell
    table: str

    def run(self, step: Conversion) -> Converted:
        own: Mapping[str, Callable[[Conversion], Converted]] = {
            "deel": self._part,
            "code": self._code,
            "codelijst": self._code,
            "niets_bij": self._nothing_for,
            "splits": self._split,
        }
        if step.name in own:
            return own[step.name](step)
        simple: Mapping[str, Callable[[], Converted]] = {
            "geheel_getal": self._integer,
            "getal": self._number,
            "tekst": self._as_text,
            "leeg_is_niets": self._empty_is_nothing,
            "datum": self._day,
            "onvolledige_datum": self._incomplete_day,
            "jaar": self._year,
            "ja_nee": self._yes_no,
        }
        return simple[step.name]()

    # What a column is to the steps.
    def _text(self) -> _Text:
        cell = self.cell
        match cell.kind:
            case Kind.TEXT:
                return _Text(cell.sql)
            case Kind.INTEGER:
                return _Text(f"CAST({cell.sql} AS {self.dialect.text_type})")
            case Kind.BOOLEAN:
                return _Text(f"CASE {cell.sql} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END")
            case Kind.MIXED:
                scalar = f"CASE WHEN {cell.mark} <> 'j' THEN {cell.sql} END"
                return _Text(scalar, f"{cell.sql} IS NOT NULL AND {cell.mark} = 'j'")
            case Kind.NUMBER:
                # How a fraction is written differs between engines.
                raise Inexpressible("getal, followed by a step that reads text")
        return _Text(f"CAST(NULL AS {self.dialect.text_type})", f"{cell.sql} IS NOT NULL")

    def _fitting(self, text: _Text, fits: str, value: str, kind: Kind) -> Converted:
        """The value where the text fits; nothing where it is empty; else it can not be given."""
        sql = f"CASE WHEN {fits} THEN {value} END"
        wrong = f"{text.sql} IS NOT NULL AND {self._trimmed(text)} <> '' AND NOT ({fits})"
        return Converted(Cell(kind, sql), either([each for each in (text.bad, wrong) if each]))

    def _trimmed(self, text: _Text) -> str:
        return trimmed(self.dialect, text.sql)

    def _fits(self, text: str, pattern: str) -> str:
        return self.dialect.matches(text, pattern)

    # The steps.
    def _integer(self) -> Converted:
        cell = self.cell
        if cell.kind is Kind.INTEGER:
            return Converted(cell, f"{cell.sql} IS NOT NULL AND abs({cell.sql}) >= {_LARGEST}")
        if cell.kind is Kind.NUMBER:
            whole = f"({cell.sql} = floor({cell.sql}) AND abs({cell.sql}) < {_LARGEST})"
            value = f"CASE WHEN {whole} THEN TRY_CAST({cell.sql} AS BIGINT) END"
            return Converted(Cell(Kind.INTEGER, value), f"{cell.sql} IS NOT NULL AND NOT ({whole})")
        text = self._text()
        bare = self._trimmed(text)
        fits, value = self._fits(bare, _WHOLE), f"TRY_CAST({bare} AS BIGINT)"
        if cell.kind is Kind.MIXED:
            number = f"TRY_CAST({cell.sql} AS DOUBLE)"
            whole = f"({cell.mark} = 'f' AND {number} = floor({number}))"
            fits = f"CASE WHEN {cell.mark} = 'f' THEN {whole} ELSE {fits} END"
            value = f"CASE WHEN {whole} THEN TRY_CAST({number} AS BIGINT) ELSE {value} END"
        return self._fitting(text, fits, value, Kind.INTEGER)

    def _number(self) -> Converted:
        cell = self.cell
        if cell.kind in (Kind.INTEGER, Kind.NUMBER):
            return Converted(cell)
        text = self._text()
        bare = self._trimmed(text)
        fits = self._fits(bare, _NUMBER)
        if cell.kind is Kind.MIXED:
            fits = f"({cell.mark} IN ('i', 'f') OR {fits})"
        return self._fitting(text, fits, f"TRY_CAST({bare} AS DOUBLE)", Kind.NUMBER)

    def _as_text(self) -> Converted:
        text = self._text()
        return Converted(Cell(Kind.TEXT, text.sql), text.bad)

    def _empty_is_nothing(self) -> Converted:
        cell = self.cell
        if cell.kind not in (Kind.TEXT, Kind.MIXED):
            return Converted(cell)
        bare = trimmed(self.dialect, cell.sql)
        is_text = f"{cell.mark} = 's' AND " if cell.mark else ""
        sql = f"CASE WHEN {is_text}{bare} = '' THEN NULL ELSE {cell.sql} END"
        return Converted(replace(cell, sql=sql))

    def _day(self) -> Converted:
        text = self._text()
        bare = self._trimmed(text)
        year, month, day = (f"substring({bare}, {at})" for at in ("1, 4", "5, 2", "7, 2"))
        cut = f"concat({year}, '-', {month}, '-', {day})"
        written = f"CASE WHEN {self._fits(bare, '[0-9]{8}')} THEN {cut} ELSE {bare} END"
        fits = (
            f"({self._fits(f'({written})', '[0-9]{4}-[0-9]{2}-[0-9]{2}')}"
            f" AND substring({bare}, 1, 4) <> '0000' AND TRY_CAST(({written}) AS DATE) IS NOT NULL)"
        )
        return self._fitting(text, fits, written, Kind.TEXT)

    def _incomplete_day(self) -> Converted:
        text = self._text()
        bare = self._trimmed(text)
        digits = f"replace({bare}, '-', '')"
        year, month, day = (
            f"substring({digits}, {begin}, {size})" for begin, size in ((1, 4), (5, 2), (7, 2))
        )
        known = [
            f"{part} <> '{zero}'" for part, zero in ((year, "0000"), (month, "00"), (day, "00"))
        ]
        in_order = f"NOT ({known[2]} AND NOT {known[1]}) AND NOT ({known[1]} AND NOT {known[0]})"
        filled = [
            f"CASE WHEN {told} THEN {part} ELSE '{other}' END"
            for told, part, other in zip(
                known, (year, month, day), ("2000", "01", "01"), strict=True
            )
        ]
        exists = (
            f"TRY_CAST(concat({filled[0]}, '-', {filled[1]}, '-', {filled[2]}) AS DATE) IS NOT NULL"
        )
        form = self._fits(bare, "[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
        value = f"concat({year}, '-', {month}, '-', {day})"
        return self._fitting(text, f"({form} AND {in_order} AND {exists})", value, Kind.TEXT)

    def _year(self) -> Converted:
        text = self._text()
        bare = self._trimmed(text)
        form = self._fits(bare, "[0-9]{4}(?:-?[0-9]{2}-?[0-9]{2})?")
        year = f"substring({bare}, 1, 4)"
        fits = f"({form} AND {year} <> '0000')"
        return self._fitting(text, fits, f"TRY_CAST({year} AS BIGINT)", Kind.INTEGER)

    def _yes_no(self) -> Converted:
        text = self._text()
        word = f"lower({self._trimmed(text)})"
        yes, no = self._among(word, YES), self._among(word, NO)
        return self._fitting(text, f"({yes} OR {no})", f"({yes})", Kind.BOOLEAN)

    def _part(self, step: Conversion) -> Converted:
        text = self._text()
        first, last = step.bounds
        sql = f"NULLIF(substring({text.sql}, {first}, {last - first + 1}), '')"
        return Converted(Cell(Kind.TEXT, sql), text.bad)

    def _code(self, step: Conversion) -> Converted:
        text = self._text()
        found = self._looked_up(text, step.codes or {})
        missing = f"{text.sql} IS NOT NULL AND {found} IS NULL"
        if step.otherwise is None:
            bad = either([each for each in (text.bad, missing) if each])
            return Converted(Cell(Kind.TEXT, found), bad)
        otherwise = self.dialect.text(step.otherwise)
        sql = f"CASE WHEN {missing} THEN {otherwise} ELSE {found} END"
        return Converted(Cell(Kind.TEXT, sql), text.bad)

    def _looked_up(self, text: _Text, codes: Mapping[str, str]) -> str:
        if self.table:
            return f"(SELECT max(l.waarde) FROM {self.table} l WHERE l.code = {text.sql})"
        write = self.dialect.text
        when = " ".join(f"WHEN {write(code)} THEN {write(told)}" for code, told in codes.items())
        return f"CASE {text.sql} {when} END" if when else f"CAST(NULL AS {self.dialect.text_type})"

    def _nothing_for(self, step: Conversion) -> Converted:
        text = self._text()
        told = self._among(text.sql, step.texts)
        return Converted(
            replace(self.cell, sql=f"CASE WHEN {told} THEN NULL ELSE {self.cell.sql} END"), text.bad
        )

    def _split(self, step: Conversion) -> Converted:
        text = self._text()
        return Converted(Cell(Kind.TEXTS, self.dialect.split(text.sql, step.texts[0])), text.bad)

    def _among(self, sql: str, texts: Sequence[str]) -> str:
        return f"{sql} IN ({', '.join(self.dialect.text(each) for each in texts)})"
