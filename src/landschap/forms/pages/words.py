# SPDX-License-Identifier: EUPL-1.2
"""The words of the form: its fields, what can be wrong with each, and the sources it asks."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.forms.application import Fault
from landschap.platform.web import N_

LABELS: Mapping[str, str] = {
    "naam": N_("Naam"),
    "straat": N_("Straat"),
    "huisnummer": N_("Huisnummer"),
    "huisletter": N_("Huisletter (niet verplicht)"),
    "postcode": N_("Postcode"),
    "woonplaats": N_("Woonplaats"),
    "oppervlakte": N_("Oppervlakte van de woning in m² (niet verplicht)"),
    "soortWerk": N_("Soort werk"),
    "omschrijving": N_("Wat wilt u doen?"),
    "begintOp": N_("Wanneer begint het werk?"),
}

KIND_WORDS: Mapping[str, str] = {
    "aanbouw": N_("Aanbouw of uitbouw"),
    "dakkapel": N_("Dakkapel"),
    "verbouwing": N_("Verbouwing"),
    "zonnepanelen": N_("Zonnepanelen"),
    "anders": N_("Iets anders"),
}

FAULTS: Mapping[Fault, str] = {
    Fault.EMPTY: N_("Vul dit in"),
    Fault.LONG: N_("Gebruik minder tekens"),
    Fault.NO_NUMBER: N_("Gebruik alleen cijfers, en geen nul"),
    Fault.NO_LETTER: N_("Gebruik één letter"),
    Fault.NO_POSTCODE: N_("Vul vier cijfers en twee letters in"),
    Fault.NO_DAY: N_("Vul een datum in, zoals 31-12-2027"),
    Fault.PAST: N_("Vul een datum in die nog komt"),
    Fault.FAR: N_("Vul een datum in binnen vijf jaar"),
    Fault.NO_KIND: N_("Kies wat het beste past"),
}

SOURCE_WORDS: Mapping[str, str] = {
    "inwoners": N_("Inwoners"),
    "adressen": N_("Adressen en gebouwen (BAG)"),
    "straten": N_("Adressen en gebouwen (BAG)"),
    "woonplaatsen": N_("Adressen en gebouwen (BAG)"),
    "woningen": N_("Adressen en gebouwen (BAG)"),
}
"""The sources of the published service, as people know them; others are told by their own name."""
