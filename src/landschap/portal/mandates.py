# SPDX-License-Identifier: EUPL-1.2
"""What a mandate opens here: each page is of a service, and a mandate is for services by name.

What no mandate can be for is closed to who acts in the name of another: a page that nobody thought
of shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from landschap.vocabulary.companies import Company
from landschap.vocabulary.mandates import Mandate

USES = "/gebruik"
CHOICE = "/namens"
PROOFS = "/bewijs"
_COMPANY = ("/gegevens", "/gebruik", "/meldingen")
RIGHTS = "/rechten"
_OPEN = frozenset({"/", "/toegankelijkheid", "/privacy", "/veiligheid", CHOICE})
_OF_LOGIN = ("/inloggen", "/uitloggen", "/uitgelogd", "/sessie-voorbij")


def may_open(mandate: Mandate, path: str, services: Sequence[str], now: datetime) -> bool:
    """True for a page of everyone, and of a service that a mandate in force is for.

    ``path`` is without language; ``services`` are the names of the service that shows uses.
    """
    if path in _OPEN or _below(path, (*_OF_LOGIN, PROOFS)):
        return True
    if not _below(path, (USES,)):
        return False
    return mandate.covers(services) and not mandate.has_ended(now)


def company_may_open(company: Company, path: str, services: Sequence[str], now: datetime) -> bool:
    """True for a page of everyone, and of companies while the mandate of who acts is in force.

    What is said of the use of data is said by people, so it is not among them.
    """
    if path in _OPEN or _below(path, (*_OF_LOGIN, PROOFS)):
        return True
    mine = path == RIGHTS or _below(path, _COMPANY)
    return mine and company.covers(services, now)


def _below(path: str, starts: Sequence[str]) -> bool:
    return any(path == each or path.startswith((f"{each}/", f"{each}.")) for each in starts)
