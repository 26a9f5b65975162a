# SPDX-License-Identifier: EUPL-1.2
"""The portal for programs: the same as the pages, by a token, under the same rules."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from jsonschema_rs import Draft202012Validator
from tests.console.acts import records_of
from tests.console.console_rig import API, Console
from tests.portal.portal_rig import ANOTHER, COMPANY, PARENT, SUZANNE, Deed, draft_of
from tests.portal.visiting import Visitor
from tests.portal.visits import served_elsewhere

from landschap.portal.describing import document_of
from landschap.portal.pacing import Pace
from landschap.portal.pages import PortalDeps, routes
from landschap.registers.describing import About

BASE = "/mijn-gegevens/v1"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
DOCUMENT = json.loads(json.dumps(document_of(About(version="1", organisation="Proefdorp"))))
READS = ("gegevens", "gebruik", "toestemmingen", "meldingen", "verzoeken")
CASE = "Z-2026-55001"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: Any


def token_of(
    console: Console, bsn: str | None = SUZANNE, kind: str = "at+jwt", **changed: Any
) -> str:
    """An access token as the login provider gives it."""
    now = int(time.time())
    claims = {
        "iss": console.provider.issuer, "sub": "burger-1", "aud": API, "iat": now,
        "exp": now + 300, "acr": SUBSTANTIAL, "bsn": bsn, "name": "Suzanne Moulin",
        "scope": "openid mijn-gegevens mijn-gegevens:doen", **changed,
    }  # fmt: skip
    told = {name: value for name, value in claims.items() if value is not None}
    return console.provider._signed(told, kind)


async def ask(address: str, path: str, token: str = "", body: Any = None, **headers: str) -> Told:
    """One question with a token."""
    host = address.removeprefix("http://")
    reached = f"http://127.0.0.1:{host.rpartition(':')[2]}{path}"
    sent = {"Host": host, **headers, **({"Authorization": f"Bearer {token}"} if token else {})}
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            "GET" if body is None else "POST", reached, json=body, headers=sent,
            allow_redirects=False,
        ) as answer,
    ):  # fmt: skip
        return Told(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=json.loads(await answer.read() or b"null"),
        )


def _fits(name: str, body: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(body)


async def test_each_answer_is_what_the_page_shows_and_fits_its_description(
    console: Console,
) -> None:
    deps, token = console.portal, token_of(console)
    (use,) = await deps.writer.append([draft_of(deps, Deed(case=CASE))])
    visitor = Visitor(portal=console.address)
    await visitor.log_in("burger-1")
    before = len(await records_of(console, SUZANNE))
    told = {each: await ask(console.address, f"{BASE}/{each}", token) for each in READS}
    assert {name: each.status for name, each in told.items()} == dict.fromkeys(READS, 200)
    # Each look is a line of this person, as that of a page is.
    assert len(await records_of(console, SUZANNE)) >= before + len(READS)
    for name, each in told.items():
        schema = {"gebruik": "Gebruiken"}.get(name, name.title())
        _fits(schema, each.body)
        assert SUZANNE not in str(each.headers)
    page = json.loads((await visitor.get("/gegevens.json")).text)
    assert told["gegevens"].body["gegevens"] == page["gegevens"]
    page = json.loads((await visitor.get("/gebruik.json")).text)
    mine = [each for each in page["gebruik"] if not each["doorUzelf"]]
    found = [each for each in told["gebruik"].body["gebruik"] if not each["doorUzelf"]]
    assert found == mine
    assert str(use) in {each["id"] for each in found}
    own = deps.settings.organisation.oin.value
    one = await ask(console.address, f"{BASE}/gebruik/{own}/{use}", token)
    assert (one.status, one.body["zaak"]) == (200, CASE)
    _fits("Gebruik", one.body)
    assert "api-version" in one.headers


async def test_a_consent_an_error_and_a_right_are_said_as_on_the_page(console: Console) -> None:
    token = token_of(console)
    seen = await ask(console.address, f"{BASE}/gegevens", token)
    (thing,) = [each for each in seen.body["gegevens"] if each["register"] == "postadressen"]
    assert "straat" in thing["teMelden"]
    report = {
        "melding": str(uuid4()), "register": thing["register"], "type": thing["type"],
        "kenmerk": thing["kenmerk"], "veld": "straat", "voorstel": "Hoogstraat",
        "uitleg": "De straat is hernoemd.",
    }  # fmt: skip
    short = await ask(console.address, f"{BASE}/meldingen", token, {**report, "uitleg": "x"})
    assert (short.status, short.body["errors"][0]["field"]) == (400, "uitleg")
    for more in ({"bsn": "1"}, {"melding": "1"}, {"voorstel": ""}, {"uitleg": "x" * 2001}):
        wrong = await ask(console.address, f"{BASE}/meldingen", token, {**report, **more})
        assert wrong.status == 400, more
    other = token_of(console, ANOTHER, sub="burger-2")
    foreign = await ask(console.address, f"{BASE}/meldingen", other, report)
    assert foreign.status == 404
    made = await ask(console.address, f"{BASE}/meldingen", token, report)
    assert made.status == 201, made.body
    _fits("Gemeld", made.body)
    # The same report again is the same report.
    again = await ask(console.address, f"{BASE}/meldingen", token, report)
    assert again.body == made.body
    visitor = Visitor(portal=console.address)
    await visitor.log_in("burger-1")
    page = await visitor.get(f"/meldingen/{made.body['melding']}")
    assert "Hoogstraat" in page.text

    asked = {"recht": "inzage", "waarvoor": "alles"}
    wrong = await ask(console.address, f"{BASE}/verzoeken", token, {**asked, "recht": "geld"})
    assert wrong.status == 400
    # What is too long is not cut off, and who must say why is told so.
    for more in ({"uitleg": "x" * 1001}, {"recht": "bezwaar"}):
        wrong = await ask(console.address, f"{BASE}/verzoeken", token, {**asked, **more})
        assert (wrong.status, wrong.body["errors"][0]["field"]) == (400, "uitleg"), more
    form = await visitor.get("/rechten/inzage")
    (first, *_) = re.findall(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]+)"', form.text)
    made = await ask(console.address, f"{BASE}/verzoeken", token, {**asked, "waarvoor": first})
    assert made.status == 201, made.body
    assert (await visitor.get(f"/rechten/verzoek/{made.body['kenmerk']}")).status == 200
    listed = await ask(console.address, f"{BASE}/verzoeken", token)
    assert made.body["kenmerk"] in {each["kenmerk"] for each in listed.body["verzoeken"]}
    _fits("Verzoeken", listed.body)

    nothing = {"doel": "https://doelen.example/id/geen", "keuze": "geven"}
    none = await ask(console.address, f"{BASE}/toestemmingen", token, nothing)
    assert (none.status, none.body["code"]) == (409, "consent_unknown")
    wrong = await ask(console.address, f"{BASE}/toestemmingen", token, {**nothing, "keuze": "ja"})
    assert wrong.status == 400


async def test_a_token_that_is_not_this_one_opens_nothing(console: Console) -> None:
    now, before = int(time.time()), len(await records_of(console, SUZANNE))
    wrong = {
        "another audience": token_of(console, aud="https://elders.example"),
        "the application's own audience": token_of(console, aud="mijn-gegevens"),
        "another issuer": token_of(console, iss="https://login.example"),
        "expired": token_of(console, exp=now - 120),
        "no end": token_of(console, exp=None),
        "an identity token": token_of(console, kind="JWT"),
        "nobody's number": token_of(console, bsn="123456789"),
        "signed by another": token_of(replace(console, provider=_forger(console))),
        "no signature": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.",
        "too large": "x" * 9_000,
        "no token": "",
    }
    for name, token in wrong.items():
        told = await ask(console.address, f"{BASE}/gebruik", token)
        assert (told.status, told.body["code"]) == (401, "token_invalid"), name
        assert told.headers["www-authenticate"].startswith("Bearer"), name
        assert told.headers["content-type"] == "application/problem+json"
    weak = await ask(
        console.address, f"{BASE}/gebruik", token_of(console, acr="http://eidas.europa.eu/LoA/low")
    )
    assert (weak.status, weak.body["code"]) == (401, "login_too_weak")
    lacks = token_of(console, scope="openid")
    told = await ask(console.address, f"{BASE}/gebruik", lacks)
    assert (told.status, told.body["code"]) == (403, "token_scope")
    looks = token_of(console, scope="mijn-gegevens")
    assert (await ask(console.address, f"{BASE}/meldingen", looks)).status == 200
    told = await ask(console.address, f"{BASE}/meldingen", looks, {})
    assert (told.status, told.body["code"]) == (403, "token_scope")
    visitor = Visitor(portal=console.address)
    await visitor.log_in("burger-1")
    # A session of the pages is no token.
    assert (await visitor.get(f"{BASE}/gebruik")).status == 401
    assert len(await records_of(console, SUZANNE)) == before + 1


def _forger(console: Console) -> Any:
    return type(console.provider)(issuer=console.provider.issuer, people=console.provider.people)


async def test_every_address_for_programs_is_closed_to_who_it_is_not_for(console: Console) -> None:
    deps = console.portal
    (use,) = await deps.writer.append([draft_of(deps, Deed(case=CASE))])
    paths = [
        path.replace("{organisatie:str}", deps.settings.organisation.oin.value)
        .replace("{gebruik:str}", str(use))
        for handler in routes(deps)
        for path in handler.paths  # type: ignore[union-attr]
        if path.startswith(f"{BASE}/") and "openapi" not in path
        and "GET" in handler.http_methods  # type: ignore[union-attr]
    ]  # fmt: skip
    assert len(paths) >= 6
    assert not any("{" in path for path in paths)
    ended = _mandate("M-1", ["logboek-inzage"], datetime.now(UTC) - timedelta(minutes=1))
    narrow = _mandate("M-2", ["vergunningen"], None)
    parent = token_of(console, PARENT, sub="gemachtigde", represents=[ended, narrow], name="Ouder")
    other = token_of(console, ANOTHER, sub="burger-2", name="Anna")
    for path in paths:
        for headers in ({"Namens": "M-1"}, {"Namens": "M-2"}, {"Namens": "M-3"}):
            told = await ask(console.address, path, parent, **headers)
            assert told.status == 403, (path, headers)
        told = await ask(console.address, path, other)
        assert told.status == (404 if str(use) in path else 200), path
        for secret in (SUZANNE, "Moulin", CASE, str(use)):
            assert secret not in str(told.body).replace(path, ""), path
        assert (await ask(console.address, path)).status == 401
    own = _mandate("M-9", ["logboek-inzage"], None)
    parent = token_of(console, PARENT, sub="gemachtigde", represents=[own], name="Ouder")
    told = await ask(console.address, f"{BASE}/gebruik", parent, Namens="M-9")
    assert CASE in {each["zaak"] for each in told.body["gebruik"]}
    # What no mandate can be for stays closed.
    assert (await ask(console.address, f"{BASE}/gegevens", parent, Namens="M-9")).status == 403


async def test_a_company_sees_its_data_and_has_no_rights_of_people(console: Console) -> None:
    token = token_of(
        console, None, sub="bedrijf", kvk=COMPANY, acting_subject="2f8a1c0d@eherkenning.example",
        services=["mijn-gegevens"], acr="urn:etoegang:core:assurance-class:loa3", name=None,
    )  # fmt: skip
    for path in ("gegevens", "gebruik", "meldingen"):
        assert (await ask(console.address, f"{BASE}/{path}", token)).status == 200, path
    form = {"recht": "inzage", "waarvoor": "alles"}
    choice = {"doel": "https://doelen.example/id/x", "keuze": "geven"}
    for path, body in (("verzoeken", form), ("toestemmingen", choice)):
        for sent in (None, body):
            told = await ask(console.address, f"{BASE}/{path}", token, sent)
            assert (told.status, told.body["code"]) == (403, "mandate_lacks_service"), path


def _mandate(reference: str, services: list[str], until: datetime | None) -> dict[str, Any]:
    told = {
        "bsn": SUZANNE, "name": "Suzanne Moulin", "jti": reference,
        "iss": "https://machtigen.example", "services": services,
    }  # fmt: skip
    return {**told, "exp": int(until.timestamp())} if until else told


async def test_a_person_is_asked_for_no_more_than_a_minute_allows_and_a_level_holds(
    console: Console,
) -> None:
    def deps(address: str) -> PortalDeps:
        given = console.portal
        api = given.settings.portal.api
        assert api is not None
        portal = replace(
            given.settings.portal,
            api=replace(api, requests_per_minute=2),
            levels={"rechten": "http://eidas.europa.eu/LoA/high"},
        )
        settings = replace(
            given.settings, portal=portal, addresses=replace(given.settings.addresses, web=address)
        )
        return replace(given, settings=settings)

    async with served_elsewhere(console, deps) as address:
        weak = await ask(address, f"{BASE}/verzoeken", token_of(console))
        assert weak.status == 401
        assert 'acr_values="http://eidas.europa.eu/LoA/high"' in weak.headers["www-authenticate"]
        assert (await ask(address, f"{BASE}/meldingen", token_of(console))).status == 200
        often = await ask(address, f"{BASE}/meldingen", token_of(console))
        assert (often.status, often.body["code"]) == (429, "too_many_requests")
        assert 1 <= int(often.headers["retry-after"]) <= 30
        # Another person is another.
        other = token_of(console, ANOTHER, sub="burger-2")
        assert (await ask(address, f"{BASE}/meldingen", other)).status == 200


def test_a_pace_fills_again_and_forgets_who_was_long_ago() -> None:
    pace = Pace(60, most=2)
    assert [pace.take(b"a", 0.0) for _ in range(60)] == [0] * 60
    assert pace.take(b"a", 0.0) == 1
    assert pace.take(b"a", 1.0) == 0
    assert pace.take(b"a", 1.0) == 1
    assert pace.take(b"b", 1.0) == pace.take(b"c", 1.0) == 0
    assert len(pace._left) == 2


async def test_the_description_names_every_address_and_no_other(console: Console) -> None:
    told = await ask(console.address, f"{BASE}/openapi.json", Accept="application/json")
    assert (told.status, told.body["openapi"]) == (200, "3.0.3")
    newest = await ask(
        console.address, f"{BASE}/openapi.json", Accept="application/openapi+json;version=3.1"
    )
    assert newest.body["openapi"] == "3.1.0"
    assert newest.body["servers"] == [{"url": f"{console.address}{BASE}"}]
    described = {
        (path, method.upper()) for path, each in newest.body["paths"].items() for method in each
    }
    served = {
        (re.sub(r":str\}", "}", path.removeprefix(BASE)), str(method))
        for handler in routes(console.portal)
        for path in handler.paths  # type: ignore[union-attr]
        for method in handler.http_methods  # type: ignore[union-attr]
        if path.startswith(f"{BASE}/") and "openapi" not in path and method != "OPTIONS"
    }
    assert described == served
    assert (await ask(console.address, f"{BASE}/geen")).body["code"] == "not_found"
