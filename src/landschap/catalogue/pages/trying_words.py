# SPDX-License-Identifier: EUPL-1.2
"""Words on the pages of trying out: what a form lacks, and the steps of a decision."""

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
RULES: Mapping[str, str] = {
    "R0": N_("De vraag zelf"),
    "R1": N_("Verklaring van doel"),
    "R2": N_("Doel"),
    "R3": N_("Contract"),
    "R4": N_("Namens"),
    "R5": N_("Keten"),
    "R6": N_("Verboden"),
    "R7": N_("Beleidsregel"),
    "R8": N_("Rol, tijd en betrouwbaarheid"),
    "R9": N_("Zaak, toestemming en bezwaar"),
    "R10": N_("Grondslag"),
    "R11": N_("Keuze van de regel"),
    "R12": N_("Velden"),
    "R13": N_("Rijen"),
    "R14": N_("Verplichtingen"),
    "R15": N_("Veto"),
}
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "ok": ("ok", N_("klopt")),
    "miss": ("no", N_("past niet")),
    "fail": ("no", N_("niet gehaald")),
    "skip": ("", N_("overgeslagen")),
}
