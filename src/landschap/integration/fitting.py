# SPDX-License-Identifier: EUPL-1.2
"""Whether a declaration fits the information models of the registers it reads from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from landschap.integration.access import RegisterAccess
from landschap.integration.coherence import Lines, dotted, where_field
from landschap.integration.mistakes import Report
from landschap.integration.model import Column, Declaration
from landschap.integration.yamltree import Block, read_tree
from landschap.registers.models import ObjectType, Registers

_Where = tuple[str, ...]


def check_registers(
    declaration: Declaration, registers: Registers, report: Report, text: str = ""
) -> None:
    """Every register, object type, key and column must exist. Raises DeclarationError.

    ``text`` is what the declaration was read from; with it each mistake has its own line.
    """
    _Fit(declaration, registers, report, text).run()
    report.close()


class _Fit:
    def __init__(
        self, declaration: Declaration, registers: Registers, report: Report, text: str
    ) -> None:
        self.d = declaration
        self.registers = registers
        self.report = report
        self.text = text
        self.lines: Lines | None = None

    def run(self) -> None:
        types: dict[str, ObjectType] = {}
        for name, source in self.d.sources.items():
            if isinstance(source.access, RegisterAccess):
                found = self._type(name, source.access)
                if found is not None:
                    types[name] = found
        for column, where in _columns(self.d):
            kind = types.get(column.source)
            if kind is not None and column.name not in column_names(kind):
                what = f"column of {kind.key}"
                self._unknown(where, what, column.name, column_names(kind))
        for name, kind in types.items():
            searchable = {kind.identification, *kind.searchable_paths()}
            for key in self.d.sources[name].keys:
                if key not in searchable:
                    where = ("bronnen", name, "sleutels")
                    self._unknown(where, "searchable path", key, searchable)

    def _type(self, name: str, access: RegisterAccess) -> ObjectType | None:
        register = self.registers.by_name.get(access.register)
        if register is None:
            where = ("bronnen", name, "register")
            self._unknown(where, "register", access.register, self.registers.by_name)
            return None
        kind = register.types.get(access.object_type)
        if kind is None:
            where = ("bronnen", name, "objecttype")
            self._unknown(where, "object type", access.object_type, register.types)
        return kind

    def _unknown(self, where: _Where, what: str, name: str, valid: Iterable[str]) -> None:
        if self.lines is None and self.text:
            # Only for who made a mistake: reading a tree is most of the work.
            report = Report(self.report.file)
            self.lines = Block(report, "", read_tree(self.text, report))
        line = self.lines.line_at(where) if self.lines else 1
        # Of a field its name says enough; the line is that of what it is made of.
        told = where[:-1] if where[0] == "velden" else where
        self.report.unknown(line, dotted(told), what, name, valid)


def column_names(kind: ObjectType) -> frozenset[str]:
    """What can be asked of an object type as a column."""
    return kind.paths() | {kind.identification}


def _columns(declaration: Declaration) -> Iterator[tuple[Column, _Where]]:
    for field in declaration.fields.values():
        for column in field.columns:
            yield column, (*where_field(field), "uit")
    for position, link in enumerate(declaration.links.values()):
        yield link.origin, ("koppelingen", str(position), "van")
    if declaration.subject is not None:
        yield declaration.subject.column, ("betrokkene", "uit")
