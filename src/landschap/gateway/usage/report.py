# SPDX-License-Identifier: EUPL-1.2
"""What was granted and what was used in a period, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from landschap.fsc.connections import ConnectionGrant
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.used.measured import PolicyUse, ReceiverUse, Total
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUse:
    """A connection contract in force, and the questions under it."""

    grant: ConnectionGrant
    total: Total
    is_unused: bool

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        grant = self.grant
        return {
            "grantHash": grant.grant_hash.value,
            "outwayPeer": grant.outway_peer_id.value,
            "servicePeer": grant.service_peer_id.value,
            "service": grant.service_name,
            "notBefore": as_utc_text(grant.not_before),
            "notAfter": as_utc_text(grant.not_after),
            "questions": self.total.asked,
            "last": self.total.as_json()["last"],
            "unused": self.is_unused,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured. ``begin`` is when the log that is left begins; None for an empty one."""

    since: datetime
    until: datetime
    begin: datetime | None
    at_least: timedelta
    snapshot: Snapshot
    policies: tuple[PolicyUse, ...]
    receivers: tuple[ReceiverUse, ...]
    contracts: tuple[ContractUse, ...]
    names: Mapping[str, str]

    def is_long_granted(self, use: PolicyUse) -> bool:
        """True for a policy that was granted long enough to be called unused."""
        return use.use.since <= self.until - self.at_least

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "since": as_utc_text(self.since),
            "until": as_utc_text(self.until),
            "logBegins": as_utc_text(self.begin) if self.begin else None,
            "grantedAtLeastDays": self.at_least.days,
            "register": self.snapshot.version,
            "policies": [each.as_json() for each in self.policies],
            "receivers": [each.as_json() for each in self.receivers],
            "contracts": [each.as_json() for each in self.contracts],
        }
