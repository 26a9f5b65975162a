# SPDX-License-Identifier: EUPL-1.2
"""The names of a declaration must fit together, and its links must form one tree.

Every source is reached from the root by exactly one chain of links, so there is never a choice of
join and never a cycle. A single field may only lean on sources that have at most one row; what
can have several belongs in a list, because taking the first one would be inventing an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from landschap.integration.access import RestAccess, SoapAccess
from landschap.integration.conversions import RESULT_TYPES
from landschap.integration.mistakes import Report
from landschap.integration.model import Column, Declaration, Field, Wins
from landschap.registers.deriving import ValueKind
from landschap.registers.deriving_checks import circle_of, input_faults, kind_given


class Lines(Protocol):
    """Where in the file a part stands; `yamltree.Block` is one."""

    line: int

    def line_at(self, path: tuple[str, ...]) -> int:
        """The line of a nested key, or of its nearest ancestor."""
        ...


def check_coherence(declaration: Declaration, lines: Lines, report: Report) -> None:
    """Add every mistake between the parts to the report."""
    _Check(declaration, lines, report).run()


class _Check:
    def __init__(self, declaration: Declaration, lines: Lines, report: Report) -> None:
        self.d = declaration
        self.lines = lines
        self.report = report
        self.reached: set[str] = set()

    def run(self) -> None:
        self._root_and_keys()
        self._links()
        self._lists()
        for field in self.d.fields.values():
            self._field(field)
        self._overlapping_paths()
        self._derived()
        firsts = {path.split(".", 1)[0] for path in self.d.fields}
        for name in self.d.data_groups:
            if name not in firsts:
                self._unknown(("gegevensgroepen", name), "first part of a field", name, firsts)

    def _source_exists(self, name: str, where: tuple[str, ...]) -> bool:
        if name in self.d.sources:
            return True
        if name:
            self._unknown(where, "source", name, self.d.sources)
        return False

    def _column_exists(self, column: Column, where: tuple[str, ...]) -> None:
        """Of a SOAP source the declaration itself says which columns there are."""
        access = self.d.sources[column.source].access
        if isinstance(access, SoapAccess) and column.name not in access.columns:
            self._unknown(where, f"column of {column.source}", column.name, access.columns)

    def _unknown(self, where: tuple[str, ...], what: str, name: str, valid: Iterable[str]) -> None:
        self.report.unknown(self.lines.line_at(where), dotted(where), what, name, valid)

    def _add(self, where: tuple[str, ...], message: str) -> None:
        self.report.add(self.lines.line_at(where), dotted(where), message)

    def _root_and_keys(self) -> None:
        if self._source_exists(self.d.root.source, ("wortel", "bron")):
            self._is_key(self.d.root, ("wortel", "op"))
        subject = self.d.subject
        if subject is not None:
            self._source_exists(subject.column.source, ("betrokkene", "uit"))
        for source in self.d.sources.values():
            where = ("bronnen", source.name, "sleutels")
            if isinstance(source.access, RestAccess) and len(source.keys) > 1:
                self._add(where, "a REST source is asked by the one key in its url")
            if isinstance(source.access, SoapAccess) and len(source.keys) > 1:
                self._add(where, "a SOAP source is asked by the one key in its message")
            for key in source.keys:
                self._column_exists(Column(source=source.name, name=key), where)

    def _is_key(self, column: Column, where: tuple[str, ...]) -> None:
        keys = self.d.sources[column.source].keys
        if column.name and column.name not in keys:
            self._unknown(where, f"key of {column.source}", column.name, keys)

    def _links(self) -> None:
        for position, (name, link) in enumerate(self.d.links.items()):
            where = ("koppelingen", str(position))
            origin_known = self._source_exists(link.origin.source, (*where, "van"))
            if origin_known:
                self._column_exists(link.origin, (*where, "van"))
            if self._source_exists(link.target.source, (*where, "naar")):
                self._is_key(link.target, (*where, "naar"))
            if name == self.d.root.source:
                self._add(where, "the root is where it starts; no link may lead to it")
            elif origin_known:
                self._walk(name, where)
        for name in self.d.sources:
            # Without a root no source is reached; that it is missing has been told.
            if self.d.root.source and name != self.d.root.source and name not in self.d.links:
                self._add(("bronnen", name), "no link leads to this source")
        self.reached.add(self.d.root.source)

    def _walk(self, name: str, where: tuple[str, ...]) -> None:
        seen = [name]
        while seen[-1] != self.d.root.source:
            link = self.d.links.get(seen[-1])
            if link is None:
                return  # told at the source itself
            if link.origin.source in seen:
                self._add(where, f"the links run in a circle: {' <- '.join(seen)}")
                return
            seen.append(link.origin.source)
        self.reached.update(seen)

    def _lists(self) -> None:
        for group in self.d.lists.values():
            where = ("velden", group.path)
            if not self._source_exists(group.source, (*where, "lijst")):
                continue
            if group.source in self.reached and not self._is_proper_list(group.source):
                message = "a list needs a source behind exactly one link with aantal: veel"
                self._add((*where, "lijst"), message)

    def _is_proper_list(self, source: str) -> bool:
        if source == self.d.root.source:
            return False
        many = self._many_on(source)
        return many == (source,)

    def _many_on(self, source: str) -> tuple[str, ...]:
        """The sources on the chain from the root that may have several rows."""
        return tuple(
            name
            for name in self.d.chain(source)
            if name != self.d.root.source and self.d.links[name].many
        )

    def _field(self, field: Field) -> None:
        where = where_field(field)
        for column in field.columns:
            if not self._source_exists(column.source, (*where, "uit")):
                continue
            self._column_exists(column, (*where, "uit"))
            if column.source in self.reached:
                self._reachable(field, column, where)
        if field.wins is not Wins.FIRST_FILLED and len(field.columns) < 2:
            self._add((*where, "wint"), f"{field.wins} needs more than one source in uit")
        sources = {column.source for column in field.columns}
        if field.wins is Wins.JOINED and len(sources) > 1:
            message = f"only parts of one source go together, not of {', '.join(sorted(sources))}"
            self._add((*where, "uit"), message)

    def _reachable(self, field: Field, column: Column, where: tuple[str, ...]) -> None:
        allowed = (self.d.lists[field.within].source,) if field.within else ()
        many = self._many_on(column.source)
        if set(many) <= set(allowed):
            return
        message = (
            f"{column} can have several rows (through {', '.join(many)}); put the field in a list"
        )
        self._add((*where, "uit"), message)

    def _derived(self) -> None:
        """What a derived field follows from stands beside it: in the record, or in its list."""
        rules = {p: each.derived for p, each in self.d.fields.items() if each.derived is not None}
        for path, rule in rules.items():
            field = self.d.fields[path]
            kinds = {
                other: kind_of(each)
                for other, each in self.d.fields.items()
                if each.within == field.within
            }
            if not field.within:
                kinds |= dict.fromkeys(self.d.lists, ValueKind.LIST)
            where = (*where_field(field), "afgeleid", "uit")
            for fault in input_faults(path, rule, kinds, ""):
                self._add(where, fault.message)
            if way := circle_of(path, rules):
                self._add(where, f"goes round: {' -> '.join(way)}")

    def _overlapping_paths(self) -> None:
        groups: Mapping[str, object] = self.d.lists
        taken = set(self.d.fields)
        for path, field in self.d.fields.items():
            for parent in _parents(path):
                if parent in taken or (parent in groups and field.within != parent):
                    self._add(where_field(field), f"{parent} is already a field or list itself")


def kind_of(field: Field) -> ValueKind | None:
    """What the value of a field is, by its rule or last conversion; None when it does not say."""
    if field.derived is not None:
        return kind_given(field.derived)
    told = [RESULT_TYPES[step.name] for step in field.conversions if RESULT_TYPES[step.name]]
    return _KINDS[told[-1]] if told else None


_KINDS: Mapping[str, ValueKind] = {
    "integer": ValueKind.NUMBER,
    "number": ValueKind.NUMBER,
    "string": ValueKind.TEXT,
    "date": ValueKind.DATE,
    "onvolledige-datum": ValueKind.DATE,
    "boolean": ValueKind.YES_NO,
    "array": ValueKind.LIST,
}


def _parents(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def where_field(field: Field) -> tuple[str, ...]:
    """Where a field stands in the file, step by step."""
    if not field.within:
        return ("velden", field.path)
    return ("velden", field.within, "velden", field.path.removeprefix(f"{field.within}."))


def dotted(where: tuple[str, ...]) -> str:
    """A place in the file as messages write it: ``koppelingen[0].van``."""
    text = where[0]
    for part in where[1:]:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text
