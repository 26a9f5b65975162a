# SPDX-License-Identifier: EUPL-1.2
"""Who holds what a register is a copy of, as ``register.toml`` tells it.

    [bronhouder]
    oin = "00000099000000002000"
    naam = "Gemeente Doesburg"
    adres = "Postbus 100, 6980 AC Doesburg"
    register = "postadressen"          # what it is called there; the same as here when absent

A report of a resident that a value is wrong is brought to that organisation. Who can not be reached
that way is named with its address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from landschap.registers.schemas import Fault
from landschap.registers.timeline import Clock
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

_KNOWN = ("oin", "naam", "adres", "register")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHolder:
    """Who holds the source. ``address`` is where one writes to; ``register`` what it is there."""

    oin: str
    name: str
    address: str = ""
    register: str = ""


def source_holder(given: JsonValue) -> SourceHolder | None:
    """The holder in a head without faults; None when it names none."""
    if not isinstance(given, Mapping):
        return None
    told = {key: str(given.get(key, "")) for key in _KNOWN}
    return SourceHolder(
        oin=told["oin"], name=told["naam"], address=told["adres"], register=told["register"]
    )


def faults_of_source(head: Mapping[str, JsonValue]) -> Iterator[Fault]:
    """What is wrong with the holder that a head names."""
    given = head.get("bronhouder")
    if given is None:
        return
    if not isinstance(given, Mapping):
        yield Fault("/bronhouder", "must be a table with oin, naam and perhaps adres and register")
        return
    if head.get("klok") != Clock.SOURCE:
        yield Fault("/bronhouder", "is of a copy (klok = bron): what is kept here has no other")
    try:
        Oin.parse(str(given.get("oin", "")))
    except InvalidValue as error:
        yield Fault("/bronhouder/oin", str(error))
    if not str(given.get("naam", "")).strip():
        yield Fault("/bronhouder/naam", "must be the name people know it by")
    for key in sorted(given):
        if key not in _KNOWN:
            yield Fault(f"/bronhouder/{key}", f"is not known here{did_you_mean(key, _KNOWN)}")
        elif not isinstance(given[key], str) or len(str(given[key])) > _LONGEST:
            yield Fault(f"/bronhouder/{key}", f"must be a text of at most {_LONGEST} characters")
