# SPDX-License-Identifier: EUPL-1.2
"""Groups of data in words a resident knows. Dutch is the source; the catalogue has the English."""

from __future__ import annotations

import re
from collections.abc import Mapping

GROUPS: Mapping[str, str] = {
    "adres": "uw adres",
    "burgerservicenummer": "uw burgerservicenummer",
    "geboortedatum": "uw geboortedatum",
    "gebouw": "het gebouw waarin u woont",
    "gebruik": "wie uw gegevens gebruikte",
    "melding": "uw melding",
    "naam": "uw naam",
    "pand": "het gebouw waarin u woont",
    "uitkering": "uw uitkering",
    "woning": "uw woning",
}
"""The first part of a field's path, or the name of a group, and how we say it."""

FIELDS: Mapping[str, str] = {
    "adres.huisletter": "huisletter",
    "adres.huisnummer": "huisnummer",
    "adres.postcode": "postcode",
    "adres.straat": "straat",
    "adres.woonplaats": "woonplaats",
    "pand.bouwjaar": "bouwjaar",
    "pand.identificatie": "nummer van het gebouw",
    "pand.status": "stand van het gebouw",
    "uitkering.bedragPerMaand": "bedrag per maand",
    "uitkering.norm": "norm",
    "uitkering.soort": "soort uitkering",
    "uitkering.status": "stand van de uitkering",
    "woning.gebruiksdoel": "waarvoor de woning is bedoeld",
    "woning.oppervlakte": "oppervlakte",
}


def all_words() -> set[str]:
    """Every word here, for the catalogues."""
    return {*GROUPS.values(), *FIELDS.values()}


def group_words(group: str) -> str:
    """The words of a group or of the group a field path belongs to; an unknown one is itself."""
    return GROUPS.get(group.split(".", 1)[0].lower(), group)


def field_words(path: str) -> str:
    """The words of one field; an unknown one is its name, taken apart: ``aantalKamers``."""
    last = path.rsplit(".", 1)[-1]
    return FIELDS.get(path) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last).lower()
