# SPDX-License-Identifier: EUPL-1.2
"""What a session of the portal knows of the person in it."""

from __future__ import annotations

import msgspec

from landschap.vocabulary import desk
from landschap.vocabulary.companies import Company
from landschap.vocabulary.desk import AtDesk
from landschap.vocabulary.mandates import Mandate


class Known(msgspec.Struct, frozen=True):
    """The person, the name to greet with, how they logged in, for whom they may act.

    ``acting_for`` is the reference of the mandate that is used now; empty for the person itself.
    With a ``company`` there is no number of a person: who acts is a pseudonym. ``at_desk``: an
    employee does what this person says at the desk.
    """

    bsn: str
    name: str
    level: str
    authenticated_at: int
    id_token: str
    mandates: tuple[Mandate, ...] = ()
    acting_for: str = ""
    company: Company | None = None
    at_desk: AtDesk | None = None

    @property
    def mandate(self) -> Mandate | None:
        """The mandate that is used now."""
        return next((each for each in self.mandates if each.reference == self.acting_for), None)

    @property
    def whose(self) -> str:
        """The number of the person or company whose data are shown."""
        if self.company is not None:
            return self.company.kvk
        mandate = self.mandate
        return mandate.bsn if mandate else self.bsn

    @property
    def kind(self) -> str:
        """The kind of that number: ``bsn`` or ``kvk``."""
        return "bsn" if self.company is None else "kvk"

    @property
    def acting(self) -> tuple[str, str] | None:
        """The kind and number of who acts for another; None for the person itself."""
        if self.company is not None:
            return "eherkenning", self.company.acting
        if self.at_desk is not None:
            return desk.EMPLOYEE, self.at_desk.employee
        return ("bsn", self.bsn) if self.mandate else None

    @property
    def represents(self) -> str:
        """In whose name is looked, as it is shown; empty for the person itself."""
        if self.company is not None:
            return self.company.name or self.company.kvk
        if self.at_desk is not None:
            return self.name
        mandate = self.mandate
        return (mandate.name or mandate.reference) if mandate else ""

    @property
    def author(self) -> str:
        """Who says something, as it is kept: the person, or the employee at the desk."""
        return desk.author_at_desk(self.at_desk.employee) if self.at_desk else "inwoner"

    def __repr__(self) -> str:
        return f"Known(level={self.level!r})"
