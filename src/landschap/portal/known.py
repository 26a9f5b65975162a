# SPDX-License-Identifier: EUPL-1.2
"""What a session of the portal knows of the person in it."""

from __future__ import annotations

import msgspec

from landschap.vocabulary.mandates import Mandate


class Known(msgspec.Struct, frozen=True):
    """The person, the name to greet with, how they logged in, for whom they may act.

    ``acting_for`` is the reference of the mandate that is used now; empty for the person itself.
    """

    bsn: str
    name: str
    level: str
    authenticated_at: int
    id_token: str
    mandates: tuple[Mandate, ...] = ()
    acting_for: str = ""

    @property
    def mandate(self) -> Mandate | None:
        """The mandate that is used now."""
        return next((each for each in self.mandates if each.reference == self.acting_for), None)

    @property
    def whose(self) -> str:
        """The number of the person whose data are shown."""
        mandate = self.mandate
        return mandate.bsn if mandate else self.bsn

    def __repr__(self) -> str:
        return f"Known(level={self.level!r})"
