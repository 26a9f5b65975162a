# SPDX-License-Identifier: EUPL-1.2
"""What we asked of others: how far it is, whose turn it is, withdrawing, asking again.

/catalogus/aanvragen         all that was asked
/catalogus/aanvragen/{id}    one: where it stands, what happened, what it says
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.catalogue import store
from landschap.catalogue.access.progress import (
    Happened,
    Progress,
    Stage,
    history_of,
    may_renew,
    progress_of,
)
from landschap.catalogue.access.wishes import TERM
from landschap.catalogue.pages import context
from landschap.catalogue.pages.agreeing import (
    Agreeing,
    bringing,
    contract_in,
    language_of,
    may_ask,
    names_of,
    own_form,
    proposed,
    refuse,
)
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, both
from landschap.catalogue.pages.reference import sole_call
from landschap.catalogue.reading.calling import Call
from landschap.catalogue.reading.through_kit import through_kit
from landschap.fsc import store as contracts
from landschap.fsc.autosign import Way
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.sentences import words_of
from landschap.fsc.states import Kind
from landschap.platform.trouble import Trouble
from landschap.platform.web import N_, Link
from landschap.platform.web.door import AnyRequest, Asked
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.times import amsterdam_day

REQUESTS = Link(path=f"{BASE}/aanvragen", label=N_("Aanvragen"))
_LONGEST = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_REASON = N_("Schrijf op waarom, in ten minste drie tekens")
STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.SENDING: ("warning", N_("Onderweg")),
    Stage.AWAY: ("warning", N_("Nog niet aangekomen")),
    Stage.REFUSED: ("danger", N_("Niet aangenomen")),
    Stage.THEIRS: ("warning", N_("Wacht op de aanbieder")),
    Stage.OURS: ("warning", N_("Wacht op u")),
    Stage.AGREED: ("success", N_("U heeft toegang")),
    Stage.LATER: ("success", N_("Gaat later in")),
    Stage.REJECTED: ("danger", N_("Afgewezen")),
    Stage.ENDED: ("danger", N_("Ingetrokken")),
    Stage.OVER: ("neutral", N_("Voorbij")),
}
HAPPENED: Mapping[Happened, str] = {
    Happened.ASKED: N_("%(peer)s vroeg toegang en tekende"),
    Happened.ACCEPTED: N_("%(peer)s keurde het goed"),
    Happened.REJECTED: N_("%(peer)s wees het af"),
    Happened.REVOKED: N_("%(peer)s trok het in"),
    Happened.BROUGHT: N_("Aangekomen bij %(peer)s"),
    Happened.FAILED: N_("Wij konden %(peer)s niet bereiken"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """A request with the contract it became; not ``is_sent``: it was kept and not signed."""

    request: store.Request
    contract: Contract
    signatures: tuple[Any, ...]
    progress: Progress
    is_sent: bool


def request_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of what was asked; none where nobody can sign."""
    if deps.agreeing is None:
        return []
    pages = _Pages(deps, deps.agreeing)

    @get(both("/aanvragen"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        return await pages.every(asked) if asked.session else deps.door.to_login(asked)

    @get(both("/aanvragen/{number:uuid}"))
    async def one(number: FromPath[UUID], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        return await pages.one(asked, number) if asked.session else deps.door.to_login(asked)

    @post(both("/aanvragen/{number:uuid}"), status_code=303)
    async def act(number: FromPath[UUID], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        form = await own_form(deps, asked, request)
        reason = " ".join(str(form.get("reden", ""))[:_LONGEST].split())
        return await pages.act(asked, number, str(form.get("besluit", "")), reason)

    return [every, one, act]


class _Pages:
    def __init__(self, deps: CatalogueDeps, agreeing: Agreeing) -> None:
        self.deps = deps
        self.agreeing = agreeing

    async def every(self, asked: Asked[Any]) -> Response[str]:
        own, now = await self._me(), datetime.now(UTC)
        names = await names_of(self.deps, own, (await self.deps.services()).snapshot)
        rows = []
        for each in await store.requests(self.deps.pool):
            one = await self._read(each, own, now)
            rows.append((each, one.progress, names.peer(one.progress.peer), one.contract))
        values = {"rows": rows, "stages": STAGES, "path": REQUESTS.path}
        title = self.deps.site.say(asked.language, N_("Toegang die u vroeg"))
        return context.show(
            self.deps, asked, "requests.html", title, values=values, crumbs=(START,),
            part=REQUESTS.path,
        )  # fmt: skip

    async def one(
        self, asked: Asked[Any], number: UUID, reason: str = "", error: str = ""
    ) -> Response[str]:
        own, now = await self._me(), datetime.now(UTC)
        request = await self._found(number)
        found = await self._read(request, own, now)
        names = await names_of(self.deps, own, (await self.deps.services()).snapshot)
        say, contract = self.deps.site.say, found.contract
        on_its_way = await bringing(self.agreeing, contract)
        history = history_of(contract, found.signatures, on_its_way, own.peer_id)
        values = {
            "request": request,
            "one": found,
            "progress": found.progress,
            "peer": names.peer(found.progress.peer),
            "provider": names.peer(_provider(contract)),
            "stage": STAGES[found.progress.stage],
            "history": [
                (each, say(asked.language, HAPPENED[each.what], peer=names.peer(each.peer)))
                for each in history
            ],
            "decisions": await contracts.decisions(self.agreeing.pool, contract.hash),
            "contract": contract,
            "words": words_of(contract, names, language_of(asked)),
            "as_json": json.dumps(json.loads(contract.canonical), indent=2, ensure_ascii=False),
            "service": contract.connections[0][1].service.name,
            "calls": _calls(request, contract, await sole_call(self.deps, asked, request.name)),
            "may_act": may_ask(self.deps, asked),
            "renewal": _renewal(request, contract),
            "is_time": may_renew(contract, found.progress, now),
            "path": f"{REQUESTS.path}/{request.id}",
            "reason": reason,
            "errors": {"reden": say(asked.language, error)} if error else {},
            "labels": {"reden": say(asked.language, N_("Waarom"))},
        }
        title = say(asked.language, N_("Toegang tot %(title)s"), title=request.title)
        return context.show(
            self.deps, asked, "request.html", title, values=values, crumbs=(START, REQUESTS),
            part=REQUESTS.path, status=400 if error else 200, is_wrong=bool(error),
        )  # fmt: skip

    async def act(self, asked: Asked[Any], number: UUID, what: str, reason: str) -> Response[Any]:
        if not may_ask(self.deps, asked):
            raise refuse(403, "role_not_allowed", "Only officers of contracts act on a request")
        request, own = await self._found(number), await self._me()
        if what == "verstuur":
            await proposed(self.agreeing, own, request)
        elif what != "intrekken":
            raise refuse(400, "request_invalid", "There is no such act on a request")
        elif len(reason) < 3:
            return await self.one(asked, number, reason, _NO_REASON)
        else:
            await self._withdraw(asked, request, own, reason)
        return Redirect(asked.at(f"{REQUESTS.path}/{request.id}"), status_code=303)

    async def _withdraw(
        self, asked: Asked[Any], request: store.Request, own: OwnPeer, reason: str
    ) -> None:
        """Revoke our own accept; what was withdrawn already stays so."""
        stored = await contracts.contract(self.agreeing.pool, request.content_hash)
        if stored is None or stored.signature_of(own.peer_id, Kind.REVOKE) is not None:
            return
        known = asked.session.known  # type: ignore[union-attr]  # who may act is logged in
        await self.agreeing.deed(
            known, "contract-revoke", ("contract", request.content_hash), {"reason": reason},
            "role of contract officers",
        )  # fmt: skip
        decision = contracts.Decision(
            way=Way.MANUAL, outcome=Kind.REVOKE.value, reason=reason,
            decided_by=f"{known.name} ({known.subject})",
        )  # fmt: skip
        async with self.agreeing.pool.acquire() as connection, connection.transaction():
            await contracts.sign(connection, own, stored, Kind.REVOKE, datetime.now(UTC), decision)

    async def _read(self, request: store.Request, own: OwnPeer, now: datetime) -> _One:
        stored = await contracts.contract(self.agreeing.pool, request.content_hash)
        contract = stored.contract if stored is not None else contract_in(request, own)
        signatures = stored.signatures if stored is not None else ()
        on_its_way = await bringing(self.agreeing, contract) if stored is not None else []
        return _One(
            request=request,
            contract=contract,
            signatures=signatures,
            progress=progress_of(contract, signatures, on_its_way, own.peer_id, now),
            is_sent=stored is not None,
        )

    async def _me(self) -> OwnPeer:
        try:
            return await self.agreeing.me()
        except (Trouble, OSError):
            raise refuse(
                503, "identity_unavailable", "The certificate of the organisation can not be read"
            ) from None

    async def _found(self, number: UUID) -> store.Request:
        found = await store.request_named(self.deps.pool, number)
        if found is None:
            raise NotFoundException
        return found


def _calls(request: store.Request, contract: Contract, first: Call | None) -> tuple[str, str, str]:
    """The first question; names are a stranger's, and one with other signs is left out."""
    grant = contract.connections[0][1]
    bound = read_bound(grant.properties)
    purpose = bound.purposes[0].rpartition("/")[2] if isinstance(bound, Bound) else ""
    service = grant.service.name if _NAME.fullmatch(grant.service.name) else "DIENST"
    names = [each for each in request.fields if _NAME.fullmatch(each)]
    return through_kit(service, purpose if _NAME.fullmatch(purpose) else "", names, first)


def _provider(contract: Contract) -> Any:
    return contract.connections[0][1].service.peer_id


def _renewal(request: store.Request, contract: Contract) -> str:
    """Where the same is asked again, until a year after it ends."""
    until = max(amsterdam_day(contract.not_after), amsterdam_day(datetime.now(UTC))) + TERM
    pairs = [("verlengt", str(request.id)), ("tot", f"{until:%d-%m-%Y}")]
    bound = read_bound(contract.connections[0][1].properties)
    if isinstance(bound, Bound):
        pairs += [("doel", each) for each in bound.purposes]
        pairs += [("veldenset", bound.field_set)] if bound.field_set else []
    pairs += [("veld", each) for each in request.fields]
    return f"{BASE}/{request.name}/toegang?{urlencode(pairs)}"
