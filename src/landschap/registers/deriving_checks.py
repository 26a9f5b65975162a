# SPDX-License-Identifier: EUPL-1.2
"""Whether a derived field is declared well: the form of its rule, and what it takes and gives.

The same checks serve an information model and a logical source; each says itself which fields
there are and of which kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from landschap.registers.deriving import RULES, Derivation, Derivations, ValueKind
from landschap.registers.schemas import Fault, Schema, as_list, faults
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

_TEXT: Schema = {"type": "string", "minLength": 1}
_PATHS: Schema = {"type": "array", "minItems": 1, "maxItems": 20, "items": _TEXT}
ARGUMENTS: Mapping[str, Schema] = {
    "jaren": {"type": "integer", "minimum": 1, "maximum": 150},
    "waarde": {"type": "number"},
    "waarden": {
        "type": "array", "minItems": 1, "maxItems": 200, "uniqueItems": True,
        "items": {"type": ["string", "number", "boolean"]},
    },
    "grenzen": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "number"}},
    "namen": {
        "type": "array", "minItems": 2, "maxItems": 51, "uniqueItems": True, "items": _TEXT,
    },
}  # fmt: skip
"""What an argument of a rule may be."""

DERIVATION: Schema = {
    "type": "object",
    "required": ["regel", "uit"],
    "additionalProperties": False,
    "description": "The value follows from other fields by this rule, and is kept nowhere.",
    "properties": {
        "regel": {"enum": list(RULES)},
        "uit": {"type": ["string", "array"], "minLength": 1, "minItems": 1, "items": _TEXT},
        **ARGUMENTS,
    },
}
"""The form of a declaration, for editors; `form_faults` says the same in better words."""


def form_faults(value: JsonValue, where: str) -> Iterator[Fault]:
    """What is wrong with a declaration by itself."""
    if not isinstance(value, Mapping):
        yield Fault(where, "must be an object with regel and uit")
        return
    name = value.get("regel")
    rule = RULES.get(name) if isinstance(name, str) else None
    if rule is None:
        hint = did_you_mean(str(name), RULES)
        yield Fault(f"{where}/regel", f"must be one of {', '.join(RULES)}{hint}")
        return
    known = ("regel", "uit", *rule.arguments)
    for key in value.keys() - set(known):
        yield Fault(f"{where}/{key}", f"is nothing that {name} takes{did_you_mean(key, known)}")
    for key in known:
        if key not in value:
            yield Fault(where, f"lacks {key}: {name} needs it")
    yield from _inputs(value.get("uit", "x"), where, rule.takes_several, str(name))
    sound = True
    for key in rule.arguments:
        found = list(faults(value[key], ARGUMENTS[key], f"{where}/{key}")) if key in value else []
        yield from found
        sound = sound and not found and key in value
    if sound and "grenzen" in rule.arguments:
        yield from _bands(value, where, whole=rule.by_day)
    if sound and name == "begint-met":
        yield from faults(value["waarden"], {"type": "array", "items": _TEXT}, f"{where}/waarden")


def _inputs(value: JsonValue, where: str, takes_several: bool, name: str) -> Iterator[Fault]:
    given = as_list(value)
    yield from faults(list(given), _PATHS, f"{where}/uit")
    if not takes_several and len(given) > 1:
        yield Fault(f"{where}/uit", f"names {len(given)} fields, and {name} takes one")


def _bands(value: Mapping[str, JsonValue], where: str, *, whole: bool) -> Iterator[Fault]:
    bounds, names = as_list(value["grenzen"]), as_list(value["namen"])
    numbers = [each for each in bounds if isinstance(each, int | float)]
    if any(one >= next_one for one, next_one in pairwise(numbers)):
        yield Fault(f"{where}/grenzen", "must go up: each is where the next band begins")
    if whole and any(not isinstance(each, int) or each < 1 for each in numbers):
        yield Fault(f"{where}/grenzen", "of an age are whole years from 1")
    if len(names) != len(bounds) + 1:
        yield Fault(
            f"{where}/namen",
            f"are {len(names)}: {len(bounds)} bounds make {len(bounds) + 1} bands",
        )


def input_faults(
    name: str, derivation: Derivation, kinds: Mapping[str, ValueKind | None], where: str
) -> Iterator[Fault]:
    """What is wrong with the fields that a rule takes.

    ``kinds`` are all fields that there are, a derived one too; None for one of unknown kind.
    """
    takes = RULES[derivation.rule].takes
    for path in derivation.inputs:
        if path not in kinds:
            hint = did_you_mean(path, kinds.keys() - {name})
            yield Fault(f"{where}/uit", f"names {path}, which is no field here{hint}")
            continue
        kind = kinds[path]
        if kind is None and takes != frozenset(ValueKind):
            yield Fault(f"{where}/uit", f"names {path}, of which it is not said what it is")
        elif kind is not None and kind not in takes:
            wanted = " or ".join(sorted(takes))
            yield Fault(
                f"{where}/uit",
                f"names {path}, which is {kind.value}; {derivation.rule} takes {wanted}",
            )


def circle_of(name: str, derived: Derivations) -> list[str]:
    """The way from a derived field over what it follows from back to itself; empty when none."""
    ways, seen = [[name]], set()
    while ways:
        way = ways.pop(0)
        for path in derived[way[-1]].inputs:
            if path == name:
                return [*way, path]
            if path in derived and path not in seen:
                seen.add(path)
                ways.append([*way, path])
    return []


def kind_given(derivation: Derivation) -> ValueKind:
    """The kind of what a rule gives."""
    return _GIVEN[derivation.gives]


_GIVEN: Mapping[str, ValueKind] = {
    "boolean": ValueKind.YES_NO,
    "integer": ValueKind.NUMBER,
    "string": ValueKind.TEXT,
}
