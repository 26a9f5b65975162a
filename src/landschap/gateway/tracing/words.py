# SPDX-License-Identifier: EUPL-1.2
"""The steps of a decision in words, for whoever shows one on a page.

Dutch; each room with pages that shows them has them in its own catalogue of words.
"""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "R0": "De vraag zelf",
    "R1": "Verklaring van doel",
    "R2": "Doel",
    "R3": "Contract",
    "R4": "Namens",
    "R5": "Keten",
    "R6": "Verboden",
    "R7": "Beleidsregel",
    "R8": "Rol, tijd en betrouwbaarheid",
    "R9": "Zaak, toestemming en bezwaar",
    "R10": "Grondslag",
    "R11": "Keuze van de regel",
    "R12": "Velden",
    "R13": "Rijen",
    "R14": "Verplichtingen",
    "R15": "Veto",
}
# By outcome of a step: how its mark looks, and its word.
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "ok": ("ok", "klopt"),
    "miss": ("no", "past niet"),
    "fail": ("no", "niet gehaald"),
    "skip": ("", "overgeslagen"),
}
STEP_WORDS = frozenset({*RULES.values(), *(word for _, word in OUTCOMES.values())})
