# SPDX-License-Identifier: EUPL-1.2
"""A question about purpose, and the decision on it with its whole explanation.

One value, three renderings: for the caller (code, sentence, what is missing, who can add it), for
the auditor (every step), for the resident (purpose text and legal ground only). Names of fields
and policies may stand in it; values of persons never do.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from landschap.purposes.bound import Bound
from landschap.purposes.chain import Followed
from landschap.purposes.duties import THIRD_PARTY, Confidentiality, Obligation
from landschap.purposes.known import Rule
from landschap.purposes.model import ACTIONS, ProcessingActivity, Purpose, level_rank
from landschap.purposes.needs import NO_FACTS, Facts
from landschap.purposes.reasons import refusal_of
from landschap.purposes.rows import RowCondition
from landschap.purposes.steps import Step
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

_ACTIONS = frozenset(ACTIONS)
CONFIDENTIAL = "vertrouwelijk"
"""How a confidential processing is told, in a header and in a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: this organisation, this service, these fields, this purpose.

    ``organisation`` is for whom is asked: the decision is about it. ``delegatee`` is who asks in
    its name, empty when it asks itself.
    ``provider`` is the OIN of who offers the service; empty means the owner of the register.
    ``fields`` is None when the asker leaves the choice to us; a group name (``adres``) stands for
    its fields. ``search`` are the paths searched by: that is use as well. ``legal_bases`` is None
    at the asker's own Outway, where the policy says which grounds will be declared. ``facts`` is
    what the door knows beside the question; ``follows`` the question that this one is needed for.
    ``confidential``: the asker's own processing is, so only a confidential activity will do.
    ``by_role``: a person asks who is let in by role, so a permission for no role in particular,
    which is for programs, lets them in to nothing (BIO2, 5.15).
    """

    purpose: str
    organisation: str
    service: str
    provider: str = ""
    action: str = "raadplegen"
    fields: tuple[str, ...] | None = None
    search: tuple[str, ...] = ()
    legal_bases: tuple[str, ...] | None = None
    roles: tuple[str, ...] = ()
    loa: str = ""
    bound: Bound | None = None
    require_bound: bool = True
    lenient: bool = False
    delegatee: str = ""
    facts: Facts = NO_FACTS
    follows: Followed | None = None
    confidential: bool = False
    by_role: bool = False

    def fault(self) -> str:
        """What is wrong with its form; empty when it can be decided."""
        if self.action not in _ACTIONS:
            return f"the action {self.action[:80]!r} is not one of the actions of the GDPR"
        if self.loa and level_rank(self.loa) is None:
            return f"the level of assurance {self.loa[:80]!r} is not known"
        if not (self.purpose and self.organisation and self.service):
            return "purpose, organisation and service must be named"
        return ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, on which snapshot, and why.

    ``code`` is empty when allowed. ``rule`` is the permission or prohibition that decided,
    ``known`` the purpose when it is on the list. ``visible`` are the fields that may be given,
    ``withheld`` those asked but not given, ``suggestion`` what of a question would be allowed
    (fields, or grounds), ``rows`` which objects may be seen, ``checks`` what the service still has
    to look up about the person. ``vetoed``: permitted here and forbidden by another engine, so that
    of the permission nothing but its name counts.
    """

    allow: bool
    question: Question
    snapshot: str
    owner: str
    steps: tuple[Step, ...]
    code: str = ""
    rule: Rule | None = None
    known: Purpose | None = None
    legal_bases: tuple[str, ...] = ()
    visible: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    searchable: frozenset[str] = frozenset()
    suggestion: tuple[str, ...] = ()
    about: str = ""
    rows: tuple[RowCondition, ...] = ()
    checks: tuple[str, ...] = ()
    vetoed: bool = False

    @property
    def purpose(self) -> str:
        """The purpose on our list that was decided on, empty when it is not on it."""
        return self.known.uri if self.known else ""

    @property
    def purpose_version(self) -> int:
        """Its version; 0 without one."""
        return self.known.version if self.known else 0

    @property
    def policy_id(self) -> str:
        """The policy that decided, or empty."""
        return self.rule.policy.id if self.rule else ""

    @property
    def policy_version(self) -> int:
        """Its version; 0 without one."""
        return self.rule.policy.version if self.rule else 0

    @property
    def field_set(self) -> str:
        """``id@version`` of the field set of that policy, or empty."""
        return self.rule.policy.field_set if self.rule and not self.vetoed else ""

    @property
    def activity(self) -> ProcessingActivity | None:
        """The processing activity that this is part of."""
        return self.rule.activity if self.rule and not self.vetoed else None

    @property
    def history(self) -> tuple[str, ...]:
        """The kinds of history it opens; none without a permission."""
        return self.rule.policy.history if self.allow and self.rule else ()

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        """How values are changed before they leave."""
        return self.rule.policy.obligations if self.allow and self.rule else ()

    @property
    def mark(self) -> Confidentiality | None:
        """The confidentiality mark to obey."""
        return self.rule.mark if self.allow and self.rule else None

    @property
    def third_party(self) -> bool:
        """True when the mark withholds from who asks."""
        return self.allow and self.rule is not None and self.rule.policy.receiver == THIRD_PARTY

    @property
    def only_by_ours(self) -> bool:
        """True when only a service that opens the Permit can meet it."""
        return bool(self.rows or self.checks or self.obligations or self.mark)

    @property
    def policy(self) -> str:
        """``id@version`` of the policy that decided, or empty."""
        return f"{self.policy_id}@{self.policy_version}" if self.policy_id else ""

    def refusal(self) -> Refusal:
        """The refusal for the caller. Raises ValueError for a decision that allows."""
        if self.allow:
            raise ValueError("the decision allows; there is nothing to refuse")
        question = self.question
        facts = {
            "purpose": question.purpose,
            "organisation": question.organisation,
            "service": question.service,
            "action": question.action,
            "owner_of_register": self.owner,
            "about": self.about,
            "delegatee": question.delegatee,
            "accepted": ", ".join(self.suggestion),
        }
        return refusal_of(self.code, facts, self._extra())

    def _extra(self) -> dict[str, JsonValue]:
        extra: dict[str, JsonValue] = {"snapshot": self.snapshot}
        if self.code == "fields_excess":
            extra["withheld_fields"] = sorted(self.withheld)
            extra["allowed_fields"] = list(self.suggestion)
        elif self.code == "fields_unknown" and self.suggestion:
            extra["did_you_mean"] = list(self.suggestion)
        elif self.code == "obligation_unsupported" and self.suggestion:
            # A step-up that came with it is asked for all the same.
            extra["acr_value"] = self.suggestion[0]
        elif self.code == "basis_not_accepted":
            extra["accepted_legal_bases"] = list(self.suggestion)
        elif self.code == "loa_too_low":
            extra["acr_value"] = self.about
        elif self.code == "purpose_retired" and self.suggestion:
            extra["replaced_by"] = self.suggestion[0]
        return extra

    def for_auditor(self) -> dict[str, JsonValue]:
        """Everything: all steps, the policy, the fields, the snapshot."""
        return {
            "allow": self.allow,
            "code": self.code,
            "snapshot": self.snapshot,
            "purpose": self.purpose,
            "purposeVersion": self.purpose_version,
            "policy": self.policy,
            "activity": self.activity.uri if self.activity else "",
            "activityVersion": self.activity.version if self.activity else 0,
            "fieldSet": self.field_set,
            "legalBases": list(self.legal_bases),
            "visible": sorted(self.visible),
            "withheld": sorted(self.withheld),
            "checks": list(self.checks),
            "facts": self.question.facts.recorded(),
            "obligations": [[each.kind, each.path, each.value] for each in self.obligations],
            "steps": [step._asdict() for step in self.steps],
        }
