# SPDX-License-Identifier: EUPL-1.2
"""One question followed through the log: who asked whom, why it was so decided, and what proves it.

    /console/spoor                  the number of a transaction or trace, and why one looks
    /console/spoor/{number}         the chain, the decision, both halves, the proof
    /console/spoor/{number}/bundel  the same as a bundle with checksums

Of our own organisation an officer sees the content. Of another only whether its half is there and
agrees: its content it can show itself, or under an audit grant, and there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.context import (
    LOG,
    START,
    TRACE,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Contracts,
    both,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.evidence import bundle_of
from landschap.console.pages.officer import Officer, reason_fault
from landschap.console.pages.trace_view import kind_of, replayed_now, shown_of
from landschap.gateway.tracing.client import other_halves
from landschap.gateway.tracing.halves import crossings_of
from landschap.gateway.tracing.links import Followed, followed
from landschap.gateway.tracing.store import explain_transaction
from landschap.gateway.tracing.words import OUTCOMES, RULES
from landschap.gateway.usage.store import Rooms
from landschap.logboek import store as log_store
from landschap.platform.bundles import zipped
from landschap.platform.web import N_
from landschap.vocabulary.times import as_utc_text

KIND = "spoor"
_NO_NUMBER = N_("Dit is geen nummer van een transactie of spoor: 32 tekens, 0-9 en a-f")
_NOTHING = N_("Ons logboek heeft niets onder dit nummer. Kijk of het klopt")


def trace_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of traces; none where nobody may look in the log, or it can not be read."""
    console = deps.settings.oidc.console
    if deps.usage is None or deps.contracts is None or not (console and console.log_officers):
        return []
    door, pages = door_of(deps), _Pages(deps, deps.usage, deps.contracts)

    @get(both("/spoor"), opt={"query": ("nummer",)})
    async def form(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return pages.form(asked, {"nummer": asked.query.get("nummer", "")[:60]}, {})

    @post(both("/spoor"), status_code=303, opt={"query": ("nummer",)})
    async def search(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.search(asked, await pages.officer.form(asked, request))

    @get(both("/spoor/{number:str}"))
    async def one(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.one(asked, number) if asked.session else door.to_login(asked)

    @get(both("/spoor/{number:str}/bundel"))
    async def bundle(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.bundle(asked, number) if asked.session else door.to_login(asked)

    return [form, search, one, bundle]


class _Pages:
    def __init__(self, deps: ConsoleDeps, rooms: Rooms, contracts: Contracts) -> None:
        self.deps = deps
        self.rooms = rooms
        self.contracts = contracts
        self.officer = Officer(deps)
        self.own = deps.settings.organisation.oin.value

    def form(
        self, asked: Asked[Known], typed: Mapping[str, str], errors: Mapping[str, str]
    ) -> Response[str]:
        self.officer.require(asked)
        words = words_of(self.deps, asked)
        values = {
            "given": defaultdict(str, typed),
            "errors": {name: words.say(text) for name, text in errors.items()},
            "labels": {
                "nummer": words.say(N_("Nummer van de transactie of het spoor")),
                "reden": words.say(N_("Waarom bekijkt u dit?")),
            },
        }
        return door_of(self.deps).show(
            asked, "console/trace_search.html", words.say(N_("Spoor van één vraag zoeken")),
            values=values, part=LOG.path, crumbs=(START, LOG), status=400 if errors else 200,
            is_wrong=bool(errors),
        )  # fmt: skip

    async def search(self, asked: Asked[Known], form: Mapping[str, str]) -> Response[Any]:
        errors, number = reason_fault(form), _number(form.get("nummer", ""))
        if number is None:
            errors = {"nummer": _NO_NUMBER, **errors}
        if errors or number is None:
            return self.form(asked, form, errors)
        await self.officer.note(asked, KIND, number.hex, form["reden"])
        found = await log_store.by_transaction(self.rooms.log, number)
        if not found and not await log_store.by_trace(self.rooms.log, number.bytes):
            return self.form(asked, form, {"nummer": _NOTHING})
        return Redirect(asked.at(f"{TRACE.path}/{number}"), status_code=303)

    async def one(self, asked: Asked[Known], number: str) -> Response[Any]:
        identifier = _found(number)
        look = await self.officer.reason(asked, KIND, identifier.hex)
        if look is None:
            return Redirect(asked.at(f"{TRACE.path}?nummer={identifier}"), status_code=303)
        found = await self._followed(identifier)
        words, snapshot = words_of(self.deps, asked), await self.deps.snapshot.newest()
        values = {
            "shown": shown_of(found, self.own),
            "now": [
                replayed_now(found, each, snapshot, datetime.now(UTC))
                for each in found.explained.decisions
            ],
            "words": words,
            "outcomes": OUTCOMES,
            "rules": RULES,
            "kind_of": kind_of,
            "number": str(identifier),
            "reason": look.reason,
            "bundle": f"{TRACE.path}/{identifier}/bundel",
        }
        title = words.say(N_("Spoor van één vraag"))
        return door_of(self.deps).show(
            asked, "console/trace.html", title, values=values, part=LOG.path,
            crumbs=(START, LOG, TRACE),
        )  # fmt: skip

    async def bundle(self, asked: Asked[Known], number: str) -> Response[Any]:
        identifier = _found(number)
        look = await self.officer.reason(asked, KIND, identifier.hex)
        if look is None:
            return Redirect(asked.at(f"{TRACE.path}?nummer={identifier}"), status_code=303)
        await self.officer.note(asked, "bundel", identifier.hex, look.reason)
        found = await self._followed(identifier)
        proofs = [
            await log_store.proof_of(self.rooms.log, each.record)
            for each in found.explained.records
        ]
        made = {
            "madeAt": as_utc_text(datetime.now(UTC)),
            "madeBy": session_of(asked).known.name,
            "organisation": self.own,
            "reason": look.reason,
        }
        content = zipped(bundle_of(found, proofs, made))
        name = f'attachment; filename="spoor-{identifier}.zip"'
        return Response(
            content, media_type="application/zip", headers={"Content-Disposition": name}
        )

    async def _followed(self, identifier: UUID) -> Followed:
        """The question, with what others say of their half. Raises ProblemError."""
        explained = await explain_transaction(self.rooms, identifier, datetime.now(UTC))
        if explained is None:
            raise refuse(404, "not_found", "Our log holds nothing under this number")
        crossings = crossings_of(each.record for each in explained.records)
        settings, own = self.deps.settings, self.contracts.own()
        halves = await other_halves(settings, self.rooms, own, crossings)
        names = {**explained.names, self.own: settings.organisation.name}
        return followed(self.own, explained.named(names), halves)


def _number(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _found(text: str) -> UUID:
    number = _number(text)
    if number is None:
        raise refuse(404, "not_found", "There is no such trace")
    return number
