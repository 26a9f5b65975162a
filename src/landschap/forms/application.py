# SPDX-License-Identifier: EUPL-1.2
"""An application for an environmental permit: its fields, its number, and what is registered.

The number follows from who applies and from the form, so that the same form sent again, by a
double click, the back button or a second window, is the same application.
Source: Omgevingsbesluit, chapter 10 (what an application holds); Awb art. 4:2.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day
from landschap.vocabulary.typed import clean

KINDS = ("aanbouw", "dakkapel", "verbouwing", "zonnepanelen", "anders")
"""The kinds of work, as the register knows them."""

LONGEST: Mapping[str, int] = {
    "naam": 200, "straat": 80, "huisnummer": 5, "huisletter": 1, "postcode": 7, "woonplaats": 80,
    "oppervlakte": 6, "soortWerk": 20, "omschrijving": 2000, "begintOp": 10,
}  # fmt: skip
"""Every field with the most characters it takes, in the order of the form."""

SOURCES: Mapping[str, str] = {
    "straat": "adres.straat", "huisnummer": "adres.huisnummer", "huisletter": "adres.huisletter",
    "postcode": "adres.postcode", "woonplaats": "adres.woonplaats",
    "oppervlakte": "woning.oppervlakte",
}  # fmt: skip
"""Where a field stands in the answer of the service it is filled in from; the name is composed."""

_OPTIONAL = frozenset({"huisletter", "oppervlakte"})
_FAR = timedelta(days=5 * 366)
_POSTCODE = re.compile(r"([1-9][0-9]{3}) ?([A-Za-z]{2})")
_DUTCH_DAY = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_NUMBER = re.compile(r"[0-9]{1,6}")


class Fault(StrEnum):
    """Why a field can not be sent."""

    EMPTY = "empty"
    LONG = "long"
    NO_NUMBER = "no_number"
    NO_LETTER = "no_letter"
    NO_POSTCODE = "no_postcode"
    NO_DAY = "no_day"
    PAST = "past"
    FAR = "far"
    NO_KIND = "no_kind"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, as it was typed."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def __repr__(self) -> str:
        return "Typed()"

    def faults(self, today: date) -> dict[str, Fault]:
        """Per field why it can not be sent, in the order of the form; empty when all is well."""
        found = {name: self._fault(name, today) for name in LONGEST}
        return {name: fault for name, fault in found.items() if fault is not None}

    def _fault(self, name: str, today: date) -> Fault | None:
        text = self[name]
        if not text:
            if name == "soortWerk":
                return Fault.NO_KIND
            return None if name in _OPTIONAL else Fault.EMPTY
        if len(text) > LONGEST[name]:
            return Fault.LONG
        match name:
            case "huisnummer" | "oppervlakte":
                is_number = _NUMBER.fullmatch(text) and int(text) > 0
                return None if is_number else Fault.NO_NUMBER
            case "huisletter":
                return None if text.isascii() and text.isalpha() else Fault.NO_LETTER
            case "postcode":
                return None if _POSTCODE.fullmatch(text) else Fault.NO_POSTCODE
            case "soortWerk":
                return None if text in KINDS else Fault.NO_KIND
            case "begintOp":
                return _fault_of_day(read_day(text), today)
            case _:
                return None


def typed_of(given: Mapping[str, object]) -> Typed:
    """What was typed, without what no register and no screen can keep."""
    return Typed({
        name: clean(given.get(name), longest + 1, lines=name == "omschrijving")
        for name, longest in LONGEST.items()
    })  # fmt: skip


def read_day(text: str) -> date | None:
    """A day as people write it, 31-12-2026, or machines, 2026-12-31; None for what is none."""
    dutch = _DUTCH_DAY.fullmatch(text)
    if dutch:
        day, month, year = dutch.groups()
        text = f"{year}-{int(month):02}-{int(day):02}"
    try:
        return parse_day(text)
    except ValueError:
        return None


def number_of(key: bytes, person: str, form: UUID) -> str:
    """The number of an application; it tells nothing of who applies."""
    digest = hmac.digest(key, b"landschap.aanvraag\x1f" + person.encode() + form.bytes, "sha256")
    return f"OV-{digest[:8].hex().upper()}"


def idempotency_key(number: str) -> str:
    """The key with which the same application is registered once."""
    return hashlib.sha256(f"aanvraag {number}".encode()).hexdigest()


def registration(
    typed: Typed, number: str, person: str, today: date, unchanged: list[str]
) -> dict[str, JsonValue]:
    """The body of ``_registreer``: it holds from today, and why, and on what document.

    ``typed`` has no faults; ``unchanged`` are the fields that were fetched and left as they were.
    """
    postcode, begins = _POSTCODE.fullmatch(typed["postcode"]), read_day(typed["begintOp"])
    assert postcode is not None  # noqa: S101  # `faults` saw to it
    assert begins is not None  # noqa: S101  # as above
    address: dict[str, JsonValue] = {
        "straat": typed["straat"],
        "huisnummer": int(typed["huisnummer"]),
        "postcode": f"{postcode[1]} {postcode[2].upper()}",
        "woonplaats": typed["woonplaats"],
    }
    if typed["huisletter"]:
        address["huisletter"] = typed["huisletter"]
    content: dict[str, JsonValue] = {
        "burgerservicenummer": person,
        "naam": typed["naam"],
        "adres": address,
        "soortWerk": typed["soortWerk"],
        "omschrijving": typed["omschrijving"],
        "begintOp": begins.isoformat(),
        "opgehaald": list[JsonValue](unchanged),
    }
    if typed["oppervlakte"]:
        content["oppervlakte"] = int(typed["oppervlakte"])
    return {
        "geldigVan": today.isoformat(),
        "inhoud": content,
        "reden": "Aanvraag van de inwoner",
        "document": f"elektronisch aanvraagformulier {number}",
    }


def _fault_of_day(day: date | None, today: date) -> Fault | None:
    if day is None:
        return Fault.NO_DAY
    if day < today:
        return Fault.PAST
    return Fault.FAR if day > today + _FAR else None
