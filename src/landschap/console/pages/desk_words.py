# SPDX-License-Identifier: EUPL-1.2
"""What a refusal at the desk means for an employee, by code."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.platform.web import N_
from landschap.platform.web.door import Failure

DESK_FAILURES: Mapping[str, Failure] = {
    "desk_limit": Failure(
        N_("U zocht dit uur te veel personen op"),
        (N_("Zo beschermen wij inwoners. Wacht even, of vraag een collega aan de balie."),),
        429,
    ),
    "desk_own_number": Failure(
        N_("Uzelf kunt u hier niet helpen"),
        (N_("Vraag een collega aan de balie, of log zelf in bij het portaal."),),
        403,
    ),
    "desk_visit_open": Failure(
        N_("U helpt al iemand"),
        (N_("Stop eerst met die persoon. Daarna kunt u de volgende helpen."),),
        409,
    ),
    "desk_visit_over": Failure(
        N_("Dit bezoek is voorbij"),
        (N_("Of een collega moet het eerst zien. Kijk op de pagina van de balie."),),
        409,
    ),
    "desk_look_over": Failure(
        N_("Zoek de persoon opnieuw op"),
        (N_("Het duurde te lang, of u begon al met helpen. Er is niets gedaan."),),
        409,
    ),
}
