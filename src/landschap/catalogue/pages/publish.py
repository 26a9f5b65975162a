# SPDX-License-Identifier: EUPL-1.2
"""Publishing an API: where it begins, with a file, an address, or an API that is there.

/catalogus/publiceren         drafts, APIs that are published, a new one
/catalogus/publiceren/{id}    one draft, see `drafting`

Only a role of ``oidc.console.api_officers`` publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.catalogue import store
from landschap.catalogue.access.listing import listing_of, standing_in_directory
from landschap.catalogue.client import NotFetched, fetch_for
from landschap.catalogue.documents import UnreadableDocument, read_document
from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.agreeing import (
    Agreeing,
    asker_of,
    may_ask,
    own_form,
    refuse,
    roles_of,
    signed,
)
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, both
from landschap.catalogue.pages.shelf import MAX_SHOWN_BYTES
from landschap.fsc import store as contracts
from landschap.fsc.client import HostMap
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import State
from landschap.platform.ids import uuid7
from landschap.platform.web import N_, Link
from landschap.platform.web.door import AnyRequest, Asked
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import ProblemError, Refusal

PUBLISHING = Link(path=f"{BASE}/publiceren", label=N_("Publiceren"))
MAX_FORM_BYTES = MAX_SHOWN_BYTES + 200_000
_LONGEST = 500
_LISTINGS = ("GRANT_TYPE_SERVICE_PUBLICATION",)
_NOTHING = N_("Kies een bestand, of vul een adres in")
_TOO_LARGE = N_("Dit bestand is groter dan 5 MB")
_UNREAD = N_("Wij kunnen deze beschrijving niet lezen: %(why)s")
_NOT_THERE = N_("Deze API kennen wij niet")


def may_publish(deps: CatalogueDeps, asked: Asked[Any]) -> bool:
    """True for one who may publish for the organisation."""
    console = deps.settings.oidc.console
    return console is not None and not roles_of(asked).isdisjoint(console.api_officers)


def publish_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of beginning; none where nobody is named to publish."""
    console = deps.settings.oidc.console
    if deps.agreeing is None or console is None or not console.api_officers:
        return []
    pages = _Pages(deps, deps.agreeing)

    @get(both("/publiceren"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        return await pages.every(asked) if asked.session else deps.door.to_login(asked)

    @post(both("/publiceren/gids"), status_code=303)
    async def list_in_directory(request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        form = await own_form(deps, asked, request)
        service, number = str(form.get("dienst", "")), str(form.get("nummer", ""))
        return await pages.list_in_directory(asked, service[:_LONGEST], number[:_LONGEST])

    @post(both("/publiceren"), status_code=303, request_max_body_size=MAX_FORM_BYTES)
    async def begin(request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        form = await own_form(deps, asked, request)
        file = form.get("bestand")
        raw = await file.read() if isinstance(file, UploadFile) and file.filename else b""
        given = {key: str(form.get(key, ""))[:_LONGEST].strip() for key in ("adres", "vervangt")}
        return await pages.begin(asked, given, raw)

    return [every, list_in_directory, begin]


class _Pages:
    def __init__(self, deps: CatalogueDeps, agreeing: Agreeing) -> None:
        self.deps = deps
        self.agreeing = agreeing

    async def every(
        self,
        asked: Asked[Any],
        given: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:
        require_officer(self.deps, asked)
        pool, say = self.deps.pool, self.deps.site.say
        published = await store.harvested(pool)
        values = {
            "drafts": await store.drafts(pool),
            "apis": published,
            "listed": await self._listed(),
            "may_list": may_ask(self.deps, asked),
            "number": uuid7(),
            "path": PUBLISHING.path,
            "given": {"adres": "", "vervangt": "", **(given or {})},
            "errors": errors or {},
            "labels": {
                "bestand": say(asked.language, N_("Bestand")),
                "adres": say(asked.language, N_("Of een adres")),
                "vervangt": say(asked.language, N_("Een nieuwe tekst van")),
            },
        }
        title = say(asked.language, N_("API’s publiceren"))
        return context.show(
            self.deps, asked, "publish.html", title, values=values, crumbs=(START,),
            part=PUBLISHING.path, status=400 if errors else 200, is_wrong=bool(errors),
        )  # fmt: skip

    async def list_in_directory(
        self, asked: Asked[Any], service: str, number: str
    ) -> Response[Any]:
        """Ask the directory to list a service of ours; once, while it stands or is asked."""
        if not may_ask(self.deps, asked):
            raise refuse(403, "role_not_allowed", "Only officers of contracts ask a directory")
        own = await self.agreeing.me()
        if service not in (await self.deps.services()).services:
            raise refuse(404, "not_found", "There is no such service of ours")
        if service not in await self._listed():
            contract = await self._listing(own, service, number_of(number))
            known = asked.session.known  # type: ignore[union-attr]  # who may ask is logged in
            await self.agreeing.deed(
                known, "contract-propose", ("contract", contract.hash.value),
                {"service": service}, "role of contract officers",
            )  # fmt: skip
            await signed(self.agreeing, own, contract)
        return Redirect(asked.at(PUBLISHING.path), status_code=303)

    async def _listing(self, own: OwnPeer, service: str, number: UUID) -> Contract:
        """The contract for a listing. Raises ProblemError."""
        directory = self.deps.settings.directory
        made = listing_of(
            asker_of(own), service, directory.peer_id if directory else own.peer_id,
            (await self.deps.services()).snapshot, number, listed.now().replace(microsecond=0),
        )  # fmt: skip
        if isinstance(made, Refusal):
            raise ProblemError(made)
        return made

    async def _listed(self) -> Mapping[str, State]:
        """Which of our services stand in the directory, or are asked to."""
        found = await contracts.contracts(self.agreeing.pool, grant_types=_LISTINGS)
        now = listed.now()
        return standing_in_directory(
            [(each.contract, each.state(now)) for each in found],
            PeerId.parse(self.deps.settings.organisation.oin.value),
        )

    async def begin(self, asked: Asked[Any], given: Mapping[str, str], raw: bytes) -> Response[Any]:
        """Keep what came as a draft; an API alone begins with its own text."""
        require_officer(self.deps, asked)
        say, errors = self.deps.site.say, {}
        number, replaced = uuid7(), given["vervangt"]
        api = await store.shown_named(self.deps.pool, None, replaced) if replaced else None
        if replaced and api is None:
            errors["vervangt"] = say(asked.language, _NOT_THERE)
        elif len(raw) > MAX_SHOWN_BYTES:
            errors["bestand"] = say(asked.language, _TOO_LARGE)
        elif not raw and not given["adres"] and api is None:
            errors["bestand"] = say(asked.language, _NOTHING)
        field = "bestand" if raw else "adres"
        if not errors:
            try:
                text = raw or await self._elsewhere(given["adres"], api)
                read_document(text)
            except (NotFetched, UnreadableDocument) as error:
                why = f"{error} ({error.line})" if isinstance(error, UnreadableDocument) else error
                errors[field] = say(asked.language, _UNREAD, why=why)
        if errors:
            return await self.every(asked, given, errors)
        source = api.source if api else given["adres"] or f"upload:{number}"
        await store.keep_draft(
            self.deps.pool, number, source, text, await self._before(asked, source, api)
        )
        return Redirect(asked.at(f"{PUBLISHING.path}/{number}"), status_code=303)

    async def _elsewhere(self, address: str, api: store.Shown | None) -> bytes:
        """The text at an address, or of an API that is there. Raises NotFetched."""
        if address:
            network = self.deps.settings.network
            hosts = HostMap(network.hosts, allow_private=network.allow_private)
            return await fetch_for(address, hosts, MAX_SHOWN_BYTES, plain=network.allow_private)
        if api is None:
            raise NotFetched("there is nothing to read")
        before = await store.last_published(self.deps.pool, api.source)
        if before is not None:
            return await store.text_of_draft(self.deps.pool, before.id)
        return await store.document_of(self.deps.pool, api.api, api.number)

    async def _before(
        self, asked: Asked[Any], source: str, api: store.Shown | None
    ) -> store.Filled:
        """What was filled in the last time, so that it need not be typed again."""
        last = await store.last_published(self.deps.pool, source)
        offered = await store.offered(self.deps.pool, api.name) if api else None
        return store.Filled(
            state="open",
            beside=last.filled.beside if last else {},
            audience=offered.audience if offered else (store.EVERYONE,),
            service=offered.service if offered else "",
            made_by=who(asked),
        )


def require_officer(deps: CatalogueDeps, asked: Asked[Any]) -> None:
    """Raises ProblemError for who may not publish."""
    if not may_publish(deps, asked):
        raise refuse(403, "role_not_allowed", "Only officers of APIs publish them")


def who(asked: Asked[Any]) -> str:
    """Who is logged in, as it is kept."""
    known = asked.session.known  # type: ignore[union-attr]  # who gets here is logged in
    return f"{known.name} ({known.subject})"


def number_of(text: str) -> UUID:
    """The number of a draft. Raises ProblemError."""
    try:
        return UUID(text)
    except ValueError:
        raise refuse(400, "request_invalid", "The number of a draft can not be read") from None
