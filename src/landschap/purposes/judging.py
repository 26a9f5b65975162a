# SPDX-License-Identifier: EUPL-1.2
"""Hold one question against one permission that may apply: R4, R8, R9 and R10 of the decision.

What falls away says how far it came, so that a refusal names what lacks in the policy that came
nearest. Nothing here is about the person (`needs.checks_of`) or about which fields are asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from landschap.purposes import needs
from landschap.purposes.decision import Question
from landschap.purposes.known import Rule
from landschap.purposes.minimise import Fit, fit_of
from landschap.purposes.model import LEVELS, level_rank
from landschap.purposes.steps import Step, step_of


class Miss(NamedTuple):
    """A candidate that fell away. The further it got, the more its code says."""

    distance: int
    code: str
    about: str
    rule: Rule


def judge_rule(
    rule: Rule,
    question: Question,
    now: datetime,
    bound: frozenset[str] | None,
    steps: list[Step],
) -> Fit | Miss:
    """What this permission gives, or why it does not apply; the steps taken are added.

    ``bound`` is the fields of the contract; None when it leaves them to the policy.
    """
    if question.delegatee and not rule.policy.delegable:
        return _miss(steps, "R4", Miss(0, "delegation_not_allowed", "", rule))
    must = question.by_role or not rule.plain
    if must and (found := _unmet(rule, question, now, steps)):
        return found
    bases = _legal_bases(rule, question)
    if isinstance(bases, str):
        return _miss(steps, "R10", Miss(5, "basis_not_accepted", bases, rule))
    if question.confidential and (rule.activity is None or not rule.activity.confidential):
        return _miss(steps, "R8", Miss(6, "confidential_variant_missing", "", rule))
    steps.append(step_of(("R10", rule.policy.id, "ok", ", ".join(bases))))
    fields = rule.fields
    if bound is None or bound is fields:
        return fit_of((rule, fields, rule.searchable, bases))
    return fit_of((rule, fields & bound, rule.searchable & bound, bases))


def _unmet(rule: Rule, question: Question, now: datetime, steps: list[Step]) -> Miss | None:
    """Which condition of this policy does not hold: role, hours, level, or what it needs."""
    if (rule.roles or question.by_role) and rule.roles.isdisjoint(question.roles):
        shown = ", ".join(question.roles) or "(none)"
        return _miss(steps, "R8", Miss(1, "role_not_allowed", shown, rule))
    if rule.policy.hours is not None and not rule.policy.hours.contains(now):
        return _miss(steps, "R8", Miss(2, "outside_hours", "", rule))
    if rule.level and (level_rank(question.loa) or 0) < rule.level:
        return _miss(steps, "R8", Miss(3, "loa_too_low", LEVELS[rule.level], rule))
    if rule.policy.needs or rule.policy.decree:
        lacking = _lacking(rule, question, now, steps)
        if lacking:
            return _miss(steps, "R9", Miss(4, lacking, "", rule))
    return None


def _lacking(rule: Rule, question: Question, now: datetime, steps: list[Step]) -> str:
    """The code of what this policy needs and is not there; empty when all that we know is."""
    policy = rule.policy
    code = needs.unmet(policy.needs, question.facts)
    if code:
        return code
    if policy.decree:
        decree = rule.decree
        if decree is None or not decree.covers(question.organisation, now):
            return "decree_missing"
        steps.append(Step("R9", policy.decree, "ok", decree.decree.reference))
    steps.extend(Step("R9", need, "ok", "need") for need in policy.needs)
    return ""


def _legal_bases(rule: Rule, question: Question) -> tuple[str, ...] | str:
    """The grounds that count, or the one that is not accepted."""
    declared = question.legal_bases
    if declared is None:
        bound = question.bound
        usable = (
            code for code in rule.policy.legal_bases if bound is None or code in bound.legal_bases
        )
        return tuple(usable) or ", ".join(rule.policy.legal_bases)
    for code in declared:
        if code not in rule.legal_bases:
            return code
    return declared or "(none declared)"


def _miss(steps: list[Step], step: str, miss: Miss) -> Miss:
    steps.append(Step(step, miss.rule.policy.id, "miss", miss.code))
    return miss
