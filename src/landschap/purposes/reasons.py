# SPDX-License-Identifier: EUPL-1.2
"""Every reason for which a question about purpose is refused: one table, in order of the steps.

``missing`` and ``owner`` tell the reader which link is absent and who can add it; the names in
braces are facts of the question itself, never of another organisation's policy or of a person.
The same codes stand in ``docs/reference/errors.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One way to be refused; texts may name ``{facts}``."""

    status: int
    title: str
    detail: str
    missing: str
    owner: str
    fault: Fault = Fault.INPUT


_ASKER = "the organisation that asks, {organisation}"
_BOTH = "both organisations, by signing a new contract"
_OFFICER = "the privacy officers of {owner_of_register}"
_PUBLISHER = "the publisher of the list of purposes, or the privacy officers of {owner_of_register}"

REASONS: Mapping[str, Reason] = {
    "request_invalid": Reason(
        status=400,
        title="The question is not well formed",
        detail="{about}.",
        missing="a well-formed question",
        owner=_ASKER,
    ),
    "purpose_unknown": Reason(
        status=403,
        title="The purpose is not known here",
        detail="The purpose {purpose} is not on our list, or not yet in force.",
        missing="the purpose {purpose} in the list of purposes",
        owner=_PUBLISHER,
    ),
    "purpose_retired": Reason(
        status=403,
        title="The purpose is no longer in use",
        detail="The purpose {purpose} has been retired{about}.",
        missing="a purpose that is in force",
        owner=_ASKER,
    ),
    "contract_without_purpose": Reason(
        status=403,
        title="The contract names no purpose",
        detail="The contract of this connection does not say for which purposes it may be used.",
        missing="the property processing.purpose_limitation in the grant",
        owner=_BOTH,
    ),
    "contract_purpose": Reason(
        status=403,
        title="The contract does not allow this purpose",
        detail="The contract of this connection does not allow the purpose {purpose}.",
        missing="the purpose {purpose} in the contract",
        owner=_BOTH,
    ),
    "contract_action": Reason(
        status=403,
        title="The contract does not allow this action",
        detail="The contract of this connection does not allow the action {action}.",
        missing="the action {action} in the contract",
        owner=_BOTH,
    ),
    "contract_basis": Reason(
        status=403,
        title="The contract does not allow this legal basis",
        detail="The contract of this connection does not name the legal basis {about}.",
        missing="the legal basis {about} in the contract",
        owner=_BOTH,
    ),
    "contract_fields": Reason(
        status=403,
        title="The field set of the contract is not the one we have",
        detail="The contract names the field set {about}, which our register does not hold so.",
        missing="the field set {about}, with the digest of the contract",
        owner="the privacy officers of {owner_of_register}, or both by signing a new contract",
    ),
    "chain_purpose": Reason(
        status=403,
        title="The purpose goes further than the question it follows from",
        detail="The purpose {purpose} is neither equal to {about}, for which was asked before, nor "
        "narrower, and nothing that is recorded makes it compatible.",
        missing="a purpose that is equal or narrower; or a test of compatibility in force from the "
        "purpose at the origin, and a contract that lets it go onward",
        owner=_ASKER,
    ),
    "chain_too_deep": Reason(
        status=403,
        title="The chain is too deep",
        detail="The question is more than four hops from its origin.",
        missing="a shorter way to the source",
        owner=_ASKER,
    ),
    "prohibited": Reason(
        status=403,
        title="This use is prohibited",
        detail="A prohibition holds for this use of {service}; no permission can lift it.",
        missing="nothing: the prohibition itself would have to be lifted",
        owner=_OFFICER,
    ),
    "policy_none": Reason(
        status=403,
        title="No policy permits this use",
        detail="No policy permits {organisation} to use {service} for the purpose {purpose}.",
        missing="a policy for {organisation} on {service} for the purpose {purpose}",
        owner=_OFFICER,
    ),
    "role_not_allowed": Reason(
        status=403,
        title="This role may not use the service for this purpose",
        detail="The policy does not name the role {about}.",
        missing="a role that the policy names; one that names none is for programs",
        owner="the organisation of the user (the role), or {owner_of_register} (the policy)",
    ),
    "delegation_not_allowed": Reason(
        status=403,
        title="The policy does not let another ask",
        detail="{organisation} may use {service} so itself, but may not have {delegatee} ask.",
        missing="a policy that lets another ask for {organisation} (delegeerbaar = true)",
        owner=_OFFICER,
    ),
    "outside_hours": Reason(
        status=403,
        title="Outside the hours of the policy",
        detail="The policy permits this use at other hours only (Dutch time).",
        missing="a question within the hours of the policy",
        owner=_OFFICER,
    ),
    "loa_too_low": Reason(
        status=403,
        title="The level of assurance of the user is too low",
        detail="The policy needs the level {about}.",
        missing="a log-in at the level {about}",
        owner="the user, by logging in at a higher level",
    ),
    "case_missing": Reason(
        status=403,
        title="A case is needed",
        detail="The policy needs a case that is open; none was named, or it is closed.",
        missing="the number of an open case, in the header Zaak at the Outway",
        owner=_ASKER,
    ),
    "approval_missing": Reason(
        status=403,
        title="A second person must approve",
        detail="The policy needs a second person who approves this use, and none is recorded.",
        missing="an approval by another person that is still in force",
        owner=_ASKER,
    ),
    "consent_missing": Reason(
        status=403,
        title="There is no consent",
        detail="The policy needs a consent of this person for this purpose and this receiver.",
        missing="a consent of the person",
        owner="the person, by giving consent to {owner_of_register}",
    ),
    "consent_withdrawn": Reason(
        status=403,
        title="The consent was withdrawn",
        detail="The person withdrew the consent for this purpose and this receiver.",
        missing="a consent of the person that is in force",
        owner="the person; a withdrawal is not argued with",
    ),
    "objection_upheld": Reason(
        status=403,
        title="The person objected, and rightly",
        detail="An objection of this person against this use was upheld.",
        missing="nothing: the objection itself would have to end",
        owner=_OFFICER,
    ),
    "processing_restricted": Reason(
        status=403,
        title="The use of these data is restricted",
        detail="The data of this person are kept, and may not be used for now.",
        missing="the end of the restriction, or the consent of the person",
        owner=_OFFICER,
    ),
    "decree_missing": Reason(
        status=403,
        title="No authorisation decree is in force",
        detail="No authorisation decree that is in force lets {organisation} be supplied.",
        missing="an authorisation decree (autorisatiebesluit) for {organisation}",
        owner="the minister who decides on it; then " + _OFFICER,
    ),
    "obligation_unsupported": Reason(
        status=403,
        title="An obligation can not be met",
        detail="The policy has an obligation that this service does not meet{about}.",
        missing="a question that this service answers under obligations",
        owner="the operators and privacy officers of {owner_of_register}",
    ),
    "basis_not_accepted": Reason(
        status=403,
        title="The policy does not accept this legal basis",
        detail="The policy does not accept the legal basis {about}.",
        missing="one of the legal bases {accepted}",
        owner=_ASKER,
    ),
    "confidential_variant_missing": Reason(
        status=403,
        title="There is no confidential variant of this use",
        detail="The question says that its processing is confidential, and no policy that lets "
        "{organisation} use {service} falls under a confidential processing activity: the person "
        "concerned would be told of it.",
        missing="a policy for {organisation} on {service} under a confidential processing activity",
        owner=_OFFICER,
    ),
    "fields_unknown": Reason(
        status=400,
        title="A field does not exist",
        detail="The service {service} has no field {about}.",
        missing="the name of an existing field",
        owner=_ASKER,
    ),
    "fields_excess": Reason(
        status=403,
        title="More fields are asked than the purpose needs",
        detail="For this purpose these fields are not permitted: {about}.",
        missing="permission for the fields {about}",
        owner=_OFFICER,
    ),
    "vetoed": Reason(
        status=403,
        title="A further rule of this organisation forbids this use",
        detail="The policies permit this use of {service}, but another rule forbids it ({about}).",
        missing="nothing: the further rule itself would have to change",
        owner=_OFFICER,
    ),
    "pdp_unavailable": Reason(
        status=503,
        title="A decision point that must agree gave no answer",
        detail="Another decision point must agree with this use of {service}, and gave no usable "
        "answer in time.",
        missing="the answer of that decision point",
        owner="the operators of {owner_of_register}",
        fault=Fault.OURS,
    ),
    "internal_error": Reason(
        status=500,
        title="No decision could be taken",
        detail="The decision failed on our side and so nothing is permitted ({about}).",
        missing="a decision",
        owner="the operators of {owner_of_register}",
        fault=Fault.OURS,
    ),
}


def refusal_of(
    code: str, facts: Mapping[str, str], extra: Mapping[str, JsonValue] | None = None
) -> Refusal:
    """The refusal for a code, its texts filled with the facts of the question."""
    reason = REASONS[code]
    return Refusal(
        code=code,
        status=reason.status,
        title=reason.title,
        detail=reason.detail.format_map(facts),
        missing=reason.missing.format_map(facts),
        owner=reason.owner.format_map(facts),
        fault=reason.fault,
        extra=extra or {},
    )
