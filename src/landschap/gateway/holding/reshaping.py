# SPDX-License-Identifier: EUPL-1.2
"""Carrying out steps: on parameters and body of a question, and on an answer that was cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from landschap.gateway.holding.places import ITEM
from landschap.gateway.holding.steps import Step
from landschap.gateway.holding.trimming import Unreadable
from landschap.integration.conversions import Untranslatable, convert
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

_MASK = "***"
Pairs = list[tuple[str, str]]


def at(steps: Sequence[Step], moment: str) -> tuple[Step, ...]:
    """The steps of one moment, in the order of the file."""
    return tuple(each for each in steps if each.moment == moment)


def applied_to_pairs(pairs: Pairs, steps: Sequence[Step]) -> Pairs:
    """The query after the steps about it. Raises Unreadable."""
    for step in steps:
        if step.parameter:
            pairs = _on_pairs(pairs, step)
    return pairs


def applied_to_body(body: bytes, steps: Sequence[Step]) -> bytes:
    """The JSON body after the steps about it; an empty body stays so. Raises Unreadable."""
    about = [each for each in steps if not each.parameter]
    if not about or not body:
        return body
    try:
        value = loads(body, max_bytes=len(body))
    except InvalidJson:
        raise Unreadable("it is not proper JSON") from None
    for step in about:
        value = _on_value(value, step, step.place)
    return msgspec.json.encode(value)


def _on_pairs(pairs: Pairs, step: Step) -> Pairs:
    name = step.parameter
    match step.deed:
        case "weg":
            return [pair for pair in pairs if pair[0] != name]
        case "toevoegen":
            there = any(known == name for known, _ in pairs)
            return pairs if there else [*pairs, (name, _written(step.value))]
        case "hernoemen":
            names = {known for known, _ in pairs}
            if name in names and step.to in names:
                raise Unreadable(f"step {step.label} renames to a name that is there already")
            return [(step.to if known == name else known, value) for known, value in pairs]
    changed = ((known, _changed(value, step) if known == name else value) for known, value in pairs)
    # What becomes nothing is not asked with.
    return [(known, _written(value)) for known, value in changed if value is not None]


def _written(value: JsonValue) -> str:
    """A value as it stands in a query."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _on_value(value: JsonValue, step: Step, place: Sequence[str]) -> JsonValue:
    first, rest = place[0], place[1:]
    if isinstance(value, list):
        # Items are only reached when the place says so: a list elsewhere is left as it is.
        return [_on_value(item, step, rest) for item in value] if first == ITEM and rest else value
    if not isinstance(value, Mapping):
        return value
    if rest:
        if first not in value:
            return value
        return {**value, first: _on_value(value[first], step, rest)}
    return _on_member(value, step, first)


def _on_member(value: Mapping[str, JsonValue], step: Step, name: str) -> JsonValue:
    if step.deed == "toevoegen":
        return {**value, name: step.value} if name not in value else value
    if name not in value:
        return value
    if step.deed == "weg":
        return {known: each for known, each in value.items() if known != name}
    if step.deed == "hernoemen":
        if step.to in value:
            raise Unreadable(f"step {step.label} renames to a name that is there already")
        return {(step.to if known == name else known): each for known, each in value.items()}
    return {**value, name: _changed(value[name], step)}


def _changed(value: JsonValue, step: Step) -> JsonValue:
    if step.deed == "maskeren":
        return None if value is None else _MASK
    try:
        return convert(value, step.conversions)
    except Untranslatable:
        raise Unreadable(f"step {step.label} can not convert a value") from None
