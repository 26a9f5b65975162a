# SPDX-License-Identifier: EUPL-1.2
"""Row conditions: of which objects a permission lets the fields be seen.

A condition is data: a path, a comparison and one or more values, among them two that are filled in
when a question is decided. All conditions of a policy must hold. A value that is absent or partly
unknown makes none of them true: what can not be established is not permitted. An object outside
the conditions answers like one that does not exist.

    eq ne   the value is, or is not, this one; `ne` wants a value to be there
    in      it is one of these
    lt gt   it comes before or after this one: numbers by size, texts (and so whole days) in order
    exists  there is a value

Source: AVG art. 5 lid 1 sub c (minimisation); house rule "Row condition" of the decision algorithm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from landschap.vocabulary.ijson import JsonValue

OPERATORS = ("eq", "ne", "in", "lt", "gt", "exists")
CALLER = "$caller.oin"
TODAY = "$now"
FILLED_IN = (CALLER, TODAY)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RowCondition:
    """One condition on one field; ``values`` is empty for `exists` and one value unless `in`."""

    path: str
    op: str
    values: tuple[str, ...] = ()


def fault_of(condition: RowCondition) -> str:
    """What is wrong with the form of a condition; empty when nothing is."""
    if condition.op not in OPERATORS:
        return f"{condition.op[:20]!r} is no comparison; there are: {', '.join(OPERATORS)}"
    wanted = {"exists": "no value", "in": "a list of at least one value"}
    fits = {"exists": not condition.values, "in": bool(condition.values)}
    if not fits.get(condition.op, len(condition.values) == 1):
        return f"{condition.op} takes {wanted.get(condition.op, 'one value')}"
    strange = [v for v in condition.values if v.startswith("$") and v not in FILLED_IN]
    if strange:
        return f"{strange[0][:40]!r} can not be filled in; there are: {', '.join(FILLED_IN)}"
    return ""


def filled_in(
    conditions: Iterable[RowCondition], *, caller: str, today: date
) -> tuple[RowCondition, ...]:
    """The conditions for one question: who asks, and the Dutch day on which it is decided."""
    known = {CALLER: caller, TODAY: today.isoformat()}
    return tuple(
        replace(each, values=tuple(known.get(value, value) for value in each.values))
        for each in conditions
    )


def hold(conditions: Iterable[RowCondition], content: Mapping[str, JsonValue]) -> bool:
    """True when an object with this content may be seen. Paths lead into nested objects."""
    return all(_holds(each, _at(content, each.path.split("."))) for each in conditions)


def _holds(condition: RowCondition, value: JsonValue) -> bool:
    if value is None or isinstance(value, Mapping | list):
        return False
    if condition.op == "exists":
        return True
    if condition.op in ("lt", "gt"):
        return _is_beyond(condition.op, value, condition.values[0])
    among = _text(value) in condition.values
    return not among if condition.op == "ne" else among


def _is_beyond(op: str, value: JsonValue, bound: str) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        try:
            return value < float(bound) if op == "lt" else value > float(bound)
        except ValueError:
            return False
    text = str(value)
    # A day of which month or day is not known lies neither before nor after another.
    if "-00" in text:
        return False
    return text < bound if op == "lt" else text > bound


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(content: Mapping[str, JsonValue], steps: Sequence[str]) -> JsonValue:
    value: JsonValue = content
    for step in steps:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
