# SPDX-License-Identifier: EUPL-1.2
"""The desk: an employee does in the portal what a person says who stands before them.

It is kept and told as a mandate is: who acts, for whom, by what. Its source is ``balie``, its
reference the visit. What was done there says so for ever, by `author_at_desk`.
Source: Awb art. 2:1 and 4:1 (who can not log in is served too); AVG art. 12 lid 6 (identity).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

SOURCE = "balie"
EMPLOYEE = "medewerker"
"""The kind of number an employee is known by among pseudonyms."""
_AUTHOR = f"{SOURCE}:"
_LETTERS = str.maketrans("0123456789", "ghijklmnop")

REPORT, REQUEST, CONSENT = "melding", "verzoek", "toestemming"
TAKEN_BACK, PASSED_ON = "ingetrokken", "doorgegeven"
"""Kinds of what is done in a visit."""


class AtDesk(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of one person, with the employee who helps.

    ``employee`` is how the login knows them, ``login`` that session at the provider, ``since`` when
    they logged in (seconds since 1970). ``until`` is when the visit ends at the latest.
    """

    visit: UUID
    employee: str
    employee_name: str
    login: str
    since: int
    until: float

    def __repr__(self) -> str:
        return f"AtDesk({self.visit})"

    @property
    def reference(self) -> str:
        """How the visit is known in the log: letters, for digits might look like a number."""
        return f"{SOURCE}-{letters_of(self.visit)}"


def letters_of(visit: UUID) -> str:
    """A visit without digits."""
    return visit.hex.translate(_LETTERS)


def author_at_desk(employee: str) -> str:
    """Who did something, of what a person said at the desk."""
    return f"{_AUTHOR}{employee}"


def employee_of(author: str) -> str:
    """The employee who did this at the desk; empty for what was done elsewhere."""
    return author.removeprefix(_AUTHOR) if author.startswith(_AUTHOR) else ""


def is_at_desk(authors: Sequence[str]) -> bool:
    """True when the first of these authors acted at the desk."""
    return bool(authors) and authors[0].startswith(_AUTHOR)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done in a visit: of which kind, its number, in which register or for what, when."""

    kind: str
    reference: UUID
    about: str
    at: datetime


class Desk(Protocol):
    """What the portal asks of who keeps visits."""

    async def goes_on(self, at: AtDesk, /) -> bool:
        """True while the visit lasts and its employee is logged in."""
        ...

    async def note(self, at: AtDesk, kind: str, reference: UUID, about: str, /) -> None:
        """Write down what was done."""
        ...

    async def done(self, at: AtDesk, /) -> Sequence[Done]:
        """What was done in this visit, the latest first."""
        ...

    async def end(self, at: AtDesk, /) -> None:
        """End the visit."""
        ...
