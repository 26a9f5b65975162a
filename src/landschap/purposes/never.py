# SPDX-License-Identifier: EUPL-1.2
"""Permissions that can never apply, and why: to be told to who writes them, and no mistake.

Such a permission gives nothing, so nothing is lost by keeping it; but somebody meant something by
it. Told are: covered whole by a prohibition, no version of its activity or its purpose in its
period, an authorisation decree for others or for other times, conditions on objects that exclude
each other. What only a question or a clock can tell is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from landschap.purposes.checks import Finding
from landschap.purposes.model import ANYONE, Effect, Policy, Register
from landschap.purposes.rows import RowCondition, hold
from landschap.purposes.snapshot import KnownPurpose, Rule, Snapshot
from landschap.vocabulary.ijson import JsonValue

Period = tuple[datetime, datetime | None]
_VALUES = ("eq", "in")


def never_applying(register: Register) -> list[Finding]:
    """A finding for each permission that can never apply, of a register without mistakes."""
    snapshot = Snapshot(register)
    rules: dict[str, list[Rule]] = {}
    for by_purpose in snapshot.permits.values():
        for rule in (each for found in by_purpose.values() for each in found):
            every = rules.setdefault(rule.policy.id, [])
            if rule not in every:
                every.append(rule)
    findings = []
    for place, policy in enumerate(register.policies):
        if policy.effect is not Effect.PERMIT:
            continue
        why = next(_reasons(policy, rules.get(policy.id, ()), snapshot), "")
        if why:
            message = f"can never apply: {why}"
            findings.append(Finding(table="beleidsregel", place=place, key="id", message=message))
    return findings


def _reasons(policy: Policy, rules: Sequence[Rule], snapshot: Snapshot) -> Iterator[str]:
    """Why it can not; a policy is one rule for each version of its activity."""
    if not rules:
        yield f"no version of its activity {policy.activity} holds in its period"
        return
    known = snapshot.purposes[snapshot.equivalents.get(policy.purpose, policy.purpose)]
    if not any(_overlap(_period(rule), each) for rule in rules for each in _periods(known)):
        yield f"its purpose {policy.purpose} holds at other times"
    for ban in snapshot.prohibitions:
        if all(_covers(ban, each, snapshot) for each in rules):
            yield f"the prohibition {ban.policy.id} covers it"
    decree = rules[0].decree
    if decree is not None:
        organisations = rules[0].organisations
        if organisations is not None and decree.receivers.isdisjoint(organisations):
            yield f"the decree {policy.decree} names none of its organisations"
        if not any(_overlap(_period(rule), (decree.since, decree.until)) for rule in rules):
            yield f"the decree {policy.decree} is in force at other times"
    conditions = (*policy.rows, *(decree.decree.persons if decree else ()))
    for path in dict.fromkeys(each.path for each in conditions):
        if not _can_hold([each for each in conditions if each.path == path]):
            yield f"no object meets all conditions on {path}"


def _period(rule: Rule) -> Period:
    return rule.since, rule.until


def _periods(known: KnownPurpose) -> Iterator[Period]:
    return ((each.since, each.until) for each in (known, *known.others))


def _overlap(one: Period, other: Period) -> bool:
    return (other[1] is None or one[0] < other[1]) and (one[1] is None or other[0] < one[1])


def _can_hold(conditions: Sequence[RowCondition]) -> bool:
    """False when no value of one field meets all of these; what is filled in later may be any."""
    if any(value.startswith("$") for each in conditions for value in each.values):
        return True
    named = [set(each.values) for each in conditions if each.op in _VALUES]
    if not named:
        return True
    alike = [replace(each, path="waarde") for each in conditions]
    candidates = set.intersection(*named)
    return any(hold(alike, {"waarde": form}) for each in candidates for form in _forms(each))


def _forms(value: str) -> Iterable[JsonValue]:
    """A value of a condition as it may stand in an object: a text, and the number it writes."""
    yield value
    try:
        yield int(value)
    except ValueError:
        return


def _covers(ban: Rule, rule: Rule, snapshot: Snapshot) -> bool:
    policy = rule.policy
    uri = snapshot.equivalents.get(policy.purpose, policy.purpose)
    purposes = {ANYONE, *snapshot.purposes[uri].ancestors}
    return (
        snapshot.equivalents.get(ban.policy.purpose, ban.policy.purpose) in purposes
        and ban.policy.service in {ANYONE, policy.service}
        and ban.policy.provider in {ANYONE, policy.provider}
        and (ANYONE in ban.policy.actions or set(policy.actions) <= set(ban.policy.actions))
        and (ban.organisations is None or (rule.organisations or set()) <= ban.organisations)
        and ban.since <= rule.since
        and (ban.until is None or (rule.until is not None and rule.until <= ban.until))
    )
