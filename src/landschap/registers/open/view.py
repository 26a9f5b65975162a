# SPDX-License-Identifier: EUPL-1.2
"""The open view of registers: the same models without what is closed.

Everything that answers a question takes its model as the limit of what there is, so a view closes
every way at once. Only the words of a refusal come from the whole model: who asks for a closed
property by its name is told that it is closed.
Source: Wet hergebruik van overheidsinformatie, art. 2; house rule "fail closed".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus

from landschap.registers.annotations import PersonalData
from landschap.registers.models import ObjectType, Property, Register, Registers
from landschap.registers.views import cut_schema, narrowed
from landschap.vocabulary.problems import Refusal

# Query parameters whose value names properties, with what may stand before a name.
_NAMING = ("fields", "sort", "expand")


def open_view(registers: Registers) -> Registers:
    """The registers that have an open type, with nothing but what is open."""
    views = {name: _view_of(registers, each) for name, each in registers.by_name.items()}
    return Registers({name: view for name, view in views.items() if view.types})


def _view_of(registers: Registers, register: Register) -> Register:
    types = {
        name: _open_type(registers, kind) for name, kind in register.types.items() if kind.open
    }
    return replace(register, types=types)


def _open_type(registers: Registers, kind: ObjectType) -> ObjectType:
    """One type with its open properties. The check of models saw that its identification is open.

    A property that is personal data is left out even when a model says otherwise. It is a view
    also when nothing is closed: who wrote what, and why, is no property and never open.
    """
    kept = {
        prop.name: _open_property(registers, kind, prop)
        for prop in kind.open_properties()
        if prop.personal_data is PersonalData.NONE
    }
    told = {**kind.schema, "properties": {name: prop.schema for name, prop in kept.items()}}
    return replace(narrowed(kind, kept), properties=kept, schema=cut_schema(told, kept), view=True)


def _open_property(registers: Registers, kind: ObjectType, prop: Property) -> Property:
    """A property; one that points at a closed type still holds its value, and leads nowhere."""
    if not prop.points_at:
        return prop
    register, _, name = prop.points_at.rpartition(".")
    if registers.type(register or kind.register, name).open:
        return prop
    schema = {key: value for key, value in prop.schema.items() if key != "x-verwijst-naar"}
    return replace(prop, points_at="", schema=schema)


def closed_names(whole: ObjectType, view: ObjectType) -> frozenset[str]:
    """The properties that exist and are closed."""
    return frozenset(whole.properties) - frozenset(view.properties)


def refuse_closed(whole: ObjectType, view: ObjectType, query: Mapping[str, str]) -> Refusal | None:
    """The refusal of a question that names something closed; None when it names nothing closed."""
    closed = closed_names(whole, view)
    asked = {
        name
        for key in _NAMING
        for path in query.get(key, "").split(",")
        if (name := path.lstrip("-").partition(".")[0]) in closed
    }
    asked |= closed & frozenset(query)
    asked.update(_closed_ends(whole, view, query.get("expand", "")))
    return closed_here(sorted(asked)) if asked else None


def _closed_ends(whole: ObjectType, view: ObjectType, expand: str) -> Iterable[str]:
    """Relations that are open themselves and lead to a closed type."""
    for path in expand.split(","):
        name = path.partition(".")[0]
        was, now = whole.properties.get(name), view.properties.get(name)
        if was is not None and now is not None and was.points_at and not now.points_at:
            yield name


def closed_here(names: Iterable[str]) -> Refusal:
    """What is asked for exists, and is not for everybody."""
    told = ", ".join(names)
    return Refusal(
        code="open_closed",
        status=HTTPStatus.FORBIDDEN,
        title="This is not open data",
        detail=f"{told} is closed: only what the model marks as open is told without login. Ask "
        "through a contract that names a purpose and its ground, or leave it out.",
        missing=f"a purpose with a ground for {told}",
        owner="the organisation that holds this register",
    )
