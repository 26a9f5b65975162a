# SPDX-License-Identifier: EUPL-1.2
"""What of a register was looked up beforehand, so that a decision need not: rules and periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from landschap.purposes.duties import Confidentiality
from landschap.purposes.model import (
    Decree,
    FieldSet,
    Policy,
    ProcessingActivity,
    Purpose,
    PurposeStatus,
)
from landschap.purposes.steps import Step

_set = object.__setattr__  # what is frozen is completed once, while it is made


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A policy with everything a decision needs already looked up.

    ``organisations`` is None for a prohibition on everyone. ``searchable`` are search
    paths of the field set, less those that the decree does not grant and those of which the real
    value is not given: to find somebody by it would tell it. ``plain``: there is nothing about
    role, hours, level or need to hold against a question. ``chosen`` and ``accounted`` are the
    steps of every decision that it alone permits.
    """

    policy: Policy
    since: datetime
    until: datetime | None
    organisations: frozenset[str] | None
    roles: frozenset[str]
    level: int
    legal_bases: frozenset[str]
    field_set: FieldSet | None
    fields: frozenset[str]
    searchable: frozenset[str]
    activity: ProcessingActivity | None
    decree: KnownDecree | None
    mark: Confidentiality | None
    plain: bool = field(init=False)
    chosen: Step = field(init=False)
    accounted: Step = field(init=False)

    def __post_init__(self) -> None:
        policy = self.policy
        special = self.roles or self.level or policy.needs or policy.decree
        _set(self, "plain", not special and policy.hours is None)
        _set(self, "chosen", Step("R11", policy.id, "ok", "1 of 1"))
        _set(self, "accounted", Step("R14", policy.activity, "ok", "activity"))

    def in_force(self, now: datetime) -> bool:
        """True inside the half-open period of the policy."""
        return self.since <= now and (self.until is None or now < self.until)

    def concerns(self, organisation: str) -> bool:
        """True when the policy names this organisation, itself or through a group."""
        return self.organisations is None or organisation in self.organisations


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDecree:
    """An authorisation decree with the moments it is in force."""

    decree: Decree
    since: datetime
    until: datetime | None
    receivers: frozenset[str]
    searchable: frozenset[str]

    def covers(self, organisation: str, now: datetime) -> bool:
        """True while it is in force for this receiver."""
        in_time = self.since <= now and (self.until is None or now < self.until)
        return in_time and organisation in self.receivers


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPurpose:
    """A purpose with the moments it is active and its line of ancestors, itself first.

    ``others`` are the earlier versions of it, newest first. ``line`` is the
    ancestors as a set, ``step`` that of all decisions on it.
    """

    purpose: Purpose
    since: datetime
    until: datetime | None
    ancestors: tuple[str, ...]
    others: tuple[KnownPurpose, ...] = ()
    line: frozenset[str] = field(init=False)
    step: Step = field(init=False)

    def __post_init__(self) -> None:
        purpose = self.purpose
        _set(self, "line", frozenset(self.ancestors))
        _set(self, "step", Step("R2", purpose.uri, "ok", f"version {purpose.version}"))

    def is_active(self, now: datetime) -> bool:
        """True when the list says active and the moment lies inside its period."""
        return (
            self.purpose.status is PurposeStatus.ACTIVE
            and self.since <= now
            and (self.until is None or now < self.until)
        )


def known_decree(decree: Decree) -> KnownDecree:
    """The decree with its moments and sets made once."""
    since, until = decree.valid.moments()
    return KnownDecree(
        decree=decree,
        since=since,
        until=until,
        receivers=frozenset(decree.receivers),
        searchable=frozenset(decree.searchable),
    )


def known_purpose(purpose: Purpose, by_uri: Mapping[str, Purpose]) -> KnownPurpose:
    """The purpose with its line of ancestors, by the newest version of each."""
    since, until = purpose.valid.moments()
    line = [purpose.uri]
    broader = purpose.broader
    # A cycle is refused when the register is checked; a decision must still end.
    while broader and broader not in line:
        line.append(broader)
        parent = by_uri.get(broader)
        broader = parent.broader if parent else ""
    return KnownPurpose(purpose=purpose, since=since, until=until, ancestors=tuple(line))
