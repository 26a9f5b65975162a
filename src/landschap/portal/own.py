# SPDX-License-Identifier: EUPL-1.2
"""The own data of a person: what is asked for it, how an object is known in an address, which
values can be reported as wrong.

No number of an object or a person stands in an address: an object is known there by a keyed digest
of its own for each person.
Source: AVG art. 15 and 16; experience, "no personal data in addresses".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from landschap.purposes.decision import Question
from landschap.registers.models import ObjectType, Register
from landschap.registers.questions import Found
from landschap.registers.reports import Report, can_be_wrong
from landschap.registers.telling import Value, values_of
from landschap.registers.terms import due
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.typed import clean

RESIDENT = "betrokkene"
"""The role of who looks at their own data; policies name it."""

COMPANY = "onderneming"
"""The role of who looks at the data of the company they act for."""

READ = "raadplegen"
OBJECTION_TERM = "P6W"
"""Source: Awb art. 6:7."""

LONGEST_VALUE, LONGEST_EXPLANATION, SHORTEST = 500, 2000, 3
_PERSON, _COMPANY = "bsn", "kvk"
_NUMBER_OF_COMPANY = "^[0-9]{8}$"


@dataclass(frozen=True, slots=True)
class Own:
    """A type of objects with something about a person or company, and by which property.

    ``by`` is empty where the object itself has that number.
    """

    register: Register
    type: ObjectType
    by: str


def own_types(registers: Mapping[str, Register], number: str = _PERSON) -> list[Own]:
    """The types of objects that are about who has a ``bsn`` or, of companies, ``kvk`` number.

    Of a company also what points at it, such as its establishments, or holds its number, such as a
    permit that it asked for.
    """
    every = (
        (register, kind) for register in registers.values() for kind in register.types.values()
    )
    found = ((register, kind, _by(kind, number)) for register, kind in every)
    return [Own(register, kind, by) for register, kind, by in found if by is not None]


def _by(kind: ObjectType, number: str) -> str | None:
    """By which property such a number is found here; None when there is none."""
    subject = kind.subject
    if number == _PERSON:
        return subject.name if subject and subject.subject_kind == _PERSON else None
    if subject is not None and subject.subject_kind == _COMPANY:
        return subject.name if subject.searchable else ""
    for each in kind.properties.values():
        holds = "kvk" in each.name.lower() and each.schema.get("pattern") == _NUMBER_OF_COMPANY
        points = each.points_at.rpartition(".")[2] == COMPANY
        if each.searchable and (holds or points):
            return each.name
    return None


def question_of(
    owner: str, service: str, purpose: str, *, level: str, by: str, role: str = RESIDENT
) -> Question:
    """What a person asks of a register of ours, in the form every question about purpose has."""
    return Question(
        purpose=purpose,
        organisation=owner,
        service=service,
        provider=owner,
        action=READ,
        search=(by,) if by else (),
        roles=(role,),
        loa=level,
        require_bound=False,
    )


def reference_of(key: bytes, subject: bytes, kind: ObjectType, object_id: str) -> str:
    """How an object of a person is known in an address: sixteen letters and digits."""
    said = b"\x1f".join((b"landschap.own", subject, kind.key.encode(), object_id.encode()))
    digest = hmac.digest(key, said, "sha256")
    return base64.b32encode(digest[:10]).decode().lower()


def form_name(subject: bytes, form: UUID) -> UUID:
    """Under which identifier a form that was sent is known: the same form, the same report.

    Of the person too, so that nobody sends a form in another's name. A UUID of version 8: an own
    form. Source: RFC 9562, section 5.8.
    """
    data = bytearray(hashlib.sha256(b"landschap.report\x1f" + subject + form.bytes).digest()[:16])
    data[6], data[8] = (data[6] & 0x0F) | 0x80, (data[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnObject:
    """One object as the person it is about sees it.

    ``since`` is the first day on which it holds, ``registered_at`` when that was registered.
    ``is_copy``: another organisation holds it. ``told`` is its content as far as it may be shown,
    ``values`` the same as a page tells them.
    """

    register: Register
    type: ObjectType
    object_id: str
    reference: str
    since: date
    registered_at: datetime
    is_copy: bool
    told: Mapping[str, JsonValue]
    values: tuple[Value, ...]

    def value(self, path: str) -> Value | None:
        """The value at a path that can be reported as wrong; None for another path."""
        found = (each for each in self.values if each.path == path)
        return next((each for each in found if can_be_wrong(self.type, each.path)), None)


def object_of(
    register: Register, found: Found, told: Mapping[str, JsonValue], reference: str
) -> OwnObject:
    """An object from what was found, and what of it is told."""
    history = found.history
    return OwnObject(
        register=register,
        type=found.type,
        object_id=found.object_id,
        reference=reference,
        since=history.period.begin,
        registered_at=history.registered_at,
        is_copy=register.clock is Clock.SOURCE,
        told=told,
        values=tuple(values_of(found.type, told, history.doubts)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody typed in the form that says what is wrong."""

    proposed: str = ""
    explanation: str = ""

    def faults(self) -> dict[str, str]:
        """Per field why it can not be sent: ``short``, or ``long``; empty when all is well."""
        found = {}
        if not self.proposed:
            found["voorstel"] = "short"
        elif len(self.proposed) > LONGEST_VALUE:
            found["voorstel"] = "long"
        if len(self.explanation) < SHORTEST:
            found["uitleg"] = "short"
        elif len(self.explanation) > LONGEST_EXPLANATION:
            found["uitleg"] = "long"
        return found


def typed_of(form: Mapping[str, object]) -> Typed:
    """What was typed, without what no register and no screen can keep."""
    return Typed(
        proposed=clean(form.get("voorstel"), LONGEST_VALUE + 1, lines=False),
        explanation=clean(form.get("uitleg"), LONGEST_EXPLANATION + 1, lines=True),
    )


def form_of(text: object) -> UUID | None:
    """The identifier of a form; None for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def last_day_to_object(decided_on: date) -> date:
    """The last day to object to a decision that was made known that day. Source: Awb art. 6:8."""
    return due(decided_on, OBJECTION_TERM)


def of_field(reports: Sequence[Report], thing: OwnObject, path: str) -> Report | None:
    """The report of this person about a value that still waits for a decision."""
    for each in reports:
        about = (each.type_key, each.object_id, each.paths)
        if each.decided is None and about == (thing.type.key, thing.object_id, (path,)):
            return each
    return None
