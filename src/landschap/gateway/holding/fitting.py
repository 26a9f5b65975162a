# SPDX-License-Identifier: EUPL-1.2
"""Whether the mapping of a held service fits the register of purposes.

A misspelt field would never be delivered, or a condition never decided: it is told before the
service is offered, with the nearest name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from landschap.gateway.holding.brp import unanswered
from landschap.gateway.holding.model import Hold
from landschap.gateway.holding.questions import named_in
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.mistakes import did_you_mean


def misfits(service: str, hold: Hold, snapshot: Snapshot) -> list[str]:
    """What in the mapping and the register does not fit; empty for a service it does not know."""
    known = snapshot.services.get((snapshot.owner, service))
    if known is None:
        return []
    return [f"{service}: {why}" for why in _misfits(service, hold, snapshot, known.fields)]


def _misfits(service: str, hold: Hold, snapshot: Snapshot, fields: Iterable[str]) -> Iterator[str]:
    known = frozenset(fields)
    for path in sorted(hold.fields.keys() - known):
        yield f"velden.{path} is no field of this service in the register" + did_you_mean(
            path, known
        )
    offered = snapshot.services[snapshot.owner, service]
    searched = {*hold.searches, *(path for each in hold.paths for path in named_in(each))}
    for path in sorted((searched & known) - set(offered.searchable)):
        yield (
            f"{path} is in a path or in [zoeken], but no field to search by (zoekbaar) in the"
            " register"
        )
    if hold.brp is not None:
        yield from unanswered(service, hold.brp, snapshot)
    for policy in snapshot.register.policies:
        if policy.service != service or policy.provider != snapshot.owner:
            continue
        for row in policy.rows:
            if row.path not in hold.fields:
                near = did_you_mean(row.path, hold.fields)
                yield f"policy {policy.id} has a condition on {row.path}, without a place{near}"
