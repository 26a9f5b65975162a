# SPDX-License-Identifier: EUPL-1.2
"""Proposed changes of the register: the difference, and the decision of another person.

    /console/verwerkingen/voorstellen            what waits, and what became of the rest
    /console/verwerkingen/voorstellen/{nummer}   one: difference, approve, reject, withdraw

An approved change works with the next question. A proposal that was written on an older register is
not put in force: what changed in between is shown, and it can be proposed again on what is now.
Source: house decision: two masters, one truth with versions; case A60.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known, names_a_person
from landschap.console.pages.context import (
    BASE,
    PROCESSING,
    START,
    Asked,
    ConsoleDeps,
    door_of,
    is_register_officer,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.decision_routes import decision_routes
from landschap.console.pages.looking import Looking
from landschap.console.pages.processing import hidden_in, without_confidential
from landschap.platform.web import N_, Link
from landschap.purposes import store
from landschap.purposes.changes import Change, changes_between
from landschap.purposes.model import Register
from landschap.purposes.proposals import store as proposals
from landschap.purposes.proposals.store import Person, Proposal
from landschap.purposes.reading import RegisterError
from landschap.purposes.writing import keys_of

PROPOSALS = Link(path=f"{BASE}/verwerkingen/voorstellen", label=N_("Voorstellen"))
_SHOWN = 200
_LONGEST = 1_000
_KIND_NAMES: Mapping[str, str] = {
    "list of purposes": N_("Stelsel van doelen"),
    "purpose": N_("Doel"),
    "legal basis": N_("Grondslag"),
    "activity": N_("Verwerkingsactiviteit"),
    "service": N_("Dienst"),
    "field set": N_("Veldenset"),
    "group": N_("Groep"),
    "policy": N_("Beleidsregel"),
    "authorisation decree": N_("Autorisatiebesluit"),
}
_TABLES = {"policy": "policies", "activity": "activities", "purpose": "purposes"}
_NO_WORDS = N_("Schrijf op waarom, in ten minste drie tekens")
_WITH_WORDS = ("goedkeuren", "afwijzen", "intrekken")
A_PERSON = N_("Hier staat het nummer van een persoon. Haal dat weg: dit wordt bewaard")


def deciding_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of proposals."""
    return decision_routes(deps, "/verwerkingen/voorstellen", _Pages(deps))


async def waiting_proposals(deps: ConsoleDeps, known: Known) -> int | None:
    """How many proposals of others wait, for an officer of the register; None for anybody else."""
    if not is_register_officer(deps, known):
        return None
    every = await proposals.proposals(deps.purposes)
    mine = known.subject.casefold()
    return sum(1 for each in every if each.is_open and each.author.casefold() != mine)


def person_of(known: Known) -> Person:
    """An employee as who proposes or decides."""
    return Person(account=known.subject, name=known.name)


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.looking = Looking(deps)

    async def every(self, asked: Asked[Known]) -> Response[str]:
        self._officer(asked)
        values = {
            "rows": await proposals.proposals(self.deps.purposes),
            "path": PROPOSALS.path,
        }
        title = words_of(self.deps, asked).say(PROPOSALS.label)
        return self._show(asked, "proposals", title, values, (START, PROCESSING))

    async def one(
        self, asked: Asked[Known], number: str, fault: str = "", typed: str = ""
    ) -> Response[str]:
        self._officer(asked)
        found = await self._found(number)
        snapshot = await self.deps.snapshot.newest()
        base = await store.snapshot_by_version(self.deps.purposes, found.based_on)
        known, words = session_of(asked).known, words_of(self.deps, asked)
        is_older = found.is_open and found.based_on != snapshot.version
        changes, unfit = _changes(found, base.register if base else None)
        since: Sequence[Change] = ()
        if is_older:
            hidden = hidden_in(snapshot, *([base] if base else []))
            before = without_confidential(base.register, hidden) if base else None
            since = changes_between(before, without_confidential(snapshot.register, hidden))
        values = {
            "found": found,
            "path": f"{PROPOSALS.path}/{found.number}",
            "changes": changes,
            "kind_name": lambda kind: words.say(_KIND_NAMES.get(kind, kind)),
            "key_name": _key_name if asked.language == "nl" else _attribute,
            "fault": unfit,
            "is_older": is_older,
            "since": since[:_SHOWN],
            "touches": any(found.name in each.name for each in since),
            "is_author": found.author.casefold() == known.subject.casefold(),
            "errors": {"woorden": words.say(fault)} if fault else {},
            "typed": typed,
            "labels": {"woorden": words.say(N_("Waarom"))},
        }
        title = words.say(N_("Voorstel %(number)s"), number=found.number)
        return self._show(asked, "proposal", title, values, (START, PROCESSING, PROPOSALS))

    async def decide(
        self, asked: Asked[Known], number: str, given: Mapping[str, str]
    ) -> Response[Any]:
        self._officer(asked)
        decision, words = given.get("besluit", ""), given.get("woorden", "")[:_LONGEST]
        found, known = await self._found(number), session_of(asked).known
        here = Redirect(asked.at(f"{PROPOSALS.path}/{found.number}"), status_code=303)
        is_author = found.author.casefold() == known.subject.casefold()
        person = person_of(known)
        may_close = not is_author or decision == "intrekken"
        if decision in _WITH_WORDS and may_close and names_a_person(words):
            return await self.one(asked, number, A_PERSON, words)
        if decision == "goedkeuren":
            await self._record(known, found, "goedkeuren", words)
            await proposals.approve(self.deps.purposes, found.number, person, words)
            return here
        if decision == "afwijzen" and not is_author:
            if len(words) < 3:
                return await self.one(asked, number, _NO_WORDS, words)
            await self._record(known, found, "afwijzen", words)
            await proposals.close(
                self.deps.purposes, found.number, proposals.REJECTED, person, words
            )
            return here
        if decision == "intrekken" and is_author:
            await proposals.close(
                self.deps.purposes, found.number, proposals.WITHDRAWN, person, words
            )
            return here
        if decision == "opnieuw" and found.is_open:
            return await self._again(asked, found, person)
        raise refuse(403, "proposal_refused", "This can not be decided here by you")

    async def _again(self, asked: Asked[Known], found: Proposal, person: Person) -> Response[Any]:
        """The same on the register of now; the old one is withdrawn, and who does this proposes."""
        snapshot = await self.deps.snapshot.newest()
        try:
            found.applied_to(snapshot.register)
        except RegisterError:
            raise refuse(
                409, "register_newer", "It does not fit the register of now; propose it anew"
            ) from None
        await proposals.close(
            self.deps.purposes, found.number, proposals.WITHDRAWN, person, "opnieuw voorgesteld"
        )
        number = await proposals.propose(
            self.deps.purposes,
            person,
            kind=found.kind,
            name=found.name,
            body=found.body,
            reason=found.reason,
            based_on=snapshot.version,
        )
        return Redirect(asked.at(f"{PROPOSALS.path}/{number}"), status_code=303)

    async def _record(self, known: Known, found: Proposal, action: str, words: str) -> None:
        """Who decided what and why, in the log, before it is done."""
        await self.looking.deed(
            known,
            f"beleid-{action}",
            (found.kind, found.name),
            {
                "proposal": found.number,
                "author": found.author,
                "reason": found.reason,
                "words": words,
                "basedOn": found.based_on,
            },
            "two people",
        )

    def _officer(self, asked: Asked[Known]) -> None:
        if not is_register_officer(self.deps, session_of(asked).known):
            raise refuse(403, "role_not_allowed", "Only officers of the register see proposals")

    async def _found(self, number: str) -> Proposal:
        is_number = number.isascii() and number.isdigit() and len(number) < 15
        found = await proposals.proposal(self.deps.purposes, int(number)) if is_number else None
        if found is None:
            raise refuse(404, "not_found", "There is no such proposal")
        return found

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Link, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values.get("errors"))
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=PROCESSING.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip


def _changes(found: Proposal, base: Register | None) -> tuple[Sequence[Change], str]:
    """What it changes on the register it was written on; and why that can not be told."""
    if base is None:
        return (), "the register it was written on is not known here"
    try:
        return changes_between(base, found.applied_to(base)), ""
    except RegisterError as error:
        return (), str(error)


def _key_name(kind: str, key: str) -> str:
    """A key as the files have it, where that is known."""
    table = _TABLES.get(kind)
    if key == "valid":
        return "geldig"
    return (keys_of(table).get(key) if table else "") or key


def _attribute(_kind: str, key: str) -> str:
    return key
