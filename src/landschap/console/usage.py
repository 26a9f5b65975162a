# SPDX-License-Identifier: EUPL-1.2
"""Granted against used as a page tells it: per purpose, service and receiver, and what is idle.

Of confidential activities nothing is told; the policies under them are only counted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from landschap.gateway.usage.report import ContractUse, Report
from landschap.purposes.used.measured import PolicyUse, ReceiverUse
from landschap.vocabulary.times import amsterdam_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one receiver used of what it is granted for one purpose; ``name`` is the receiver's."""

    use: ReceiverUse
    name: str

    @property
    def used(self) -> int:
        """How many of the granted fields were used, in whatever way."""
        return len(self.use.granted) - len(self.use.unused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Something that nobody used, since when it is granted; ``kept`` says why it stays."""

    what: str
    name: str
    policy: str
    since: date
    kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A report without what is confidential; ``hidden`` counts policies that are left out."""

    report: Report
    rows: tuple[Row, ...]
    idle: tuple[Idle, ...]
    too_new: tuple[str, ...]
    hidden: int


def shown_of(report: Report, confidential: Collection[str]) -> Shown:
    """What may be told; ``confidential`` are URIs of activities."""
    kept = [each for each in report.policies if each.policy.activity not in confidential]
    names = {each.policy.id for each in kept}
    rows = (
        Row(use=each, name=report.names.get(each.who, each.who))
        for each in report.receivers
        if each.policy.rpartition("@")[0] in names
    )
    return Shown(
        report=report,
        rows=tuple(sorted(rows, key=lambda row: (row.use.purpose, row.use.service, row.name))),
        idle=(
            *(idle for each in kept for idle in _idle(each)),
            *(_contract(each, report) for each in report.contracts if each.is_unused),
        ),
        too_new=tuple(each.policy.id for each in kept if not report.is_long_granted(each)),
        hidden=len(report.policies) - len(kept),
    )


def _idle(use: PolicyUse) -> list[Idle]:
    """Of a policy: itself, or what of it nobody used."""
    name = use.policy.id
    if use.use.is_unused:
        return [Idle(what="policy", name=name, policy=name, since=amsterdam_day(use.use.since))]
    kinds = (("field", use.fields), ("role", use.roles), ("organisation", use.organisations))
    return [
        Idle(
            what=what,
            name=each.name,
            policy=name,
            since=amsterdam_day(each.since),
            kept=each.kept,
        )
        for what, grants in kinds
        for each in grants
        if each.is_unused
    ]


def _contract(use: ContractUse, report: Report) -> Idle:
    grant = use.grant
    peer = grant.outway_peer_id.value
    return Idle(
        what="contract",
        name=f"{grant.service_name}: {report.names.get(peer, peer)}",
        policy="",
        since=amsterdam_day(grant.not_before),
    )
