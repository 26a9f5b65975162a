# SPDX-License-Identifier: EUPL-1.2
"""The list of standards, and what an organisation adds to it in ``standaarden.toml``.

    [[plicht]]                             # what was decided since, by whom
    standaard = "logboek-dataverwerkingen"
    plicht = "verplicht"                   # aanbevolen | pas-toe-of-leg-uit | verplicht
    vanaf = 2027-07-01
    bron = "besluit van het college van 24 november 2026"

    [[verklaring]]
    standaard = "zgw"
    dienst = "zaken"                       # a service, or "*" for each
    staat = "wijkt-af"                     # voldoet | wijkt-af | nvt
    vanaf = 2026-10-01
    uitleg = { nl = "De leverancier volgt in maart.", en = "The supplier follows in March." }

    [[standaard]]                          # a standard that our list lacks, in its form
    id = "imow"

Every mistake is told at once, with its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from landschap.purposes.model import Text
from landschap.registers.standards.model import (
    EVERY,
    Declared,
    Duty,
    DutyFrom,
    Standard,
    State,
)
from landschap.vocabulary.mistakes import did_you_mean

CHECKS = ("deur", "beschrijving", "openapi", "logboek", "doel")
"""The checks there are; what each does stands with who measures."""
_MOST_WORDS = 1000


class WrongStandards(ValueError):
    """A file of standards that can not be used; each mistake with its place."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nl: str
    en: str


class _Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plicht: Duty
    vanaf: date
    bron: str


class _OwnDuty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    standaard: str
    plicht: Duty
    vanaf: date
    bron: str


class _Standard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    naam: str
    versie: str
    beheerder: str
    waarvoor: _Words
    meting: str = ""
    plicht: tuple[_Duty, ...] = ()


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    standaard: str
    dienst: str
    staat: State
    vanaf: date
    uitleg: _Words


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    standaard: tuple[_Standard, ...] = ()
    plicht: tuple[_OwnDuty, ...] = ()
    verklaring: tuple[_Declared, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """The standards in order of the list, and what the organisation declared."""

    standards: tuple[Standard, ...]
    declared: tuple[Declared, ...] = ()


def read_standards(packaged: str, own: str = "") -> Standards:
    """The list with what the organisation added. Raises WrongStandards."""
    base, more = _file(packaged), _file(own)
    every = {each.id: _standard(each) for each in (*base.standaard, *more.standaard)}
    mistakes = [
        f"standaard {each.id}: meting {each.meting!r} is none of {', '.join(CHECKS)}"
        for each in (*base.standaard, *more.standaard)
        if each.meting and each.meting not in CHECKS
    ]
    for number, each in enumerate(more.plicht, start=1):
        mistakes += _unknown(f"plicht {number}", each.standaard, every)
        known = every.get(each.standaard)
        if known is not None:
            added = DutyFrom(duty=each.plicht, from_day=each.vanaf, source=each.bron)
            every[each.standaard] = replace(known, duties=_by_day((*known.duties, added)))
    for number, said in enumerate(more.verklaring, start=1):
        place = f"verklaring {number}"
        mistakes += _unknown(place, said.standaard, every)
        mistakes += _wrong_words(place, said)
    if mistakes:
        raise WrongStandards(mistakes)
    return Standards(
        standards=tuple(every.values()),
        declared=tuple(
            Declared(
                standard=each.standaard,
                service=each.dienst,
                state=each.staat,
                from_day=each.vanaf,
                explanation=Text(nl=each.uitleg.nl.strip(), en=each.uitleg.en.strip()),
            )
            for each in more.verklaring
        ),
    )


def _file(text: str) -> _File:
    try:
        found: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(found, _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WrongStandards([str(error)]) from None


def _standard(given: _Standard) -> Standard:
    duties = (DutyFrom(duty=e.plicht, from_day=e.vanaf, source=e.bron) for e in given.plicht)
    return Standard(
        id=given.id,
        name=given.naam,
        version=given.versie,
        keeper=given.beheerder,
        what_for=Text(nl=given.waarvoor.nl, en=given.waarvoor.en),
        check=given.meting,
        duties=_by_day(duties),
    )


def _by_day(duties: Any) -> tuple[DutyFrom, ...]:
    """In order of day; of two on one day the last one given holds."""
    return tuple(sorted(duties, key=lambda each: each.from_day))


def _unknown(place: str, name: str, known: Mapping[str, Standard]) -> list[str]:
    if name in known:
        return []
    return [f"{place}: there is no standard {name!r}{did_you_mean(name, known)}"]


def _wrong_words(place: str, said: _Declared) -> list[str]:
    mistakes = []
    if not said.dienst.strip():
        mistakes.append(f"{place}: dienst is empty; {EVERY!r} is each service")
    if said.staat is State.UNKNOWN:
        mistakes.append(f"{place}: declare what is so, or nothing")
    for language, words in (("nl", said.uitleg.nl), ("en", said.uitleg.en)):
        if not words.strip() or len(words) > _MOST_WORDS:
            mistakes.append(f"{place}: uitleg.{language} has 1 to {_MOST_WORDS} characters")
    return mistakes
