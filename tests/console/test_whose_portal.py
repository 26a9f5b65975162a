# SPDX-License-Identifier: EUPL-1.2
"""Nobody sees another's data: every address of the portal, asked by everybody it is not for.

The addresses come from the portal's own table of routes, so a route that is added later is asked
too; what stands in their places comes from the pages of the person whose data they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import islice
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.console.console_rig import Console
from tests.console.test_requests import asked, decide
from tests.portal.portal_rig import COMPANY, PARENT, SUZANNE, Deed, draft_of
from tests.portal.test_corrections import WHY, report
from tests.portal.visiting import Seen, Visitor

from landschap.gateway.saying.store.requests import requests_of
from landschap.logboek.store import uses_of
from landschap.platform.web.sealed import session_hash
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import PortalDeps, routes
from landschap.portal.pages.looks import subjects_of
from landschap.portal.worker import make_due
from landschap.purposes.persons.store import consents_of
from landschap.registers import store
from landschap.vocabulary.companies import Company
from landschap.vocabulary.mandates import Mandate

pytestmark = pytest.mark.long
CASE = "Z-2026-77123"
_PLACE = re.compile(r"\{([a-z_]+):[a-z]+\}")
_LINK = re.compile(r'(?:href|action)="(/[^"#]*)"')
_TOKENS = ("/inloggen", "/uitloggen", "/static", "/catalogus", "/console")
# Pages with something of Suzanne that the walk must have opened as herself: else it asks nothing.
OPENED = {
    "/gebruik", "/gebruik.csv", "/gebruik.json", "/gebruik/{name:str}", "/gegevens",
    "/gegevens.json", "/gegevens/{register:str}/{name:str}/{reference:str}/{field:str}/fout",
    "/meldingen", "/meldingen/{report:str}", "/toestemmingen",
    "/toestemmingen/bewijs/{number:str}", "/rechten", "/rechten/{name:str}",
    "/rechten/verzoek/{number:str}", "/rechten/verzoek/{number:str}/bestand", "/namens",
}  # fmt: skip
# Whose places are not somebody's: the names of rights, files of the site, receipts that anybody
# checks. Every other address with a place in it is one person's, and opens for nobody else.
EVERYBODYS = {"/rechten/{name:str}", "/bewijs/{number:str}", "/static/{name:str}"}


# Pages that show nothing of a person but what the log-in itself told: no look at any data.
WITHOUT_DATA = {
    "/", "/toegankelijkheid", "/privacy", "/veiligheid", "/veilig-kijken", "/contact", "/uitgelogd",
    "/sessie-voorbij", "/bewijs", "/bewijs/{number:str}", "/static/{name:str}", "/namens",
    "/inloggen/sterker", "/.well-known/security.txt", "/mijn-gegevens/v1/openapi.json",
    "/mijn-gegevens/v1/openapi.yaml", "/mijn-gegevens/v1",
}  # fmt: skip


@dataclass(kw_only=True)
class Walk:
    """The addresses of the portal with Suzanne's own in their places, and what is only hers."""

    console: Console
    places: Mapping[str, tuple[str, ...]]
    posts: Mapping[str, tuple[str, ...]]
    secrets: tuple[str, ...]
    opened: set[str] = field(default_factory=set)

    def gets(self) -> Iterator[tuple[str, str]]:
        """Every address that is read, with its template."""
        return ((name, path) for name, paths in self.places.items() for path in paths)


@pytest.fixture(scope="module")
async def walk(console: Console) -> Walk:
    """Suzanne has something on every page: a use, a report, a request with its file."""
    deps = console.portal
    (use,) = await deps.writer.append([draft_of(deps, Deed(case=CASE))])
    suzanne = Visitor(portal=console.address)
    await suzanne.log_in("burger-1")
    reported = await _reported(suzanne)
    request = await _copied(console)
    receipt = await asked(console)
    assert await decide(await console.visit("fg"), receipt, "afwijzen") == 303
    await asked(console, "inzage")  # one that is open can be taken back
    seen = await _crawled(suzanne)
    seen.setdefault(f"/toestemmingen/bewijs/{receipt}", "")
    places: dict[str, tuple[str, ...]] = {}
    posts: dict[str, tuple[str, ...]] = {}
    for handler in routes(deps):
        for template in sorted(handler.paths):  # type: ignore[union-attr]
            methods = handler.http_methods  # type: ignore[union-attr]
            found = tuple(_filled(template, seen, {"number": request, "recorder": _own(deps)}))
            (posts if "POST" in methods else places)[template] = found
    made = Walk(
        console=console,
        places=places,
        posts=posts,
        secrets=("Suzanne", SUZANNE, str(use), reported, request, CASE, WHY),
    )
    for template, paths in places.items():
        for path in paths:
            if template.startswith(("/inloggen", "/en/inloggen")):
                continue
            if (await _read(suzanne, path)).status == 200:
                made.opened.add(template)
    return made


async def _reported(visitor: Visitor) -> str:
    """A report of this person that waits for a decision: one that is there, or a new one."""
    waiting = re.search(r'href="/meldingen/([^"]+)"', (await visitor.get("/gegevens")).text)
    if waiting is not None:
        return waiting[1]
    return (await report(visitor, "woonplaats", "Nigtevecht")).rsplit("/", 1)[1]


async def _copied(console: Console) -> str:
    """A request of Suzanne that was granted, with the file the worker made."""
    control = console.portal.control
    assert control is not None

    async def deps() -> PortalDeps:
        return console.portal

    number = await asked(console, "inzage")
    assert await decide(await console.visit("fg"), number, "toewijzen") == 303
    while await make_due(control, deps):
        pass
    return number


async def _read(visitor: Visitor, path: str) -> Seen:
    """One answer as text, also when it is a file."""
    return await visitor.get(path, errors="replace")


async def _crawled(visitor: Visitor) -> dict[str, str]:
    """Every address that the pages of this person lead to, with the page that named it."""
    todo, found = ["/", "/gegevens", "/rechten", "/gebruik", "/meldingen"], dict[str, str]()
    for path in todo:
        if len(todo) > 400 or path.partition("?")[0].endswith((".csv", ".json", "/bestand")):
            continue
        page = await _read(visitor, path)
        for raw in _LINK.findall(page.text):
            link = unescape(raw)
            found.setdefault(link.partition("?")[0], page.text)
            if "?" not in link and link not in todo and not link.startswith((*_TOKENS, "/en")):
                todo.append(link)
    return found


def _own(deps: PortalDeps) -> str:
    return deps.settings.organisation.oin.value


def _filled(template: str, seen: Mapping[str, str], known: Mapping[str, str]) -> Iterator[str]:
    """Addresses of a template as Suzanne's pages name them; else with what is known, or nothing."""
    dutch = template.removeprefix("/en") or "/"
    if not _PLACE.search(template):
        yield template
        return
    shape = re.compile(_PLACE.sub("([^/]+)", dutch))
    mine = [path for path in seen if shape.fullmatch(path)]
    prefix = "/en" if template.startswith("/en/") else ""
    yield from (prefix + path for path in islice(mine, 4))
    if not mine:
        yield _PLACE.sub(lambda place: known.get(place[1], str(uuid4())), template)


def test_the_walk_has_opened_what_is_there_to_see(walk: Walk) -> None:
    assert walk.opened >= OPENED | {f"/en{path}" for path in OPENED}
    assert len(walk.places) + len(walk.posts) >= 60


def _leaks(walk: Walk, path: str, page: Seen) -> list[str]:
    """What is only Suzanne's and stands in an answer; what the asker typed itself is no answer."""
    told = page.text + str(page.headers)
    for part in path.split("/"):
        told = told.replace(part, "") if len(part) >= 16 else told
    return [f"{path}: {secret}" for secret in walk.secrets if secret in told]


async def _session(walk: Walk, known: Known) -> Visitor:
    deps = walk.console.portal
    token = await begin_session(deps.portal_pool, deps.session_key, known)
    host = walk.console.address.removeprefix("http://")
    return Visitor(portal=walk.console.address, cookies={host: {"__Host-sessie": token}})


async def _expired(walk: Walk) -> Visitor:
    """A session of Suzanne herself, a quarter after her last click."""
    visitor = await _session(walk, _known(SUZANNE))
    host = walk.console.address.removeprefix("http://")
    connection = await walk.console.database.administrator()
    await connection.execute(
        "UPDATE portal.session SET begun_at = begun_at - $1::interval,"
        " seen_at = seen_at - $1::interval WHERE session_hash = $2",
        timedelta(minutes=16),
        session_hash(visitor.cookies[host]["__Host-sessie"]),
    )
    await connection.close()
    return visitor


def _known(bsn: str, **more: object) -> Known:
    level = "http://eidas.europa.eu/LoA/high"
    made = Known(bsn=bsn, name="Iemand", level=level, authenticated_at=1, id_token="")
    return msgspec.structs.replace(made, **more)


def _mandate(services: tuple[str, ...], until: datetime | None) -> Mandate:
    return Mandate(
        bsn=SUZANNE, name="de vertegenwoordigde", source="https://machtigen.example",
        reference="M-1", services=services, until=until,
    )  # fmt: skip


async def _askers(walk: Walk) -> dict[str, Visitor]:
    """Everybody the addresses are not for, by name."""
    another = Visitor(portal=walk.console.address)
    await another.log_in("burger-2")
    ended = _mandate(("logboek-inzage",), datetime.now(UTC) - timedelta(minutes=1))
    narrow = _mandate(("vergunningen",), None)
    company = Company(
        kvk=COMPANY, rsin="", name="Dagobert", acting="2f8a1c0d@eherkenning.example",
        source="https://login.example", reference="EH-1", services=("mijn-gegevens",),
    )  # fmt: skip
    return {
        "another person": another,
        "nobody": Visitor(portal=walk.console.address),
        "an expired session": await _expired(walk),
        "a mandate that ended": await _session(
            walk, _known(PARENT, mandates=(ended,), acting_for="M-1")
        ),
        "a mandate for something else": await _session(
            walk, _known(PARENT, mandates=(narrow,), acting_for="M-1")
        ),
        "a company": await _session(walk, _known("", company=company)),
    }


async def test_no_address_shows_another_anything_of_a_person(walk: Walk) -> None:
    for who, visitor in (await _askers(walk)).items():
        leaks, failed, open_to, waits = [], [], [], []
        for template, path in walk.gets():
            if path.endswith("/inloggen/terug"):
                continue
            page = await _read(visitor, path)
            leaks += _leaks(walk, path, page)
            # Who is told to wait is shown nothing, and that proves nothing here.
            waits += [path] if page.status == 429 else []
            if page.status >= 500 and page.status != 503:
                failed.append((path, page.status))
            is_own = _PLACE.search(template) and template.removeprefix("/en") not in EVERYBODYS
            if is_own and page.status < 300:
                open_to.append(path)
        assert leaks == [], who
        assert open_to == [], who
        assert failed == [], who
        assert waits == [], who
        if who not in {"nobody", "an expired session"}:
            # The walk itself did not end the session that it was made with.
            assert (await visitor.get("/")).status == 200


async def test_every_look_at_data_is_a_line_of_the_person(walk: Walk) -> None:
    suzanne = Visitor(portal=walk.console.address)
    await suzanne.log_in("burger-1")
    deps, (mine, *_) = walk.console.portal, subjects_of(walk.console.portal, _known(SUZANNE))
    unwritten, seen = [], set()
    for template, path in walk.gets():
        dutch = template.removeprefix("/en") or "/"
        if dutch in WITHOUT_DATA or dutch.startswith("/inloggen"):
            continue
        since = datetime.now(UTC)
        page = await _read(suzanne, path)
        if page.status != 200:
            continue
        seen.add(template)
        later = datetime.now(UTC) + timedelta(seconds=1)
        if not await uses_of(deps.log_pool, [mine], since, later, 1):
            unwritten.append(path)
    assert unwritten == []
    assert seen >= (OPENED | {f"/en{path}" for path in OPENED}) - {"/namens", "/en/namens"}


async def _state(walk: Walk) -> tuple[object, list[tuple[UUID, bool]], object]:
    """What Suzanne said and asked, as it is kept."""
    deps = walk.console.portal
    assert deps.control is not None
    assert deps.own is not None
    mine = subjects_of(deps, _known(SUZANNE))
    reports = []
    for register in deps.own.registers.registers.by_name.values():
        reports += list(await store.reports_by(deps.own.registers.pool, register, mine, 200))
    requests = [
        (each.number, each.is_open)
        for each in await requests_of(deps.control.rooms.gateway, mine[0])
    ]
    return reports, requests, await consents_of(deps.purposes_pool, mine)


async def test_no_form_changes_anything_of_another(walk: Walk) -> None:
    before = await _state(walk)
    suzanne = Visitor(portal=walk.console.address)
    await suzanne.log_in("burger-1")
    forms = await _crawled(suzanne)
    for who, visitor in (await _askers(walk)).items():
        for path in (each for paths in walk.posts.values() for each in paths):
            if path.endswith(("/uitloggen", "/bericht", "/snel-weg")):
                continue
            # With the hidden fields of her own page, and a token of the asker's own.
            page = forms.get(path.removeprefix("/en"), "")
            form = dict(re.findall(r'name="([a-z]+)" (?:id="[^"]*" )?value="([^"]*)"', page))
            own = re.search(r'name="token" value="([^"]+)"', (await visitor.get("/")).text)
            for token in ([own[1]] if own else []) + [form.get("token", "")]:
                told = await visitor.post(
                    path, {**form, "token": token, "stap": "verstuur", "uitleg": "iets anders"}
                )
                assert told.status < 500 or told.status == 503, (who, path)
                assert _leaks(walk, path, told) == [], (who, path)
    assert await _state(walk) == before
    assert any(is_open for _, is_open in before[1])
    assert (await suzanne.get("/gebruik")).status == 200
