# SPDX-License-Identifier: EUPL-1.2
"""Receipts: a person's own as files, and a page where anybody can check one.

/toestemmingen/bewijs/{number}   the signed receipt, for its person alone
/bewijs, /bewijs/{number}        whether a receipt is of us, for anybody; nothing of the person
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.fsc import jws
from landschap.gateway.saying.proof import PATH, Shown, show, signed_by
from landschap.gateway.saying.store import proof_of
from landschap.gateway.saying.store.requests import requests_of
from landschap.gateway.saying.store.sent import Sent, sent_by
from landschap.platform.http import json_response
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest
from landschap.portal.pages.context import (
    CONSENTS,
    Asked,
    PortalDeps,
    asked_of,
    to_login,
)
from landschap.portal.pages.context import (
    show as shown_page,
)
from landschap.portal.pages.control import Control, Hearing, receipt_number
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.own import START
from landschap.portal.pages.titles import Titles
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import consents_of
from landschap.vocabulary.desk import employee_of
from landschap.vocabulary.ijson import JsonValue

_TITLE = N_("Een bewijs nakijken")
_DOWNLOADED = "bewijs gedownload"
_MOST = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One receipt of a person. ``check`` is where anybody checks it, empty when not known."""

    number: str
    peer: str
    about: str
    receiver: str
    kind: str
    holds: bool
    said_at: datetime
    outcome: str
    check: str = ""
    at_desk: bool = False


async def receipts_of(hearing: Hearing, sent: Sequence[Sent]) -> list[Receipt]:
    """What one person said, here and to others, newest first."""
    pool = hearing.control.rooms.purposes
    own = [
        Receipt(
            number=str(each.receipt),
            peer=hearing.me,
            about=each.about,
            receiver=each.receiver,
            kind=Kind.CONSENT.value,
            holds=each.holds,
            said_at=each.at,
            outcome="geldt",
            at_desk=bool(employee_of(each.author)),
            check=f"{hearing.control.by.address}{PATH}/{each.receipt}",
        )
        for each in await consents_of(pool, [hearing.subject[1]])
    ]
    others = [
        Receipt(
            number=str(shown.receipt) if (shown := show(each.proof)) else "",
            peer=each.peer,
            about=each.about,
            receiver=each.receiver,
            kind=each.kind,
            holds=each.holds,
            said_at=each.said_at,
            outcome=each.outcome,
            check=shown.check if shown else "",
        )
        for each in sent
    ]
    return sorted([*own, *others], key=lambda each: each.said_at, reverse=True)


def proof_routes(deps: PortalDeps, control: Control) -> list[HTTPRouteHandler]:
    """The routes of receipts."""
    path = f"{CONSENTS.path}/bewijs/{{number:str}}"

    @get([path, f"/en{path}"])
    async def own(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        look = await write_look(deps, asked.session, _DOWNLOADED, "toestemmingen")
        hearing = Hearing(deps=deps, control=control, look=look)
        proof = await _own_proof(hearing, number)
        name = f"bewijs-{receipt_number(number)}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        tree: JsonValue = {"bewijs": proof, "inhoud": dict(jws.parse(proof).payload)}
        return json_response(tree, headers=headers)

    @get([PATH, f"/en{PATH}"])
    async def ask(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        return _page(deps, asked, None, "")

    @post([PATH, f"/en{PATH}"], status_code=200)
    async def check(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        form = await request.form()
        text = "".join(str(form.get("bewijs", ""))[:_MOST].split())
        shown = show(text)
        if shown is None:
            return _page(deps, asked, None, "unreadable")
        kept = await proof_of(control.rooms.gateway, shown.receipt)
        is_ours = kept == text or signed_by(text, control.own())
        if shown.issuer != control.by.number:
            return _page(deps, asked, shown, "other")
        return _page(deps, asked, shown, "valid" if is_ours else "invalid")

    @get([f"{PATH}/{{number:str}}", f"/en{PATH}/{{number:str}}"])
    async def one(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        wanted = receipt_number(number)
        kept = await proof_of(control.rooms.gateway, wanted) if wanted else None
        shown = show(kept) if kept else None
        return _page(deps, asked, shown, "valid" if shown else "absent")

    return [own, ask, check, one]


async def _own_proof(hearing: Hearing, number: str) -> str:
    """The receipt, when it is of this person; whether another exists is nobody's business."""
    wanted = receipt_number(number)
    rooms, subject = hearing.control.rooms, hearing.subject[1]
    if wanted is None:
        raise NotFoundException
    numbers = {each.receipt for each in await consents_of(rooms.purposes, [subject])}
    numbers |= {each.number for each in await requests_of(rooms.gateway, subject)}
    if wanted in numbers and (kept := await proof_of(rooms.gateway, wanted)):
        return kept
    for each in await sent_by(rooms.gateway, subject):
        shown = show(each.proof)
        if shown is not None and shown.receipt == wanted:
            return each.proof
    raise NotFoundException


def _page(deps: PortalDeps, asked: Asked[Any], shown: Shown | None, state: str) -> Response[str]:
    title = Titles(deps.site, asked.language).say(_TITLE)
    values = {
        "shown": shown,
        "state": state,
        "text": lambda told: told.en if asked.language == "en" else told.nl,
    }
    status = 404 if state == "absent" else 400 if state == "unreadable" else 200
    return shown_page(
        deps, asked, "portal/proof.html", title, crumbs=(START,), values=values, status=status,
        is_wrong=status == 400,
    )  # fmt: skip
