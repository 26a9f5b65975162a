# SPDX-License-Identifier: EUPL-1.2
"""One draft: what is checked while it is written, the form beside it, and publishing it.

Each time it is sent, all that was typed is kept first. It is published by the same way as
``landschap catalogue publish``, and who follows the API is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.catalogue import store
from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import Document
from landschap.catalogue.examining import Examined, examine
from landschap.catalogue.findings import Finding, Mode
from landschap.catalogue.pages import context
from landschap.catalogue.pages.agreeing import Agreeing, own_form
from landschap.catalogue.pages.api import WEIGHTS
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, both
from landschap.catalogue.pages.publish import PUBLISHING, require_officer, who
from landschap.catalogue.publication_form import (
    CRITERIA,
    DESCRIPTION,
    FIELDS,
    LIFE,
    Fault,
    Sort,
    read_form,
    said_by,
    typed_of,
)
from landschap.catalogue.publishing import Given
from landschap.catalogue.reports import pointer_of
from landschap.catalogue.rules import RULES
from landschap.catalogue.worker import lacks_before, publish, take, tell_followers
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked
from landschap.vocabulary.identifiers import InvalidValue, Oin

_MOST_FINDINGS, _MOST_CHANGES, _MOST_SEEN = 50, 50, 500
_LONGEST = 20_000
# In which field one gives what lacks.
_GIVEN_IN: Mapping[str, str] = {
    "description": "omschrijving", "licence": "licentie", "theme": "thema", "endpoint": "adres",
    "contact: name": "contact_naam", "contact: email": "contact_mail",
    "contact: url": "contact_url",
}  # fmt: skip
LABELS: Mapping[str, str] = {
    "omschrijving": N_("Omschrijving"),
    "contact_naam": N_("Contact: naam"),
    "contact_mail": N_("Contact: e-mail"),
    "contact_url": N_("Contact: pagina met hulp"),
    "licentie": N_("Adres van de licentie"),
    "thema": N_("Thema (EU)"),
    "adres": N_("Adres van de API"),
    "toegang": N_("Wie mag erbij?"),
    "middelen": N_("Hoe laat men zien wie vraagt?"),
    "doelen": N_("Doelen die mogen"),
    "grondslag": N_("Grondslag"),
    "niveau": N_("Laagste niveau van inloggen"),
    "betrokkenen": N_("Over wie gaat het?"),
    "kosten": N_("Kosten"),
    "ondersteuning": N_("Hulp"),
    "beschikbaarheid": N_("Beschikbaar"),
    "verouderd": N_("Verouderd vanaf"),
    "einde": N_("Laatste dag"),
    "wie": N_("Wie ziet dit?"),
    "oins": N_("Andere organisaties"),
    "dienst": N_("Welke dienst van u antwoordt?"),
}
_SAYS: Mapping[Fault, str] = {
    Fault.DAY: N_("Schrijf een bestaande datum als 24-11-2027"),
    Fault.ADDRESS: N_("Schrijf een heel adres, dat begint met https://"),
    Fault.MAIL: N_("Schrijf een adres als naam@example.nl"),
    Fault.CHOICE: N_("Kies een van de mogelijkheden"),
    Fault.ORDER: N_("De laatste dag ligt voor de dag waarop zij verouderd is"),
}
_NO_OIN = N_("Schrijf een OIN als twintig cijfers")
_NO_SERVICE = N_("Deze dienst biedt u niet aan")
CHOICES: Mapping[str, str] = {
    "open": N_("Open, voor iedereen"),
    "aangemeld": N_("Na aanmelden"),
    "contract": N_("Met een contract"),
    "geen": N_("niets"),
    "apiKey": N_("sleutel"),
    "basic": N_("gebruikersnaam en wachtwoord"),
    "bearer": N_("token"),
    "oauth2": N_("token (OAuth 2)"),
    "oidc": N_("login (OpenID Connect)"),
    "mtlsPkioverheid": N_("certificaat"),
    "fscContract": N_("contract"),
    "none": N_("Geen"),
    "AGRI": N_("landbouw"),
    "ECON": N_("economie"),
    "EDUC": N_("onderwijs en cultuur"),
    "ENER": N_("energie"),
    "ENVI": N_("milieu"),
    "GOVE": N_("overheid"),
    "HEAL": N_("gezondheid"),
    "INTR": N_("internationaal"),
    "JUST": N_("recht en veiligheid"),
    "REGI": N_("regio’s en steden"),
    "SOCI": N_("bevolking"),
    "TECH": N_("wetenschap en techniek"),
    "TRAN": N_("vervoer"),
}
_AUDIENCES = (
    (store.EVERYONE, N_("Iedereen, ook zonder inloggen")),
    (store.GROUP, N_("Alle organisaties in het netwerk")),
)


def draft_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of one draft; none where nobody is named to publish."""
    console = deps.settings.oidc.console
    if deps.agreeing is None or console is None or not console.api_officers:
        return []
    pages = _Pages(deps, deps.agreeing)

    @get(both("/publiceren/{number:uuid}"))
    async def one(number: FromPath[UUID], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        return await pages.one(asked, number) if asked.session else deps.door.to_login(asked)

    @post(both("/publiceren/{number:uuid}"), status_code=303)
    async def act(number: FromPath[UUID], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        return await pages.act(asked, number, await own_form(deps, asked, request))

    return [one, act]


class _Pages:
    def __init__(self, deps: CatalogueDeps, agreeing: Agreeing) -> None:
        self.deps = deps
        self.agreeing = agreeing

    async def one(self, asked: Asked[Any], number: UUID) -> Response[str]:
        require_officer(self.deps, asked)
        draft = await self._found(number)
        return await self._show(asked, draft, _typed(draft.filled), {})

    async def act(self, asked: Asked[Any], number: UUID, form: FormMultiDict) -> Response[Any]:
        require_officer(self.deps, asked)
        draft, what = await self._found(number), str(form.get("stap", ""))
        if draft.filled.state != "open":
            return self._away(asked, draft)
        typed = {
            name: [str(each)[:_LONGEST] for each in form.getall(name, [])][:50] for name in LABELS
        }
        filled, errors = await self._read(asked, typed)
        await store.fill(self.deps.pool, number, filled)
        if errors:
            return await self._show(asked, await self._found(number), typed, errors)
        if what == "weg":
            await store.fill(self.deps.pool, number, _in_state(filled, "dropped"))
            return Redirect(asked.at(PUBLISHING.path), status_code=303)
        if what == "publiceer":
            return await self._publish(asked, await self._found(number))
        return Redirect(asked.at(f"{PUBLISHING.path}/{number}"), status_code=303)

    async def _publish(self, asked: Asked[Any], draft: store.Draft) -> Response[Any]:
        """Keep the text, publish it, and tell who follows it; nothing while something lacks."""
        examined = await self._examined(draft)
        if lacks_before(examined.whole, Given(), self.deps.settings):
            return await self._show(asked, draft, _typed(draft.filled), {}, is_refused=True)
        pool, settings = self.deps.pool, self.deps.settings
        known = asked.session.known  # type: ignore[union-attr]  # who publishes is logged in
        await self.agreeing.deed(
            known, "api-publish", ("api", draft.name or draft.source),
            {"audience": list(draft.filled.audience)}, "role of API officers",
        )  # fmt: skip
        raw = await store.text_of_draft(pool, draft.id)
        taken = await take(pool, draft.source, raw, draft.filled.beside)
        to = store.Offer(audience=tuple(draft.filled.audience), service=draft.filled.service)
        await publish(pool, settings, taken.name, Given(), to)
        await store.fill(pool, draft.id, _in_state(draft.filled, "published"))
        return Redirect(
            asked.at(f"{BASE}/{taken.name}"), status_code=303,
            background=BackgroundTask(tell_followers, pool, settings),
        )  # fmt: skip

    async def _read(
        self, asked: Asked[Any], typed: Mapping[str, Sequence[str]]
    ) -> tuple[store.Filled, dict[str, str]]:
        """What was typed; what is wrong is told and what is right is kept."""
        say = self.deps.site.say
        beside, faults = read_form(typed)
        errors = {name: say(asked.language, _SAYS[fault]) for name, fault in faults.items()}
        chosen = [each for each, _ in _AUDIENCES if each in typed.get("wie", ())]
        for line in next(iter(typed.get("oins", ())), "").split():
            try:
                chosen.append(Oin.parse(line).value)
            except InvalidValue:
                errors["oins"] = say(asked.language, _NO_OIN)
        service = next(iter(typed.get("dienst", ())), "")
        if service and service not in (await self.deps.services()).services:
            service, errors["dienst"] = "", say(asked.language, _NO_SERVICE)
        filled = store.Filled(
            state="open",
            beside=beside,
            audience=tuple(dict.fromkeys(chosen))[:500],
            service=service,
            made_by=who(asked),
        )
        return filled, errors

    async def _examined(self, draft: store.Draft) -> Examined:
        raw = await store.text_of_draft(self.deps.pool, draft.id)
        held = await store.held(self.deps.pool, draft.source)
        before = held.document if held is not None else None
        work = partial(examine, raw, draft.filled.beside, before, _checked)
        return await self.deps.shelf.worked(work)

    async def _found(self, number: UUID) -> store.Draft:
        found = await store.draft(self.deps.pool, number)
        if found is None:
            raise NotFoundException
        return found

    def _away(self, asked: Asked[Any], draft: store.Draft) -> Response[Any]:
        """A draft that was sent twice, or is over, leads to what became of it."""
        done = draft.filled.state == "published" and draft.name
        path = f"{BASE}/{draft.name}" if done else PUBLISHING.path
        return Redirect(asked.at(path), status_code=303)

    async def _show(
        self, asked: Asked[Any], draft: store.Draft, typed: Mapping[str, Sequence[str]],
        errors: Mapping[str, str], *, is_refused: bool = False,
    ) -> Response[str]:  # fmt: skip
        say, examined = self.deps.site.say, await self._examined(draft)
        is_wrong = bool(errors) or is_refused
        values = {
            "draft": draft,
            "path": f"{PUBLISHING.path}/{draft.id}",
            "examined": examined,
            "findings": _told(examined.findings),
            "weights": WEIGHTS,
            "changes": examined.changes[:_MOST_CHANGES],
            "more_changes": max(0, len(examined.changes) - _MOST_CHANGES),
            "lacks": lacks_before(examined.whole, Given(), self.deps.settings),
            "given_in": _GIVEN_IN,
            "groups": _groups(),
            "said": said_by(examined.came.value),
            "typed": typed,
            "audiences": _AUDIENCES,
            "services": sorted((await self.deps.services()).services),
            "choices": CHOICES,
            "sorts": Sort,
            "is_refused": is_refused,
            "errors": errors,
            "labels": {name: say(asked.language, words) for name, words in LABELS.items()},
        }
        title = say(asked.language, N_("Publiceren: %(title)s"), title=_title(examined.whole))
        return context.show(
            self.deps, asked, "draft.html", title, values=values, crumbs=(START, PUBLISHING),
            part=PUBLISHING.path, status=400 if is_wrong else 200, is_wrong=is_wrong,
        )  # fmt: skip


def _checked(document: Document) -> Sequence[Finding]:
    return check(document, Mode.OFFICIAL, structures())


def _told(findings: Sequence[Finding]) -> list[tuple[Finding, Any, str]]:
    return [(each, RULES[each.code], pointer_of(each)) for each in findings[:_MOST_FINDINGS]]


def _groups() -> tuple[tuple[str, str, Sequence[Any]], ...]:
    return (
        ("beschrijving", N_("Beschrijving"), DESCRIPTION),
        ("voorwaarden", N_("Voorwaarden voor gebruik"), CRITERIA),
        ("levensloop", N_("Levensloop"), LIFE),
    )


def _typed(filled: store.Filled) -> dict[str, list[str]]:
    """What was filled in, as the form has it."""
    words = {each for each, _ in _AUDIENCES}
    peers = [each for each in filled.audience if each not in words]
    return {
        **{field.name: [] for field in FIELDS},
        **typed_of(filled.beside),
        "wie": [each for each in filled.audience if each in words],
        "oins": ["\n".join(peers)] if peers else [],
        "dienst": [filled.service] if filled.service else [],
    }


def _in_state(filled: store.Filled, state: str) -> store.Filled:
    return store.Filled(
        state=state,
        beside=filled.beside,
        audience=filled.audience,
        service=filled.service,
        made_by=filled.made_by,
    )


def _title(document: Document) -> str:
    info = document.value.get("info") if isinstance(document.value, dict) else None
    title = info.get("title") if isinstance(info, dict) else None
    return title[:200] if isinstance(title, str) and title else "-"
