# SPDX-License-Identifier: EUPL-1.2
"""What is different between two outcomes of one question, and what changed that could make it so.

Two lists. The first is about the outcome itself: permitted or not, by which policy, which fields.
The second is about what it rests on: entries of the register that touch the question, periods that
began or ended, the contract, what was said of persons. An entry that does not touch the question
is only counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from landschap.purposes.changes import Change, changes_between
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import ANYONE, OWN, Group, Policy
from landschap.purposes.needs import Standing
from landschap.purposes.past.taking import Circumstances, Taken
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that is different beneath a decision: what, which one, and how, in lines."""

    kind: str
    name: str
    lines: tuple[str, ...]

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {"kind": self.kind, "name": self.name, "how": list(self.lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """``outcome``: what came out differently, in lines; ``causes``: what that rests on.

    ``others`` counts changes of the register that do not touch the question.
    """

    outcome: tuple[str, ...]
    causes: tuple[Cause, ...]
    others: int

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "outcome": list(self.outcome),
            "causes": [each.as_json() for each in self.causes],
            "otherChangesOfTheRegister": self.others,
        }


def between(then: Taken, now: Taken) -> Differences:
    """What is different between an outcome of then and one of another moment."""
    old, new = then.circumstances, now.circumstances
    touched, others = _of_register(then.question, old, new)
    causes = (
        *touched,
        *_of_time(then.question, old, new),
        *_of_contract(old, new),
        *_of_door(then, now),
        *_of_persons(then, now),
    )
    return Differences(outcome=outcome_between(then, now), causes=causes, others=others)


def words_of_outcome(taken: Taken) -> str:
    """An outcome in a line."""
    decision = taken.decision
    if decision is None or not decision.allow:
        return f"refused, {taken.code}"
    told = f"permitted, by {decision.policy}: {_listed(decision.visible)}"
    if taken.nobody_left:
        told += f"; then refused by the service, {', '.join(sorted(taken.reasons()))}"
    return told


def outcome_between(then: Taken, now: Taken) -> tuple[str, ...]:
    """What came out differently, in lines; nothing: the same."""
    return tuple(_outcome(then, now))


def _outcome(then: Taken, now: Taken) -> Iterator[str]:
    old, new = _side(then), _side(now)
    # Of what is refused there are no fields and duties to compare.
    names = [name for name in old if name in new]
    for name in names:
        if old[name] != new[name]:
            yield f"{name}: {old[name]} -> {new[name]}"
    if then.allow and now.allow and then.decision and now.decision:
        gone = then.decision.visible - now.decision.visible
        more = now.decision.visible - then.decision.visible
        if gone:
            yield f"no longer given: {_listed(gone)}"
        if more:
            yield f"given as well: {_listed(more)}"


def _side(taken: Taken) -> dict[str, str]:
    """What of an outcome is compared, in words; that a version changed is no other outcome."""
    decision = taken.decision
    told = {
        "decision": "permitted" if taken.allow else f"refused, {taken.code}",
        "persons the service may not use": _counted(taken.reasons()),
    }
    if decision is not None and decision.policy_id:
        told["policy"] = decision.policy_id
    if decision is None or not decision.allow:
        return told
    activity = decision.activity
    return told | {
        "purpose": decision.purpose,
        "activity": activity.uri if activity else "none",
        "withheld": _listed(decision.withheld),
        "searchable": _listed(decision.searchable),
        "rows": _rows(decision, taken.circumstances.snapshot),
        "obligations": _listed(f"{o.kind} {o.path}".strip() for o in decision.obligations),
        "looked up of persons": _listed(decision.checks),
        "history": _listed(decision.history),
    }


def _rows(allowed: Decision, snapshot: Snapshot) -> str:
    """The row conditions as they are written: filled in they differ from day to day."""
    policies = (p for p in snapshot.register.policies if p.id == allowed.policy_id)
    policy = next(policies, None)
    if policy is None or not allowed.rows:
        return "all"
    decree = snapshot.decrees.get(policy.decree)
    every = (*policy.rows, *(decree.decree.persons if decree else ()))
    return _listed(" ".join((each.path, each.op, *each.values)) for each in every)


def _of_register(
    question: Question, old: Circumstances, new: Circumstances
) -> tuple[list[Cause], int]:
    if old.snapshot.version == new.snapshot.version:
        return [], 0
    changes = _changes(old.snapshot, new.snapshot)
    names = _touching(question, old) | _touching(question, new)
    touching = [each for each in changes if _is_named(each, names)]
    causes = [Cause(kind=each.kind, name=each.name, lines=tuple(each.words())) for each in touching]
    return causes, len(changes) - len(touching)


@lru_cache(maxsize=16)
def _changes(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    return changes_between(old.register, new.register)


def _is_named(change: Change, names: frozenset[tuple[str, str]]) -> bool:
    # Where one side holds several versions, the name ends in the version.
    bare = change.name if change.kind == "field set" else change.name.partition("@")[0]
    return (change.kind, change.name) in names or (change.kind, bare) in names


def _touching(question: Question, at: Circumstances) -> frozenset[tuple[str, str]]:
    """The entries of a register that this question can come upon: kind and name."""
    snapshot = at.snapshot
    uri = snapshot.equivalents.get(question.purpose, question.purpose)
    known = snapshot.purposes.get(uri)
    line = known.ancestors if known else (uri,)
    provider = question.provider or snapshot.owner
    found: set[tuple[str, str]] = {("service", f"{provider}/{question.service}")}
    found |= {("purpose", each) for each in (question.purpose, uri, *line)}
    if question.bound and question.bound.field_set:
        found.add(("field set", question.bound.field_set))
    found |= {
        ("test of compatibility", each.id)
        for each in snapshot.register.compatibilities
        if question.follows is not None and each.target in line
    }
    bases = {each.uri: each.legal_bases for each in snapshot.register.activities}
    groups = {each.name: each for each in snapshot.register.groups}
    for policy in snapshot.register.policies:
        if _concerns(policy, question, provider, line, snapshot):
            found |= _of_policy(policy, question, groups)
            found |= {("legal basis", each) for each in bases.get(policy.activity, ())}
    return frozenset(found)


def _of_policy(
    policy: Policy, question: Question, groups: Mapping[str, Group]
) -> set[tuple[str, str]]:
    """A policy and what it names, as far as that is about this question."""
    found = {
        ("policy", policy.id),
        ("field set", policy.field_set),
        ("activity", policy.activity),
        ("authorisation decree", policy.decree),
    }
    who = {question.organisation, question.delegatee}
    return found | {
        ("group", name)
        for name in policy.organisations
        if name in groups and who & set(groups[name].members)
    }


def _concerns(
    policy: Policy, question: Question, provider: str, line: tuple[str, ...], snapshot: Snapshot
) -> bool:
    """True for a policy that is about this service, purpose and organisation, in force or not."""
    groups = {each.name: each.members for each in snapshot.register.groups}
    who = {each for name in policy.organisations for each in groups.get(name, (name,))}
    ours = OWN in who and snapshot.owner in (question.organisation, question.delegatee)
    return (
        policy.service in ("*", question.service)
        and policy.provider in ("*", provider)
        and snapshot.equivalents.get(policy.purpose, policy.purpose) in ("*", *line)
        and (ours or bool(who & {ANYONE, question.organisation, question.delegatee}))
    )


def _of_time(question: Question, old: Circumstances, new: Circumstances) -> Iterator[Cause]:
    """What began or ended by its own period, in the register of the later moment."""
    snapshot = new.snapshot
    names = _touching(question, new)
    rules = {
        rule.policy.id: rule
        for by_purpose in snapshot.permits.values()
        for found in by_purpose.values()
        for rule in found
    } | {rule.policy.id: rule for rule in snapshot.prohibitions}
    for name, rule in sorted(rules.items()):
        if ("policy", name) in names:
            yield from _period("policy", name, (rule.since, rule.until), old.at, new.at)
    for uri, known in sorted(snapshot.purposes.items()):
        if ("purpose", uri) in names:
            yield from _period("purpose", uri, (known.since, known.until), old.at, new.at)
    for name, decree in sorted(snapshot.decrees.items()):
        if ("authorisation decree", name) in names:
            period = decree.since, decree.until
            yield from _period("authorisation decree", name, period, old.at, new.at)


def _period(
    kind: str,
    name: str,
    period: tuple[datetime, datetime | None],
    old: datetime,
    new: datetime,
) -> Iterator[Cause]:
    since, until = period
    was, is_now = (since <= at and (until is None or at < until) for at in (old, new))
    if was and not is_now:
        moment = until if until is not None and until <= new else since
        verb = "its period ended at" if moment == until else "its period begins at"
        yield Cause(kind=kind, name=name, lines=(f"{verb} {as_utc_text(moment)}",))
    elif is_now and not was:
        yield Cause(kind=kind, name=name, lines=(f"its period began at {as_utc_text(since)}",))


def _of_contract(old: Circumstances, new: Circumstances) -> Iterator[Cause]:
    if old.agreed is None or new.agreed is None:
        return
    if new.agreed.state != old.agreed.state:
        line = f"state: {old.agreed.state} -> {new.agreed.state}"
        yield Cause(kind="contract", name="", lines=(line,))
    if new.agreed.refusal != old.agreed.refusal:
        line = f"delegation: {old.agreed.refusal or 'holds'} -> {new.agreed.refusal or 'holds'}"
        yield Cause(kind="contract", name="", lines=(line,))


def _of_door(then: Taken, now: Taken) -> Iterator[Cause]:
    """What the door knows beside question and register."""
    old, new = then.question.facts, now.question.facts
    if old.case_open != new.case_open:
        state = {True: "open", False: "closed", None: "not known"}
        line = f"{state[old.case_open]} -> {state[new.case_open]}"
        yield Cause(kind="case", name=old.case, lines=(line,))
    if old.approver != new.approver:
        line = f"approved by: {old.approver or 'nobody'} -> {new.approver or 'nobody'}"
        yield Cause(kind="approval", name="", lines=(line,))
    for activity in sorted({*old.marked, *new.marked}):
        before = old.marked.get(activity, frozenset())
        after = new.marked.get(activity, frozenset())
        if before != after and _is_of(activity, then, now):
            line = f"of somebody: {_listed(before)} -> {_listed(after)}"
            yield Cause(kind="restriction or objection", name=activity, lines=(line,))
    if closed := now.circumstances.closed:
        yield Cause(kind="service", name=then.question.service, lines=(closed.why,))


def _is_of(activity: str, *sides: Taken) -> bool:
    return any(
        side.decision is not None
        and side.decision.activity is not None
        and side.decision.activity.uri == activity
        for side in sides
    )


def _of_persons(then: Taken, now: Taken) -> Iterator[Cause]:
    """What was said of persons of this question since; who they are is not told."""
    old, new = then.circumstances.persons, now.circumstances.persons
    for place, person in enumerate(sorted({*old, *new}), start=1):
        before, after = _said(old.get(person, ())), _said(new.get(person, ()))
        lines = [
            f"{name}: {_holds(before.get(name))} -> {_holds(after.get(name))}"
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ]
        if lines:
            yield Cause(kind="person", name=f"{place} of {len(old)}", lines=tuple(lines))


def _said(standings: Sequence[Standing]) -> dict[str, Standing]:
    return {f"{s.kind} {s.about} {s.receiver}".strip(): s for s in standings}


def _holds(standing: Standing | None) -> str:
    if standing is None:
        return "nothing said"
    return f"{'holds' if standing.holds else 'ended'} since {as_utc_text(standing.since)}"


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} ({code})" for code, count in sorted(reasons.items())) or "none"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "none"
