# SPDX-License-Identifier: EUPL-1.2
"""``pakket.toml``: what the author of a package says of it, beside the files that go in.

naam = "bijstand-bij-verhuizing"
versie = "1.0.0"
titel = "Bijstand bij verhuizing: uitkering en woning van wie hier woonde"
vereist = "0.1.0"                          # lowest version of the program; absent: this one
laat_weg = ["services/inwoners-bulk.toml"] # files that stay home; a folder takes all in it
gedeeld = ["00000099000000001000"]         # numbers and names that are the same everywhere

[parameters.vragers]                       # what differs from place to place
soort = "oins"                             # oin, oins, address, uri, text, file
uitleg = "De gemeenten die mogen vragen."
waarde = ["00000099000000003000"]          # here; it stays home
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from landschap.packages.manifest import NAME, VERSION
from landschap.packages.parameters import KINDS, Parameter, fault_of
from landschap.packages.parameters import NAME as PARAMETER
from landschap.packages.whole import ContentError
from landschap.vocabulary.mistakes import Mistake, did_you_mean

FILE = "pakket.toml"
_KEYS = ("naam", "versie", "titel", "vereist", "laat_weg", "gedeeld", "parameters")
_PARAMETER_KEYS = ("soort", "uitleg", "waarde")
_MOST = 300
_LINE = f"one line of 1 to {_MOST} characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What the author says; ``left_out`` are files and folders, ``shared`` texts."""

    name: str
    version: str
    title: str
    program: str
    left_out: tuple[str, ...]
    shared: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    def leaves_out(self, file: str) -> bool:
        """True for a file that stays home."""
        return any(file == each or file.startswith(f"{each}/") for each in self.left_out)


def read_heading(text: str, program: str) -> Heading:
    """The heading in one TOML text. Raises ContentError with everything that is wrong."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContentError([_wrong("file", f"is no TOML: {error}")]) from None
    wrong = [
        _wrong(key, f"is no key of it{did_you_mean(key, _KEYS)}")
        for key in tree
        if key not in _KEYS
    ]

    def words(key: str, default: str = "") -> str:
        value = tree.get(key, default)
        if not _is_line(value):
            wrong.append(_wrong(key, _LINE))
        return value if isinstance(value, str) else ""

    heading = Heading(
        name=words("naam"),
        version=words("versie"),
        title=words("titel"),
        program=words("vereist", program),
        left_out=_texts(tree, "laat_weg", wrong),
        shared=_texts(tree, "gedeeld", wrong),
        parameters=_parameters(tree.get("parameters", {}), wrong),
    )
    if heading.name and not NAME.fullmatch(heading.name):
        wrong.append(_wrong("naam", "lower-case words with hyphens"))
    for key, value in (("versie", heading.version), ("vereist", heading.program)):
        if value and not VERSION.fullmatch(value):
            wrong.append(_wrong(key, "three numbers: 1.0.0"))
    if wrong:
        raise ContentError(wrong)
    return heading


def _texts(tree: Mapping[str, object], key: str, wrong: list[Mistake]) -> tuple[str, ...]:
    value = tree.get(key, [])
    if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
        return tuple(value)
    wrong.append(_wrong(key, "a list of texts"))
    return ()


def _parameters(tree: object, wrong: list[Mistake]) -> tuple[Parameter, ...]:
    if not isinstance(tree, Mapping):
        wrong.append(_wrong("parameters", "write each as [parameters.name]"))
        return ()
    found = []
    for name, given in tree.items():
        fault = _fault_of(str(name), given)
        if fault:
            wrong.append(_wrong(f"parameters.{name}", fault))
            continue
        value = given["waarde"]
        found.append(
            Parameter(
                name=name,
                kind=given["soort"],
                meaning=given["uitleg"],
                value=value if isinstance(value, str) else tuple(value),
            )
        )
    return tuple(found)


def _fault_of(name: str, given: object) -> str:
    if not PARAMETER.fullmatch(name):
        return "a name has lower-case letters, digits and underscores"
    if not isinstance(given, Mapping):
        return f"a table with {', '.join(_PARAMETER_KEYS)}"
    unknown = [key for key in given if key not in _PARAMETER_KEYS]
    if unknown:
        return f"{unknown[0]} is no key of it{did_you_mean(unknown[0], _PARAMETER_KEYS)}"
    kind = given.get("soort")
    if not isinstance(kind, str) or kind not in KINDS:
        return f"soort: one of {', '.join(KINDS)}{did_you_mean(str(kind), KINDS)}"
    meaning = given.get("uitleg")
    if not _is_line(meaning):
        return f"uitleg: {_LINE}"
    fault = fault_of(kind, given.get("waarde"))
    return f"waarde: {fault}" if fault else ""


def _is_line(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MOST and value.isprintable()


def _wrong(key: str, message: str) -> Mistake:
    return Mistake(file=FILE, line=1, key=key, message=message)
