# SPDX-License-Identifier: EUPL-1.2
"""Logical sources in the console: their text with what is wrong in it, their plan as a picture."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from landschap.integration.declaration import parse_declaration
from landschap.integration.examples import Example, parse_examples
from landschap.integration.fitting import check_registers
from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.model import Declaration
from landschap.registers.models import Registers
from landschap.vocabulary.mistakes import Mistake

MAX_CHARACTERS = 60_000
NEW_TEXT = """\
# Waar deze bron over gaat, en voor wie.
logische_bron: {name}
versie: 0.1.0
sleutel: identificatie

bronnen:
  eerste:
    soort: register
    register: naam-van-het-register
    objecttype: naam-van-het-type
    sleutels: [identificatie]
    bronhouder: Wie hiervoor instaat

wortel: {{bron: eerste, op: identificatie}}

velden:
  identificatie: {{uit: [eerste.identificatie]}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A text that was looked at: the declaration when it is right, else what is wrong with it."""

    text: str
    declaration: Declaration | None
    mistakes: Sequence[Mistake] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file, with what is wrong in it."""

    number: int
    text: str
    mistakes: Sequence[Mistake] = ()


def checked(
    text: str, file: str, registers: Registers | None, beside: Callable[[str], str] | None = None
) -> Checked:
    """Read a text as a declaration; every mistake at once, none of it loaded."""
    try:
        declaration = parse_declaration(text, file, beside)
        if registers is not None:
            check_registers(declaration, registers, Report(file), text)
    except DeclarationError as error:
        return Checked(text=text, declaration=None, mistakes=error.mistakes)
    return Checked(text=text, declaration=declaration)


def examples_of(
    text: str, file: str, declaration: Declaration
) -> tuple[Sequence[Example], Sequence[Mistake]]:
    """The examples that stand beside a declaration, or what is wrong with them."""
    if not text:
        return (), ()
    try:
        return parse_examples(text, file, declaration), ()
    except DeclarationError as error:
        return (), error.mistakes


def with_mistakes(text: str, mistakes: Sequence[Mistake]) -> Sequence[Line]:
    """Every line of a text, each with what is wrong in it."""
    by_line: dict[int, list[Mistake]] = {}
    lines = text.splitlines() or [""]
    for each in mistakes:
        by_line.setdefault(min(max(each.line, 1), len(lines)), []).append(each)
    return [
        Line(number=number, text=line, mistakes=by_line.get(number, ()))
        for number, line in enumerate(lines, start=1)
    ]


def version_of(text: str) -> str:
    """What a text is known by: its digest, so that a change of the file is seen."""
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"


def differences(before: str, after: str) -> Sequence[tuple[str, str]]:
    """The difference of two texts, line by line: sign (`+`, `-`, `@` or a space) and the line."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    told = [line for line in found if not line.startswith(("---", "+++"))]
    return [(line[0], line if line[0] == "@" else line[1:]) for line in told]


def mapped(declaration: Declaration) -> Sequence[Mapping[str, object]]:
    """Each field with where it comes from and what is done to it, in the order of the file."""
    return [
        {
            "path": path,
            "within": field.within,
            "columns": [str(column) for column in field.columns],
            "conversions": [step.name for step in field.conversions],
            "wins": field.wins.value if len(field.columns) > 1 else "",
            "rule": field.derived.words if field.derived else "",
        }
        for path, field in declaration.fields.items()
    ]
