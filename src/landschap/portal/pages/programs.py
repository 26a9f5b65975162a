# SPDX-License-Identifier: EUPL-1.2
"""The portal for programs: the same as the pages show and do, by the token of who logged in.

    GET  /mijn-gegevens/v1/gegevens                       what our registers say of this person
    GET  /mijn-gegevens/v1/gebruik                        who used it, everywhere
    GET  /mijn-gegevens/v1/gebruik/{organisatie}/{id}     one use
    GET  /mijn-gegevens/v1/toestemmingen                  what one can choose, and chose
    POST /mijn-gegevens/v1/toestemmingen                  give, or withdraw
    GET  /mijn-gegevens/v1/meldingen, POST                what one reported as wrong; reporting it
    GET  /mijn-gegevens/v1/verzoeken, POST                what one asked under the GDPR; asking it
    GET  /mijn-gegevens/v1/openapi.json                   what it looks like; also as YAML

Each does what the page does, by the functions of the page: decided, recorded, and only then told.
Source: experience, rule 9 (everything on screen has a machine form); NL GOV REST API Design Rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.gateway.insight.store import LOG
from landschap.platform.http import json_response
from landschap.platform.web.sessions import Session
from landschap.portal.describing import document_of
from landschap.portal.filters import KEYS, read_filter
from landschap.portal.known import Known
from landschap.portal.own import LONGEST_EXPLANATION, LONGEST_VALUE, SHORTEST, typed_of
from landschap.portal.pacing import Pace
from landschap.portal.pages.bearers import BASE, SERVICE, Bearers
from landschap.portal.pages.consents import GROUP, LOOKED, SAID, cards_here, say_choice
from landschap.portal.pages.context import AnyRequest, Asked, Control, OwnData, PortalDeps
from landschap.portal.pages.control import Hearing
from landschap.portal.pages.correcting import SEND, Place
from landschap.portal.pages.drafts import TICKED
from landschap.portal.pages.looking import Looking
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.own import own_document
from landschap.portal.pages.reading import read_one, read_uses
from landschap.portal.pages.reported import LOOK_GROUP, LOOK_NAME
from landschap.portal.pages.rights import LOOKED as RIGHTS_LOOKED
from landschap.portal.pages.rights import begun, lacks_reason, requests_told, right_of
from landschap.portal.pages.uses import record_id, uses_document, words_for
from landschap.portal.rights import LONGEST
from landschap.portal.twins import as_json
from landschap.purposes.choosing import GIVE, WITHDRAW
from landschap.registers.api.documents import document_routes
from landschap.registers.describing import About
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.times import amsterdam_day, as_utc_text
from landschap.vocabulary.typed import clean

_CHOICES = {"geven": GIVE, "intrekken": WITHDRAW}
_BOUNDS = {
    "voorstel": f"1 to {LONGEST_VALUE} characters",
    "uitleg": f"{SHORTEST} to {LONGEST_EXPLANATION} characters",
}
_REASON = f"at most {LONGEST} characters; who objects or restricts says why"


class _Choice(msgspec.Struct, forbid_unknown_fields=True):
    doel: str
    keuze: str
    ontvanger: str = ""


class _Report(msgspec.Struct, forbid_unknown_fields=True):
    melding: UUID
    register: str
    type: str
    kenmerk: str
    veld: str
    voorstel: str
    uitleg: str


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    recht: str
    waarvoor: str
    uitleg: str = ""
    meteen: bool = False


def program_routes(deps: PortalDeps, about: About) -> list[ControllerRouterHandler]:
    """The routes; none where no audience is configured or nobody can log in."""
    settings = deps.settings.portal.api
    if settings is None or deps.oidc is None:
        return []
    bearers = Bearers(deps, settings, deps.oidc, Pace(settings.requests_per_minute))
    routes = [*document_routes(SERVICE, document_of(about)), *_use_routes(deps, bearers)]
    if deps.own is not None:
        routes += _own_routes(deps, deps.own, bearers)
    if deps.control is not None:
        routes += _said_routes(deps, deps.control, bearers)
    return routes


def _use_routes(deps: PortalDeps, bearers: Bearers) -> list[ControllerRouterHandler]:
    @get(f"{BASE}/gebruik", opt={"query": KEYS})
    async def uses(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request)
        chosen, errors = read_filter(asked.query, amsterdam_day(datetime.now(UTC)))
        if errors:
            raise _wrong({f"query {name}": words for name, words in errors.items()})
        look = await write_look(deps, _session(asked))
        reading = await read_uses(look, replace(chosen, is_patient=True))
        return json_response(uses_document(deps, words_for(deps, asked), chosen, reading))

    @get(f"{BASE}/gebruik/{{organisatie:str}}/{{gebruik:str}}")
    async def use(
        organisatie: FromPath[str], gebruik: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await bearers.asked(request)
        wanted, _ = record_id(gebruik)
        look = await write_look(deps, _session(asked))
        reading = await read_one(look, organisatie, wanted)
        if LOG in reading.missing:
            raise ProblemError(_SILENT)
        if not reading.uses:
            raise NotFoundException
        (found,) = reading.uses
        told = as_json(found, words_for(deps, asked).of(found))
        told["gegevens"] = [
            {"groep": each.group, "velden": list(each.fields), "nietGegeven": each.is_withheld}
            for each in reading.fields
        ]
        return json_response(told)

    return [uses, use]


def _own_routes(deps: PortalDeps, own: OwnData, bearers: Bearers) -> list[ControllerRouterHandler]:
    @get(f"{BASE}/gegevens")
    async def data(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request)
        seen = await Looking(deps, own, _session(asked)).everything()
        return json_response(own_document(deps, seen))

    @get(f"{BASE}/meldingen")
    async def reports(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request)
        await write_look(deps, _session(asked), LOOK_NAME, LOOK_GROUP)
        found = await Looking(deps, own, _session(asked)).reports()
        return json_response(
            {"meldingen": [_report_told(register.name, each) for register, each in found]}
        )

    @post(f"{BASE}/meldingen", status_code=201)
    async def reported(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request, acts=True)
        given = await _body(request, _Report)
        form = {
            "melding": str(given.melding), "voorstel": given.voorstel, "uitleg": given.uitleg,
            "stap": SEND,
        }  # fmt: skip
        if faults := typed_of(form).faults():
            raise _wrong({name: _BOUNDS[name] for name in faults})
        place = Place(deps, own, asked, _session(asked))
        await place.find(given.register, given.type, given.kenmerk, given.veld)
        return _created(await place.sent(form), "meldingen")

    return [data, reports, reported]


def _said_routes(
    deps: PortalDeps, control: Control, bearers: Bearers
) -> list[ControllerRouterHandler]:
    async def hearing(asked: Asked[Known], doing: str) -> Hearing:
        look = await write_look(deps, _session(asked), doing, GROUP)
        return Hearing(deps=deps, control=control, look=look)

    @get(f"{BASE}/toestemmingen")
    async def consents(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request)
        return json_response(await _consents(await hearing(asked, LOOKED)))

    @post(f"{BASE}/toestemmingen", status_code=200)
    async def chosen(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request, acts=True)
        given = await _body(request, _Choice)
        deed = _CHOICES.get(given.keuze)
        if deed is None:
            raise _wrong({"keuze": "geven or intrekken"})
        # Before anything is done: what can not be recorded is not done.
        heard = await hearing(asked, SAID[deed])
        await say_choice(heard, deed, f"{given.doel} {given.ontvanger}")
        return json_response(await _consents(heard))

    @get(f"{BASE}/verzoeken")
    async def requests(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request)
        heard = await hearing(asked, RIGHTS_LOOKED)
        seen = await heard.overview()
        told = [
            {"organisatie": peer, **msgspec.to_builtins(each)}
            for peer, each in requests_told(heard.me, seen)
        ]
        return json_response({"verzoeken": told, "geenAntwoord": list(seen.silent)})

    @post(f"{BASE}/verzoeken", status_code=201)
    async def requested(request: AnyRequest) -> Response[Any]:
        asked = await bearers.asked(request, acts=True)
        given = await _body(request, _Request)
        try:
            right = right_of(given.recht)
        except NotFoundException:
            raise _wrong({"recht": "no right that can be asked for here"}) from None
        reason = clean(given.uitleg, LONGEST + 1, lines=True)
        if len(reason) > LONGEST or lacks_reason(right, reason):
            raise _wrong({"uitleg": _REASON})
        form = {
            "waarvoor": given.waarvoor, "uitleg": reason, "stap": SEND,
            "meteen": TICKED if given.meteen else "",
        }  # fmt: skip
        page = await begun(deps, control, asked)
        return _created(await page.sent(right, form), "verzoeken")

    return [consents, chosen, requests, requested]


async def _consents(heard: Hearing) -> JsonValue:
    overview = await heard.overview()
    return {
        "toestemmingen": [
            {
                "doel": each.purpose,
                "naam": each.label.nl,
                "uitleg": each.definition.nl,
                "ontvanger": each.receiver,
                "gegevensgroepen": list(each.groups),
                "isGegeven": each.is_given,
                "kanGeven": each.can_give,
                "kanIntrekken": each.can_withdraw,
                "bij": [
                    {"organisatie": holder.peer, "stand": holder.stand.value}
                    for holder in each.holders
                ],
            }
            for each in cards_here(heard, overview)
        ],
        "geenAntwoord": list(overview.silent),
    }


def _report_told(register: str, report: Any) -> JsonValue:
    return {
        "melding": str(report.report_id),
        "register": register,
        "type": report.type_key.partition(".")[2],
        "velden": list(report.paths),
        "voorstel": report.proposed,
        "uitleg": report.explanation,
        "gemeldOp": as_utc_text(report.reported_at),
        "uiterlijk": report.decide_by.isoformat() if report.decide_by else None,
        "besluit": report.decided,
        "besluitOp": as_utc_text(report.decided_at) if report.decided_at else None,
    }


def _created(answer: Response[Any], collection: str) -> Response[bytes]:
    """What a form did, for a program: the page it leads to, or that it was not sent."""
    if answer.status_code != 303:
        raise ProblemError(_NOT_SENT)
    number = answer.url.rstrip("/").rpartition("/")[2]  # type: ignore[attr-defined]  # a redirect
    name = "melding" if collection == "meldingen" else "kenmerk"
    found: dict[str, JsonValue] = {name: None if number == "rechten" else number}
    return json_response(found, status=201)


async def _body(request: AnyRequest, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _wrong({"body": str(error)[:200]}) from None


def _wrong(told: Mapping[str, str]) -> ProblemError:
    return ProblemError(
        Refusal(
            code="request_invalid",
            status=400,
            title="The request is not valid",
            detail="Nothing was done.",
            owner="the application that asks",
            extra={"errors": [{"field": name, "detail": words} for name, words in told.items()]},
        )
    )


def _session(asked: Asked[Known]) -> Session[Known]:
    assert asked.session is not None  # noqa: S101  # a bearer always has one
    return asked.session


_SILENT = Refusal(
    code="source_silent",
    status=503,
    title="The organisation that wrote it down does not answer",
    detail="Ask again in a few minutes.",
    owner="that organisation",
    fault=Fault.OURS,
)
_NOT_SENT = Refusal(
    code="not_sent",
    status=409,
    title="It can not be sent here",
    detail="Nothing was done: it is about something this person has not, or who decides can not be "
    "reached. The pages tell what one can do.",
    owner="the person",
)
