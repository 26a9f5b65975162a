# SPDX-License-Identifier: EUPL-1.2
"""Decide whether an organisation may use a service, with these fields, for this purpose, now.

A pure and total function over one snapshot. It is deny by default: what no policy permits is
refused, a prohibition beats every permission, two policies are never merged, and an accident in
the deciding itself is a refusal. Purposes cover downward only: permission for *parking permits*
covers *parking permit for a visitor*, not the other way round.

The steps keep the numbers of the decision algorithm. R1 (the declaration) is checked before, in
`declaration`, and so is the first half of R4 (who asks for whom: token, contract and declaration
agree). Its second half is here: the decision is about the organisation for which is asked, a policy
must say that another may ask for it, and a prohibition on either of the two holds.
Row conditions (R13) are filled in here and obeyed by the service, that reads nothing outside them.
Needs (R9) are judged as far as the door knows them: case, second approver, authorisation decree.
What is about the person (a consent, a restriction, an upheld objection) goes to the service as
``checks``; obligations (R14) and the confidentiality mark as well, and it executes them.
Source: AVG art. 5 lid 1 sub b and c; house algorithm, "Explanation of a decision" in the docs.
"""

from __future__ import annotations

from datetime import datetime
from itertools import chain, islice

from landschap.purposes import duties, needs
from landschap.purposes.bound import Bound
from landschap.purposes.chain import Followed, judge_chain
from landschap.purposes.decision import Decision, Question
from landschap.purposes.judging import Miss, judge_rule
from landschap.purposes.minimise import (
    Fit,
    Stop,
    choose,
    requested_fields,
    tell_derived,
    visible_fields,
)
from landschap.purposes.model import Policy, PurposeStatus
from landschap.purposes.rows import RowCondition, filled_in
from landschap.purposes.snapshot import KnownPurpose, Rule, Snapshot
from landschap.purposes.steps import Step, step_of
from landschap.vocabulary.times import amsterdam_day

_NONE: frozenset[str] = frozenset()
_NEAR_MISSES = 20
"""How many policies that do not apply an auditor is shown; a list without end explains nothing."""
_WELL_FORMED = Step("R0", "question", "ok")
_NOT_PROHIBITED = Step("R6", "prohibitions", "ok")


def decide(question: Question, snapshot: Snapshot, now: datetime) -> Decision:
    """The decision on one question, with every step it took. Never raises.

    ``now`` is the clock of the one who decides; no time in the question can move it.
    """
    case = _Case(question, snapshot, now)
    try:
        return case.run()
    except Stop as stop:
        return case.denied(stop)
    except Exception as error:  # noqa: BLE001  # an accident while deciding must end in a refusal
        case.steps.append(Step("R0", "deciding", "fail", type(error).__name__))
        return case.denied(Stop("internal_error", about=type(error).__name__))


class _Case:
    """One question on its way through the steps."""

    __slots__ = ("bound_fields", "now", "purpose", "question", "service", "snapshot", "steps")

    def __init__(self, question: Question, snapshot: Snapshot, now: datetime) -> None:
        self.question = question
        self.snapshot = snapshot
        self.now = now
        self.steps: list[Step] = []
        self.purpose: KnownPurpose | None = None
        self.bound_fields: frozenset[str] | None = None
        self.service = (question.provider or snapshot.owner, question.service)

    def run(self) -> Decision:
        self._well_formed()
        purpose = self._known_purpose()
        self._within_contract(purpose)
        if self.question.delegatee:
            self._on_behalf()
        if self.question.follows is not None:
            self._along_the_chain(purpose, self.question.follows)
        self._not_prohibited(purpose)
        fits = self._fitting(purpose)
        known = self.snapshot.service_fields.get(self.service, _NONE)
        requested = requested_fields(self.question, known)
        chosen = choose(fits, self.question, requested, self.steps)
        visible = visible_fields(self.question, chosen, requested, known, self.steps)
        if derived := self.snapshot.derived.get(self.service):
            tell_derived(visible, derived, self.steps)
        return self._allowed(chosen, visible, requested)

    # R0
    def _well_formed(self) -> None:
        if wrong := self.question.fault():
            self._fail("R0", "question", wrong)
            raise Stop("request_invalid", about=wrong)
        self.steps.append(_WELL_FORMED)

    # R2
    def _known_purpose(self) -> KnownPurpose:
        declared = self.question.purpose
        uri = self.snapshot.equivalents.get(declared, declared)
        if uri != declared:
            self.steps.append(Step("R2", declared, "ok", f"exact match: {uri}"))
        known = self.snapshot.purpose_at(uri, self.now)
        if known is None:
            self._fail("R2", uri, "not on the list")
            raise Stop("purpose_unknown")
        self.purpose = known
        if not known.is_active(self.now):
            self._refuse_inactive(known)
        self.steps.append(known.step)
        return known

    def _refuse_inactive(self, known: KnownPurpose) -> None:
        purpose = known.purpose
        ended = known.until is not None and known.until <= self.now
        if purpose.status is PurposeStatus.RETIRED or ended:
            self._fail("R2", purpose.uri, "retired")
            after = purpose.replaced_by
            about = f"; its successor is {after}" if after else ""
            raise Stop("purpose_retired", about=about, suggestion=(after,) if after else ())
        self._fail("R2", purpose.uri, "not yet in force")
        raise Stop("purpose_unknown")

    # R3
    def _within_contract(self, purpose: KnownPurpose) -> None:
        bound = self.question.bound
        if bound is None:
            if self.question.require_bound:
                self._fail("R3", "contract", "no purpose bound")
                raise Stop("contract_without_purpose")
            self.steps.append(Step("R3", "contract", "skip", "no purpose bound asked for"))
            return
        agreed = self._as_here(bound.purposes)
        if purpose.line.isdisjoint(agreed):
            self._fail("R3", "contract", "purpose not inside")
            raise Stop("contract_purpose")
        if self.question.action not in bound.actions:
            self._fail("R3", "contract", "action not inside")
            raise Stop("contract_action")
        for code in self.question.legal_bases or ():
            if code not in bound.legal_bases:
                self._fail("R3", "contract", f"legal basis {code} not inside")
                raise Stop("contract_basis", about=code)
        self._contract_fields(bound)
        self.steps.append(step_of(("R3", "contract", "ok", bound.field_set)))

    def _as_here(self, uris: tuple[str, ...]) -> tuple[str, ...]:
        """Purposes of other lists as those of ours that they equal."""
        equivalents = self.snapshot.equivalents
        return tuple(equivalents.get(uri, uri) for uri in uris) if equivalents else uris

    def _contract_fields(self, bound: Bound) -> None:
        if not bound.field_set:
            return
        agreed = (bound.field_set, bound.field_set_digest, self.service)
        fields = self.snapshot.agreed_fields.get(agreed)
        if fields is not None:
            self.bound_fields = fields
        elif self.service[0] == self.snapshot.owner:
            self._fail("R3", "contract", f"field set {bound.field_set} differs or is absent")
            raise Stop("contract_fields", about=bound.field_set)
        else:
            # At an Outway: the set is the provider's, who checks it at the other door.
            self.steps.append(Step("R3", bound.field_set, "skip", "field set of the provider"))

    # R4
    def _on_behalf(self) -> None:
        question = self.question
        by = f"asked for by {question.delegatee}"
        self.steps.append(Step("R4", question.organisation, "ok", by))

    # R5
    def _along_the_chain(self, purpose: KnownPurpose, followed: Followed) -> None:
        found = judge_chain(purpose, followed, self.snapshot, self.now)
        if found.code:
            self._fail("R5", followed.purpose, found.why)
            raise Stop(found.code, about=followed.purpose)
        self.steps.append(Step("R5", followed.purpose, "ok", found.why))

    # R6
    def _not_prohibited(self, purpose: KnownPurpose) -> None:
        if self.snapshot.prohibitions:
            question = self.question
            involved = (question.organisation, question.delegatee)
            for rule in self.snapshot.prohibitions_on(self.service, involved):
                if self._is_prohibited_by(rule, purpose):
                    self._fail("R6", rule.policy.id, "prohibition holds")
                    raise Stop("prohibited", rule=rule)
        self.steps.append(_NOT_PROHIBITED)

    def _is_prohibited_by(self, rule: Rule, purpose: KnownPurpose) -> bool:
        policy = rule.policy
        return (
            rule.in_force(self.now)
            and ("*" in policy.actions or self.question.action in policy.actions)
            and (policy.purpose == "*" or self._covers(policy.purpose, purpose))
        )

    def _covers(self, uri: str, purpose: KnownPurpose) -> bool:
        return self.snapshot.equivalents.get(uri, uri) in purpose.ancestors

    # R7, R8, R10
    def _fitting(self, purpose: KnownPurpose) -> list[Fit]:
        fits: list[Fit] = []
        misses: list[Miss] = []
        question = self.question
        # Nearest purpose first, then lowest id.
        key = (self.service, question.action, purpose.ancestors, question.organisation)
        for rule in self.snapshot.candidates(key):
            if not rule.in_force(self.now):
                continue
            found = judge_rule(rule, question, self.now, self.bound_fields, self.steps)
            if isinstance(found, Fit):
                fits.append(found)
            else:
                misses.append(found)
        if fits:
            return fits
        if misses:
            furthest = max(misses, key=lambda miss: miss.distance)
            rule = furthest.rule
            # The policy is about who asks, and on which ground we supply is public in our register.
            named = rule.policy.legal_bases if furthest.code == "basis_not_accepted" else ()
            raise Stop(furthest.code, about=furthest.about, rule=rule, suggestion=named)
        self._explain_absence(purpose)
        raise Stop("policy_none")

    def _explain_absence(self, purpose: KnownPurpose) -> None:
        by_purpose = self.snapshot.permits.get((*self.service, self.question.action), {})
        for rule in islice(chain.from_iterable(by_purpose.values()), _NEAR_MISSES):
            if not self._covers(rule.policy.purpose, purpose):
                why = "another purpose"
            elif not rule.concerns(self.question.organisation):
                why = "another organisation"
            else:
                why = "not in force now"
            self.steps.append(Step("R7", rule.policy.id, "miss", why))
        self._fail("R7", self.question.service, "no policy")

    # R14 and the end
    def _allowed(
        self, chosen: Fit, visible: frozenset[str], requested: frozenset[str] | None
    ) -> Decision:
        rule = chosen.rule
        policy, question, snapshot = rule.policy, self.question, self.snapshot
        rows = self._rows(rule) if policy.rows or rule.decree else ()
        checks = self._checks(policy) if policy.needs or question.facts.marked else ()
        if policy.obligations:
            self._obliged(rule)
        self.steps.append(rule.accounted)
        return Decision(
            allow=True,
            question=question,
            snapshot=snapshot.version,
            owner=snapshot.owner,
            steps=tuple(self.steps),
            rule=rule,
            known=self.purpose.purpose if self.purpose else None,
            legal_bases=chosen.legal_bases,
            visible=visible,
            withheld=_NONE if requested is None or requested is visible else requested - visible,
            searchable=chosen.searchable,
            rows=rows,
            checks=checks,
        )

    # R9
    def _checks(self, policy: Policy) -> tuple[str, ...]:
        facts = self.question.facts
        checks = needs.checks_of(policy.needs, policy.despite, policy.activity, facts)
        for check in checks:
            self.steps.append(Step("R9", check, "skip", "looked up by the service"))
        return checks

    # R14
    def _obliged(self, rule: Rule) -> None:
        for each in rule.policy.obligations:
            if duties.fault_of(each):
                self._fail("R14", each.kind, "not known here")
                raise Stop("obligation_unsupported", about=f": {each.kind[:40]}", rule=rule)
            self.steps.append(Step("R14", each.path or each.kind, "ok", each.kind))

    # R13
    def _rows(self, rule: Rule) -> tuple[RowCondition, ...]:
        conditions = rule.policy.rows
        if rule.decree is not None:
            conditions = (*conditions, *rule.decree.decree.persons)
        if not conditions:
            return ()
        for each in conditions:
            self.steps.append(Step("R13", each.path, "ok", " ".join((each.op, *each.values))))
        today = amsterdam_day(self.now)
        return filled_in(conditions, caller=self.question.organisation, today=today)

    def denied(self, stop: Stop) -> Decision:
        """The decision that ends here, naming how far it came."""
        return Decision(
            allow=False,
            code=stop.code,
            question=self.question,
            snapshot=self.snapshot.version,
            owner=self.snapshot.owner,
            steps=tuple(self.steps),
            rule=stop.rule,
            known=self.purpose.purpose if self.purpose else None,
            withheld=stop.withheld,
            suggestion=stop.suggestion,
            about=stop.about,
        )

    def _fail(self, step: str, subject: str, detail: str) -> None:
        self.steps.append(Step(step, subject, "fail", detail))
