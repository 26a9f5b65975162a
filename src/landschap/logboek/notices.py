# SPDX-License-Identifier: EUPL-1.2
"""The draft of a notice to the authority, filled in as far as the log knows.

Source: AVG, art. 33 (1) and (3). What a person must judge stands between square brackets.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from landschap.logboek.incidents import Scope, due
from landschap.vocabulary.times import as_utc_text

_OPEN = "[in te vullen / to be filled in]"


def hours_left(discovered: datetime, now: datetime) -> int:
    """Whole hours until the notice is late; negative when it is."""
    return (due(discovered) - now) // timedelta(hours=1)


def draft_notice(
    scope: Scope, *, discovered: datetime, now: datetime, period: tuple[datetime, datetime]
) -> str:
    """The notice in Dutch, with in English what each part asks."""
    groups = sorted({group for row in scope.rows for group in row.data_groups})
    receivers = sorted({row.receiver for row in scope.rows})
    controllers = sorted({row.controller for row in scope.rows})
    left = hours_left(discovered, now)
    clock = f"nog {left} uur" if left >= 0 else f"{-left} uur te laat: noem de reden"
    term = (
        f"Ontdekt {as_utc_text(discovered)}. Te melden voor {as_utc_text(due(discovered))} "
        f"({clock}, stand {as_utc_text(now)})."
    )
    unknown = scope.questions.without_persons
    parts = (
        ("Concept: melding van een inbreuk (AVG art. 33) / Draft notice", ""),
        ("Termijn / Term (lid 1)", term),
        ("Aard van de inbreuk / Nature of the breach (lid 3 onder a)", _OPEN),
        (
            "Periode / Period",
            f"{as_utc_text(period[0])} tot {as_utc_text(period[1])}",
        ),
        (
            "Betrokkenen / Persons (lid 3 onder a)",
            f"{scope.persons()} personen volgens het logboek"
            + (f"; bij {unknown} vragen zegt geen regel over wie zij gingen" if unknown else ""),
        ),
        ("Soorten gegevens / Kinds of data", ", ".join(groups) or "geen bekend"),
        ("Velden / Fields", ", ".join(sorted(scope.questions.fields)) or "geen bekend"),
        ("Verantwoordelijken / Controllers", ", ".join(controllers) or "geen"),
        ("Ontvangers / Receivers", ", ".join(receivers) or "geen"),
        ("Functionaris gegevensbescherming / Contact (lid 3 onder b)", _OPEN),
        ("Gevolgen / Consequences (lid 3 onder c)", _OPEN),
        ("Maatregelen / Measures (lid 3 onder d)", _OPEN),
        (
            "Mededeling aan betrokkenen / Telling the persons (art. 34)",
            "[te beoordelen door een tweede persoon / to be judged by a second person]",
        ),
    )
    return "\n".join(f"{title}\n{text}\n" for title, text in parts)
