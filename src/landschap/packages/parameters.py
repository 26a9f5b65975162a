# SPDX-License-Identifier: EUPL-1.2
"""What differs from place to place: values of the packing organisation become named parameters.

In a package ``$(name)`` stands where the value of the receiving organisation is put. A value holds
no sign that could end the text it stands in, whether that is TOML, YAML or JSON, so it can fill a
place and never write a line of its own. Of a list the first stands where one value is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from landschap.packages.manifest import Described
from landschap.vocabulary.mistakes import did_you_mean

Value = str | tuple[str, ...]
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
PLACE = re.compile(r"\$\(([^()\s]{0,60})\)")
_OIN = r"[0-9]{20}"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_PATH = r"(?:/[A-Za-z0-9._~-]{1,100}){0,8}"
# kind -> (form of the text, what to write)
KINDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "oin": (re.compile(_OIN), "an OIN: twenty digits"),
    "oins": (re.compile(_OIN), "a list of OINs, each twenty digits"),
    "address": (
        re.compile(
            rf"(?:{_HOST}|https?://(?:{_HOST}|\[[0-9A-Fa-f:]{{2,45}}\]))(?::[0-9]{{1,5}})?{_PATH}"
            rf"|(?:unix:)?(?=/[A-Za-z0-9]){_PATH}"
        ),
        "an address of a machine: host, host:port, https://host:port/path or unix:/path",
    ),
    "uri": (
        re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*"),
        "a URI such as https://register.example",
    ),
    "text": (
        re.compile(r"[\w’][\w’ .()/&-]{0,199}"),
        "letters, digits, spaces and . ( ) / & - ’",
    ),
    "file": (
        re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"),
        "the name of a file in the secrets folder, without a path",
    ),
}
MAX_IN_LIST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter with the value that the packing organisation itself has for it."""

    name: str
    kind: str
    meaning: str
    value: Value

    @property
    def described(self) -> Described:
        """What of it goes into the package: never the value."""
        return Described(kind=self.kind, meaning=self.meaning)


def fault_of(kind: str, value: object) -> str:
    """What is wrong with a value, empty when nothing is."""
    pattern, words = KINDS[kind]
    if kind == "oins":
        given = value if isinstance(value, list | tuple) else ()
        right = 0 < len(given) <= MAX_IN_LIST and all(
            isinstance(each, str) and pattern.fullmatch(each) for each in given
        )
    else:
        right = isinstance(value, str) and pattern.fullmatch(value) is not None
    return "" if right else f"must be {words}"


def taken_out(text: str, parameters: Iterable[Parameter]) -> tuple[str, frozenset[str]]:
    """The text with parameters in place of their values, and the names of those that stood in it.

    A longer value goes first, so that one which holds another is found whole.
    """
    used = set()
    for each in sorted(parameters, key=lambda one: -len(_literal(one.value))):
        text, count = _pattern(each.value).subn(_place(each), text)
        if count:
            used.add(each.name)
    return text, frozenset(used)


def filled(text: str, values: Mapping[str, Value]) -> str:
    """The text with values in place of parameters. Raises KeyError for one without a value."""
    for name, value in values.items():
        if not isinstance(value, str):
            place, every = f'"$({name})"', ", ".join(f'"{each}"' for each in value)
            text = re.sub(rf"([=:]\s*){re.escape(place)}", rf'\g<1>"{value[0]}"', text)
            text = text.replace(place, every)
    return PLACE.sub(lambda found: _one(values[found[1]]), text)


def places_in(text: str) -> frozenset[str]:
    """The names of the parameters in a text."""
    return frozenset(PLACE.findall(text))


def values_for(
    described: Mapping[str, Described], given: Mapping[str, object]
) -> tuple[dict[str, Value], list[str]]:
    """The values by name, and everything that is missing or wrong with them."""
    wrong = [
        f"{name}: is no parameter of this package{did_you_mean(name, described)}"
        for name in given
        if name not in described
    ]
    values: dict[str, Value] = {}
    for name, each in described.items():
        if name not in given:
            wrong.append(f"{name}: is missing: {each.meaning} ({KINDS[each.kind][1]})")
            continue
        value = given[name]
        fault = fault_of(each.kind, value)
        if fault:
            wrong.append(f"{name}: {fault}")
        elif isinstance(value, str):
            values[name] = value
        elif isinstance(value, list | tuple):
            values[name] = tuple(map(str, value))
    return values, wrong


def _one(value: Value) -> str:
    return value if isinstance(value, str) else value[0]


def _literal(value: Value) -> str:
    return value if isinstance(value, str) else '", "'.join(value)


def _place(parameter: Parameter) -> str:
    place = f"$({parameter.name})"
    return place if isinstance(parameter.value, str) else f'"{place}"'


def _pattern(value: Value) -> re.Pattern[str]:
    """The value where it stands by itself, not as a piece of a longer word or number."""
    if isinstance(value, str):
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])")
    return re.compile(r"\s*,\s*".join(f'"{re.escape(each)}"' for each in value))
