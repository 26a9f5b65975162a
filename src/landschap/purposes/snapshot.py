# SPDX-License-Identifier: EUPL-1.2
"""A register, frozen, hashed and indexed: the one value a decision is taken on.

The version is the SHA-256 of the canonical document, so equal registers have equal versions and
a decision of last year can be repeated on the snapshot it names. The indexes are made once; a
decision only looks up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Self, TypeVar

import msgspec

from landschap.purposes.canonical import document_of
from landschap.purposes.derived import DerivedField, guarding
from landschap.purposes.duties import THIRD_PARTY, hidden_by
from landschap.purposes.known import (
    KnownDecree,
    KnownPurpose,
    Rule,
    known_decree,
    known_purpose,
)
from landschap.purposes.model import (
    ANYONE,
    OWN,
    Effect,
    FieldSet,
    OfferedService,
    Policy,
    ProcessingActivity,
    Register,
    digest_of,
    digest_of_text,
    level_rank,
)
from landschap.purposes.versions import by_uri
from landschap.vocabulary import ijson

__all__ = ["KnownDecree", "KnownPurpose", "Rule", "Snapshot", "document_of"]

ServiceKey = tuple[str, str]
"""Provider's OIN and service name."""
K = TypeVar("K")
V = TypeVar("V")
CandidateKey = tuple[ServiceKey, str, tuple[str, ...], str]
"""Service, action, a purpose with its ancestors, and the organisation that asks."""

_SELECTED = 20_000
"""So many selections of rules are remembered; whoever asks for ever new ones fills no memory."""


class Snapshot:
    """The register of one organisation at one version, with indexes. Never changed after making."""

    def __init__(self, register: Register, *, version: str = "") -> None:
        self.register = register
        self.owner = register.owner
        self.version = version or digest_of(document_of(register))
        self._candidates: dict[CandidateKey, tuple[Rule, ...]] = {}
        self._prohibitions: dict[tuple[ServiceKey, tuple[str, str]], tuple[Rule, ...]] = {}

    @classmethod
    def from_document(cls, raw: bytes, *, version: str = "") -> Self:
        """Rebuild a snapshot from its canonical document. Raises msgspec.ValidationError.

        With the version under which it was kept the document need not be made again to know it.
        """
        known = version if version and digest_of_text(raw) == version else ""
        return cls(msgspec.json.decode(raw, type=Register), version=known)

    def document(self) -> bytes:
        """The canonical JSON whose SHA-256 is the version."""
        return ijson.canonical(document_of(self.register))  # type: ignore[arg-type]  # plain JSON

    def __repr__(self) -> str:
        return f"Snapshot({self.owner}, {self.version}, {len(self.register.policies)} policies)"

    @cached_property
    def services(self) -> Mapping[ServiceKey, OfferedService]:
        """Services by provider and name."""
        return {(each.provider, each.name): each for each in self.register.services}

    @cached_property
    def service_fields(self) -> Mapping[ServiceKey, frozenset[str]]:
        """All field paths a service knows."""
        return {key: frozenset(each.fields) for key, each in self.services.items()}

    @cached_property
    def derived(self) -> Mapping[ServiceKey, tuple[DerivedField, ...]]:
        """What follows from what, of the services where something does."""
        return {key: each.derived for key, each in self.services.items() if each.derived}

    @cached_property
    def field_sets(self) -> Mapping[str, FieldSet]:
        """Field sets by ``id@version``."""
        return {each.key: each for each in self.register.field_sets}

    @cached_property
    def fields_of_set(self) -> Mapping[str, frozenset[str]]:
        """Field paths by ``id@version`` of the set."""
        return {key: frozenset(each.fields) for key, each in self.field_sets.items()}

    @cached_property
    def agreed_fields(self) -> Mapping[tuple[str, str, ServiceKey], frozenset[str]]:
        """Field paths by what a contract names: ``id@version`` of the set, digest and service."""
        return {
            (key, each.digest, (each.provider, each.service)): self.fields_of_set[key]
            for key, each in self.field_sets.items()
        }

    @cached_property
    def activities(self) -> Mapping[str, ProcessingActivity]:
        """Activities by URI, each in its newest version."""
        return {uri: every[0] for uri, every in self.activity_versions.items()}

    @cached_property
    def activity_versions(self) -> Mapping[str, tuple[ProcessingActivity, ...]]:
        """All versions of each activity, newest first."""
        return by_uri(self.register.activities)

    @cached_property
    def decrees(self) -> Mapping[str, KnownDecree]:
        """Authorisation decrees by id."""
        return {each.id: known_decree(each) for each in self.register.decrees}

    @cached_property
    def purposes(self) -> Mapping[str, KnownPurpose]:
        """Purposes by URI, each in its newest version and with its ancestors."""
        versions = by_uri(self.register.purposes)
        newest = {uri: every[0] for uri, every in versions.items()}
        return {
            uri: replace(
                known_purpose(every[0], newest),
                others=tuple(known_purpose(each, newest) for each in every[1:]),
            )
            for uri, every in versions.items()
        }

    def purpose_at(self, uri: str, now: datetime) -> KnownPurpose | None:
        """The version of a purpose that holds at a moment; the newest when none does."""
        known = self.purposes.get(uri)
        if known is None or not known.others or known.since <= now:
            return known
        return next((each for each in known.others if each.since <= now), known)

    @cached_property
    def equivalents(self) -> Mapping[str, str]:
        """A URI of another list -> our URI. Looked up once per decision, never twice in a row.

        Between two lists we both hold, the list of the lower rank is the one decided on.
        """
        ranks = {each.uri: each.rank for each in self.register.schemes}
        rank = {each.uri: ranks.get(each.scheme, 0) for each in self.register.purposes}
        result: dict[str, str] = {}
        for purpose in sorted(self.register.purposes, key=lambda p: (rank[p.uri], p.uri)):
            for match in purpose.exact_match:
                if match in rank and rank[match] < rank[purpose.uri]:
                    result.setdefault(purpose.uri, match)
                else:
                    result.setdefault(match, purpose.uri)
        return result

    @cached_property
    def permits(self) -> Mapping[tuple[str, str, str], Mapping[str, tuple[Rule, ...]]]:
        """(provider, service, action) -> purpose -> rules, lowest id first."""
        found: dict[tuple[str, str, str], dict[str, list[Rule]]] = {}
        for rule in self._rules(Effect.PERMIT):
            policy = rule.policy
            purpose = self.equivalents.get(policy.purpose, policy.purpose)
            for action in policy.actions:
                by_purpose = found.setdefault((policy.provider, policy.service, action), {})
                by_purpose.setdefault(purpose, []).append(rule)
        return {
            key: {purpose: tuple(rules) for purpose, rules in by_purpose.items()}
            for key, by_purpose in found.items()
        }

    @cached_property
    def prohibitions(self) -> tuple[Rule, ...]:
        """All prohibitions, lowest id first; there are few."""
        return tuple(self._rules(Effect.PROHIBIT))

    def candidates(self, key: CandidateKey) -> tuple[Rule, ...]:
        """Permissions that this organisation may have, at any time: nearest purpose first.

        Selected once for each key, so that a decision does not walk past the policies of others.
        """
        found = self._candidates.get(key)
        if found is None:
            service, action, ancestors, organisation = key
            by_purpose = self.permits.get((*service, action), {})
            found = tuple(
                rule
                for uri in ancestors
                for rule in by_purpose.get(uri, ())
                if rule.concerns(organisation)
            )
            _remember(self._candidates, key, found)
        return found

    def prohibitions_on(self, service: ServiceKey, involved: tuple[str, str]) -> tuple[Rule, ...]:
        """Prohibitions on this service for who is asked for or who asks, lowest id first."""
        key = (service, involved)
        found = self._prohibitions.get(key)
        if found is None:
            found = tuple(
                rule
                for rule in self.prohibitions
                if rule.policy.provider in {ANYONE, service[0]}
                and rule.policy.service in {ANYONE, service[1]}
                and any(rule.concerns(each) for each in involved)
            )
            _remember(self._prohibitions, key, found)
        return found

    def _rules(self, effect: Effect) -> Iterator[Rule]:
        members = {each.name: each.members for each in self.register.groups}
        for policy in sorted(self.register.policies, key=lambda p: p.id):
            if policy.effect is effect:
                yield from self._by_activity(self._rule(policy, members))

    def _by_activity(self, rule: Rule) -> Iterator[Rule]:
        """The rule once for each version of its activity, while that version holds."""
        for activity in self.activity_versions.get(rule.policy.activity, (None,)):
            if activity is None or activity.valid is None:
                same = activity is None or activity is rule.activity
                yield rule if same else replace(rule, activity=activity)
                continue
            begin, end = activity.valid.moments()
            since = max(rule.since, begin)
            until = min((each for each in (rule.until, end) if each), default=None)
            if until is None or since < until:
                yield replace(rule, activity=activity, since=since, until=until)

    def _rule(self, policy: Policy, members: Mapping[str, tuple[str, ...]]) -> Rule:
        since, until = policy.valid.moments()
        chosen = self.field_sets.get(policy.field_set)
        service = self.services.get((policy.provider, policy.service))
        mark = guarding(service.confidential, service.derived) if service else None
        decree = self.decrees.get(policy.decree)
        hidden = hidden_by(policy.obligations, mark, policy.receiver == THIRD_PARTY)
        searchable = frozenset(chosen.searchable if chosen else ()) - hidden
        if policy.decree:
            searchable &= decree.searchable if decree else frozenset()
        fields = self.fields_of_set.get(policy.field_set, frozenset())
        return Rule(
            policy=policy,
            since=since,
            until=until,
            organisations=self._organisations(policy.organisations, members),
            roles=frozenset(policy.roles),
            level=level_rank(policy.min_loa) or 0,
            legal_bases=frozenset(policy.legal_bases),
            field_set=chosen,
            fields=fields,
            searchable=searchable & fields,
            activity=self.activities.get(policy.activity),
            decree=decree,
            mark=mark,
        )

    def _organisations(
        self, named: Iterable[str], members: Mapping[str, tuple[str, ...]]
    ) -> frozenset[str] | None:
        found: set[str] = set()
        for name in named:
            if name == ANYONE:
                return None
            found.update([self.owner] if name == OWN else members.get(name, (name,)))
        return frozenset(found)


def _remember(selected: dict[K, V], key: K, rules: V) -> None:
    if len(selected) >= _SELECTED:
        selected.clear()
    selected[key] = rules
