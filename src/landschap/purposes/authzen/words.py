# SPDX-License-Identifier: EUPL-1.2
"""The Dutch sentence that a person reads when a question is refused, per code; English beside it.

No names of policies or of other organisations: the person who reads it is not their judge.
Source: AuthZEN 1.0, "Reasons"; NLGov profile, `reason_user`.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.purposes.reasons import REASONS

ALLOWED = {"nl": "Dit mag.", "en": "This is permitted."}
_OTHER = "Dit mag niet."

DUTCH: Mapping[str, str] = {
    "request_invalid": "De vraag is niet goed gesteld.",
    "purpose_unknown": "Dit doel is hier niet bekend.",
    "purpose_retired": "Dit doel wordt niet meer gebruikt.",
    "contract_without_purpose": "In het contract staat geen doel.",
    "contract_purpose": "Het contract geldt niet voor dit doel.",
    "contract_action": "Het contract geldt niet voor deze handeling.",
    "contract_basis": "Deze grondslag staat niet in het contract.",
    "contract_fields": "De gegevens in het contract zijn niet die van ons.",
    "chain_purpose": "Dit doel gaat verder dan waarvoor eerst is gevraagd.",
    "chain_too_deep": "De vraag is via te veel organisaties gegaan.",
    "prohibited": "Dit gebruik is verboden.",
    "policy_none": "Geen regel staat dit toe.",
    "role_not_allowed": "Dit mag niet met uw rol.",
    "delegation_not_allowed": "Dit mag u niet voor een ander vragen.",
    "outside_hours": "Dit mag niet op dit moment van de dag.",
    "loa_too_low": "Log in met een hoger betrouwbaarheidsniveau.",
    "case_missing": "Hiervoor is een zaak nodig die nog loopt.",
    "approval_missing": "Een tweede persoon moet dit eerst goedkeuren.",
    "consent_missing": "Hiervoor is toestemming nodig, en die is er niet.",
    "consent_withdrawn": "De toestemming is ingetrokken.",
    "objection_upheld": "Er is bezwaar gemaakt, en dat bezwaar is terecht.",
    "processing_restricted": "Deze gegevens mogen nu niet worden gebruikt.",
    "confidential_variant_missing": "Er is geen vertrouwelijke variant van dit gebruik.",
    "decree_missing": "Er geldt geen autorisatiebesluit voor deze organisatie.",
    "basis_not_accepted": "Voor deze grondslag mag dit niet.",
    "fields_unknown": "Een van de gegevens bestaat niet.",
    "fields_excess": "U vraagt meer gegevens dan voor dit doel nodig zijn.",
    "vetoed": "Een extra regel van deze organisatie verbiedt dit.",
    "pdp_unavailable": "Er kon niet worden beslist. Probeer het later opnieuw.",
    "obligation_unsupported": "Aan een voorwaarde bij deze beslissing kan niet worden voldaan.",
    "internal_error": "Er ging iets mis. Daarom mag dit niet.",
}


def reason_user(code: str) -> dict[str, str]:
    """The sentence in both languages; an empty code is a permission."""
    if not code:
        return dict(ALLOWED)
    known = REASONS.get(code)
    english = f"{known.title}." if known else "This is not permitted."
    return {"nl": DUTCH.get(code, _OTHER), "en": english}
