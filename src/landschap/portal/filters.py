# SPDX-License-Identifier: EUPL-1.2
"""What a person wants to see: a period, an organisation, a purpose; read from the address.

Days are written as people write them, ``24-11-2026``; ``2026-11-24`` is read too. A wrong value
keeps what was typed and gets a message, it is never silently something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from landschap.portal.uses import Row, Use
from landschap.purposes.model import midnight
from landschap.vocabulary.times import read_typed_day, typed_day

KEYS = ("van", "tot", "organisatie", "waarvoor", "alles", "na", "wacht")
NOT_A_DAY = "Schrijf een bestaande datum als 24-11-2026"
TURNED_AROUND = "De eerste dag ligt na de laatste dag. Kies een latere laatste dag"
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A period of whole Dutch days, both included, and what it is narrowed to.

    ``before`` is the last use of the page before. ``unfold`` shows like uses one by one.
    ``is_patient`` waits longer for other organisations; it is no part of a link to another page.
    """

    since: date
    until: date
    organisation: str = ""
    activity: str = ""
    unfold: bool = False
    before: UUID | None = None
    is_patient: bool = False

    @staticmethod
    def everything() -> tuple[datetime, datetime]:
        """All moments a use can have, half-open."""
        return midnight(date(1900, 1, 1)), midnight(date(2200, 1, 1))

    def moments(self) -> tuple[datetime, datetime]:
        """The period as half-open moments."""
        return midnight(self.since), midnight(self.until + timedelta(days=1))

    def admits(self, use: Use) -> bool:
        """True when a use of the period passes the rest of the filter."""
        organisation = self.organisation in {"", use.actor_key}
        return organisation and self.activity in {"", use.activity_uri}

    def query(self, *, before: UUID | None = None, patient: bool = False) -> str:
        """The filter as a query, for links to the next page and to the same in another form."""
        pairs = {
            "van": typed_day(self.since),
            "tot": typed_day(self.until),
            "organisatie": self.organisation,
            "waarvoor": self.activity,
            "alles": "ja" if self.unfold else "",
            "na": str(before) if before else "",
            "wacht": "ja" if patient else "",
        }
        return urlencode({key: value for key, value in pairs.items() if value})


def only(row: Row) -> str:
    """The query that shows the uses of a folded row one by one."""
    use = row.newest
    chosen = Filter(
        since=row.day,
        until=row.day,
        organisation=use.actor_key,
        activity=use.activity_uri,
        unfold=True,
    )
    return chosen.query()


def read_filter(given: Mapping[str, str], today: date) -> tuple[Filter, dict[str, str]]:
    """The filter, and a message per field that can not be read (which then has its default).

    Without a period it is the last year.
    """
    errors: dict[str, str] = {}
    days = {}
    for name, default in (("van", today - _YEAR), ("tot", today)):
        text = given.get(name, "").strip()
        found = _day(text) if text else default
        if found is None:
            errors[name] = NOT_A_DAY
        days[name] = found or default
    if not errors and days["van"] > days["tot"]:
        errors["tot"] = TURNED_AROUND
    chosen = Filter(
        since=days["van"],
        until=days["tot"],
        organisation=given.get("organisatie", "").strip()[:255],
        activity=given.get("waarvoor", "").strip()[:255],
        unfold=given.get("alles") == "ja",
        before=_uuid(given.get("na", "")),
        is_patient=given.get("wacht") == "ja",
    )
    return chosen, errors


def _day(text: str) -> date | None:
    day = read_typed_day(text)
    return day if day and 1900 <= day.year < 2200 else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
