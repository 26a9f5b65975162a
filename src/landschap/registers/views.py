# SPDX-License-Identifier: EUPL-1.2
"""Part of an information model: everything that answers takes the model as the limit of what is.

A type that is a view has fewer properties; the store then reads those and no other, so what a
permit does not hold does not leave the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from landschap.purposes.rows import RowCondition
from landschap.registers.deriving import inputs_of
from landschap.registers.models import ObjectType, Register
from landschap.registers.schemas import Schema
from landschap.vocabulary.ijson import JsonValue


def narrowed(kind: ObjectType, names: Collection[str]) -> ObjectType:
    """The type with these properties and its identification; all of them: the type itself.

    Of a derived property also what it follows from: that has to be read, and goes no further.
    """
    needed = {path.partition(".")[0] for path in inputs_of(kind.derived, names)}
    kept = {
        name: each
        for name, each in kind.properties.items()
        if name in names or name in needed or name == kind.identification
    }
    if len(kept) == len(kind.properties):
        return kind
    groups = {
        each.group
        for each in kept.values()
        if each.name != kind.identification and each.derived is None
    }
    # Of an object of which only the name is asked, any group shows that it is there.
    groups = groups or set(kind.groups)
    return replace(
        kind,
        properties=kept,
        schema=cut_schema(kind.schema, kept),
        group_schemas={
            name: cut_schema(schema, kept)
            for name, schema in kind.group_schemas.items()
            if name in groups
        },
        view=True,
    )


def kept_only(kind: ObjectType) -> ObjectType:
    """The type without what is derived: for a content that was cut, of which nothing follows."""
    return narrowed(kind, {each.name for each in kind.content_properties()})


def cut_schema(schema: Schema, kept: Collection[str]) -> Schema:
    """A schema of an object with these members only."""
    members, required = schema.get("properties"), schema.get("required")
    inner = members if isinstance(members, dict) else {}
    names = required if isinstance(required, list) else []
    cut: dict[str, JsonValue] = dict(schema)
    cut["properties"] = {name: value for name, value in inner.items() if name in kept}
    cut["required"] = [name for name in names if name in kept]
    return cut


def readable_properties(kind: ObjectType, permitted: Sequence[str]) -> frozenset[str]:
    """The properties of which a permit holds something; the id alone is no content."""
    return frozenset(
        prop.name
        for prop in kind.content_properties()
        if any(kind.leaves(path) & kind.leaves(prop.name) for path in permitted)
    )


def readable(register: Register, permitted: Sequence[str]) -> Register:
    """The register without the types and properties of which a permit holds nothing."""
    views = {
        name: narrowed(kind, names)
        for name, kind in register.types.items()
        if (names := readable_properties(kind, permitted))
    }
    return replace(register, types=views)


def conditions_on(
    kind: ObjectType, rows: Iterable[RowCondition]
) -> tuple[RowCondition, ...] | None:
    """The row conditions as they are about one type; None: nothing of this type may be seen.

    A path is that of a property, or TYPE.PROPERTY where a register has several types: the others
    are then not limited by it. A type without the property can not show that the condition holds.
    """
    found: list[RowCondition] = []
    for each in rows:
        first, _, rest = each.path.partition(".")
        if kind.derived.keys() & {first, rest}:
            # Kept nowhere, so no statement can look at it: then nothing may be seen.
            return None
        if first in kind.properties:
            found.append(each)
        elif first == kind.name and rest.partition(".")[0] in kind.properties:
            found.append(replace(each, path=rest))
        elif not rest or first == kind.name:
            return None
    return tuple(found)
