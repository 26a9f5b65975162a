# SPDX-License-Identifier: EUPL-1.2
"""Services over HTTP: pages, being too busy, tokens by client credentials, certificates both ways."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.integration import fault_rig as rig
from tests.integration.other_rig import asked, declared, door, values

from landschap.integration.breaker import Breaker
from landschap.integration.connectors.health import look_at
from landschap.integration.connectors.opening import Surroundings, client_session, placed
from landschap.integration.mistakes import DeclarationError
from landschap.integration.paging import ElsewhereError, goes_on, next_page
from landschap.integration.retrying import seconds_to_wait
from landschap.integration.rows import Connector, Reason, SourceFailed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SOURCE = "    soort: rest\n    url: {}://bron.test/personen?bsn={{bsn}}\n    records: personen\n"
PAGED = SOURCE + "    volgende: {}\n    bladzijden: 3\n"
OAUTH = (
    "    oauth: {url: http://bron.test/token, klant: weesp, bestand: geheim, bereik: personen}\n"
)


def person(_request: web.Request | None = None) -> web.Response:
    return web.json_response({"personen": [{"bsn": "1", "naam": "A"}]})


@asynccontextmanager
async def reached(
    source: str, folder: Path, answer: Any = person, tls: Any = None
) -> AsyncIterator[tuple[Connector, rig.Service]]:
    """The door to a service, running."""
    service = rig.Service(answer, tls=tls)
    hosts = {"bron.test": f"127.0.0.1:{service.port}"}
    session = client_session(hosts)
    async with rig.listening(service), asyncio.timeout(rig.LIMIT_SECONDS):
        yield door(declared(source), folder, session=session, hosts=hosts), service
        await session.close()


async def reason_of(made: Connector) -> Reason:
    with pytest.raises(SourceFailed) as caught:
        await made.rows(asked("1", columns=["naam"]))
    return caught.value.reason


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["volgende", "Link"])
async def test_all_pages_make_one_answer(where: str, tmp_path: Path) -> None:
    def page(request: web.Request) -> web.Response:
        number = int(request.query.get("blad", "1"))
        there = f"/personen?blad={number + 1}" if number < 3 else None
        body = {"personen": [{"bsn": "1", "naam": str(number)}]}
        if where == "Link":
            headers = {"Link": f'<{there}>; title="a"; rel="next"'} if there else {}
            return web.json_response(body, headers=headers)
        return web.json_response(body | {"volgende": there})

    async with reached(PAGED.format("http", where), tmp_path, page) as (made, service):
        rows = await made.rows(asked("1", columns=["naam"]))
    assert values(rows) == [{"naam": "1"}, {"naam": "2"}, {"naam": "3"}]
    assert service.asked == 3


@pytest.mark.parametrize(
    "there", ["http://elders.test/x", "https://bron.test/x", "//elders.test/x"]
)
async def test_our_key_never_goes_to_another_place_with_a_page(there: str, tmp_path: Path) -> None:
    def page(_request: web.Request) -> web.Response:
        return web.json_response({"personen": [{"bsn": "1"}], "volgende": there})

    async with reached(PAGED.format("http", "volgende"), tmp_path, page) as (made, service):
        assert await reason_of(made) is Reason.UNREADABLE
    assert service.asked == 1


async def test_a_page_that_leads_to_itself_is_no_answer(tmp_path: Path) -> None:
    def page(request: web.Request) -> web.Response:
        return web.json_response({"personen": [], "volgende": str(request.url)})

    async with reached(PAGED.format("http", "volgende"), tmp_path, page) as (made, _):
        assert await reason_of(made) is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("body", "link", "more"),
    [
        ({"_links": {"next": {"href": "/x"}}}, "", True),
        ({"next": "http://a.test/?page=2"}, "", True),
        ({"next": None, "_links": {"self": {"href": "/x"}}}, "", False),
        ({"next": "woensdag"}, "", False),
        ({}, '</a>; rel="prev", </b>; rel="next"', True),
        ({}, "</b>; rel=next", True),
        ({}, '</b>; rel="nextish"', False),
        ([], "", False),
    ],
)  # fmt: skip
def test_an_answer_that_goes_on_says_so_itself(body: Any, link: str, more: bool) -> None:
    assert goes_on(body, link) is more


async def test_an_answer_in_pages_of_a_source_without_pages_is_half_an_answer(
    tmp_path: Path,
) -> None:
    def page(_request: web.Request) -> web.Response:
        return web.json_response({"personen": [{"bsn": "1"}], "next": "http://bron.test/?p=2"})

    async with reached(SOURCE.format("http"), tmp_path, page) as (made, _):
        assert await reason_of(made) is Reason.UNREADABLE


def test_where_the_next_page_is() -> None:
    at = "http://a.test:81/x?b=1"
    assert next_page({"n": "?b=2"}, "", "n", at) == "http://a.test:81/x?b=2"
    assert next_page({"n": None}, "</y>; rel=next", "n", at) == ""
    assert next_page({}, "</y>; rel=next", "Link", at) == "http://a.test:81/y"
    for wrong in (
        "http://a.test/x",
        "file:///etc/passwd",
        "?" + "x" * 5000,
        "//a.test:99999/x",
        "//[a",
    ):
        with pytest.raises(ElsewhereError):
            next_page({"n": wrong}, "", "n", at)


# --- too busy -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("999999", 3600.0),
        ("Mon, 30 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        (None, None),
        ("-1", None),
        ("1" * 400, None),
        ("straks", None),
        ("\u0661", None),
    ],
)
def test_how_long_a_source_asks_to_be_left_alone(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds


def test_a_source_is_asked_again_at_the_time_it_said() -> None:
    paused = Breaker().paused(100.0, 30.0)
    assert [paused.may_ask(at) for at in (100.0, 129.9, 130.0)] == [False, False, True]
    unsaid = Breaker().paused(100.0, None)
    assert [unsaid.may_ask(at) for at in (101.9, 102.0)] == [False, True]
    assert paused.asking(130.0).succeeded() == Breaker()


@pytest.mark.parametrize("way", ["429", "503"])
async def test_a_source_that_is_too_busy_is_left_alone(way: str, tmp_path: Path) -> None:
    def busy(_request: web.Request) -> web.Response:
        return web.Response(status=int(way), headers={"Retry-After": "600"})

    async with reached(SOURCE.format("http"), tmp_path, busy) as (made, service):
        assert [await reason_of(made) for _ in range(3)] == [Reason.SUSPENDED] * 3
    assert service.asked == 1


# --- tokens -------------------------------------------------------------------------------------


class Issuer:
    """A service with its own place where tokens are asked."""

    def __init__(self) -> None:
        self.given = 0
        self.lasts: Any = 3600
        self.valid: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.sent: list[str] = []

    def __call__(self, request: web.Request) -> web.Response:
        told = request.headers.get("Authorization", "")
        if request.path == "/token":
            right = base64.b64encode(b"weesp:g%C3%A9heim").decode()
            if told != f"Basic {right}":
                return web.json_response({"error": "invalid_client"}, status=401)
            self.given += 1
            self.valid = {f"t{self.given}"}
            return web.json_response({"access_token": f"t{self.given}", "expires_in": self.lasts})
        self.sent.append(told)
        if told.removeprefix("Bearer ") not in self.valid:
            return web.Response(status=401)
        return person()


async def test_a_token_is_asked_once_and_anew_when_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("g\u00e9heim\n")
    issuer = Issuer()
    async with reached(SOURCE.format("http") + OAUTH, tmp_path, issuer) as (made, _):
        question = asked("1", columns=["naam"])
        await asyncio.gather(*(made.rows(question) for _ in range(4)))
        assert issuer.given == 1
        issuer.valid.clear()
        assert values(await made.rows(question)) == [{"naam": "A"}]
        assert (issuer.given, issuer.sent[-2:]) == (2, ["Bearer t1", "Bearer t2"])
        issuer.lasts = 0
        issuer.valid.clear()
        await made.rows(question)
        await made.rows(question)
        assert issuer.given == 4


async def test_a_wrong_secret_or_no_token_is_a_refusal_that_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("verkeerd")
    issuer = Issuer()
    async with reached(SOURCE.format("http") + OAUTH, tmp_path, issuer) as (made, _):
        with pytest.raises(SourceFailed) as caught:
            await made.rows(asked("1", columns=["naam"]))
    assert (caught.value.reason, issuer.sent) == (Reason.REFUSED, [])
    assert "verkeerd" not in repr(caught.value)


@pytest.mark.parametrize(
    "told",
    [
        b"{}",
        b'{"access_token": "a\\nb"}',
        b'{"access_token": 1}',
        b'{"access_token": ""}',
        b"[]",
        b"<html/>",
    ],
)
async def test_what_is_no_token_is_never_sent(told: bytes, tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("x")

    def answer(_request: web.Request) -> web.Response:
        return web.Response(body=told)

    async with reached(SOURCE.format("http") + OAUTH, tmp_path, answer) as (made, service):
        assert await reason_of(made) is Reason.UNREADABLE
    assert service.asked == 1


# --- certificates -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates."""
    folder = tmp_path_factory.mktemp("certificaten")
    rig.write_certificates(folder)
    return folder


OURS = "    tls: {vertrouwt: ca.pem, certificaat: ours.pem, sleutel: ours.key}\n"


async def test_both_sides_show_a_certificate(certificates: Path) -> None:
    both = rig.server_context(certificates, "well", client=True)
    async with reached(SOURCE.format("https") + OURS, certificates, tls=both) as (made, _):
        assert values(await made.rows(asked("1", columns=["naam"]))) == [{"naam": "A"}]
    both = rig.server_context(certificates, "well", client=True)
    ours = OURS.replace("certificaat: ours.pem, sleutel: ours.key", "")
    for tls in (ours.replace(", }", "}"), ""):
        async with reached(SOURCE.format("https") + tls, certificates, tls=both) as (made, service):
            assert await reason_of(made) is Reason.UNREACHABLE
            assert service.asked == 0


async def test_the_state_of_a_source_says_that_its_certificate_is_over(certificates: Path) -> None:
    tls = rig.server_context(certificates, "expired")
    declaration = declared(SOURCE.format("https") + OURS)
    service = rig.Service(person, tls=tls)
    hosts = {"bron.test": f"127.0.0.1:{service.port}"}
    session = client_session(hosts)
    around = Surroundings(session=session, hosts=hosts, secrets=certificates)
    async with rig.listening(service):
        (health,) = await look_at(declaration, around)
        await session.close()
    at = placed("https://bron.test/", hosts).split("/")[2]
    assert health.detail == f"the certificate of {at} can not be used: certificate has expired"


def test_a_certificate_without_its_key_is_a_mistake() -> None:
    with pytest.raises(DeclarationError, match="go together"):
        declared(SOURCE.format("https") + "    tls: {certificaat: a.pem}\n")
