# SPDX-License-Identifier: EUPL-1.2
"""Words on the pages of trying out: what a form lacks."""

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
