# SPDX-License-Identifier: EUPL-1.2
"""Derived fields: a yes or no, a count or a band that follows from other fields by a named rule.

A policy may permit the derived field alone: what it follows from is read where it is kept and goes
no further. A rule is one of `RULES`, never code, so that who reviews a model can read it to the
end. What can not be told for certain is null: of a date of which the month or day is unknown, a
rule answers only what holds for every day it can be.
Source: AVG art. 5 lid 1 sub c and art. 25; MIM 1.2, "Indicatie afleidbaar"; Logisch Ontwerp BRP,
"onvolledige datum"; BRP information products, "leeftijd".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from landschap.registers.periods import IncompleteDate
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue


class ValueKind(StrEnum):
    """What a value is, as far as a rule asks; the words of messages."""

    DATE = "datum"
    NUMBER = "getal"
    TEXT = "tekst"
    YES_NO = "ja-nee"
    LIST = "lijst"
    OTHER = "samengesteld"


Arguments = Mapping[str, JsonValue]
_Value = Callable[[Sequence[JsonValue], Arguments, date], JsonValue]


class Rule(NamedTuple):
    """One rule: what it takes and gives, how it is worked out, whether that differs by day.

    ``takes_several``: of more than one field. ``arguments`` are the names that it needs.
    """

    means: str
    value: _Value
    takes: frozenset[ValueKind]
    gives: str
    arguments: tuple[str, ...] = ()
    takes_several: bool = False
    by_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How one field follows from others: the rule of `RULES`, the paths it takes, its arguments."""

    rule: str
    inputs: tuple[str, ...]
    arguments: Arguments = field(default_factory=dict)

    @property
    def gives(self) -> str:
        """The JSON type of what comes out, beside null."""
        return RULES[self.rule].gives

    @property
    def words(self) -> str:
        """The rule in one line, as provenance, log lines and descriptions name it."""
        told = (_told(value) for value in self.arguments.values())
        return " ".join((self.rule, *told, "uit", ", ".join(self.inputs)))

    def bands(self) -> tuple[str, ...]:
        """The names of the bands, lowest first; empty when the rule gives none."""
        return _texts(self.arguments.get("namen"))

    def value(self, given: Sequence[JsonValue], first: date, last: date) -> JsonValue:
        """The value from those of the inputs, on all days from the first to the last; else null."""
        rule = RULES[self.rule]
        found = rule.value(given, self.arguments, first)
        # Age goes one way, so what is the same at both ends is the same in between.
        if rule.by_day and first != last and rule.value(given, self.arguments, last) != found:
            return None
        return found


Derivations = Mapping[str, Derivation]


def parse_derivation(value: Mapping[str, JsonValue]) -> Derivation:
    """A rule from its declaration, of which `deriving_checks` found nothing wrong."""
    return Derivation(
        rule=str(value["regel"]),
        inputs=_texts(value["uit"]),
        arguments={name: each for name, each in value.items() if name not in ("regel", "uit")},
    )


def inputs_of(derived: Derivations, names: Iterable[str]) -> frozenset[str]:
    """Every path that has to be read for these names: a derived one may follow from another."""
    found: set[str] = set()
    waiting = [name for name in names if name in derived]
    while waiting:
        for path in derived[waiting.pop()].inputs:
            if path not in found:
                found.add(path)
                waiting.extend([path] if path in derived else [])
    return frozenset(found)


def following_from(derived: Derivations, paths: Iterable[str]) -> frozenset[str]:
    """The derived names for which one of these paths, or what is inside it, has to be read."""
    given = tuple(paths)
    return frozenset(
        name for name in derived if any(_touch(each, inputs_of(derived, [name])) for each in given)
    )


def in_order(derived: Derivations) -> Derivations:
    """The same, each after what it follows from; what goes round stays out."""
    made: dict[str, Derivation] = {}
    left = dict(derived)
    while ready := [n for n, each in left.items() if not left.keys() & set(each.inputs)]:
        made.update((name, left.pop(name)) for name in ready)
    return made


def with_derived(
    content: Mapping[str, JsonValue], derived: Derivations, first: date, last: date
) -> dict[str, JsonValue]:
    """A content with its derived fields, on all days from the first to the last; `in_order`."""
    whole = dict(content)
    for name, each in derived.items():
        whole[name] = each.value([value_at(whole, path) for path in each.inputs], first, last)
    return whole


def value_at(content: Mapping[str, JsonValue], path: str) -> JsonValue:
    """The value at a dotted path; null when there is none."""
    value: JsonValue = content
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _touch(path: str, others: Iterable[str]) -> bool:
    return any(
        path == each or each.startswith(f"{path}.") or path.startswith(f"{each}.")
        for each in others
    )


def _texts(value: JsonValue) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value)
    return () if value is None else (str(value),)


def _told(value: JsonValue) -> str:
    return "/".join(_texts(value))


def _ages(value: JsonValue, day: date) -> tuple[int, int] | None:
    """The lowest and highest age there can be on a day; None when nothing can be said.

    Who was born on 29 February has a birthday on 1 March in a year without that day.
    """
    try:
        born = IncompleteDate.parse(value) if isinstance(value, str) else None
    except InvalidValue:
        return None
    if born is None or not born.year:
        return None
    return _age(born.hi, day), _age(born.lo, day)


def _age(born: date, day: date) -> int:
    had_birthday = (day.month, day.day) >= (born.month, born.day)
    return day.year - born.year - (0 if had_birthday else 1)


def _age_from(given: Sequence[JsonValue], arguments: Arguments, day: date) -> JsonValue:
    ages, years = _ages(given[0], day), _number(arguments["jaren"])
    if ages is None or years is None:
        return None
    lowest, highest = ages
    return True if lowest >= years else False if highest < years else None


def _age_band(given: Sequence[JsonValue], arguments: Arguments, day: date) -> JsonValue:
    ages = _ages(given[0], day)
    if ages is None or ages[0] < 0:
        return None
    lowest, highest = (_band(age, arguments) for age in ages)
    return lowest if lowest == highest else None


def _number_band(given: Sequence[JsonValue], arguments: Arguments, _day: date) -> JsonValue:
    number = _number(given[0])
    return None if number is None else _band(number, arguments)


def _band(number: float, arguments: Arguments) -> JsonValue:
    """Each bound is where the next band begins."""
    bounds = arguments["grenzen"]
    assert isinstance(bounds, list)  # noqa: S101  # checked when it was read; for the type checker
    passed = sum(1 for each in bounds if isinstance(each, int | float) and number >= each)
    return _texts(arguments["namen"])[passed]


def _number_from(given: Sequence[JsonValue], arguments: Arguments, _day: date) -> JsonValue:
    number, least = _number(given[0]), _number(arguments["waarde"])
    return None if number is None or least is None else number >= least


def _number(value: JsonValue) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _one_of(given: Sequence[JsonValue], arguments: Arguments, _day: date) -> JsonValue:
    value, wanted = given[0], arguments["waarden"]
    if value is None or isinstance(value, Mapping | list) or not isinstance(wanted, list):
        return None
    # In Python true is 1; in JSON it is not.
    return any(each == value and isinstance(each, bool) == isinstance(value, bool)
               for each in wanted)  # fmt: skip


def _begins(given: Sequence[JsonValue], arguments: Arguments, _day: date) -> JsonValue:
    value = given[0]
    return value.startswith(_texts(arguments["waarden"])) if isinstance(value, str) else None


def _filled(given: Sequence[JsonValue], _arguments: Arguments, _day: date) -> JsonValue:
    return given[0] is not None and given[0] != "" and given[0] != []


def _count(given: Sequence[JsonValue], _arguments: Arguments, _day: date) -> JsonValue:
    return len(given[0]) if isinstance(given[0], list | tuple) else None


def _all(given: Sequence[JsonValue], _arguments: Arguments, _day: date) -> JsonValue:
    """One no is enough for no, whatever is unknown. Source: Kleene's three-valued logic."""
    if any(each is False for each in given):
        return False
    return True if all(each is True for each in given) else None


def _any(given: Sequence[JsonValue], _arguments: Arguments, _day: date) -> JsonValue:
    if any(each is True for each in given):
        return True
    return False if all(each is False for each in given) else None


_DATE, _NUMBER = frozenset({ValueKind.DATE}), frozenset({ValueKind.NUMBER})
_TEXT, _LIST = frozenset({ValueKind.TEXT}), frozenset({ValueKind.LIST})
_YES_NO = frozenset({ValueKind.YES_NO})
_SINGLE = frozenset({ValueKind.DATE, ValueKind.NUMBER, ValueKind.TEXT, ValueKind.YES_NO})

RULES: Mapping[str, Rule] = {
    "leeftijd-vanaf": Rule(
        "At least `jaren` old on the day that is asked about.",
        _age_from, _DATE, "boolean", ("jaren",), by_day=True,
    ),
    "leeftijdsklasse": Rule(
        "The band of the age on that day; each of `grenzen` is where the next of `namen` begins.",
        _age_band, _DATE, "string", ("grenzen", "namen"), by_day=True,
    ),
    "is-een-van": Rule(
        "The value is one of `waarden`.", _one_of, _SINGLE, "boolean", ("waarden",)
    ),
    "begint-met": Rule(
        "The text begins with one of `waarden`.", _begins, _TEXT, "boolean", ("waarden",)
    ),
    "gevuld": Rule("There is a value; never null.", _filled, frozenset(ValueKind), "boolean"),
    "vanaf": Rule(
        "The number is at least `waarde`.", _number_from, _NUMBER, "boolean", ("waarde",)
    ),
    "klasse": Rule(
        "The band of the number; each of `grenzen` is where the next of `namen` begins.",
        _number_band, _NUMBER, "string", ("grenzen", "namen"),
    ),
    "aantal": Rule("How many there are in the list.", _count, _LIST, "integer"),
    "alle": Rule(
        "All are yes; one no is enough for no.", _all, _YES_NO, "boolean", takes_several=True
    ),
    "minstens-een": Rule(
        "At least one is yes; one yes is enough for yes.",
        _any, _YES_NO, "boolean", takes_several=True,
    ),
}  # fmt: skip
"""Every rule there is, by the name that a declaration gives it."""
