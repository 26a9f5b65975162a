# SPDX-License-Identifier: EUPL-1.2
"""Who holds a register: closing one for a successor, and refusing to write it afterwards.

Source: Wet algemene regels herindeling art. 28 and 44; BAG, "bronhouder".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from landschap.registers.transfer import Holder
from landschap.vocabulary.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """From ``day`` a successor holds the register; ``address`` is where to ask it."""

    register: str
    day: date
    successor: Holder
    address: str
    reason: str = ""
    closed_by: str = ""

    def holds_on(self, day: date) -> bool:
        """True when it is closed on a day."""
        return self.day <= day

    @property
    def link(self) -> str:
        """The header that points at the successor. Source: RFC 5829, "successor-version"."""
        return f'<{self.address}>; rel="successor-version"'


def closed(closure: Closure) -> Refusal:
    """Why nothing is registered here any more, and who does so now."""
    return Refusal(
        code="register.gesloten",
        status=HTTPStatus.CONFLICT,
        title="Another organisation holds this register",
        detail=f"Nothing was written: since {closure.day} register {closure.register} is held by "
        f"{closure.successor.name}. What was registered here stays readable.",
        missing="a change at the present holder",
        owner=closure.successor.name,
        extra={
            "bronhouder": {**closure.successor.as_json(), "adres": closure.address},
            "vanaf": closure.day.isoformat(),
        },
    )
