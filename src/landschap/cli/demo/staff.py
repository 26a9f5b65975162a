# SPDX-License-Identifier: EUPL-1.2
"""Weesp's own people in the console of the demo: who they are, and what they may."""

from __future__ import annotations

import json

# Subject at the login provider -> name and role.
CONSOLE_PEOPLE = {
    "weesp-burgerzaken": ("M. de Wit, burgerzaken van Weesp", "medewerker-burgerzaken"),
    "weesp-inkomen": ("K. Vermeer, consulent van Weesp", "inkomensconsulent"),
    "weesp-gegevens": ("J. van Dijk, gegevensbeheerder van Weesp", "gegevensbeheerder"),
    "weesp-privacy": ("F. Groen, privacy officer van Weesp", "privacy-officer"),
    "weesp-privacy-2": ("G. Rood, privacy officer van Weesp", "privacy-officer"),
    "weesp-contracten": ("C. Blauw, contractbeheerder van Weesp", "contractbeheerder"),
    "weesp-piket": ("P. Geel, piketdienst van Weesp", "piketdienst"),
}
_ACCESS = "https://register.weesp.example/activiteiten/inzageverzoeken-beantwoorden"
# Who has only this comes in with emergency access, and not otherwise.
_ON_CALL = "piketdienst"


def console_lines(issuer: str, client: str) -> list[str]:
    """The settings of the console, line by line."""
    roles = dict.fromkeys(role for _, role in CONSOLE_PEOPLE.values() if role != _ON_CALL)
    return [
        "[oidc.console]",
        f'issuer = "{issuer}"',
        f'client_id = "{client}"',
        f"roles = {json.dumps(list(roles))}",
        'register_officers = ["privacy-officer"]',
        'contract_officers = ["contractbeheerder"]',
        'log_officers = ["privacy-officer"]',
        f'access_activity = "{_ACCESS}"',
        "",
        "[oidc.console.emergency]",
        'roles = ["medewerker-burgerzaken"]',
        'officers = ["privacy-officer"]',
        f'who = ["{_ON_CALL}"]',
        "",
    ]
