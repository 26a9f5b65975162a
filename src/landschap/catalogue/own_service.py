# SPDX-License-Identifier: EUPL-1.2
"""A service of our own in the catalogue: what it asks follows from its file and from policies.

Nothing under a confidential activity is told: neither its purpose nor its level.
Source: house decision: criteria of own services are never written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from landschap.catalogue.criteria import AGREEMENT, CERTIFICATE, CONTRACT, Criteria, Wanted
from landschap.gateway.services import Service
from landschap.purposes.known import Rule
from landschap.purposes.model import level_rank
from landschap.purposes.public import is_confidential
from landschap.purposes.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class OwnServices:
    """The services of our own that are in force, and the register they are permitted by."""

    services: Mapping[str, Service]
    snapshot: Snapshot

    def named(self, name: str, provider: str, *, ours: bool) -> Service | None:
        """The service of ours that answers an API, when one does."""
        if ours or provider == self.snapshot.owner:
            return self.services.get(name)
        return None


def criteria_of_service(
    service: Service, snapshot: Snapshot, said: Criteria, now: datetime
) -> Criteria:
    """What our door asks of who calls this service; the rest as its description says it."""
    offered = snapshot.services.get((snapshot.owner, service.name))
    return replace(
        said,
        access=CONTRACT,
        means=(CERTIFICATE, AGREEMENT),
        provider=snapshot.owner,
        service=service.name,
        purposes=_purposes(service, snapshot, now),
        personal=offered.personal if offered is not None else said.personal,
    )


def _purposes(service: Service, snapshot: Snapshot, now: datetime) -> tuple[Wanted, ...] | None:
    """The purposes that policies in force open, each with its lowest level."""
    if service.declaration == "none":
        return ()
    levels: dict[str, str] = {}
    for rule in _rules(snapshot, service.name):
        if not rule.in_force(now) or _is_hidden(snapshot, rule):
            continue
        known = levels.get(rule.policy.purpose)
        level = rule.policy.min_loa or "none"
        if known is None or (level_rank(level) or 0) < (level_rank(known) or 0):
            levels[rule.policy.purpose] = level
    if not levels:
        return None
    return tuple(Wanted(uri=uri, level=levels[uri]) for uri in sorted(levels))


def _rules(snapshot: Snapshot, service: str) -> list[Rule]:
    return [
        rule
        for (provider, name, _), by_purpose in snapshot.permits.items()
        if (provider, name) == (snapshot.owner, service)
        for rules in by_purpose.values()
        for rule in rules
    ]


def _is_hidden(snapshot: Snapshot, rule: Rule) -> bool:
    versions = snapshot.activity_versions.get(rule.policy.activity)
    return versions is not None and is_confidential(versions)
