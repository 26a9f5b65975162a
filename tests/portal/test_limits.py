# SPDX-License-Identifier: EUPL-1.2
"""Who asks too often waits, and nobody else does; who guesses numbers finds out nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from litestar import Request
from playwright.async_api import Browser
from tests.browsing import LOOKS, faults_at, opened
from tests.portal.portal_rig import ANOTHER, Deed, Portal
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import logged_in, moved, served_elsewhere

from landschap.platform.portal_settings import PortalLimitSettings
from landschap.platform.siem.kinds import KINDS
from landschap.platform.siem.noting import Notes
from landschap.platform.telemetry import listen_to_security
from landschap.portal.pacing import Pace
from landschap.portal.pages import PortalDeps
from landschap.portal.pages.limits import Limits, address_of

TITLE = {"": "U vraagt te veel pagina’s achter elkaar", "/en": "You ask for too many pages at once"}


def with_limits(deps: PortalDeps, **limits: int) -> PortalDeps:
    """The same portal, with measures of its own."""
    portal = replace(deps.settings.portal, limits=PortalLimitSettings(**limits))
    return replace(deps, settings=replace(deps.settings, portal=portal), limits=Limits())


async def there(portal: Portal, address: str, sub: str = "burger-1") -> Visitor:
    """A visitor who is logged in, at another address of the same portal."""
    visitor = await logged_in(portal, sub)
    return Visitor(portal=address, cookies=moved(visitor, portal.address, address))


@contextmanager
def heard() -> Iterator[list[tuple[str, str, str, str]]]:
    """The security events of this process while the block runs."""
    events: list[tuple[str, str, str, str]] = []
    listen_to_security(lambda *event: events.append(event))
    try:
        yield events
    finally:
        listen_to_security(None)


def must_wait(page: Seen, language: str = "") -> bool:
    """True for the page, or the file, that says how long to wait. Raises AssertionError."""
    if page.status != 429:
        return False
    assert 1 <= int(page.headers["retry-after"]) <= 60
    if page.headers["content-type"].startswith("text/html"):
        assert page.title == TITLE[language]
        assert page.headers["retry-after"] in page.text
        assert "Suzanne" not in page.text
    return True


def told_of(page: Seen) -> str:
    """A page without the address that was asked, and without the time of the session."""
    return re.sub(r"<time .*?</time>", "", page.text.replace(page.address.rsplit("/", 1)[1], ""))


async def test_who_is_logged_in_has_a_measure_of_their_own(portal: Portal) -> None:
    deps = with_limits(portal.deps, session_per_minute=4, address_per_minute=6)
    async with served_elsewhere(portal, deps) as address:
        suzanne, anna = await there(portal, address), await there(portal, address, "burger-2")
        # The first page is the address's: who asks is known from then on.
        for visitor in (suzanne, anna):
            assert (await visitor.get("/gebruik")).status == 200
        with heard() as events:
            pages = [await suzanne.get("/en/gebruik") for _ in range(6)]
            assert [must_wait(page, "/en") for page in pages] == [False] * 4 + [True] * 2
            assert must_wait(await suzanne.get("/gebruik.json"))
            # Told once, and not who it is.
            assert events == [("portal", "", "too_many_requests", "per session")]
        assert (await anna.get("/gebruik")).status == 200
        # Nobody is kept from leaving, or from help.
        assert (await suzanne.get("/veilig-kijken")).status == 200
        assert (await suzanne.post("/snel-weg", {})).status == 303


async def test_who_is_not_logged_in_shares_the_measure_of_an_address_and_keeps_nobody_out(
    portal: Portal,
) -> None:
    deps = with_limits(portal.deps, address_per_minute=5)
    async with served_elsewhere(portal, deps) as address:
        anna, nobody = await there(portal, address, "burger-2"), Visitor(portal=address)
        assert (await anna.get("/gebruik")).status == 200
        # A cookie of one's own making is no session.
        pages = []
        for number in range(7):
            nobody.cookies[address.removeprefix("http://")] = {"__Host-sessie": f"niets-{number}"}
            pages.append(await nobody.get("/gebruik"))
        assert [must_wait(page) for page in pages] == [False] * 4 + [True] * 3
        assert (await anna.get("/gebruik")).status == 200
        # A session that is over has no measure any more.
        host = address.removeprefix("http://")
        kept = dict(anna.cookies[host])
        assert (await anna.post("/snel-weg", {})).status == 303
        assert must_wait(await Visitor(portal=address, cookies={host: kept}).get("/gebruik"))
        assert (await nobody.get("/contact")).status == 200


async def test_logging_in_has_a_stricter_measure_and_who_began_can_come_back(
    portal: Portal,
) -> None:
    deps = with_limits(portal.deps, login_per_minute=3)
    async with served_elsewhere(portal, deps) as address:
        begun, other = Visitor(portal=address), Visitor(portal=address)
        assert (await begun.get("/inloggen")).status == 303
        assert [must_wait(await other.get("/inloggen")) for _ in range(3)] == [False, False, True]
        assert must_wait(await Visitor(portal=address).get("/inloggen/terug?code=x&state=y"))
        assert (await begun.get("/inloggen/terug?code=x&state=y")).status == 400
        assert (await other.get("/")).status == 200


async def test_who_tries_numbers_is_stopped_and_learns_nothing(portal: Portal) -> None:
    mine = await portal.write(Deed())
    hers = await portal.write(Deed(bsn=ANOTHER))
    deps = with_limits(portal.deps, numbers_per_minute=3)
    async with served_elsewhere(portal, deps) as address:
        suzanne, anna = await there(portal, address), await there(portal, address, "burger-2")
        assert (await anna.get("/gebruik")).status == 200
        foreign, absent = [await suzanne.get(f"/gebruik/{each}") for each in (hers, uuid4())]
        assert (foreign.status, absent.status) == (404, 404)
        assert told_of(foreign) == told_of(absent)
        assert (await suzanne.get(f"/gebruik/{mine}")).status == 200
        assert (await suzanne.get(f"/gebruik/{uuid4()}")).status == 404
        with heard() as events:
            for number in (hers, mine, uuid4()):
                assert must_wait(await suzanne.get(f"/gebruik/{number}"))
            assert events == [("portal", "", "too_many_requests", "per numbers")]
        assert (await suzanne.get("/gebruik")).status == 200
        assert (await anna.get(f"/gebruik/{hers}")).status == 200


async def test_the_watch_hears_that_a_visitor_asks_too_often() -> None:
    notes = Notes(None)
    notes.hear("portal", "", "too_many_requests", "per session")
    assert notes._waiting[0][2] in KINDS
    assert notes._waiting[0][2] == "visitor_limited"


@pytest.mark.parametrize(
    ("client", "told", "counted"),
    [
        (("192.0.2.7", 1), "198.51.100.9", bytes([192, 0, 2, 7])),
        (None, "198.51.100.9", bytes([198, 51, 100, 9])),
        (None, "2001:db8:1:2:aaaa::1", bytes.fromhex("20010db800010002")),
        (None, "2001:db8:1:2:bbbb::9", bytes.fromhex("20010db800010002")),
        (None, "::ffff:192.0.2.7", bytes([192, 0, 2, 7])),
        (None, "iets", b""),
        (None, "", b""),
    ],
)
def test_an_address_is_what_nginx_saw(
    client: tuple[str, int] | None, told: str, counted: bytes
) -> None:
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "client": client,
        "headers": [(b"x-forwarded-for", told.encode())],
    }  # fmt: skip
    assert address_of(Request(scope)) == counted  # type: ignore[arg-type]  # what is read of it


def test_looking_how_long_to_wait_takes_nothing() -> None:
    pace = Pace(2)
    assert [pace.wait(b"a", 0.0) for _ in range(9)] == [0] * 9
    assert [pace.take(b"a", 0.0) for _ in range(3)] == [0, 0, 30]
    assert (pace.wait(b"a", 0.0), pace.wait(b"a", 30.0), pace.wait(b"b", 0.0)) == (30, 0, 0)


@pytest.mark.long
@pytest.mark.parametrize("language", ["", "/en"])
async def test_the_page_that_says_wait_has_no_fault_that_a_program_can_find(
    portal: Portal, browser: Browser, language: str
) -> None:
    deps = with_limits(portal.deps, address_per_minute=1)
    async with served_elsewhere(portal, deps) as address, opened(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}{language}/privacy")
        told = await page.goto(f"{address}{language}/privacy")
        assert told is not None
        assert told.status == 429
        assert await faults_at(page, LOOKS, f"wacht-{language[1:] or 'nl'}") == []
