# SPDX-License-Identifier: EUPL-1.2
"""What every page about the log shares: who may see it, and that each look has a reason.

A look is written to the log and to the list of watchers before anything is shown. The reason counts
for an hour, for the same thing and the same employee; then it is asked again.
Source: AVG art. 5 lid 2 and art. 32; BIO2, 8.15 (use of logs is logged).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from landschap.console.known import Known, names_a_person
from landschap.console.officers.store import LogLook, look_since, note_log_look
from landschap.console.pages.context import (
    AnyRequest,
    Asked,
    ConsoleDeps,
    door_of,
    is_log_officer,
    lines_of_form,
    refuse,
    session_of,
)
from landschap.console.pages.looking import Looking
from landschap.platform.ids import uuid7
from landschap.platform.web import N_

SHORTEST, LONGEST = 10, 500
COUNTS = timedelta(hours=1)
NO_REASON = N_("Schrijf op waarom u dit bekijkt, in ten minste tien tekens")
A_PERSON = N_("Hier staat het nummer van een persoon. Laat dat weg: de reden wordt bewaard")


@dataclass(frozen=True, slots=True)
class Officer:
    """The officer at the log, for the pages of one process."""

    deps: ConsoleDeps

    def require(self, asked: Asked[Known]) -> Known:
        """Who it is. Raises ProblemError for who may not look in the log."""
        known = session_of(asked).known
        if not is_log_officer(self.deps, known):
            raise refuse(403, "role_not_allowed", "Only log officers look in the log")
        return known

    async def form(self, asked: Asked[Known], request: AnyRequest) -> dict[str, str]:
        """The fields of our own form. Raises ProblemError for one from elsewhere."""
        self.require(asked)
        return await lines_of_form(door_of(self.deps), request, session_of(asked))

    async def note(self, asked: Asked[Known], kind: str, about: str, reason: str) -> None:
        """Record a look, in the log and for the watchers; raises ProblemError when it can not."""
        known = self.require(asked)
        context = {"kind": kind, "reason": reason}
        await Looking(self.deps).deed(
            known, "inzien-logboek", ("log", about), context, "log officer"
        )
        look = LogLook(
            look_id=uuid7(),
            at=datetime.now(UTC),
            subject=known.subject,
            name=known.name,
            kind=kind,
            about=about,
            reason=reason,
        )
        await note_log_look(self.deps.pool, look)

    async def reason(self, asked: Asked[Known], kind: str, about: str) -> LogLook | None:
        """The reason given for this within the hour; None when it must be asked."""
        known, since = self.require(asked), datetime.now(UTC) - COUNTS
        return await look_since(self.deps.pool, known.subject, kind, about, since)


def reason_fault(form: Mapping[str, str], name: str = "reden") -> dict[str, str]:
    """What is wrong with a reason; empty when nothing is."""
    reason = form.get(name, "")
    if not SHORTEST <= len(reason) <= LONGEST:
        return {name: NO_REASON}
    return {name: A_PERSON} if names_a_person(reason) else {}
