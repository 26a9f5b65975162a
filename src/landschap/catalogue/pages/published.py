# SPDX-License-Identifier: EUPL-1.2
"""The catalogue for machines of others: what is published, and what changed.

/catalogus/dcat.ttl, /catalogus/dcat.jsonld     what everybody may see, after DCAT-AP-NL 3.0
/catalogus.atom                                 changes of all that one may see
/catalogus/{naam}/wijzigingen.atom              changes of one API
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.catalogue import store
from landschap.catalogue.changes import Weight
from landschap.catalogue.criteria import OPEN
from landschap.catalogue.dcat import Entry, Export, graph_of
from landschap.catalogue.feeds import ATOM, Feed, Item, as_atom
from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.context import BASE, CatalogueDeps, both
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked
from landschap.registers.open.client import publisher_of
from landschap.registers.open.graph import large_as_text

TURTLE, JSON_LD = "text/turtle", "application/ld+json"
_FORMS: Mapping[str, str] = {TURTLE: "turtle", JSON_LD: "json-ld"}
_KEPT_SECONDS = 300
_MOST_ITEMS, _MOST_LINES = 50, 20
# Who asks from a page of somebody else may read all of this: there is nothing to protect.
_FOR_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": f"public, max-age={_KEPT_SECONDS}",
}


def published_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of what is published."""
    shelf = _Texts()

    @get(f"{BASE}/dcat.ttl", opt={"query": ()})
    async def turtle() -> Response[bytes]:
        return await _graph(deps, shelf, TURTLE)

    @get(f"{BASE}/dcat.jsonld", opt={"query": ()})
    async def json_ld() -> Response[bytes]:
        return await _graph(deps, shelf, JSON_LD)

    @get(both(".atom"), opt={"query": ()})
    async def all_changes(request: AnyRequest) -> Response[bytes]:
        asked = await context.asked_of(deps, request)
        title = deps.site.say(asked.language, N_("Wijzigingen in de catalogus"))
        return await _feed(deps, asked, title, "")

    @get(both("/{name:str}/wijzigingen.atom"), opt={"query": ()})
    async def changes(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        asked = await context.asked_of(deps, request)
        api = await context.seen(deps, asked, name)
        title = deps.site.say(asked.language, N_("Wijzigingen: %(title)s"), title=api.title)
        return await _feed(deps, asked, title, name)

    return [turtle, json_ld, all_changes, changes]


async def export_of(deps: CatalogueDeps, now: datetime) -> Export:
    """What is published to everybody, as it stands at a moment."""
    own = await deps.services()
    apis = {each.name: each for each in await store.shown(deps.pool, (store.EVERYONE,))}
    entries = []
    for name, each in (await store.harvestable(deps.pool)).items():
        api = apis.get(name)
        if api is None:
            continue  # taken back between the two questions
        entries.append(
            Entry(
                name=name,
                said=each.said,
                published_at=each.at,
                phase=listed.standing_as_listed(api, own, now).phase,
                is_open=listed.criteria_as_listed(api, own, now).access == OPEN,
                keeps_rules=api.findings == 0 and api.number == each.number,
            )
        )
    address = deps.settings.addresses.web
    return Export(address=address, publisher=publisher_of(deps.settings), entries=entries)


class _Texts:
    """The export as text: made once for as long as it stays the same, and one at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._export: Export | None = None
        self._made: dict[str, bytes] = {}

    async def text(self, export: Export, form: str) -> bytes:
        """The export as ``turtle`` or ``json-ld``."""
        async with self._lock:
            if export != self._export:
                self._export, self._made = export, {}
            if form not in self._made:
                # Seconds of computing for a large one: not in the way of others.
                text = await asyncio.to_thread(lambda: large_as_text(graph_of(export), form))
                self._made[form] = text.encode()
            return self._made[form]


async def _graph(deps: CatalogueDeps, shelf: _Texts, media_type: str) -> Response[bytes]:
    export = await export_of(deps, listed.now())
    body = await shelf.text(export, _FORMS[media_type])
    links = ", ".join(
        f'<{export.address}{BASE}/dcat.{ending}>; rel="alternate"; type="{medium}"'
        for ending, medium in (("ttl", TURTLE), ("jsonld", JSON_LD))
    )
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Response(body, media_type=media_type, headers={**_FOR_ALL, "ETag": tag, "Link": links})


async def _feed(deps: CatalogueDeps, asked: Asked[Any], title: str, name: str) -> Response[bytes]:
    seen = await store.recent(deps.pool, context.viewer_of(asked), name, _MOST_ITEMS)
    base = f"{deps.settings.addresses.web}{asked.at(BASE)}"
    here = f"{base}/{name}" if name else base
    feed = Feed(
        place=f"{here}/wijzigingen.atom" if name else f"{here}.atom",
        link=here,
        title=title,
        author=deps.settings.organisation.name,
        language=asked.language.value,
        items=[_item(deps, asked, base, each) for each in seen],
    )
    headers = _FOR_ALL if asked.session is None else {}
    return Response(as_atom(feed, listed.now()), media_type=ATOM, headers=headers)


def _item(deps: CatalogueDeps, asked: Asked[Any], base: str, seen: store.Seen) -> Item:
    breaks = sum(_weight(each) == Weight.BREAKING.value for each in seen.changes)
    say, language = deps.site.say, asked.language
    if seen.number == 1:
        what = say(language, N_("nieuw"))
    elif breaks:
        what = say(language, N_("breekt oude afspraken"))
    else:
        what = say(language, N_("gewijzigd"))
    link = f"{base}/{seen.name}"
    return Item(
        place=f"{deps.settings.addresses.web}{BASE}/{seen.name}#tekst-{seen.number}",
        link=link,
        title=f"{seen.title} {seen.version}: {what}",
        author=seen.organisation,
        updated=seen.seen_at,
        lines=[*_lines(seen.changes), say(language, N_("Punten voor de ontwerpregels: %(score)s"),
                                          score=seen.score)],
        is_breaking=breaks > 0,
    )  # fmt: skip


def _lines(changes: Sequence[Any]) -> list[str]:
    return [f"{each['weight']}: {each['message']}" for each in changes[:_MOST_LINES]]


def _weight(change: Any) -> str:
    return str(change["weight"])
