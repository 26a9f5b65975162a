# SPDX-License-Identifier: EUPL-1.2
"""What is known of an API by what was kept of it in the list, and of own services by themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from landschap.catalogue.criteria import ACCESS, NOTHING_SAID, Criteria
from landschap.catalogue.facets import ACCESS as BY_ACCESS
from landschap.catalogue.facets import ORGANISATION, PERSONAL, PHASE, PURPOSE, Facts, yes_or_no
from landschap.catalogue.own_service import OwnServices, criteria_of_service
from landschap.catalogue.phases import Standing, standing_of
from landschap.catalogue.store import OwnFacts, Shown

UNKNOWN_ACCESS = "onbekend"


def now() -> datetime:
    """The moment of an answer: everything in it is as it is then."""
    return datetime.now(UTC)


def standing_as_listed(api: Shown, own: OwnServices, now: datetime) -> Standing:
    """Where an API stands, by what was kept of it; our own services say it themselves."""
    service = own.named(api.service, api.provider, ours=api.ours)
    info = {
        f"x-{name}": str(day)
        for name, day in (("deprecated", api.deprecated), ("sunset", api.sunset))
        if day is not None
    }
    return standing_of(api.version, info, now, service.lifecycle if service else None)


def facts_of(api: Shown, own: OwnServices, now: datetime) -> Facts:
    """What one can choose an API by."""
    criteria = criteria_as_listed(api, own, now)
    purpose = criteria.needs_purpose if criteria.service and _is_own(api, own) else api.purpose
    return Facts(
        values={
            ORGANISATION: api.organisation,
            PHASE: standing_as_listed(api, own, now).phase,
            PERSONAL: yes_or_no(criteria.personal),
            PURPOSE: yes_or_no(purpose),
            BY_ACCESS: criteria.access if criteria.access in ACCESS else UNKNOWN_ACCESS,
        }
    )


def criteria_as_listed(api: Shown, own: OwnServices, now: datetime) -> Criteria:
    """The criteria by what was kept of an API; purposes only of our own services."""
    said = Criteria(
        access=api.access,
        means=tuple(api.means),
        provider=api.provider,
        service=api.service,
        personal=api.personal,
        texts={},
    )
    return criteria_with_own(api, own, said, now)


def criteria_with_own(api: Shown, own: OwnServices, said: Criteria, now: datetime) -> Criteria:
    """What is asked for an API; of our own services that is what our door asks."""
    service = own.named(api.service, api.provider, ours=api.ours)
    if service is None:
        return said
    return criteria_of_service(service, own.snapshot, said, now)


def _is_own(api: Shown, own: OwnServices) -> bool:
    return own.named(api.service, api.provider, ours=api.ours) is not None


def own_facts(own: OwnServices, now: datetime) -> list[OwnFacts]:
    """What is known of each of our own services, in the words of the facets."""
    found = []
    for name, service in own.services.items():
        criteria = criteria_of_service(service, own.snapshot, NOTHING_SAID, now)
        found.append(
            OwnFacts(
                service=name,
                phase=standing_of("", {}, now, service.lifecycle).phase,
                personal=yes_or_no(criteria.personal),
                purpose=yes_or_no(criteria.needs_purpose),
            )
        )
    return found
