# SPDX-License-Identifier: EUPL-1.2
"""Which source decides a field, as expressions: the other half of `merge`.

Of each source of a field is known what it gives (a column), when that can not be converted, and why
it may be absent. From these follow the value, and the gap with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from landschap.integration.bulk.converting import Inexpressible
from landschap.integration.bulk.dialects import Dialect, either
from landschap.integration.bulk.values import COMPOSED, NUMERIC, Cell, Kind
from landschap.integration.model import Field, Wins
from landschap.integration.rows import Reason

_GAP = re.compile(
    r"(?P<path>[^:]+): (?P<reason>\w+) \((?P<source>[^)]+)\)(?P<replaced>, vervangen)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What one source gives to a field. ``reason`` is SQL that is null where it is not absent."""

    source: str
    cell: Cell
    bad: str
    reason: str
    begin: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A field: its column and the text of its gap, which is null where there is none."""

    cell: Cell
    gap: str


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap of a row, as it is written in ``_ontbreekt``."""

    path: str
    reason: str
    source: str
    replaced: bool


def gap_of(line: str) -> GapLine:
    """The gap that a line tells."""
    found = _GAP.fullmatch(line)
    if found is None:
        raise ValueError("no gap")
    return GapLine(found["path"], found["reason"], found["source"], found["replaced"] is not None)


def gap_line(
    dialect: Dialect, path: str, source: str, reason: str, *, replaced: bool = False
) -> str:
    """The text of a gap; null where ``reason`` (SQL) is."""
    ending = f" ({source})" + (", vervangen" if replaced else "")
    told = f"concat({dialect.text(f'{path}: ')}, {reason}, {dialect.text(ending)})"
    return f"CASE WHEN {reason} IS NOT NULL THEN {told} END"


def settled(field: Field, given: Sequence[Candidate], dialect: Dialect) -> Settled:
    """The field as its rule decides. Raises Inexpressible."""
    return _Settling(field, [_plain(each, dialect) for each in given], dialect).run()


def outgoing(cell: Cell, dialect: Dialect) -> Cell:
    """A column as it leaves the engine: of one kind, or mark and text together."""
    if cell.kind is not Kind.MIXED:
        return cell
    if cell.marks <= NUMERIC:
        return Cell(Kind.NUMBER, f"TRY_CAST({cell.sql} AS DOUBLE)")
    if cell.marks == {COMPOSED}:
        return Cell(Kind.JSON, cell.sql)
    return Cell(Kind.MIXED, _marked(cell, dialect))


def _plain(given: Candidate, dialect: Dialect) -> Candidate:
    """A text that is empty is nothing, as it is to `merge`."""
    cell = given.cell
    if cell.kind is Kind.TEXT:
        cell = Cell(cell.kind, f"NULLIF({cell.sql}, '')")
    elif cell.kind is Kind.MIXED:
        empty = f"{cell.mark} = 's' AND {cell.sql} = ''"
        sql = f"CASE WHEN {empty} THEN NULL ELSE {cell.sql} END"
        cell = Cell(cell.kind, sql, cell.mark, cell.marks)
    return Candidate(
        source=given.source,
        cell=outgoing(cell, dialect),
        bad=given.bad,
        reason=given.reason,
        begin=given.begin,
    )


class _Settling:
    def __init__(self, field: Field, given: Sequence[Candidate], dialect: Dialect) -> None:
        self.field = field
        self.given = given
        self.dialect = dialect
        self.cells = _unified([each.cell for each in given], dialect)
        self.kind = self.cells[0].kind

    def run(self) -> Settled:
        if len(self.given) == 1 and self.field.wins is not Wins.JOINED:
            only = self.given[0]
            reason = self._first([self._absent(only), self._bad(only)])
            return Settled(self.cells[0], self._gap([(only, reason)]))
        if self.field.wins is Wins.FIRST_FILLED:
            return self._first_filled()
        return self._all_looked_at()

    # The pieces.
    def _absent(self, one: Candidate) -> str:
        return one.reason

    def _bad(self, one: Candidate) -> str:
        if not one.bad:
            return ""
        here = f"({one.reason}) IS NULL AND " if one.reason else ""
        return f"CASE WHEN {here}({one.bad}) THEN '{Reason.UNTRANSLATABLE}' END"

    def _first(self, reasons: Sequence[str]) -> str:
        told = [each for each in reasons if each]
        if len(told) <= 1:
            return told[0] if told else ""
        return f"coalesce({', '.join(told)})"

    def _filled(self, place: int) -> str:
        return f"({self.cells[place].sql}) IS NOT NULL"

    def _gap(self, told: Sequence[tuple[Candidate, str]], *, replaced: bool = False) -> str:
        """The first gap of these; empty when none can be."""
        lines = [
            gap_line(self.dialect, self.field.path, each.source, reason, replaced=replaced)
            for each, reason in told
            if reason
        ]
        return self._first(lines)

    def _is_any(self, told: Sequence[str]) -> str:
        return either([f"({each}) IS NOT NULL" for each in told if each])

    # The rules.
    def _first_filled(self) -> Settled:
        """In order, until one is filled or can not be converted."""
        if not any(one.bad or one.reason for one in self.given):
            filled = ", ".join(cell.sql for cell in self.cells)
            return Settled(Cell(self.kind, f"coalesce({filled})"), "")
        value: list[str] = []
        gap: list[str] = []
        before: list[tuple[Candidate, str]] = []
        for place, one in enumerate(self.given):
            missing = self._gap(before)
            if one.bad:
                wrong = self._gap([(one, f"'{Reason.UNTRANSLATABLE}'")])
                bad = self._bad(one)
                value.append(f"WHEN ({bad}) IS NOT NULL THEN NULL")
                gap.append(f"WHEN ({bad}) IS NOT NULL THEN {wrong}")
            cell = self.cells[place].sql
            told = self._gap(before, replaced=not self.field.strict) if missing else ""
            if missing and self.field.strict:
                is_absent = self._is_any([reason for _, reason in before])
                cell = f"CASE WHEN {is_absent} THEN NULL ELSE {cell} END"
            value.append(f"WHEN {self._filled(place)} THEN {cell}")
            gap.append(f"WHEN {self._filled(place)} THEN {told or 'NULL'}")
            if one.reason:
                before.append((one, one.reason))
        return self._chosen(value, gap, self._gap(before) or "NULL")

    def _all_looked_at(self) -> Settled:
        """Every source counts: the first that can not be converted or is absent is told."""
        given, cells = self.given, self.cells
        value: list[str] = []
        gap: list[str] = []
        for one in given:
            if one.bad:
                wrong = self._gap([(one, f"'{Reason.UNTRANSLATABLE}'")])
                value.append(f"WHEN ({self._bad(one)}) IS NOT NULL THEN NULL")
                gap.append(f"WHEN ({self._bad(one)}) IS NOT NULL THEN {wrong}")
        absent = [(one, one.reason) for one in given if one.reason]
        if absent:
            is_absent = self._is_any([reason for _, reason in absent])
            filled = either([self._filled(place) for place in range(len(cells))])
            stops = is_absent if self.field.strict else f"({is_absent}) AND NOT ({filled})"
            value.append(f"WHEN {stops} THEN NULL")
            gap.append(f"WHEN {stops} THEN {self._gap(absent)}")
        rule_value, refuses = self._by_rule()
        if refuses:
            first = self._blamed(
                str(
                    Reason.DISAGREE
                    if self.field.wins is Wins.AGREE_OR_REPORT
                    else Reason.UNTRANSLATABLE
                )
            )
            value.append(f"WHEN {refuses} THEN NULL")
            gap.append(f"WHEN {refuses} THEN {first}")
        replaced = self._gap(absent, replaced=True) or "NULL"
        return Settled(
            Cell(self.kind, _cased(value, rule_value)),
            _cased(gap, replaced) if gap or absent else "",
        )

    def _chosen(self, value: list[str], gap: list[str], otherwise: str) -> Settled:
        is_told = otherwise != "NULL" or any(not each.endswith("THEN NULL") for each in gap)
        return Settled(
            Cell(self.kind, _cased(value, "NULL")), _cased(gap, otherwise) if is_told else ""
        )

    def _blamed(self, reason: str) -> str:
        """A gap of the first source that is filled."""
        lines = [
            f"WHEN {self._filled(place)} THEN "
            + gap_line(self.dialect, self.field.path, one.source, f"'{reason}'")
            for place, one in enumerate(self.given)
        ]
        return _cased(lines, "NULL")

    def _by_rule(self) -> tuple[str, str]:
        """The value of what is filled, and when the rule gives none."""
        match self.field.wins:
            case Wins.NEWEST:
                return self._newest(), ""
            case Wins.JOINED:
                return self._joined()
        first = f"coalesce({', '.join(cell.sql for cell in self.cells)})"
        compared = [_compared(cell, self.dialect) for cell in self.cells]
        leading = f"coalesce({', '.join(compared)})"
        differs = either([f"{each} IS NOT NULL AND {each} <> {leading}" for each in compared])
        return first, differs

    def _newest(self) -> str:
        when = []
        for place, one in enumerate(self.given):
            beaten = [
                f"({self._filled(other)} AND coalesce({each.begin}, '') "
                f"{'>' if other > place else '>='} coalesce({one.begin}, ''))"
                for other, each in enumerate(self.given)
                if other != place
            ]
            when.append(
                f"WHEN {self._filled(place)} AND NOT ({either(beaten)}) "
                f"THEN {self.cells[place].sql}"
            )
        return _cased(when, "NULL")

    def _joined(self) -> tuple[str, str]:
        parts, refused = [], []
        for place, one in enumerate(self.given):
            if one.cell.kind is Kind.TEXT:
                parts.append(one.cell.sql)
            elif one.cell.kind is Kind.MIXED:
                parts.append(f"substring({one.cell.sql}, 2)")
                refused.append(f"{self._filled(place)} AND substring({one.cell.sql}, 1, 1) <> 's'")
            else:
                refused.append(f"({one.cell.sql}) IS NOT NULL")
        self.kind = Kind.TEXT
        joined = f"NULLIF(concat_ws(' ', {', '.join(parts)}), '')" if parts else "NULL"
        return joined, either(refused) if refused else ""


def _cased(when: Sequence[str], otherwise: str) -> str:
    return f"CASE {' '.join(when)} ELSE {otherwise} END" if when else otherwise


def _compared(cell: Cell, dialect: Dialect) -> str:
    """What two values are compared by: numbers by size, whatever they are written as."""
    if cell.kind is not Kind.MIXED:
        return cell.sql
    size = f"TRY_CAST(substring({cell.sql}, 2) AS DOUBLE)"
    number = f"concat('n', CAST({size} AS {dialect.text_type}))"
    return f"CASE WHEN substring({cell.sql}, 1, 1) IN ('i', 'f') THEN {number} ELSE {cell.sql} END"


def _unified(cells: Sequence[Cell], dialect: Dialect) -> list[Cell]:
    """The columns in one kind. Raises Inexpressible."""
    kinds = {cell.kind for cell in cells}
    if len(kinds) == 1:
        return list(cells)
    if kinds == {Kind.INTEGER, Kind.NUMBER}:
        return [Cell(Kind.NUMBER, f"CAST({cell.sql} AS DOUBLE)") for cell in cells]
    return [Cell(Kind.MIXED, _marked(cell, dialect)) for cell in cells]


def _marked(cell: Cell, dialect: Dialect) -> str:
    """Mark and text of a cell together, as one text. Raises Inexpressible."""
    text = dialect.text_type
    match cell.kind:
        case Kind.TEXT:
            mark, told = "'s'", cell.sql
        case Kind.INTEGER:
            mark, told = "'i'", f"CAST({cell.sql} AS {text})"
        case Kind.NUMBER:
            mark, told = "'f'", f"CAST({cell.sql} AS {text})"
        case Kind.BOOLEAN:
            mark, told = "'b'", f"CASE WHEN {cell.sql} THEN 'true' ELSE 'false' END"
        case Kind.JSON:
            mark, told = "'j'", cell.sql
        case Kind.MIXED if cell.mark:
            mark, told = cell.mark, cell.sql
        case Kind.MIXED:
            return cell.sql
        case _:
            raise Inexpressible("splits, in a field that also takes single values")
    return f"CASE WHEN ({cell.sql}) IS NOT NULL THEN concat({mark}, {told}) END"
