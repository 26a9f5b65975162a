# SPDX-License-Identifier: EUPL-1.2
"""A relational plan as one SQL statement, in the dialect of an engine.

Every source comes in by a left join that can add no rows: of a key that stands more than once
nothing is taken, and that is a gap, as for one object. A list is gathered by itself and joined to
the record, so no list multiplies another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from landschap.integration.bulk.converting import converted
from landschap.integration.bulk.dialects import Dialect
from landschap.integration.bulk.relational import ListOf, Relational, Step, Table
from landschap.integration.bulk.relations import Known, Relation, carried
from landschap.integration.bulk.settling import (
    Candidate,
    Settled,
    gap_line,
    settled,
)
from landschap.integration.bulk.values import BOOLEAN_TEXT, TEXT, Cell, Kind, kind_of, sorted_by
from landschap.integration.model import Column, Field, Link, Wins
from landschap.integration.rows import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One column of the statement: its name there, the path of the field, what it holds.

    ``inner`` are the members of a list; ``reason`` the column that says why a list is absent.
    """

    name: str
    path: str
    kind: Kind
    inner: tuple[Output, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A query; beside ``outputs`` it gives ``gap`` (lines), and ``n``, the row of the root."""

    sql: str
    outputs: tuple[Output, ...]
    has_gaps: bool


def statement(
    plan: Relational,
    tables: Mapping[str, Table],
    dialect: Dialect,
    codes: Mapping[str, str],
    *,
    numbered: bool = False,
) -> Statement:
    """The statement that gives every record; ``numbered``: with the row of the root, as ``n``.

    ``codes`` names the tables of long code lists by ``path/column/step``. Raises Inexpressible.
    """
    return _Compiling(plan, tables, dialect, codes, numbered=numbered).run()


def subjects(
    plan: Relational,
    tables: Mapping[str, Table],
    dialect: Dialect,
    chain: Sequence[Step],
    column: str,
) -> str:
    """A query for ``n`` of the root and ``subject``, at the end of a chain of joins."""
    return _Compiling(plan, tables, dialect, {}).subjects(chain, column)


class _Compiling:
    def __init__(
        self,
        plan: Relational,
        tables: Mapping[str, Table],
        dialect: Dialect,
        codes: Mapping[str, str],
        *,
        numbered: bool = False,
    ) -> None:
        self.numbered = numbered
        self.plan, self.tables, self.dialect, self.codes = plan, tables, dialect, codes
        self.parts: list[str] = []
        # Since when a row holds matters only where the newest wins.
        fields = (*plan.fields, *(each for one in plan.lists for each in one.fields))
        self.begins = ("b",) if any(each.wins is Wins.NEWEST for each in fields) else ()

    def run(self) -> Statement:
        relation = self._joined_all(self.plan.steps)
        fields = [(each, self._settled(each, relation)) for each in self.plan.fields]
        lists = [self._list(place, each, relation) for place, each in enumerate(self.plan.lists)]
        outputs = [
            Output(name=f"f{place}", path=each.path, kind=found.cell.kind)
            for place, (each, found) in enumerate(fields)
        ]
        select = ["p.n AS n"] if self.numbered else []
        select += [f"{found.cell.sql} AS f{place}" for place, (_, found) in enumerate(fields)]
        gaps = [found.gap for _, found in fields if found.gap]
        joins = []
        for place, one in enumerate(lists):
            outputs.append(one.output)
            gaps += one.gaps
            select.append(f"{one.reason or self._nothing()} AS q{place}")
            if one.relation:
                select.append(f"l{place}.items AS l{place}")
                joins.append(f"LEFT JOIN {one.relation} l{place} ON l{place}.n = p.n")
        if gaps:
            select.append(f"{self._lines(gaps)} AS gap")
        body = f"SELECT {', '.join(select)} FROM {relation.name} p {' '.join(joins)}"
        return Statement(sql=self._whole(body), outputs=tuple(outputs), has_gaps=bool(gaps))

    def subjects(self, chain: Sequence[Step], column: str) -> str:
        relation = self._root()
        for step in chain:
            relation = self._multiplied(relation, step)
        last = chain[-1].source.name if chain else self.plan.root.name
        cell = self._cell(relation, Column(source=last, name=column))
        told = (
            cell.sql
            if cell.kind is not Kind.INTEGER
            else f"CAST({cell.sql} AS {self.dialect.text_type})"
        )
        inner = f"SELECT p.n AS n, {told} AS subject FROM {relation.name} p"
        return self._whole(f"SELECT DISTINCT n, subject FROM ({inner}) x WHERE subject <> ''")

    def _whole(self, body: str) -> str:
        return f"WITH {', '.join(self.parts)} {body}" if self.parts else body

    def _part(self, name: str, sql: str) -> str:
        self.parts.append(f"{name} AS ({sql})")
        return name

    def _nothing(self) -> str:
        return f"CAST(NULL AS {self.dialect.text_type})"

    def _lines(self, gaps: Sequence[str]) -> str:
        """The gaps of a row, a line each; null when there are none."""
        return f"NULLIF(concat_ws(chr(10), {', '.join(gaps)}), '')"

    # Relations.
    def _joined_all(self, steps: Sequence[Step]) -> Relation:
        """The root and the sources of these steps, of which there is at most one row per record."""
        plain = list(takewhile(self._is_plain, steps))
        relation = self._root(plain)
        for step in steps[len(plain) :]:
            relation = self._joined(relation, step)
        return relation

    def _is_plain(self, step: Step) -> bool:
        """True for a source that one key leads to, with one row, and that is never missed."""
        table, origin = self.tables[step.source.name], step.link.origin
        is_read = table.failure is None and self.tables[origin.source].failure is None
        if not is_read or not table.unique or step.link.required:
            return False
        return self.tables[origin.source].columns[origin.name].single

    def _root(self, plain: Sequence[Step] = ()) -> Relation:
        """The root with the sources that come first and plainly: a flat join is planned sooner."""
        table = self.tables[self.plan.root.name]
        known = {table.source: Known(table, "r_")}
        select = ["r.n AS n", *carried(table, "r", "r_", *self.begins)]
        joined = f"{table.name} r"
        for number, step in enumerate(plain):
            other, alias = self.tables[step.source.name], f"a{number}"
            parent = known[step.link.origin.source]
            leading = self._leading(parent, step.link, f"{parent.prefix[:-1]}.")
            joined += f" LEFT JOIN {other.name} {alias} ON {alias}.key = {leading}"
            known[other.source] = Known(other, f"{alias}_")
            select += carried(other, alias, f"{alias}_", *self.begins)
        told = f"SELECT {', '.join(select)} FROM {joined} WHERE r.key <> ''"
        return Relation(self._part("j", told), known)

    def _joined(self, before: Relation, step: Step) -> Relation:
        """One more source, of which there is at most one row per record."""
        table = self.tables[step.source.name]
        prefix = f"s{len(self.parts)}_"
        parent = before.known[step.link.origin.source]
        if table.failure is not None:
            reason = self._failed(parent, step.link, table.failure)
            name = self._part(
                f"j{len(self.parts)}", f"SELECT p.*, {reason} AS {prefix}r FROM {before.name} p"
            )
            failed = Known(table, prefix, f"{prefix}r")
            return Relation(name, {**before.known, table.source: failed})
        origin = parent.table.columns[step.link.origin.name]
        count = ""
        if origin.single and table.unique:
            joins = f"LEFT JOIN {table.name} s ON s.key = {self._leading(parent, step.link)}"
        else:
            counted = self._counted(parent, step.link, table)
            leading = self._leading(parent, step.link)
            match = f"d.key = {leading}" if origin.single else f"d.n0 = p.{parent.prefix}n"
            joins = (
                f"LEFT JOIN {counted} d ON {match} "
                f"LEFT JOIN {table.name} s ON s.n = d.n AND d.c = 1"
            )
            count = "d.c"
        reason = self._why(parent, step.link, count)
        select = ["p.*", *carried(table, "s", prefix, *self.begins)]
        if reason:
            select.append(f"{reason} AS {prefix}r")
        name = self._part(
            f"j{len(self.parts)}", f"SELECT {', '.join(select)} FROM {before.name} p {joins}"
        )
        known = Known(table, prefix, f"{prefix}r" if reason else "")
        return Relation(name, {**before.known, table.source: known})

    def _counted(self, parent: Known, link: Link, table: Table) -> str:
        """Per key (or per row, when one leads to several keys) how many rows, and one of them."""
        origin = parent.table.columns[link.origin.name]
        if origin.single:
            sql = f"SELECT key, count(*) AS c, min(n) AS n FROM {table.name} GROUP BY key"
        else:
            keys = self.dialect.unfold(f"o{origin.place}")
            unfolded = f"SELECT n AS n0, {keys} AS k FROM {parent.table.name}"
            sql = (
                f"SELECT u.n0 AS n0, count(*) AS c, min(s.n) AS n FROM ({unfolded}) u "
                f"JOIN {table.name} s ON s.key = u.k GROUP BY u.n0"
            )
        return self._part(f"m{len(self.parts)}", sql)

    def _leading(self, parent: Known, link: Link, at: str = "") -> str:
        """The one key that a row leads to; ``at`` is what stands before its column."""
        origin, at = parent.table.columns[link.origin.name], at or f"p.{parent.prefix}"
        if origin.native and origin.marks == {TEXT}:
            return f"{at}c{origin.place}"
        if origin.native:
            return f"CAST({at}c{origin.place} AS {self.dialect.text_type})"
        return self.dialect.first(f"{at}o{origin.place}")

    def _why(self, parent: Known, link: Link, count: str, found: str = "s.n") -> str:
        """Why a source is absent, where its rows were read; empty when it never is."""
        when = []
        if parent.reason:
            when.append(f"WHEN p.{parent.reason} IS NOT NULL THEN '{Reason.DEPENDS}'")
        if count:
            when.append(f"WHEN {count} > 1 THEN '{Reason.MORE_THAN_ONE}'")
        if link.required:
            there = f"p.{parent.prefix}n IS NOT NULL AND {found} IS NULL"
            when.append(f"WHEN {there} THEN '{Reason.NO_PARTNER}'")
        return f"CASE {' '.join(when)} END" if when else ""

    def _failed(self, parent: Known, link: Link, failure: Reason) -> str:
        """Why a source is absent that was not read: only where it would have been asked."""
        when = []
        if parent.reason:
            when.append(f"WHEN p.{parent.reason} IS NOT NULL THEN '{Reason.DEPENDS}'")
        if parent.table.failure is None:
            key = self._leading(parent, link)
            when.append(f"WHEN {key} <> '' THEN '{failure}'")
            if link.required:
                when.append(f"WHEN p.{parent.prefix}n IS NOT NULL THEN '{Reason.NO_PARTNER}'")
        return f"CASE {' '.join(when)} END" if when else self._nothing()

    def _multiplied(self, before: Relation, step: Step) -> Relation:
        """One more source, with a row for each of its rows."""
        table = self.tables[step.source.name]
        parent = before.known[step.link.origin.source]
        origin = parent.table.columns[step.link.origin.name]
        prefix = f"s{len(self.parts)}_"
        if origin.single:
            joins = f"JOIN {table.name} s ON s.key = {self._leading(parent, step.link)}"
        else:
            keys = self.dialect.unfold(f"o{origin.place}")
            unfolded = f"SELECT n AS n0, {keys} AS k FROM {parent.table.name}"
            joins = (
                f"JOIN ({unfolded}) u ON u.n0 = p.{parent.prefix}n "
                f"JOIN {table.name} s ON s.key = u.k"
            )
        select = ", ".join(["p.*", *carried(table, "s", prefix, "id", *self.begins)])
        name = self._part(f"j{len(self.parts)}", f"SELECT {select} FROM {before.name} p {joins}")
        return Relation(name, {**before.known, table.source: Known(table, prefix)})

    # Fields.
    def _settled(self, one: Field, relation: Relation) -> Settled:
        given = [
            self._candidate(one, number, column, relation)
            for number, column in enumerate(one.columns)
        ]
        return settled(one, given, self.dialect)

    def _candidate(self, one: Field, number: int, column: Column, relation: Relation) -> Candidate:
        known = relation.known[column.source]
        reason = f"p.{known.reason}" if known.reason else ""
        if known.table.failure is not None:
            nothing = Cell(Kind.TEXT, self._nothing())
            return Candidate(source=column.source, cell=nothing, bad="", reason=reason, begin="''")
        tables = {
            place: self.codes[name]
            for place in range(len(one.conversions))
            if (name := f"{one.path}/{number}/{place}") in self.codes
        }
        found = converted(self._cell(relation, column), one.conversions, self.dialect, tables)
        begin = f"p.{known.prefix}b"
        return Candidate(
            source=column.source, cell=found.cell, bad=found.bad, reason=reason, begin=begin
        )

    def _cell(self, relation: Relation, column: Column) -> Cell:
        known = relation.known[column.source]
        held = known.table.columns[column.name]
        sql, kind = f"p.{known.prefix}c{held.place}", kind_of(held.marks)
        if kind is Kind.MIXED:
            return Cell(kind, sql, f"p.{known.prefix}k{held.place}", held.marks)
        if held.native or kind is Kind.TEXT:
            return Cell(kind, sql)
        if kind is Kind.INTEGER:
            return Cell(kind, f"CAST({sql} AS BIGINT)")
        return Cell(kind, f"({sql} = '{BOOLEAN_TEXT}')")

    # Lists.
    def _list(self, place: int, one: ListOf, relation: Relation) -> _MadeList:
        parent = relation.known[one.step.link.origin.source]
        table = self.tables[one.step.source.name]
        reason = self._list_reason(one, parent, table, f"l{place}.n")
        paths = [each.path for each in one.fields] or [one.path]
        gaps = [
            gap_line(self.dialect, path, one.step.source.name, f"({reason})") for path in paths
        ] if reason else []  # fmt: skip
        if table.failure is not None:
            return _MadeList(self._output(place, one, []), "", reason, gaps)
        inner = self._multiplied(relation, one.step)
        for step in one.below:
            inner = self._joined(inner, step)
        fields = [(each, self._settled(each, inner)) for each in one.fields]
        if own := [found.gap for _, found in fields if found.gap]:
            gaps.append(f"l{place}.gaps")
        gathered = self._gathered(place, one, inner, [found.cell for _, found in fields], own)
        output = self._output(place, one, [found.cell.kind for _, found in fields])
        return _MadeList(output, gathered, reason, gaps)

    def _list_reason(self, one: ListOf, parent: Known, table: Table, found: str) -> str:
        if table.failure is not None:
            return self._failed(parent, one.step.link, table.failure)
        return self._why(parent, one.step.link, "", found)

    def _output(self, place: int, one: ListOf, kinds: Sequence[Kind]) -> Output:
        inner = tuple(
            Output(name=f"f{number}", path=each.path.removeprefix(f"{one.path}."), kind=kind)
            for number, (each, kind) in enumerate(zip(one.fields, kinds, strict=False))
        )
        name = f"l{place}"
        return Output(name=name, path=one.path, kind=Kind.JSON, inner=inner, reason=f"q{place}")

    def _gathered(
        self, place: int, one: ListOf, inner: Relation, cells: Sequence[Cell], gaps: Sequence[str]
    ) -> str:
        own = inner.known[one.step.source.name]
        order = list(self._order(one, inner, own))
        select = ["p.n AS n"]
        select += [f"{sql} AS o{number}" for number, sql in enumerate(order)]
        select += [f"{cell.sql} AS f{number}" for number, cell in enumerate(cells)]
        gap = self._lines(gaps) if gaps else ""
        select += [f"{gap} AS gap"] if gap else []
        items = self._part(f"i{place}", f"SELECT {', '.join(select)} FROM {inner.name} p")
        members = [(f"f{number}", f"f{number}") for number in range(len(cells))] or [("f", "1")]
        members += [("gap", "gap")] if gap else []
        told = self.dialect.in_order([f"o{number}" for number in range(len(order))], members)
        gathered = [f"n, {told} AS items"] + (
            [f"{self.dialect.together('gap')} AS gaps"] if gap else []
        )
        return self._part(f"g{place}", f"SELECT {', '.join(gathered)} FROM {items} GROUP BY n")

    def _order(self, one: ListOf, inner: Relation, own: Known) -> Iterator[str]:
        """Numbers by size before texts by letter; of equals the lower id."""
        # A list that is only counted is not ordered, so nobody asked for that column.
        if one.order in own.table.columns:
            cell = self._cell(inner, Column(source=one.step.source.name, name=one.order))
            numeric, size, text = sorted_by(cell)
            if numeric:
                yield f"CASE WHEN {numeric} THEN 0 ELSE 1 END"
                yield f"CASE WHEN {numeric} THEN {size} ELSE 0 END"
            if text:
                yield f"coalesce({text}, '')"
        yield f"p.{own.prefix}id"
        yield f"p.{own.prefix}n"


@dataclass(frozen=True, slots=True)
class _MadeList:
    """A list: its column, the relation that gathers it, why it is absent, its gaps."""

    output: Output
    relation: str
    reason: str
    gaps: list[str]
