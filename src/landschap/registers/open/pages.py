# SPDX-License-Identifier: EUPL-1.2
"""Open data for people: what there is, and a key for who wants more room.

    /             every open register, its collections, files and counts
    /sleutels     a form of two lines; the key is shown once

Nobody is asked who they are, so there is no session and nothing to steal by a forged form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from landschap.platform.web import N_, Link, Page, Site, SiteShape, split_path
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.api.catalogue import CatalogueDesk
from landschap.registers.open.api.keys import KeyDesk
from landschap.registers.open.dcat import Collection, Published
from landschap.registers.open.files import CURRENT
from landschap.registers.open.keys import HEADER, Wanted, read_wanted

START = Link(path="/", label=N_("Begin"))
PROCESSING = Link(path="/verwerkingen", label=N_("Wat wij doen met gegevens"))
SHARING = Link(path="/wat-wij-delen", label=N_("Wat wij delen"))
STANDARDS = Link(path="/standaarden", label=N_("Standaarden"))
ACCOUNTS = Link(path="/verantwoording", label=N_("Verantwoording"))
SOFTWARE = Link(path="/over-deze-software", label=N_("Over deze software"))
_ELSEWHERE = ("/toegankelijkheid", "/privacy", "/veiligheid")
_KILO = 1000
_LABELS = {
    "toepassing": N_("Naam van uw programma"),
    "doel": N_("Waarvoor gebruikt u de gegevens?"),
}
_HINTS = {
    "toepassing": N_("Bijvoorbeeld: Bomenkaart"),
    "doel": N_("In een paar woorden. Zet hier geen naam, mailadres of nummer van iemand in."),
}
_WRONG = {
    "toepassing": N_("Vul een naam in van 3 tot 80 tekens, zonder gegevens van personen."),
    "doel": N_("Vul 10 tot 500 tekens in, zonder gegevens van personen."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesDesk:
    """What the pages are made with.

    ``counted`` are the registers of which nothing but counts is told; ``web`` is where the other
    pages of the organisation are.
    """

    site: Site
    catalogue: CatalogueDesk
    keys: KeyDesk
    counted: Sequence[Published]
    web: str

    def show(self, request: AnyRequest, template: str, title: str, **rest: Any) -> Response[str]:
        """A page in the language of its address."""
        language, path = split_path(request.url.path)
        page = Page(
            template=f"registers.open/{template}",
            title=self.site.say(language, title),
            path=path,
            language=language,
            **rest,
        )
        answer = self.site.show(page)
        answer.headers.update(self.site.headers)
        return answer


def site_shape(version: str, *, tells_processing: bool = False) -> SiteShape:
    """What the frame around these pages says; whether its menu leads to processing activities."""
    told = (SHARING, PROCESSING, ACCOUNTS, STANDARDS) if tells_processing else ()
    return SiteShape(
        name=N_("Open data"),
        version=version,
        rooms=("registers.open",),
        public_menu=(
            START,
            *told,
            Link(path="/sleutels", label=N_("Sleutels")),
            *((SOFTWARE,) if tells_processing else ()),
        ),
    )


def page_routes(desk: PagesDesk) -> list[ControllerRouterHandler]:
    """The pages, in both languages."""

    @get(["/", "/en"], opt={"query": ()})
    async def start(request: AnyRequest) -> Response[str]:
        catalogue = await desk.catalogue.catalogue()
        told = [_told(each) for each in (*catalogue.registers, *desk.counted)]
        return desk.show(request, "start.html", N_("Open data"), values={"registers": told})

    @get(["/sleutels", "/en/sleutels"], opt={"query": ()})
    async def form(request: AnyRequest) -> Response[str]:
        return _form(desk, request, {}, {})

    @get([*_ELSEWHERE, *(f"/en{path}" for path in _ELSEWHERE)], opt={"query": ()})
    async def elsewhere(request: AnyRequest) -> Redirect:
        if not desk.web:
            raise NotFoundException("This organisation has no pages of its own.")
        return Redirect(f"{desk.web}{request.url.path}", status_code=302)

    return [start, form, elsewhere]


async def answer_form(desk: PagesDesk, request: AnyRequest) -> Response[Any]:
    """A key for what was filled in, or the form again with what is wrong."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    wanted = read_wanted(given)
    if not isinstance(wanted, Wanted):
        return _form(desk, request, given, wanted)
    values = {"key": await desk.keys.make(wanted), "header": HEADER,
              "quota": desk.keys.requests_per_day, "errors": {}}  # fmt: skip
    return desk.show(
        request, "keys.html", N_("Uw sleutel"), values=values, crumbs=(START,),
        status=HTTPStatus.CREATED,
    )  # fmt: skip


def _form(
    desk: PagesDesk, request: AnyRequest, given: Mapping[str, str], wrong: Mapping[str, str]
) -> Response[str]:
    language, _ = split_path(request.url.path)
    labels, hints, words = (
        {name: desk.site.say(language, text) for name, text in texts.items()}
        for texts in (_LABELS, _HINTS, _WRONG)
    )
    values = {
        "key": "",
        "labels": labels,
        "hints": hints,
        "given": {name: given.get(name, "")[:500] for name in labels},
        "errors": {name: words[name] for name in labels if name in wrong},
    }
    return desk.show(
        request, "keys.html", N_("Een sleutel voor open data"), values=values, crumbs=(START,),
        is_wrong=bool(wrong), status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
    )  # fmt: skip


def _told(published: Published) -> dict[str, Any]:
    """One register, as the page shows it."""
    name = published.register.name
    return {
        "name": name,
        "title": published.register.title,
        "about": published.terms.description,
        # A register of which only counts are told has no document here.
        "document": f"/{name}/v1/openapi.json" if published.collections else "",
        "collections": [_collection(name, each) for each in published.collections],
        "counts": [
            {"title": each.title, "address": f"/{name}/v1/tellingen/{each.name}"}
            for each in published.terms.counts
        ],
    }


def _collection(register: str, one: Collection) -> dict[str, Any]:
    place = f"/bestanden/{register}/{one.kind.collection}/{CURRENT}"
    files = one.manifest.bestanden if one.manifest else []
    return {
        "title": one.kind.collection,
        "api": f"/{register}/v1/{one.kind.collection}",
        "files": [
            {"address": f"{place}/{file.naam}", "form": file.naam.rpartition(".")[2],
             "size": _size(file.bytes)}
            for file in files
        ],
    }  # fmt: skip


def _size(size: int) -> str:
    if size < _KILO:
        return f"{size} B"
    return f"{size / _KILO:.0f} kB" if size < _KILO**2 else f"{size / _KILO**2:.1f} MB"
