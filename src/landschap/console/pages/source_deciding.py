# SPDX-License-Identifier: EUPL-1.2
"""Proposed changes of logical sources: the difference, and the decision of another person.

    /console/bronnen/voorstellen            what waits, and what became of the rest
    /console/bronnen/voorstellen/{nummer}   one: difference, approve, reject, withdraw

Approving changes no file: an operator takes over what was approved, with ``landschap source take``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known, names_a_person
from landschap.console.pages.context import (
    BASE,
    SOURCES,
    START,
    Asked,
    ConsoleDeps,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.decision_routes import decision_routes
from landschap.console.pages.looking import Looking
from landschap.console.pages.sources import Workshop, has_workshop
from landschap.console.sources import differences, version_of, with_mistakes
from landschap.console.sources.store import (
    APPROVED,
    REJECTED,
    WITHDRAWN,
    SourceProposal,
    decide,
    proposal,
    proposals,
)
from landschap.platform.web import N_, Link

SOURCE_PROPOSALS = Link(path=f"{BASE}/bronnen/voorstellen", label=N_("Voorstellen"))
_LONGEST = 1_000
_NO_WORDS = N_("Schrijf op waarom, in ten minste drie tekens")
_A_PERSON = N_("Hier staat het nummer van een persoon. Haal dat weg: dit wordt bewaard")
_OUTCOMES = {"goedkeuren": APPROVED, "afwijzen": REJECTED}


def source_deciding_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of proposals."""
    if not has_workshop(deps):
        return []
    return decision_routes(deps, "/bronnen/voorstellen", _Pages(deps))


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.shop = Workshop(deps)
        self.looking = Looking(deps)

    async def every(self, asked: Asked[Known]) -> Response[str]:
        self.shop.require(asked)
        lying = {each.stem: each.text for each in await self.shop.library.every()}
        rows = await proposals(self.deps.pool)
        values = {
            "rows": rows,
            "taken": {each.number for each in rows if lying.get(each.file) == each.body},
            "path": SOURCE_PROPOSALS.path,
        }
        title = words_of(self.deps, asked).say(N_("Voorstellen voor bronnen"))
        return self._show(asked, "source_proposals", title, values, (START, SOURCES))

    async def one(
        self, asked: Asked[Known], number: str, fault: str = "", typed: str = ""
    ) -> Response[str]:
        self.shop.require(asked)
        found = await self._found(number)
        lying = await self._lying(found)
        check = await self.shop.library.check(found.body, f"{found.file}.yaml")
        words = words_of(self.deps, asked)
        wrong = [each for each in with_mistakes(found.body, check.mistakes) if each.mistakes]
        values = {
            "found": found,
            "path": f"{SOURCE_PROPOSALS.path}/{found.number}",
            "difference": differences(lying, found.body),
            "is_taken": lying == found.body,
            "is_older": found.is_open and found.based_on != version_of(lying),
            "is_new": not lying,
            "wrong": wrong,
            "is_author": self._is_author(asked, found),
            "errors": {"woorden": words.say(fault)} if fault else {},
            "typed": typed,
            "labels": {"woorden": words.say(N_("Waarom"))},
            "say": lambda words, nearest="": self.shop.say(asked, words, nearest),
        }
        title = words.say(N_("Voorstel %(number)s"), number=found.number)
        crumbs = (START, SOURCES, SOURCE_PROPOSALS)
        return self._show(asked, "source_proposal", title, values, crumbs)

    async def decide(
        self, asked: Asked[Known], number: str, given: Mapping[str, str]
    ) -> Response[Any]:
        self.shop.require(asked)
        decision, words = given.get("besluit", ""), given.get("woorden", "")[:_LONGEST]
        found = await self._found(number)
        is_author = self._is_author(asked, found)
        here = Redirect(asked.at(f"{SOURCE_PROPOSALS.path}/{found.number}"), status_code=303)
        known = session_of(asked).known
        person = (known.subject, known.name)
        if decision in _OUTCOMES and not is_author and found.is_open:
            outcome = _OUTCOMES[decision]
            if fault := _fault_of(outcome, words):
                return await self.one(asked, number, fault, words)
            if outcome == APPROVED:
                await self._must_fit(found)
            await self._record(known, found, decision, words)
            await decide(self.deps.pool, found.number, outcome, person, words)
            return here
        if decision == "intrekken" and is_author and found.is_open:
            await decide(self.deps.pool, found.number, WITHDRAWN, person, words)
            return here
        raise refuse(403, "proposal_refused", "This can not be decided here by you")

    async def _must_fit(self, found: SourceProposal) -> None:
        """Raises ProblemError: the file was changed since, or there is a mistake in it."""
        if found.based_on != version_of(await self._lying(found)):
            raise refuse(409, "source_newer", "The file was changed since; propose it anew")
        if (await self.shop.library.check(found.body, f"{found.file}.yaml")).declaration is None:
            raise refuse(409, "source_wrong", "There are mistakes in this declaration")

    async def _record(self, known: Known, found: SourceProposal, action: str, words: str) -> None:
        """Who decided what and why, in the log, before it is done."""
        await self.looking.deed(
            known,
            f"bron-{action}",
            ("logical source", found.file),
            {
                "proposal": found.number,
                "author": found.author,
                "reason": found.reason,
                "words": words,
                "basedOn": found.based_on,
                "text": version_of(found.body),
            },
            "two people",
        )

    def _is_author(self, asked: Asked[Known], found: SourceProposal) -> bool:
        return found.author.casefold() == session_of(asked).known.subject.casefold()

    async def _lying(self, found: SourceProposal) -> str:
        """The text of the file as it lies there now; empty when there is none."""
        file = await self.shop.library.one(found.file)
        return file.text if file else ""

    async def _found(self, number: str) -> SourceProposal:
        is_number = number.isascii() and number.isdigit() and len(number) < 15
        found = await proposal(self.deps.pool, int(number)) if is_number else None
        if found is None:
            raise refuse(404, "not_found", "There is no such proposal")
        return found

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Link, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values.get("errors"))
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=SOURCES.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip


def _fault_of(outcome: str, words: str) -> str:
    """What is wrong with the words of a decision, which are kept; empty when nothing is."""
    if names_a_person(words):
        return _A_PERSON
    return _NO_WORDS if outcome == REJECTED and len(words) < 3 else ""
