# SPDX-License-Identifier: EUPL-1.2
"""How rights are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.platform.web import N_
from landschap.purposes.rights import Right

TITLES: Mapping[Right, str] = {
    Right.ACCESS: N_("Uw gegevens opvragen"),
    Right.CORRECTION: N_("Een fout laten verbeteren"),
    Right.ERASURE: N_("Uw gegevens laten wissen"),
    Right.RESTRICTION: N_("Het gebruik laten stoppen"),
    Right.PORTABILITY: N_("Uw gegevens meenemen"),
    Right.OBJECTION: N_("Bezwaar maken"),
    Right.HUMAN: N_("Een mens laten kijken"),
}
