# SPDX-License-Identifier: EUPL-1.2
"""Granted against used: per policy which fields, roles, actions and organisations nobody used.

Used is what a permitted question asked by name, and what it was given when it left the choice to
us. A field that was only ever given so is used as far as we can see; it is told apart, for who asks
by name shows what is needed. To search by a field is not seen at the door, so a field that may be
searched by is never called unused.
Source: AVG art. 5 lid 1 sub c (minimisation), art. 25 lid 2 (by default).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from landschap.purposes.model import OWN, Effect, Policy, Register
from landschap.purposes.used.granted import Grant
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_OIN = re.compile(r"[0-9]{20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count of the log (`logboek.store.UseCount` says what stands in it)."""

    what: str
    name: str
    door: str
    policy: str
    purpose: str
    service: str
    who: str
    grant: str
    asked: int
    given: int
    last: datetime


@dataclass(slots=True, kw_only=True)
class Total:
    """A count over several stretches; ``last`` is None when there was none."""

    asked: int = 0
    given: int = 0
    last: datetime | None = None

    @property
    def times(self) -> int:
        """In whatever way."""
        return self.asked + self.given

    def add(self, count: Count) -> None:
        """Take a count with it."""
        self.asked += count.asked
        self.given += count.given
        self.last = count.last if self.last is None else max(self.last, count.last)

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        last = as_utc_text(self.last) if self.last else None
        return {"askedByName": self.asked, "givenUnasked": self.given, "last": last}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was used: for which purpose, of which service, by whom, by which policy."""

    purpose: str
    service: str
    door: str
    who: str
    policy: str


class Tally:
    """The counts of a period, added up."""

    def __init__(self) -> None:
        self.by_policy: dict[Grant, Total] = {}
        self.by_place: dict[tuple[str, Place], Total] = {}
        self.by_asker: dict[Place, Total] = {}
        self.by_contract: dict[str, Total] = {}

    def add(self, counts: Iterable[Count]) -> None:
        """Add the counts of one stretch."""
        for each in counts:
            policy = each.policy.rpartition("@")[0]
            place = Place(each.purpose, each.service, each.door, each.who, policy)
            if each.what == "question":
                self._one(self.by_policy, Grant(policy, "policy"), each)
                self._one(self.by_policy, Grant(policy, "asker", each.who), each)
                self._one(self.by_asker, place, each)
                if each.grant:
                    self._one(self.by_contract, each.grant, each)
                continue
            self._one(self.by_policy, Grant(policy, each.what, each.name), each)
            if each.what == "field":
                self._one(self.by_place, (each.name, place), each)

    @staticmethod
    def _one(found: dict[Any, Total], key: Hashable, count: Count) -> None:
        found.setdefault(key, Total()).add(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantUse:
    """One thing that is granted, how it was used, and since when it is granted.

    ``is_unused``: granted long enough, and not used once. ``kept`` says why a field stays although
    it was not used; empty when it could go.
    """

    name: str
    total: Total
    since: datetime
    is_unused: bool
    kept: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "name": self.name,
            **self.total.as_json(),
            "grantedSince": as_utc_text(self.since),
            "unused": self.is_unused,
            "kept": self.kept,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """A permission in force, and what of it was used."""

    policy: Policy
    use: GrantUse
    fields: tuple[GrantUse, ...]
    roles: tuple[GrantUse, ...]
    actions: tuple[GrantUse, ...]
    organisations: tuple[GrantUse, ...]
    askers: Mapping[str, Total] = field(default_factory=dict)

    @property
    def unused_fields(self) -> tuple[str, ...]:
        """Fields that can go: granted long enough, not used, and not kept for another reason."""
        return tuple(each.name for each in self.fields if each.is_unused and not each.kept)

    @property
    def unused_roles(self) -> tuple[str, ...]:
        """Roles that can go. Without any left the policy would be open to all: then none can."""
        unused = tuple(each.name for each in self.roles if each.is_unused)
        return unused if len(unused) < len(self.roles) else ()

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "policy": f"{self.policy.id}@{self.policy.version}",
            "purpose": self.policy.purpose,
            "provider": self.policy.provider,
            "service": self.policy.service,
            "questions": self.use.total.asked,
            "last": self.use.total.as_json()["last"],
            "grantedSince": as_utc_text(self.use.since),
            "unused": self.use.is_unused,
            "fields": [each.as_json() for each in self.fields],
            "roles": [each.as_json() for each in self.roles],
            "actions": [each.as_json() for each in self.actions],
            "organisations": [each.as_json() for each in self.organisations],
            "askers": {who: total.asked for who, total in sorted(self.askers.items())},
        }


def measure(
    register: Register,
    since: Mapping[Grant, datetime],
    tally: Tally,
    *,
    now: datetime,
    at_least: timedelta,
) -> tuple[PolicyUse, ...]:
    """Every permission in force with its use, by id. ``at_least``: how long granted to count."""
    until = now - at_least
    searchable = {each.key: frozenset(each.searchable) for each in register.field_sets}
    members = {each.name: each.members for each in register.groups}
    found = []
    for policy in sorted(register.policies, key=lambda each: each.id):
        whole = Grant(policy.id, "policy")
        if policy.effect is not Effect.PERMIT or whole not in since:
            continue
        uses = _Uses(policy, since, tally, until)
        kept = dict.fromkeys(searchable.get(policy.field_set, ()), "may be searched by")
        kept |= {each.path: f"under {each.kind}" for each in policy.obligations if each.path}
        found.append(
            PolicyUse(
                policy=policy,
                use=uses.of(whole),
                fields=tuple(uses.every("field", kept)),
                roles=tuple(uses.every("role")),
                actions=tuple(uses.every("action")),
                organisations=tuple(uses.organisations(members, register.owner)),
                askers=uses.askers(),
            )
        )
    return tuple(found)


class _Uses:
    """The uses of one policy."""

    def __init__(
        self, policy: Policy, since: Mapping[Grant, datetime], tally: Tally, until: datetime
    ) -> None:
        self._policy = policy
        self._since = since
        self._found = tally.by_policy
        self._until = until

    def of(self, grant: Grant, kept: str = "", total: Total | None = None) -> GrantUse:
        counted = total or self._found.get(grant) or Total()
        since = self._since[grant]
        return GrantUse(
            name=grant.name,
            total=counted,
            since=since,
            is_unused=not counted.times and since <= self._until,
            kept=kept,
        )

    def every(self, what: str, kept: Mapping[str, str] | None = None) -> Iterator[GrantUse]:
        """All that the policy grants of a kind."""
        reasons = kept or {}
        for grant in sorted(self._since):
            if grant.policy == self._policy.id and grant.what == what:
                yield self.of(grant, reasons.get(grant.name, ""))

    def askers(self) -> dict[str, Total]:
        """Who asked under this policy."""
        return {
            grant.name: total
            for grant, total in self._found.items()
            if grant.policy == self._policy.id and grant.what == "asker"
        }

    def organisations(self, members: Mapping[str, Sequence[str]], owner: str) -> Iterator[GrantUse]:
        """The organisations and groups that it names; a group is used when one of it asked."""
        askers = self.askers()
        for grant in sorted(self._since):
            if grant.policy != self._policy.id or grant.what != "organisation":
                continue
            named = members.get(grant.name, (owner if grant.name == OWN else grant.name,))
            total = Total()
            for who, counted in askers.items():
                # An application and an employee are ours; other organisations have a number.
                ours = grant.name == OWN and not _OIN.fullmatch(who)
                if who in named or ours:
                    total.asked += counted.asked
                    total.last = max(filter(None, (total.last, counted.last)), default=None)
            yield self.of(grant, total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverUse:
    """What one receiver used of what it is granted by one policy, for its purpose and service."""

    policy: str
    purpose: str
    service: str
    who: str
    questions: int
    last: datetime | None
    granted: tuple[str, ...]
    by_name: tuple[str, ...]
    unasked: tuple[str, ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Granted, and not used by this receiver in the period."""
        used = {*self.by_name, *self.unasked}
        return tuple(each for each in self.granted if each not in used)

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "policy": self.policy,
            "purpose": self.purpose,
            "service": self.service,
            "who": self.who,
            "questions": self.questions,
            "last": as_utc_text(self.last) if self.last else None,
            "granted": list(self.granted),
            "askedByName": list(self.by_name),
            "givenUnasked": list(self.unasked),
            "unused": list(self.unused),
        }


def by_receiver(use: PolicyUse, tally: Tally) -> tuple[ReceiverUse, ...]:
    """Of one policy: every receiver that asked, and every organisation it names that did not."""
    fields: dict[str, dict[str, Total]] = {}
    purposes: dict[str, str] = {}
    for (path, place), total in tally.by_place.items():
        if place.policy == use.policy.id:
            found = fields.setdefault(place.who, {}).setdefault(path, Total())
            found.asked, found.given = found.asked + total.asked, found.given + total.given
            purposes[place.who] = place.purpose
    silent = {each.name: Total() for each in use.organisations if not each.total.asked}
    granted = tuple(each.name for each in use.fields)
    return tuple(
        ReceiverUse(
            policy=f"{use.policy.id}@{use.policy.version}",
            purpose=purposes.get(who, use.policy.purpose),
            service=use.policy.service,
            who=who,
            questions=total.asked,
            last=total.last,
            granted=granted,
            by_name=_used(granted, fields.get(who, {}), by_name=True),
            unasked=_used(granted, fields.get(who, {}), by_name=False),
        )
        for who, total in sorted({**silent, **use.askers}.items())
    )


def _used(granted: Sequence[str], fields: Mapping[str, Total], *, by_name: bool) -> tuple[str, ...]:
    """Of what is granted: asked by name, or only ever given without."""
    found = ((path, fields.get(path, Total())) for path in granted)
    return tuple(path for path, total in found if total.times and (total.asked > 0) is by_name)
