# SPDX-License-Identifier: EUPL-1.2
"""By which contract and for which purpose somebody of ours may ask a service, by our own register.

What is told here is what our Outway would say now; the Outway decides again, and so does the
provider. Source: AVG art. 5 lid 1 sub b; house decision: own side of the Outway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.catalogue.criteria import Criteria
from landschap.fsc.connections import ConnectionGrant
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.known import Rule
from landschap.purposes.model import Text
from landschap.purposes.needs import Facts
from landschap.purposes.public import is_confidential
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.problems import Refusal

TEST = "test"
_TEST_NUMBERS = "00000099"
MOST_WAYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Who would ask: of which organisation, with which roles and level of assurance."""

    oin: str
    roles: tuple[str, ...]
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of a question is chosen before it is sent: ``fields`` None leaves them open."""

    fields: tuple[str, ...] | None = None
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One contract with one purpose and action, and what our own register says of it."""

    grant: ConnectionGrant
    purpose: str
    action: str
    label: Text | None
    decision: Decision

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.grant.grant_hash.value} {self.action} {self.purpose}"

    @property
    def until(self) -> datetime:
        """Until when the contract can be used."""
        return min(self.grant.not_after, self.grant.accepted_until)

    @property
    def refusal(self) -> Refusal | None:
        """Why our own register would refuse it; None when it would not."""
        return None if self.decision.allow else self.decision.refusal()


def ways_of(
    who: Employee,
    criteria: Criteria,
    grants: Iterable[ConnectionGrant],
    snapshot: Snapshot,
    chosen: Chosen,
    now: datetime,
) -> list[Way]:
    """All ways to ask the service of an API now: what would be permitted first."""
    found = [
        Way(
            grant=grant,
            purpose=purpose,
            action=action,
            label=_label(snapshot, purpose),
            decision=_decided(who, grant, bound, (purpose, action), snapshot, chosen, now),
        )
        for grant in grants
        if _is_ours(grant, criteria, who.oin) and grant.valid_at(now)
        for bound in _bounds(grant)
        for purpose in bound.purposes
        for action in bound.actions
        if _is_told(snapshot, criteria, action, purpose)
    ]
    return sorted(found, key=lambda each: not each.decision.allow)[:MOST_WAYS]


def is_production(environment: str, oin: str, criteria: Criteria) -> bool:
    """True unless what can be reached is known to be made up.

    That is so in a test environment, between organisations with test numbers. A provider may say
    of one service there that it holds real data all the same (``x-gebruik.omgeving``).
    """
    numbers = (oin, criteria.provider)
    made_up = environment == TEST and all(each.startswith(_TEST_NUMBERS) for each in numbers)
    return not made_up or criteria.texts.get("omgeving", TEST) != TEST


def stopped(way: Way | None, *, production: bool, personal: bool, persons: int) -> Refusal | None:
    """Why this question is not even sent to the Outway; None when it may be.

    Against real data only with a purpose, under a policy of our own register that names a role
    which this employee has: a policy for any application is no permission for a person. And where
    it is about persons, only when it can be written down about whom it was asked.
    """
    if not production:
        return None
    if personal and not persons:
        why = "it can not be written down about whom they are: the question names no person"
        return _not_permitted(why, "the number of the person in the body of the question")
    if way is None:
        return _not_permitted("no purpose was chosen", "a contract and a purpose")
    if (refusal := way.refusal) is not None:
        return refusal
    rule = way.decision.rule
    if rule is None or not rule.roles:
        why = f"policy {way.decision.policy or 'of your organisation'} names no role of yours"
        return _not_permitted(why, "a policy for this purpose that names your role")
    return None


def purposes_by_field(
    snapshot: Snapshot, service: tuple[str, str], paths: Sequence[str], actions: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """For each field the purposes under which our register lets it be asked of the service."""
    found: dict[str, list[str]] = {path: [] for path in paths}
    for action in actions:
        for purpose, every in snapshot.permits.get((*service, action), {}).items():
            rules = [each for each in every if not _is_secret(snapshot, each)]
            for path in frozenset().union(*(rule.fields for rule in rules)) & found.keys():
                if purpose not in found[path]:
                    found[path].append(purpose)
    return {path: tuple(sorted(each)) for path, each in found.items()}


def covering(by_field: dict[str, tuple[str, ...]], fields: Iterable[str]) -> tuple[str, ...]:
    """The purposes that each open all of these fields; none when no field is chosen."""
    sets = [set(by_field.get(each, ())) for each in fields]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def _decided(
    who: Employee,
    grant: ConnectionGrant,
    bound: Bound,
    why: tuple[str, str],
    snapshot: Snapshot,
    chosen: Chosen,
    now: datetime,
) -> Decision:
    delegator = grant.delegator_peer_id
    question = Question(
        purpose=why[0],
        organisation=delegator.value if delegator else who.oin,
        delegatee=who.oin if delegator else "",
        service=grant.service_name,
        provider=grant.service_peer_id.value,
        action=why[1],
        fields=chosen.fields,
        roles=who.roles,
        loa=who.level,
        bound=bound,
        facts=Facts(case=chosen.case),
    )
    return decide(question, snapshot, now)


def _is_ours(grant: ConnectionGrant, criteria: Criteria, oin: str) -> bool:
    named = (grant.service_peer_id.value, grant.service_name)
    return grant.outway_peer_id.value == oin and named == (criteria.provider, criteria.service)


def _bounds(grant: ConnectionGrant) -> Iterator[Bound]:
    bound = read_bound(grant.properties)
    if isinstance(bound, Bound):
        yield bound


def _is_told(snapshot: Snapshot, criteria: Criteria, action: str, purpose: str) -> bool:
    """False for a purpose that only stands under confidential activities: nobody is told of it."""
    ours = snapshot.equivalents.get(purpose, purpose)
    key = (criteria.provider, criteria.service, action)
    rules = snapshot.permits.get(key, {}).get(ours, ())
    return not rules or not all(_is_secret(snapshot, each) for each in rules)


def _is_secret(snapshot: Snapshot, rule: Rule) -> bool:
    return is_confidential(snapshot.activity_versions.get(rule.policy.activity, ()))


def _label(snapshot: Snapshot, purpose: str) -> Text | None:
    known = snapshot.purposes.get(snapshot.equivalents.get(purpose, purpose))
    return known.purpose.label if known else None


def _not_permitted(why: str, missing: str) -> Refusal:
    return Refusal(
        code="tryout_not_permitted",
        status=403,
        title="Nothing was sent",
        detail=f"These are real data, and {why}. Nothing was sent.",
        missing=missing,
        owner="the privacy officers of your own organisation",
    )
