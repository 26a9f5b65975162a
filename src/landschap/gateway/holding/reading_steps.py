# SPDX-License-Identifier: EUPL-1.2
"""Reading ``[[stap]]`` and ``[historie]`` of a held service."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping

from landschap.gateway.holding.model import JSON
from landschap.gateway.holding.steps import BEFORE, DEEDS, MOMENTS, Step
from landschap.integration.conversions import SIMPLE, Conversion

HISTORY = ("geldigOp", "beschikbaarOp")
MOST_STEPS = 50
_KEYS = ("naam", "versie", "wanneer", "doe", "plaats", "naar", "waarde", "omzetting", "codes")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_PLACE = re.compile(r"\?[A-Za-z_][A-Za-z0-9_.-]{0,63}|(?:/[^/]{1,100}){1,20}")
Tell = Callable[[str, str], None]


def read_steps(tree: Mapping[str, object], form: str, tell: Tell) -> tuple[Step, ...]:
    """The steps of a file, in order; mistakes are told."""
    given = tree.get("stap", [])
    if not isinstance(given, list) or len(given) > MOST_STEPS:
        tell("stap", f"is written as [[stap]], at most {MOST_STEPS} times")
        return ()
    if given and form != JSON:
        tell("stap", "steps reshape JSON; this service speaks XML")
        return ()
    found = [_step(each, f"stap[{place}]", tell) for place, each in enumerate(given)]
    labels = [each.name for each in found if each is not None]
    for name in sorted({name for name in labels if labels.count(name) > 1}):
        tell("stap", f"{name!r} stands there twice; each step has a name of its own")
    return tuple(each for each in found if each is not None)


def read_history(tree: Mapping[str, object], tell: Tell) -> Mapping[str, str]:
    """How the service calls the day and the moment that are asked about."""
    given = tree.get("historie", {})
    if not isinstance(given, Mapping):
        tell("historie", 'a table such as geldigOp = "?peildatum"')
        return {}
    found: dict[str, str] = {}
    for name, place in given.items():
        if name not in HISTORY:
            near = difflib.get_close_matches(str(name), HISTORY, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(HISTORY)}"
            tell(f"historie.{name}", hint)
        elif not isinstance(place, str) or not re.fullmatch(r"\?[A-Za-z_][\w.-]{0,63}", place):
            tell(f"historie.{name}", 'the query parameter of the service, such as "?peildatum"')
        else:
            found[str(name)] = place[1:]
    return found


def _step(given: object, key: str, tell: Tell) -> Step | None:
    if not isinstance(given, Mapping):
        tell(key, "a table")
        return None
    faults: list[str] = []

    def wrong(name: str, message: str) -> None:
        faults.append(name)
        tell(f"{key}.{name}" if name else key, message)

    for name in given:
        if name not in _KEYS:
            near = difflib.get_close_matches(str(name), _KEYS, n=1)
            wrong(str(name), f"did you mean {near[0]}?" if near else f"known: {', '.join(_KEYS)}")
    moment = _one_of(given, "wanneer", MOMENTS, wrong)
    deed = _one_of(given, "doe", DEEDS, wrong)
    place = _text(given, "plaats", _PLACE, "a place such as /naam/achternaam, or ?naam", wrong)
    step = Step(
        name=_text(given, "naam", _NAME, "lower-case words with hyphens", wrong),
        version=_text(given, "versie", _VERSION, "three numbers: 1.0.0", wrong),
        moment=moment,
        deed=deed,
        place=(place,) if place.startswith("?") else tuple(place[1:].split("/")),
        to=_text(given, "naar", re.compile(r"[^/?&=]{1,100}"), "a new name", wrong)
        if deed == "hernoemen"
        else "",
        value=_constant(given, wrong) if deed == "toevoegen" else None,
        conversions=_conversions(given, wrong) if deed == "omzetten" else (),
    )
    if place.endswith("/*"):
        wrong("plaats", "must end in the name of a member; a step is about no whole item of a list")
    if place.startswith("?") and moment != BEFORE:
        wrong("plaats", 'only a question has parameters; write wanneer = "voor"')
    return None if faults else step


def _text(
    given: Mapping[str, object], name: str, form: re.Pattern[str], words: str, wrong: Tell
) -> str:
    value = given.get(name)
    if isinstance(value, str) and form.fullmatch(value):
        return value
    wrong(name, "is missing" if value is None else f"must be {words}")
    return "/-"


def _one_of(given: Mapping[str, object], name: str, known: tuple[str, ...], wrong: Tell) -> str:
    value = given.get(name)
    if value in known:
        return str(value)
    near = difflib.get_close_matches(str(value), known, n=1) if value is not None else []
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
    wrong(name, hint)
    return known[0]


def _constant(given: Mapping[str, object], wrong: Tell) -> str | int | float | bool | None:
    value = given.get("waarde")
    if isinstance(value, str | bool | int | float):
        return value
    wrong("waarde", "is missing" if value is None else "a text, number, true or false")
    return None


def _conversions(given: Mapping[str, object], wrong: Tell) -> tuple[Conversion, ...]:
    codes = given.get("codes")
    if isinstance(codes, Mapping) and codes:
        if all(isinstance(each, str) for each in codes.values()):
            return (Conversion(name="code", codes={str(k): str(v) for k, v in codes.items()}),)
        wrong("codes", 'a table such as { M = "man", V = "vrouw" }')
        return ()
    names = given.get("omzetting")
    found = [names] if isinstance(names, str) else names
    if isinstance(found, list) and found and all(each in SIMPLE for each in found):
        return tuple(Conversion(name=str(each)) for each in found)
    wrong("omzetting", f"one or more of {', '.join(SIMPLE)}; or codes = {{ ... }}")
    return ()
