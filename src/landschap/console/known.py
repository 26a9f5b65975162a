# SPDX-License-Identifier: EUPL-1.2
"""What a session of the console knows: who it is, and what they are doing now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import msgspec

from landschap.vocabulary.identifiers import Bsn, InvalidValue

MAX_CASE = 60
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{1,59}")
_DIGITS = re.compile(r"[0-9]{8,9}")


class Task(msgspec.Struct, frozen=True):
    """What somebody looks for: a purpose of the register, and the number of the case."""

    purpose: str
    case: str


class Emergency(msgspec.Struct, frozen=True):
    """Emergency access that runs: the role that was taken, why, until when (seconds since 1970)."""

    id: UUID
    role: str
    reason: str
    until: float


class Known(msgspec.Struct, frozen=True):
    """An employee who is logged in; ``task`` is None until one is chosen.

    ``roles`` are those the provider told, ``session_id`` its name for this session,
    ``access_token`` is what the own Outway takes as proof of who it is, ``number`` the employee's
    own number as a person, empty when the provider did not tell it.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    level: str
    authenticated_at: int
    id_token: str
    task: Task | None = None
    session_id: str = ""
    emergency: Emergency | None = None
    access_token: str = ""
    number: str = ""

    @property
    def acting_roles(self) -> tuple[str, ...]:
        """The roles with which is decided: one's own, and the one of an emergency."""
        return (*self.roles, self.emergency.role) if self.emergency else self.roles

    def __repr__(self) -> str:
        return f"Known({self.subject!r}, roles={self.roles!r})"


@dataclass(frozen=True, slots=True)
class NoCaseNumber:
    """Why a text is no case number: ``form``, or ``person`` for somebody's number."""

    why: str


def read_case(text: str) -> str | NoCaseNumber:
    """The number of a case as somebody typed it. A person's number is none: it would be logged."""
    case = " ".join(text.split())
    if names_a_person(case):
        return NoCaseNumber("person")
    return case if _CASE.fullmatch(case) else NoCaseNumber("form")


def names_a_person(text: str) -> bool:
    """True when the number of a person stands in a text that is going to be kept."""
    return any(_is_person(digits) for digits in _DIGITS.findall(text))


def _is_person(digits: str) -> bool:
    try:
        Bsn.parse(digits.rjust(9, "0"))
    except InvalidValue:
        return False
    return True
