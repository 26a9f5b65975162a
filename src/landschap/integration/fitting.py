# SPDX-License-Identifier: EUPL-1.2
"""Whether a declaration fits the information models of the registers it reads from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from landschap.integration.access import RegisterAccess
from landschap.integration.mistakes import Report
from landschap.integration.model import Column, Declaration
from landschap.registers.models import ObjectType, Registers


def check_registers(
    declaration: Declaration,
    registers: Registers,
    report: Report,
    lines: Mapping[str, int] | None = None,
) -> None:
    """Every register, object type, key and column must exist. Raises DeclarationError.

    ``lines`` gives the line of each source in the file, when known.
    """
    at = lines or {}
    types: dict[str, ObjectType] = {}
    for name, source in declaration.sources.items():
        if isinstance(source.access, RegisterAccess):
            found = _type(source.access, registers, report, (name, at.get(name, 1)))
            if found is not None:
                types[name] = found
    for column, where in _columns(declaration):
        kind = types.get(column.source)
        if kind is not None and column.name not in _names(kind):
            line = at.get(column.source, 1)
            report.unknown(line, where, f"column of {kind.key}", column.name, _names(kind))
    for name, kind in types.items():
        searchable = {kind.identification, *kind.searchable_paths()}
        for key in declaration.sources[name].keys:
            if key not in searchable:
                where = f"bronnen.{name}.sleutels"
                report.unknown(at.get(name, 1), where, "searchable path", key, searchable)
    report.close()


def _type(
    access: RegisterAccess, registers: Registers, report: Report, place: tuple[str, int]
) -> ObjectType | None:
    name, line = place
    register = registers.by_name.get(access.register)
    if register is None:
        where = f"bronnen.{name}.register"
        report.unknown(line, where, "register", access.register, registers.by_name)
        return None
    kind = register.types.get(access.object_type)
    if kind is None:
        where = f"bronnen.{name}.objecttype"
        report.unknown(line, where, "object type", access.object_type, register.types)
    return kind


def _names(kind: ObjectType) -> frozenset[str]:
    return kind.paths() | {kind.identification}


def _columns(declaration: Declaration) -> Iterator[tuple[Column, str]]:
    for path, field in declaration.fields.items():
        for column in field.columns:
            yield column, f"velden.{path}"
    for link in declaration.links.values():
        yield link.origin, f"koppelingen ({link.target.source}).van"
    if declaration.subject is not None:
        yield declaration.subject.column, "betrokkene"
