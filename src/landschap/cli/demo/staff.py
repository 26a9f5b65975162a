# SPDX-License-Identifier: EUPL-1.2
"""Employees in the consoles of the demo: who they are, and what they may."""

from __future__ import annotations

import json

# Subject at the login provider -> name and role.
CONSOLE_PEOPLE = {
    "weesp-burgerzaken": ("M. de Wit, burgerzaken van Weesp", "medewerker-burgerzaken"),
    "weesp-inkomen": ("K. Vermeer, consulent van Weesp", "inkomensconsulent"),
    "weesp-gegevens": ("J. van Dijk, gegevensbeheerder van Weesp", "gegevensbeheerder"),
    "weesp-gegevens-2": ("S. Roos, gegevensbeheerder van Weesp", "gegevensbeheerder"),
    "weesp-privacy": ("F. Groen, privacy officer van Weesp", "privacy-officer"),
    "weesp-privacy-2": ("G. Rood, privacy officer van Weesp", "privacy-officer"),
    "weesp-contracten": ("C. Blauw, contractbeheerder van Weesp", "contractbeheerder"),
    "weesp-balie": ("B. Alie, balie van Weesp", "baliemedewerker"),
    "weesp-balie-2": ("L. Oket, balie van Weesp", "baliemedewerker"),
    "weesp-piket": ("P. Geel, piketdienst van Weesp", "piketdienst"),
}
DOESBURG_PEOPLE = {
    "doesburg-contracten": ("D. Bruin, contractbeheerder van Doesburg", "contractbeheerder"),
    "doesburg-inkomen": ("L. Zwart, consulent van Doesburg", "inkomensconsulent"),
}
# As this one employees of Doesburg try out what others offer.
CATALOGUE_APPLICATION = "catalogus"
_ACCESS = "https://register.weesp.example/activiteiten/inzageverzoeken-beantwoorden"
_ASKING = "https://doelen.landschap.example/id/inzage-geven"
# Who has only this comes in with emergency access, and not otherwise.
_ON_CALL = "piketdienst"


def doesburg_lines(issuer: str, client: str) -> list[str]:
    """The settings of Doesburg's console: its people ask others for access, and try it out."""
    return [
        "[oidc.console]",
        f'issuer = "{issuer}"',
        f'client_id = "{client}"',
        'roles = ["contractbeheerder", "inkomensconsulent"]',
        'contract_officers = ["contractbeheerder"]',
        "",
        "[catalogue]",
        f'application_key = "secrets/{CATALOGUE_APPLICATION}.key"',
        "",
    ]


def console_lines(issuer: str, client: str) -> list[str]:
    """The settings of Weesp's console, line by line."""
    roles = dict.fromkeys(role for _, role in CONSOLE_PEOPLE.values() if role != _ON_CALL)
    return [
        "[oidc.console]",
        f'issuer = "{issuer}"',
        f'client_id = "{client}"',
        f"roles = {json.dumps(list(roles))}",
        'register_officers = ["privacy-officer"]',
        'contract_officers = ["contractbeheerder"]',
        'log_officers = ["privacy-officer"]',
        'source_officers = ["gegevensbeheerder"]',
        f'access_activity = "{_ACCESS}"',
        "",
        "[oidc.console.emergency]",
        'roles = ["medewerker-burgerzaken"]',
        'officers = ["privacy-officer"]',
        f'who = ["{_ON_CALL}"]',
        "",
        "[desk]",
        'roles = ["baliemedewerker"]',
        f'purpose = "{_ASKING}"',
        'persons = "inwoners.inwoner"',
        "",
    ]
