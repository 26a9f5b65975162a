# SPDX-License-Identifier: EUPL-1.2
"""A field of a declaration as a form: columns, conversions and the rule from lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from landschap.integration.conversions import SIMPLE, WITH_ARGUMENT, Conversion
from landschap.integration.editing import FieldText, flow
from landschap.integration.model import Declaration, Field, Wins

COLUMNS, STEPS = 3, 3
_PATH = re.compile(r"[a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)*")
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One conversion as it stands in the form: its name, and its argument in words."""

    name: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldForm:
    """What stands in the form. ``within`` names the list the field is part of, or is empty."""

    path: str = ""
    within: str = ""
    columns: Sequence[str] = ()
    steps: Sequence[Step] = ()
    wins: str = Wins.FIRST_FILLED.value
    strict: bool = False

    @property
    def column_slots(self) -> Sequence[str]:
        """The columns, with room for more."""
        return _padded(self.columns, "", COLUMNS)

    @property
    def step_slots(self) -> Sequence[Step]:
        """The conversions, with room for more."""
        return _padded(self.steps, Step(), STEPS)


_T = TypeVar("_T")


def _padded(given: Sequence[_T], empty: _T, least: int) -> Sequence[_T]:
    return [*given, *([empty] * max(1, least - len(given)))]


def form_of(declaration: Declaration, path: str) -> FieldForm | None:
    """The form of a field that there is; None for another, and for one that is derived."""
    field = declaration.fields.get(path)
    if field is None or field.derived is not None:
        return None
    return FieldForm(
        path=_own_name(field),
        within=field.within,
        columns=[str(column) for column in field.columns],
        steps=[_step(each) for each in field.conversions],
        wins=field.wins.value,
        strict=field.strict,
    )


def _own_name(field: Field) -> str:
    return field.path.removeprefix(f"{field.within}.") if field.within else field.path


def _step(step: Conversion) -> Step:
    match step.name:
        case "deel":
            return Step(name=step.name, argument=f"{step.bounds[0]}, {step.bounds[1]}")
        case "code":
            pairs = [f"{key}={value}" for key, value in (step.codes or {}).items()]
            if step.otherwise is not None:
                pairs.append(f"*={step.otherwise}")
            return Step(name=step.name, argument="; ".join(pairs))
    return Step(name=step.name, argument=", ".join(step.texts))


def read_form(given: Mapping[str, Sequence[str]]) -> FieldForm:
    """What was sent, as it was sent: nothing is judged here."""

    def one(name: str) -> str:
        return " ".join((given.get(name) or [""])[0][:_LONGEST].split())

    names, arguments = given.get("zet_om", ()), given.get("met", ())
    steps = [
        Step(name=name[:40], argument=" ".join(argument[: _LONGEST * 10].split()))
        for name, argument in zip(names, [*arguments, *([""] * len(names))], strict=False)
        if name
    ]
    return FieldForm(
        path=one("veld"),
        within=one("lijst"),
        columns=[each[:200] for each in given.get("kolom", ()) if each][:20],
        steps=steps[:20],
        wins=one("wint") or Wins.FIRST_FILLED.value,
        strict=bool(one("strikt")),
    )


def faults_of(form: FieldForm, declaration: Declaration | None) -> dict[str, str]:
    """What is wrong with a form, by its field: a key of the words that the page has for it."""
    found: dict[str, str] = {}
    if not _PATH.fullmatch(form.path):
        found["veld"] = "name"
    if not form.columns:
        found["kolom"] = "column"
    if form.wins != Wins.FIRST_FILLED.value and len(form.columns) < 2:
        found["wint"] = "several"
    if form.wins not in tuple(Wins):
        found["wint"] = "choice"
    for step in form.steps:
        if step.name not in (*SIMPLE, *WITH_ARGUMENT) or (
            step.name in WITH_ARGUMENT and _argument(step) is None
        ):
            found["zet_om"] = "argument"
    if form.within and declaration is not None and form.within not in declaration.lists:
        found["lijst"] = "choice"
    return found


def text_of(form: FieldForm) -> FieldText:
    """The field as it goes into the file. ``faults_of`` must have found nothing."""
    steps = [
        flow(step.name) if step.name in SIMPLE else f"{{{_argument(step)}}}" for step in form.steps
    ]
    return FieldText(
        path=form.path,
        within=form.within,
        parts={
            "uit": flow(form.columns),
            "zet_om": f"[{', '.join(steps)}]" if steps else "",
            "wint": "" if form.wins == Wins.FIRST_FILLED.value else form.wins,
            "strikt": "true" if form.strict else "",
        },
    )


def _argument(step: Step) -> str | None:
    """A conversion with its argument as the file has it; None when the words do not fit."""
    words = step.argument
    match step.name:
        case "deel":
            bounds = re.fullmatch(r"([0-9]{1,4})\s*[,-]\s*([0-9]{1,4})", words)
            fits = bounds is not None and 1 <= int(bounds[1]) <= int(bounds[2])
            return f"deel: [{bounds[1]}, {bounds[2]}]" if bounds and fits else None
        case "code":
            return _codes(words)
        case "niets_bij":
            texts = [each.strip() for each in words.split(",") if each.strip()]
            return f"niets_bij: {_quoted(texts)}" if texts else None
    return f"{step.name}: {flow(words)}" if words else None


def _quoted(texts: Sequence[str]) -> str:
    return "[" + ", ".join(flow(each) for each in texts) + "]"


def _codes(words: str) -> str | None:
    pairs = [each.partition("=") for each in words.split(";") if each.strip()]
    if not pairs or not all(sign and key.strip() and value.strip() for key, sign, value in pairs):
        return None
    codes = {key.strip(): value.strip() for key, _, value in pairs}
    otherwise = codes.pop("*", None)
    told = ", ".join(f"{flow(key)}: {flow(value)}" for key, value in codes.items())
    return f"code: {{{told}}}" + (f", anders: {flow(otherwise)}" if otherwise else "")
