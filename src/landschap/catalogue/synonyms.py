# SPDX-License-Identifier: EUPL-1.2
"""Words that people use for one another when they look for data, in the Dutch of municipalities.

A word is looked for together with those of its group; each may also be written in another form, for
PostgreSQL takes the stem.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_GROUPS: Final = (
    ("wonen", "woont", "woonde", "bewoning", "bewoner", "verblijfplaats"),
    ("inwoner", "burger", "persoon", "personen", "ingezetene"),
    ("huis", "woning", "pand", "gebouw", "verblijfsobject"),
    ("bedrijf", "onderneming", "vestiging", "ondernemer", "rechtspersoon"),
    ("bsn", "burgerservicenummer"),
    ("uitkering", "bijstand"),
    ("taxatie", "woz", "waarde"),
    ("eigenaar", "eigendom", "kadaster", "kadastraal"),
    ("bericht", "melding", "notificatie"),
    ("bestand", "document", "informatieobject"),
    ("zaak", "dossier"),
    ("naam", "voornamen", "geslachtsnaam"),
)
_OF = {word: group for group in _GROUPS for word in group}


def with_others(word: str) -> Sequence[str]:
    """The word and those that are used for it; only itself when there are none."""
    lower = word.lower()
    return tuple(dict.fromkeys((lower, *_OF.get(lower, ()))))
