# SPDX-License-Identifier: EUPL-1.2
"""The desk: what a form of it says, and which letters what was done there asks for.

Exact or nothing: by the whole number, or by the whole surname with the day of birth. What is not
found and what is found twice look the same, so that nobody fishes for persons.
Source: AVG art. 5 lid 1 sub c and f, art. 12 lid 6; Paspoortwet and UAVG art. 46 (no copy, no more
of a number than is needed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import JsonValue

DOCUMENTS = ("paspoort", "identiteitskaart", "rijbewijs", "verblijfsdocument")
"""Documents by which a municipality may see who somebody is. Source: Wet op de identificatieplicht,
art. 1."""
LONGEST_NAME, LONGEST_ADDRESS = 200, 300
SHORTEST_ADDRESS = 5
_CHARACTERS = re.compile(r"[A-Z0-9]{0,4}")


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """The person of a visit: sealed, for letters and for the session."""

    bsn: str
    name: str
    address: str = ""

    def __repr__(self) -> str:
        return "Whom()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whom to look up: by number, or by name with the day of birth."""

    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    born_on: date | None = None

    @property
    def by(self) -> str:
        """In which of the two ways."""
        return "nummer" if self.number else "naam"


def read_sought(form: Mapping[str, str]) -> Sought | dict[str, str]:
    """Whom somebody looks for, or per field what is wrong in one word."""
    number, name = form.get("bsn", "").strip(), " ".join(form.get("naam", "").split())
    born = form.get("geboren", "").strip()
    if bool(number) == bool(name or born):
        return {"bsn": "one"}
    if number:
        try:
            return Sought(number=Bsn.parse(number.replace(" ", "").replace(".", "")).value)
        except InvalidValue:
            return {"bsn": "number"}
    faults = {}
    if not 0 < len(name) <= LONGEST_NAME:
        faults["naam"] = "name"
    day = _day(born)
    if day is None:
        faults["geboren"] = "day"
    return faults or Sought(name=name, born_on=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """By which document it was seen who somebody is, and where letters go."""

    document: str
    characters: str
    address: str = field(repr=False)


def read_checked(form: Mapping[str, str]) -> Checked | dict[str, str]:
    """The check as the form says it, or per field what is wrong."""
    document = form.get("document", "")
    characters = form.get("tekens", "").strip().upper()
    address = form.get("adres", "").strip()
    faults = {}
    if document not in DOCUMENTS:
        faults["document"] = "document"
    if not _CHARACTERS.fullmatch(characters):
        faults["tekens"] = "characters"
    if not SHORTEST_ADDRESS <= len(address) <= LONGEST_ADDRESS:
        faults["adres"] = "address"
    if form.get("gezien") != "ja":
        faults["gezien"] = "seen"
    return faults or Checked(document=document, characters=characters, address=address)


def is_called(name: str, typed: str) -> bool:
    """True when somebody has this surname, whatever its case and with or without its prefix."""
    return _plain(name) == _plain(typed)


def the_one(numbers: Iterable[JsonValue]) -> str:
    """The number of the one person that all these are of; empty when it is not certain who.

    Of whom no number is known, nobody can say which person it is.
    """
    one = {None if each is None else str(each) for each in numbers}
    return one.pop() or "" if len(one) == 1 else ""


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _day(text: str) -> date | None:
    """A day as people type it (31-12-1980) or as a date box sends it (1980-12-31)."""
    dutch = re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", text)
    if dutch:
        text = f"{dutch[3]}-{int(dutch[2]):02}-{int(dutch[1]):02}"
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
