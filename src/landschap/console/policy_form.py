# SPDX-License-Identifier: EUPL-1.2
"""A policy as a form: its fields with the words and choices of the register, and read back again.

Fields have the names of the files, so that what the files say is wrong leads to its field. What the
form does not show (rows, hours, obligations and the like) stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from landschap.purposes.model import (
    ACTIONS,
    HISTORY,
    LEVELS,
    Effect,
    Policy,
    Register,
    Text,
    Validity,
)
from landschap.purposes.needs import NEEDS
from landschap.purposes.reading import RegisterError
from landschap.vocabulary.times import read_typed_day, typed_day

MAX_TEXT = 4_000
_SHOWN = frozenset({
    "id", "version", "effect", "purpose", "organisations", "roles", "provider", "service",
    "actions", "field_set", "min_loa", "legal_bases", "activity", "history", "needs", "valid",
    "explanation",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: ``sort`` is choice, checks, lines, day or words.

    ``choices`` are value and words; ``value`` is what stands in it, a list for checks and lines.
    """

    name: str
    sort: str
    value: str | Sequence[str]
    choices: Sequence[tuple[str, str]] = ()


def fields_of(policy: Policy, register: Register, *, english: bool) -> list[Field]:
    """The form of a policy, with the choices that the register gives."""

    def said(text: Text) -> str:
        return text.en if english else text.nl

    activities = {each.uri: said(each.name) for each in register.activities}
    sets = [each.key for each in register.field_sets if each.service == policy.service]
    none = ("", "-")
    return [
        Field(name="werking", sort="choice", value=policy.effect.value,
              choices=[(each.value, each.value) for each in Effect]),
        Field(name="doel", sort="choice", value=policy.purpose,
              choices=[(each.uri, said(each.label)) for each in register.purposes]),
        Field(name="activiteit", sort="choice", value=policy.activity,
              choices=[none, *activities.items()]),
        Field(name="organisaties", sort="lines", value=policy.organisations),
        Field(name="rollen", sort="lines", value=policy.roles),
        Field(name="handelingen", sort="checks", value=policy.actions,
              choices=[(each, each) for each in ACTIONS]),
        Field(name="veldenset", sort="choice", value=policy.field_set,
              choices=[none, *((each, each) for each in sets)]),
        Field(name="grondslagen", sort="lines", value=policy.legal_bases),
        Field(name="minimaal_niveau", sort="choice", value=policy.min_loa,
              choices=[none, *((each, each.rpartition(":")[2]) for each in LEVELS)]),
        Field(name="historie", sort="checks", value=policy.history,
              choices=[(each, each) for each in HISTORY]),
        Field(name="nodig", sort="checks", value=policy.needs,
              choices=[(each, each) for each in NEEDS]),
        Field(name="geldig_vanaf", sort="day", value=typed_day(policy.valid.since)),
        Field(name="geldig_tot", sort="day",
              value=typed_day(policy.valid.until) if policy.valid.until else ""),
        Field(name="uitleg_nl", sort="words", value=policy.explanation.nl),
        Field(name="uitleg_en", sort="words", value=policy.explanation.en),
    ]  # fmt: skip


def kept_as_it_is(policy: Policy) -> list[str]:
    """Attributes of a policy that say something and have no field in the form."""
    return [name for name in policy.__slots__ if name not in _SHOWN and getattr(policy, name)]


def read_form(policy: Policy, form: Mapping[str, Sequence[str]]) -> tuple[Policy, dict[str, str]]:
    """The next version of a policy as the form has it; and per field that can not be read why.

    A day that can not be read stays what it was. Values are not judged here: the files are.
    """
    errors: dict[str, str] = {}

    def one(name: str) -> str:
        return " ".join((form.get(name) or [""])[0][:MAX_TEXT].split())

    def lines(name: str) -> tuple[str, ...]:
        text = (form.get(name) or [""])[0][:MAX_TEXT]
        return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))

    def several(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(form.get(name) or ()))

    def day(name: str, default: date | None) -> date | None:
        if not one(name):
            return None
        read = read_typed_day(one(name))
        if read is None:
            errors[name] = "day"
            return default
        return read

    since = day("geldig_vanaf", policy.valid.since)
    if since is None:
        errors["geldig_vanaf"] = "day"
    try:
        effect = Effect(one("werking"))
    except ValueError:
        effect = policy.effect
        errors["werking"] = "choice"
    read = replace(
        policy,
        version=policy.version + 1,
        effect=effect,
        purpose=one("doel"),
        activity=one("activiteit"),
        organisations=lines("organisaties"),
        roles=lines("rollen"),
        actions=several("handelingen"),
        field_set=one("veldenset"),
        legal_bases=lines("grondslagen"),
        min_loa=one("minimaal_niveau"),
        history=several("historie"),
        needs=several("nodig"),
        valid=Validity(
            since=since or policy.valid.since, until=day("geldig_tot", policy.valid.until)
        ),
        explanation=Text(nl=one("uitleg_nl"), en=one("uitleg_en")),
    )
    return read, errors


def faults_by_field(error: RegisterError, names: Sequence[str]) -> dict[str, str]:
    """What is wrong per field of the form; under ``tekst`` what belongs to none."""
    found: dict[str, str] = {}
    for mistake in error.mistakes:
        key = mistake.key.rpartition(": ")[2]
        name = {"uitleg": "uitleg_nl"}.get(key, key)
        words = mistake.message + (f" ({mistake.nearest}?)" if mistake.nearest else "")
        if name not in names:
            name, words = "tekst", f"{mistake.key}: {words}" if mistake.key else words
        found.setdefault(name, words)
    return found
