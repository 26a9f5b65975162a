# SPDX-License-Identifier: EUPL-1.2
"""Words on the pages of trying out: what a form lacks, and why a question was refused."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.platform.web import N_

FAULTS: Mapping[str, str] = {
    "needed": N_("Vul dit in"),
    "no_place": N_("Deze vraag heeft geen plaats voor een persoon"),
    "too_long": N_("Dit is te lang om uit te proberen"),
    "no_json": N_("Dit is geen JSON"),
    "unsendable": N_("Dit kan niet worden verstuurd. Zet een nummer van een persoon in de inhoud"),
}

_ACCESS = N_("Uw organisatie heeft nu geen geldig contract voor deze dienst. Vraag toegang.")
_BOUND = N_("Het contract staat dit niet toe. Vraag een nieuw contract aan.")
_PURPOSE = N_("Dit doel is niet bekend of niet meer in gebruik. Kies een ander doel.")
REFUSED: Mapping[str, str] = {
    "ERROR_CODE_CONTRACT_NOT_VALID": _ACCESS,
    "UNKNOWN_GRANT_HASH_IN_HEADER": _ACCESS,
    "ERROR_CODE_GRANT_OF_ANOTHER_OUTWAY": _ACCESS,
    "contract_without_purpose": _BOUND,
    "contract_purpose": _BOUND,
    "contract_action": _BOUND,
    "contract_basis": _BOUND,
    "purpose_missing": N_("U vroeg zonder doel. Kies een doel en verstuur de vraag opnieuw."),
    "purpose_unknown": _PURPOSE,
    "purpose_retired": _PURPOSE,
    "policy_none": N_("Geen regel staat toe dat uw organisatie dit voor dit doel vraagt."),
    "role_not_allowed": N_("U heeft niet de rol die hiervoor nodig is."),
    "loa_too_low": N_("U bent niet sterk genoeg ingelogd. Log in op een hoger niveau."),
    "fields_unknown": N_("U vroeg een veld dat er niet is. Kies de velden opnieuw."),
    "fields_excess": N_("U vroeg meer velden dan voor dit doel mag. Kies minder velden."),
    "ERROR_CODE_TOKEN_UNAVAILABLE": N_("De aanbieder is nu niet te bereiken. Probeer het later."),
}
"""Codes of refusals that somebody who tries meets, in words; others are told as they came."""
