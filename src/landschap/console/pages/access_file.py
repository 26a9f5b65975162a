# SPDX-License-Identifier: EUPL-1.2
"""The file that a person gets who asked who used their data: to read, and for a program.

It holds what the person may see; that something may be held back is always said, never how much.
Source: AVG art. 15 lid 1 and lid 3; UAVG art. 41.
"""

from __future__ import annotations

from datetime import UTC, datetime

from landschap.console.known import Known
from landschap.console.officers.store import PersonQuestion
from landschap.console.pages.context import Asked, ConsoleDeps, Words, words_of
from landschap.console.pages.person_uses import OUTCOMES, Found
from landschap.gateway.uses.line import Use
from landschap.platform.web import N_, Page
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.times import as_utc_text

BY_LAW = N_("Gebruik op grond van de wet")


def access_file(
    deps: ConsoleDeps, asked: Asked[Known], question: PersonQuestion, found: Found
) -> dict[str, bytes]:
    """The files by name: ``inzage.html`` and ``inzage.json``."""
    words, organisation = words_of(deps, asked), deps.settings.organisation
    page = Page(
        template="console/access_file.html",
        title=words.say(N_("Wie gebruikte uw gegevens")),
        path=asked.here,
        language=asked.language,
        values={
            "uses": found.open_uses,
            "outcomes": OUTCOMES,
            "words": words,
            "question": question,
            "by_law": BY_LAW,
        },
    )
    tree: dict[str, JsonValue] = {
        "organisatie": {"oin": organisation.oin.value, "naam": organisation.name},
        "zaak": question.case_number,
        "gemaaktOp": as_utc_text(datetime.now(UTC)),
        "misschienNietAlles": True,
        "gebruik": [_use(words, each) for each in found.open_uses],
    }
    html = str(deps.site.show(page).content)
    return {"inzage.html": html.encode(), "inzage.json": canonical(tree)}


def _use(words: Words, use: Use) -> JsonValue:
    activity = use.activity
    if use.is_generic:
        return {
            "id": str(use.id),
            "op": as_utc_text(use.at),
            "alleenAlgemeen": True,
            "waarvoor": words.say(BY_LAW),
            "uitkomst": use.outcome.value,
        }
    return {
        "id": str(use.id),
        "op": as_utc_text(use.at),
        "wie": use.actor.name or use.actor.number,
        "bron": (use.holder.name or use.holder.number) if use.holder else None,
        "namens": (use.delegator.name or use.delegator.number) if use.delegator else None,
        "gegevens": list(use.groups),
        "waarvoor": words.text(activity.why) if activity else use.said,
        "waaromDitMag": words.text(activity.ground) if activity else None,
        "zaak": use.case or None,
        "uitkomst": use.outcome.value,
    }
