# SPDX-License-Identifier: EUPL-1.2
"""Relations between objects, and asking for the other end along with the one.

A property that holds the id of another object says so in the model (``x-verwijst-naar``). An
answer with ``expand`` holds the objects at the other end as well, of the same day and the same
knowledge; each is a delivery of its own. One that has no version then stands there as a link.
Source: NL GOV REST API Design Rules 2.2, "expand"; house rule for the depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.asking import Faults
from landschap.registers.models import InvalidModel, ObjectType, Registers
from landschap.registers.schemas import Fault
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

MAX_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation to follow: the property, the type at the other end, what follows from there."""

    path: str
    target: ObjectType
    further: tuple[Relation, ...] = ()


def relations_of(registers: Registers, kind: ObjectType) -> dict[str, ObjectType]:
    """The properties of a type that point at objects, and the type of those."""
    found = {}
    for prop in kind.content_properties():
        if prop.points_at:
            register, _, name = prop.points_at.rpartition(".")
            found[prop.name] = registers.type(register or kind.register, name)
    return found


def check_relations(registers: Registers) -> None:
    """See that every relation leads to a type there is. Raises InvalidModel, naming the nearest."""
    wrong = list(relation_faults(registers))
    if wrong:
        raise InvalidModel("", [], *wrong)


def relation_faults(registers: Registers, *, elsewhere: bool = True) -> Iterator[tuple[str, Fault]]:
    """The relations that lead nowhere, by file; without ``elsewhere`` only inside one register."""
    keys = [kind.key for each in registers.by_name.values() for kind in each.types.values()]
    for register in registers.by_name.values():
        for kind in register.types.values():
            for prop in kind.content_properties():
                inside = not elsewhere and "." in prop.points_at
                if prop.points_at and not inside and _key(kind, prop.points_at) not in keys:
                    pointer = f"/properties/{prop.name}/x-verwijst-naar"
                    fault = Fault(pointer, _nowhere(prop.points_at, keys))
                    yield f"{register.name}/{kind.name}.schema.json", fault


def _key(kind: ObjectType, points_at: str) -> str:
    return points_at if "." in points_at else f"{kind.register}.{points_at}"


def _nowhere(points_at: str, keys: Sequence[str]) -> str:
    register, dot, _ = points_at.partition(".")
    if dot and not any(key.startswith(f"{register}.") for key in keys):
        return (
            f"it leads to {points_at}, and there is no register {register} here; put its model "
            f"beside this one (of a ready model: `landschap model use {register}`)"
        )
    known = [*keys, *(key.split(".")[1] for key in keys)]
    return f"there is no type {points_at}{did_you_mean(points_at, known)}"


def read_expansion(
    registers: Registers, kind: ObjectType, query: Mapping[str, str], wrong: Faults
) -> tuple[Relation, ...]:
    """The relations to follow: ``expand=ligtAan,maaktDeelUitVan.x``; faults go to ``wrong``."""
    text = query.get("expand")
    if text is None:
        return ()
    wanted: dict[str, list[str]] = {}
    for path in text.split(","):
        first, _, rest = path.partition(".")
        if path.count(".") >= MAX_DEPTH:
            wrong.add("parameter.ongeldig", "expand", f"goes at most {MAX_DEPTH} deep")
            return ()
        wanted.setdefault(first, []).extend([rest] if rest else [])
    there = relations_of(registers, kind)
    found = []
    for name, rests in wanted.items():
        target = there.get(name)
        if target is None:
            hint = did_you_mean(name, there)
            wrong.add("parameter.ongeldig", "expand", f"there is no relation {name[:80]}{hint}")
            continue
        further = (
            read_expansion(registers, target, {"expand": ",".join(rests)}, wrong) if rests else ()
        )
        found.append(Relation(name, target, further))
    return tuple(found)


def ids_at(content: Mapping[str, JsonValue], path: str) -> list[str]:
    """The ids a relation points at: none, one or several."""
    value = content.get(path)
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def no_version(target: ObjectType, object_id: str) -> dict[str, JsonValue]:
    """The other end as a link, when it had no version."""
    return {
        "href": f"/{target.register}/v1/{target.collection}/{object_id}",
        "geenVersie": True,
    }


def as_member(content: Mapping[str, JsonValue], path: str, ends: Sequence[JsonValue]) -> JsonValue:
    """The ends in the form of the property: a list for a list, else the one."""
    if isinstance(content.get(path), list):
        return list(ends)
    return ends[0] if ends else None
