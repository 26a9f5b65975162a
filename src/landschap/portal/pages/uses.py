# SPDX-License-Identifier: EUPL-1.2
"""Who used my data: the list, one use, and the same as a table and for programs.

Each look is recorded before anything is sent; the look itself stands on top of the list it opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.gateway.insight.store import LOG
from landschap.gateway.uses.line import LOOKS
from landschap.platform.http import json_response
from landschap.platform.web import N_, Link
from landschap.platform.web.sessions import Session
from landschap.portal.filters import KEYS, Filter, only, read_filter
from landschap.portal.known import Known
from landschap.portal.pages.context import AnyRequest, Asked, PortalDeps, asked_of, show, to_login
from landschap.portal.pages.reading import (
    Reading,
    read_one,
    read_uses,
    write_look,
)
from landschap.portal.pages.wording import Wording
from landschap.portal.twins import as_csv, as_json, as_party
from landschap.portal.uses import SELF, Group, Use, Who, first_page, grouped, tally
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text, typed_day

ROWS_PER_PAGE = 40
LIST_TITLE = N_("Wie gebruikte mijn gegevens")
_FILTER = {"query": KEYS}
_HEADER = (
    N_("Tijdstip (UTC)"),
    N_("Wie"),
    N_("Namens"),
    N_("Welke gegevens"),
    N_("Waarvoor"),
    N_("Waarom dit mag"),
    N_("Zaak"),
    N_("Uitkomst"),
    N_("Opgeschreven door"),
)


def use_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The routes of the list and of one use."""

    @get(["/gebruik", "/en/gebruik"], opt=_FILTER)
    async def uses(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        chosen, errors = read_filter(asked.query, amsterdam_day(datetime.now(UTC)))
        if errors:
            return _with_errors(deps, asked, chosen, errors)
        look = await write_look(deps, asked.session)
        return _list(deps, asked, chosen, await read_uses(look, chosen))

    @get(["/gebruik.csv", "/en/gebruik.csv"], opt=_FILTER)
    async def table(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        return await _table(deps, asked, asked.session)

    @get(["/gebruik.json", "/en/gebruik.json"], opt=_FILTER)
    async def document(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        return await _document(deps, asked, asked.session)

    @get(["/gebruik/{name:str}", "/en/gebruik/{name:str}"])
    async def one(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        return await _use(deps, request, "", name)

    @get(["/gebruik/{recorder:str}/{name:str}", "/en/gebruik/{recorder:str}/{name:str}"])
    async def one_elsewhere(
        recorder: FromPath[str], name: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        return await _use(deps, request, recorder, name)

    return [uses, table, document, one, one_elsewhere]


async def _use(deps: PortalDeps, request: AnyRequest, recorder: str, name: str) -> Response[Any]:
    """One use, from the log of an organisation; an empty number is ours."""
    asked = await asked_of(deps, request)
    wanted, is_json = record_id(name)
    if asked.session is None:
        return to_login(deps, asked)
    look = await write_look(deps, asked.session)
    reading = await read_one(look, recorder, wanted)
    if LOG in reading.missing:
        return _list(deps, asked, _today(), reading)
    if not reading.uses:
        raise NotFoundException
    return await (_one_json if is_json else _one)(deps, asked, reading)


def words_for(deps: PortalDeps, asked: Asked[Known]) -> Wording:
    """The words of this reader: about themselves, or about who is represented."""
    about = asked.session.known.represents if asked.session else ""
    return Wording(deps.site, asked.language, about)


def record_id(name: str) -> tuple[UUID, bool]:
    """Which use an address names, and whether as JSON. Raises NotFoundException."""
    try:
        return UUID(name.removesuffix(".json")), name.endswith(".json")
    except ValueError:
        raise NotFoundException from None


def _today() -> Filter:
    return read_filter({}, amsterdam_day(datetime.now(UTC)))[0]


def _with_errors(
    deps: PortalDeps, asked: Asked[Known], chosen: Filter, errors: dict[str, str]
) -> Response[str]:
    words = Wording(deps.site, asked.language)
    said = {name: words.say(text) for name, text in errors.items()}
    values = {
        **_form(chosen, asked, said),
        "labels": {"van": words.say(N_("Van")), "tot": words.say(N_("Tot en met"))},
        "reading": None,
        "told": [deps.settings.organisation.name],
        "organisations": {},
        "activities": {},
    }
    return show(
        deps, asked, "portal/uses.html", words.say(LIST_TITLE), crumbs=(_START,), values=values,
        status=400, is_wrong=True,
    )  # fmt: skip


def _form(chosen: Filter, asked: Asked[Known], errors: dict[str, str]) -> dict[str, Any]:
    """The filter as typed; a field that could not be read keeps what was in it."""
    return {
        "chosen": chosen,
        "errors": errors,
        "van": asked.query.get("van") or typed_day(chosen.since),
        "tot": asked.query.get("tot") or typed_day(chosen.until),
    }


_START = Link(path="/", label=N_("Begin"))


def _list(deps: PortalDeps, asked: Asked[Known], chosen: Filter, reading: Reading) -> Response[str]:
    words = words_for(deps, asked)
    admitted = [use for use in reading.uses if chosen.admits(use)]
    shown = first_page(admitted, fold=not chosen.unfold, rows=ROWS_PER_PAGE)
    groups = grouped(shown, fold=not chosen.unfold)
    values = {
        **_form(chosen, asked, {}),
        "reading": reading,
        "groups": groups,
        "titles": {(each.case, each.recorder): _title(words, each) for each in groups},
        "own": deps.settings.organisation.oin.value,
        "tally": tally(admitted),
        "is_first": chosen.before is None,
        "next": _next(chosen, reading, admitted, shown),
        "words": words,
        "Who": Who,
        "organisations": _organisations(words, reading.uses),
        "activities": _activities(words, reading.uses),
        "now": datetime.now(UTC),
        "only": only,
        "place": partial(_place, deps),
        "told": _told(deps, reading, words),
        "silent": [words.party(each) for each in reading.silent],
    }
    title = words.say(LIST_TITLE)
    if words.about:
        title = words.say(N_("Wie gebruikte de gegevens van %(name)s"), name=words.about)
    return show(deps, asked, "portal/uses.html", title, crumbs=(_START,), values=values)


def _next(chosen: Filter, reading: Reading, admitted: Sequence[Use], shown: Sequence[Use]) -> str:
    """The query of the next page; empty at the end."""
    if len(admitted) > len(shown):
        return chosen.query(before=shown[-1].id)
    if not reading.is_all and reading.uses:
        return chosen.query(before=reading.uses[-1].id)
    return ""


def _place(deps: PortalDeps, use: Use) -> str:
    """Where one use is, below the list: with the number of who wrote it down, unless we did."""
    recorder = use.recorders[0].number
    return (
        str(use.id) if recorder == deps.settings.organisation.oin.value else f"{recorder}/{use.id}"
    )


def _told(deps: PortalDeps, reading: Reading, words: Wording) -> list[str]:
    """The organisations whose uses are in the list."""
    others = [words.party(each) for each in reading.asked if each not in reading.silent]
    return [deps.settings.organisation.name, *others]


def _title(words: Wording, group: Group) -> str:
    return words.title(group.rows[0].newest) if group.case else ""


def _organisations(words: Wording, uses: Sequence[Use]) -> dict[str, str]:
    found = {use.actor_key: words.who(use) for use in uses if use.actor_key}
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == SELF, pair[1])))


def _activities(words: Wording, uses: Sequence[Use]) -> dict[str, str]:
    found = {use.activity_uri: words.title(use) for use in uses if use.activity_uri}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


async def _one(deps: PortalDeps, asked: Asked[Known], reading: Reading) -> Response[str]:
    use, words = reading.uses[0], words_for(deps, asked)
    values = {
        "use": use,
        "words": words,
        "Who": Who,
        "LOOKS": LOOKS,
        "reading": reading,
        "agreement": reading.agreed,
        "place": partial(_place, deps),
        "field_groups": reading.fields,
        "own": deps.settings.organisation.oin.value,
    }
    crumbs = (_START, Link(path="/gebruik", label=LIST_TITLE))
    return show(deps, asked, "portal/use.html", words.headline(use), crumbs=crumbs, values=values)


async def _one_json(deps: PortalDeps, asked: Asked[Known], reading: Reading) -> Response[bytes]:
    use, words = reading.uses[0], words_for(deps, asked)
    return _attached(as_json(use, words.of(use)), f"gebruik-{use.id}.json")


async def _table(deps: PortalDeps, asked: Asked[Known], session: Session[Known]) -> Response[Any]:
    chosen, errors = read_filter(asked.query, amsterdam_day(datetime.now(UTC)))
    if errors:
        return _with_errors(deps, asked, chosen, errors)
    look = await write_look(deps, session)
    reading = await read_uses(look, replace(chosen, is_patient=True))
    words = words_for(deps, asked)
    if LOG in reading.missing:
        return _list(deps, asked, chosen, reading)
    uses = [(use, words.of(use)) for use in reading.uses if chosen.admits(use)]
    text = as_csv([words.say(each) for each in _HEADER], uses)
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="gebruik.csv"'},
    )


async def _document(
    deps: PortalDeps, asked: Asked[Known], session: Session[Known]
) -> Response[Any]:
    chosen, errors = read_filter(asked.query, amsterdam_day(datetime.now(UTC)))
    if errors:
        return _with_errors(deps, asked, chosen, errors)
    look = await write_look(deps, session)
    reading = await read_uses(look, replace(chosen, is_patient=True))
    body = uses_document(deps, words_for(deps, asked), chosen, reading)
    return _attached(body, "gebruik.json")


def uses_document(
    deps: PortalDeps, words: Wording, chosen: Filter, reading: Reading
) -> dict[str, JsonValue]:
    """The list for programs, with who was asked and who did not answer."""
    uses = [as_json(use, words.of(use)) for use in reading.uses if chosen.admits(use)]
    organisation = deps.settings.organisation
    since, until = chosen.moments()
    return {
        "organisatie": {"oin": organisation.oin.value, "naam": organisation.name},
        "vanaf": as_utc_text(since),
        "tot": as_utc_text(until),
        "gevraagdOp": as_utc_text(datetime.now(UTC)),
        "nietGelukt": list(reading.missing),
        "gevraagd": [as_party(each) for each in reading.asked],
        "geenAntwoord": [as_party(each) for each in reading.silent],
        "volgende": None if reading.is_all else _next(chosen, reading, (), ()) or None,
        "misschienNietAlles": True,
        "gebruik": list[JsonValue](uses),
    }


def _attached(body: JsonValue, name: str) -> Response[bytes]:
    return json_response(body, headers={"Content-Disposition": f'attachment; filename="{name}"'})
