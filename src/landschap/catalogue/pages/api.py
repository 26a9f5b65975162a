# SPDX-License-Identifier: EUPL-1.2
"""One API: who holds it, where it stands, what one needs to use it, how good it is, what changed.

/catalogus/{naam}            the page
/catalogus/{naam}.json       the same for programs
/catalogus/{naam}/regels     everything the design rules find in it
/catalogus/{naam}/openapi    the description, as it was read
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from babel.numbers import format_percent
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.catalogue import store
from landschap.catalogue.changes import Weight
from landschap.catalogue.criteria import NOTHING_SAID, Criteria, criteria_of
from landschap.catalogue.documents import Document
from landschap.catalogue.findings import Finding
from landschap.catalogue.needs import Kind, Need, State, consumers_of, missing, needs_of
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, api_link, both
from landschap.catalogue.pages.machine import (
    api_json,
    criteria_json,
    measured_json,
    need_json,
)
from landschap.catalogue.pages.own import DAYS, Availability
from landschap.catalogue.pages.shelf import TooLarge
from landschap.catalogue.phases import Standing, standing_of
from landschap.catalogue.reading import read_operation
from landschap.catalogue.reading.outline import member, operations_of, table, text
from landschap.catalogue.references import References
from landschap.catalogue.reports import pointer_of
from landschap.catalogue.rules import RULES
from landschap.catalogue.store import Shown
from landschap.catalogue.trying.filled import field_paths, takes_fields
from landschap.gateway.measured import Measured
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked
from landschap.platform.web.language import Language
from landschap.vocabulary.ijson import JsonValue

_JSON = ".json"
_FIRST_FINDINGS, _MOST_FINDINGS = 5, 500
_MOST_TEXTS, _MOST_CHANGES, _MOST_FIELDS = 10, 12, 60
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
NEEDS: Mapping[Kind, str] = {
    Kind.CERTIFICATE: N_("Certificaat van de organisatie"),
    Kind.CONTRACT: N_("Contract met de aanbieder"),
    Kind.PURPOSE: N_("Doel in uw verwerkingsregister"),
    Kind.LEVEL: N_("Niveau van inloggen"),
    Kind.KEY: N_("Sleutel of token van de aanbieder"),
}
STATES: Mapping[State, tuple[str, str]] = {
    State.ARRANGED: ("success", N_("Geregeld")),
    State.NEEDED: ("warning", N_("Nog nodig")),
    State.ASKED: ("warning", N_("Aangevraagd")),
    State.UNKNOWN: ("neutral", N_("Weten wij niet")),
}
# Source: eToegang, "Assurance classes": what each is by eIDAS.
LEVELS: Mapping[str, str] = {
    "none": N_("Geen"),
    "loa2": N_("laag"),
    "loa3": N_("substantieel"),
    "loa4": N_("hoog"),
}
WEIGHTS: Mapping[str, tuple[str, str]] = {
    Weight.BREAKING.value: ("warning", N_("Breekt")),
    Weight.TELL.value: ("neutral", N_("Let op")),
    Weight.FITS.value: ("neutral", N_("Past bij oude versie")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one API at a moment; ``document`` is None when it is too large to show."""

    api: Shown
    at: datetime
    document: Document | None
    standing: Standing
    criteria: Criteria
    needs: Sequence[Need]
    is_own: bool


def api_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of one API."""

    @get(both("/{name:str}"))
    async def one(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        known = await known_of(deps, asked, name.removesuffix(_JSON))
        if name.endswith(_JSON):
            return Response(await _as_json(deps, asked, known))
        return await _page(deps, asked, known)

    @get(both("/{name:str}/regels"))
    async def rules(name: FromPath[str], request: AnyRequest) -> Response[str]:
        asked = await context.asked_of(deps, request)
        api = await context.seen(deps, asked, name)
        found = await _findings(deps, api)
        values = {
            "api": api,
            "findings": _told((found or [])[:_MOST_FINDINGS]),
            "total": len(found) if found is not None else None,
        }
        title = deps.site.say(asked.language, N_("Ontwerpregels: %(title)s"), title=api.title)
        crumbs = (START, api_link(api))
        return context.show(
            deps, asked, "rules.html", title, values=values, crumbs=crumbs, part=BASE
        )

    @get(both("/{name:str}/openapi"))
    async def description(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        asked = await context.asked_of(deps, request)
        api = await context.seen(deps, asked, name)
        raw = await store.document_of(deps.pool, api.api, api.number)
        is_json = raw.lstrip()[:1] == b"{"
        ending, medium = ("json", "application/json") if is_json else ("yaml", "application/yaml")
        # As a file: whatever a stranger wrote in it, no browser takes it for a page of ours.
        told = f'attachment; filename="{api.name}.{ending}"'
        return Response(raw, media_type=medium, headers={"Content-Disposition": told})

    return [one, rules, description]


async def known_of(deps: CatalogueDeps, asked: Asked[Any], name: str) -> Known:
    """Everything about an API. Raises NotFoundException when one may not see it."""
    api = await context.seen(deps, asked, name)
    own, at = await deps.services(), listed.now()
    service = own.named(api.service, api.provider, ours=api.ours)
    try:
        document = await deps.shelf.document(api)
    except TooLarge:
        document = None
    value = document.value if document is not None else None
    said = criteria_of(value) if document is not None else NOTHING_SAID
    criteria = listed.criteria_with_own(api, own, said, at)
    needs = []
    if asked.session is not None and service is None:
        needs = needs_of(criteria, await deps.own(), at)
    lifecycle = service.lifecycle if service is not None else None
    info = table(member(value, "info"))
    standing = standing_of(api.version, info, at, lifecycle)
    return Known(
        api=api,
        at=at,
        document=document,
        standing=standing if document is not None else listed.standing_as_listed(api, own, at),
        criteria=criteria,
        needs=needs,
        is_own=service is not None,
    )


def can_try(deps: CatalogueDeps, known: Known) -> bool:
    """Whether an API can be tried here: it is reached by a contract, and trying is set up."""
    criteria = known.criteria
    through = bool(criteria.needs_contract and criteria.service and criteria.provider)
    return deps.trying is not None and through and known.document is not None


def sole_operation(value: JsonValue) -> str:
    """The slug of the one operation of a description; empty when there are more, or none."""
    first = list(islice(operations_of(References(value)), 2))
    return first[0][0].slug if len(first) == 1 else ""


async def _sole_try(
    deps: CatalogueDeps, asked: Asked[Any], known: Known
) -> tuple[str, Mapping[str, str]]:
    """Where the one operation of an API is tried, and the fields to begin with, by meaning.

    Empty when there is a choice of operations, or no trying. Which fields our register knows of a
    service is for who has logged in: others see those of them that its description shows.
    """
    if known.document is None or deps.trying is None or not can_try(deps, known):
        return "", {}
    value = known.document.value
    slug = sole_operation(value)
    if not slug:
        return "", {}
    place = f"{BASE}/{known.api.name}/proef/{slug}"
    snapshot, criteria = await deps.trying.snapshot(), known.criteria
    service = snapshot.services.get((criteria.provider, criteria.service))
    fields, is_told = service.fields if service else (), asked.session is None
    return place, await deps.shelf.worked(partial(_fields, value, slug, fields, is_told=is_told))


def _fields(
    value: JsonValue, slug: str, known: Sequence[str], *, is_told: bool
) -> Mapping[str, str]:
    """The fields of an operation to begin with, by meaning; none when there is no choice."""
    operation = read_operation(value, slug)
    if operation is None or not takes_fields(operation):
        return {}
    paths = field_paths(operation, known, is_told=is_told)
    return dict(islice(paths.items(), _MOST_FIELDS))


async def _page(deps: CatalogueDeps, asked: Asked[Any], known: Known) -> Response[str]:
    api, own = known.api, await deps.services()
    names = await deps.names()
    info = table(member(known.document.value if known.document else None, "info"))
    versions = await store.versions_of(deps.pool, context.viewer_of(asked), api)
    texts = await store.texts(deps.pool, api.name)
    findings = await _findings(deps, api)
    sole_try, sole_fields = await _sole_try(deps, asked, known)
    values = {
        "api": api,
        "known": known,
        "description": text(info.get("description")),
        "asking": _contact(info),
        "holder": names.get(known.criteria.provider) or api.organisation,
        "missing": len(missing(known.needs)),
        "needs": NEEDS,
        "states": STATES,
        "purposes": _purpose_words(own, known.criteria, asked.language),
        "findings": _first_of_each(findings or []),
        "versions": [
            (
                each,
                known.standing
                if each.api == api.api
                else listed.standing_as_listed(each, own, known.at),
            )
            for each in versions
        ],
        "levels": LEVELS,
        "texts": texts[:_MOST_TEXTS],
        "more_texts": max(0, len(texts) - _MOST_TEXTS),
        "most_changes": _MOST_CHANGES,
        "weights": WEIGHTS,
        "audience": _audience(api, names) if asked.session is not None else None,
        "availability": await _availability(deps, known),
        "consumers": [names.get(each, each) for each in await _consumers(deps, asked, known) or ()],
        "period": DAYS,
        "percent": partial(_percent, asked.language),
        "is_logged_in": asked.session is not None,
        "can_ask": _can_ask(deps, known),
        "sole_try": sole_try,
        "sole_fields": sole_fields,
        "can_log_in": deps.door.oidc is not None,
        "login": f"{deps.door.base}/inloggen?"
        + urlencode({"terug": asked.at(f"{BASE}/{api.name}")}),
    }
    return context.show(
        deps, asked, "api.html", api.title or api.name, values=values, crumbs=(START,), part=BASE
    )


def _can_ask(deps: CatalogueDeps, known: Known) -> bool:
    """True for an API of another that asks a contract, where employees can log in."""
    criteria = known.criteria
    is_offered = bool(criteria.provider and criteria.service) and not known.is_own
    can_sign = deps.agreeing is not None and deps.door.oidc is not None
    return can_sign and is_offered and criteria.needs_contract is not False


async def _as_json(deps: CatalogueDeps, asked: Asked[Any], known: Known) -> dict[str, Any]:
    findings = await _findings(deps, known.api)
    texts = await store.texts(deps.pool, known.api.name)
    told = {
        **api_json(known.api, known.standing),
        "criteria": criteria_json(known.criteria),
        "rules": None
        if findings is None
        else [each.as_json(RULES[each.code]) for each in findings[:_MOST_FINDINGS]],
        "texts": [
            {"number": each.number, "version": each.version, "changes": each.changes}
            for each in texts[:_MOST_TEXTS]
        ],
    }
    availability = await _availability(deps, known)
    told["measured"] = measured_json(availability.whole) if availability else None
    if (consumers := await _consumers(deps, asked, known)) is not None:
        told["consumers"] = consumers
    if asked.session is not None and not known.is_own:
        told["needs"] = [need_json(each) for each in known.needs]
    return told


def _percent(language: Language, measured: Measured) -> str:
    """How many of a hundred did not fail, in two decimals; never rounded to more than it is."""
    parts = (measured.answers - measured.failed) * 10_000 // measured.answers
    return str(format_percent(parts / 10_000, format="0.##%", locale=language.value))


async def _availability(deps: CatalogueDeps, known: Known) -> Availability | None:
    """How a service of ours answered; None for one of others, which our door can not measure."""
    if not known.is_own or deps.measured is None:
        return None
    return await deps.measured(known.criteria.service)


async def _consumers(deps: CatalogueDeps, asked: Asked[Any], known: Known) -> list[str] | None:
    """Who has a contract for a service of ours, for our own employees; None for anybody else."""
    if asked.session is None or not known.is_own:
        return None
    own = await deps.own()
    return consumers_of(own.grants, own.oin, known.criteria.service, known.at)


async def _findings(deps: CatalogueDeps, api: Shown) -> Sequence[Finding] | None:
    try:
        return await deps.shelf.findings(api)
    except TooLarge:
        return None


def _told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {"finding": each, "rule": RULES[each.code], "place": pointer_of(each), "count": 1}
        for each in findings
    ]


def _first_of_each(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The first finding of each code with how often it is there, the most first."""
    found: dict[str, dict[str, Any]] = {}
    for each in _told(findings):
        known = found.setdefault(each["finding"].code, each)
        known["count"] += known is not each
    return sorted(found.values(), key=lambda each: -int(each["count"]))[:_FIRST_FINDINGS]


def _contact(info: Mapping[str, Any]) -> dict[str, str]:
    """Whom to ask; only an address that can do nothing but be followed."""
    contact = table(info.get("contact"))
    mail, address = text(contact.get("email")), text(contact.get("url"))
    try:
        is_link = urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        is_link = False
    return {
        "name": text(contact.get("name"))[:200],
        "email": mail if _MAIL.fullmatch(mail) else "",
        "url": address[:500] if is_link else "",
    }


def _purpose_words(own: OwnServices, criteria: Criteria, language: Language) -> Mapping[str, str]:
    """Purposes by their URI in words, as far as our register knows them."""
    found = {}
    for each in criteria.purposes or ():
        known = own.snapshot.purposes.get(each.uri)
        if known is not None:
            label = known.purpose.label
            found[each.uri] = label.nl if language is Language.NL else label.en
    return found


def _audience(api: Shown, names: Mapping[str, str]) -> list[tuple[str, bool]]:
    """To whom it is shown: words of the catalogue, or a name as it is."""
    words = {store.EVERYONE: N_("iedereen"), store.GROUP: N_("alle organisaties in het netwerk")}
    return [
        (words[each], True) if each in words else (names.get(each, each), False)
        for each in api.audience
    ]
