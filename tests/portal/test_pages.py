# SPDX-License-Identifier: EUPL-1.2
"""The pages over HTTP: headers, files, links, and what is not there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from tests.portal.portal_rig import (
    Deed,
    Portal,
)
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import logged_in, served_elsewhere
from tests.throwaway import Database

from landschap.platform.trouble import Trouble
from landschap.platform.web import files as static_files
from landschap.portal.pages import routes

GRANT = "$1$3$" + "A" * 86
PAGES = ("/", "/gebruik", "/rechten", "/toestemmingen", "/veilig-kijken", "/bestaat-niet")


async def test_pages_carry_headers_that_keep_others_out(portal: Portal) -> None:
    visitor = await logged_in(portal)
    for path in ("/", "/gebruik", "/bestaat-niet"):
        headers = (await visitor.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert re.search(
            r"script-src http://weesp\.localhost:\d+/static/snel-weg\.[0-9a-f]{12}\.js;", policy
        )
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert re.search(r"form-action 'self' http://login\.localhost:\d+$", policy)
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


async def test_files_are_kept_for_ever_and_only_under_their_hash(portal: Portal) -> None:
    visitor = Visitor(portal=portal.address)
    page = await visitor.get("/")
    addresses = re.findall(r'(?:href)="(/static/[^"]+)"', page.text)
    assert len(addresses) == 6
    for address in addresses:
        file = await visitor.get(address)
        assert file.status == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await visitor.get("/static/landschap.css")).status == 404
    assert (await visitor.get("/static/../settings.py")).status == 404
    assert static_files.PREFIX == "/static"


class Links(HTMLParser):
    """All addresses a page leads to on this site."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Gather href of links and of files."""
        for name, value in attrs:
            if name == "href" and value and value.startswith("/"):
                self.found.add(value)


async def test_every_link_on_every_page_leads_to_a_page_that_exists(portal: Portal) -> None:
    visitor = await logged_in(portal)
    await portal.write(Deed())
    todo, done = {"/", "/en", "/gebruik", "/en/gebruik"}, set[str]()
    while todo and len(done) < 150:
        path = todo.pop()
        done.add(path)
        page = await visitor.get(path)
        assert page.status in (200, 303), (path, page.status)
        if page.headers.get("content-type", "").startswith("text/html"):
            links = Links()
            links.feed(page.text)
            todo |= {link for link in links.found if not link.startswith("/inloggen")} - done
    assert len(done) > 30


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/bestaat-niet", 404, "Deze pagina bestaat niet (meer)"),
        ("/en/bestaat-niet", 404, "This page does not exist (any more)"),
        ("/gebruik?burgerservicenummer=1", 400, "Dit adres klopt niet"),
        ("/gebruik/geen-nummer", 404, "Deze pagina bestaat niet (meer)"),
        ("/gebruik?van=%00", 400, "Dit adres klopt niet"),
        ("/en/gebruik?van=2026-01-01%00", 400, "This address is not right"),
    ],
)
async def test_what_is_not_there_has_a_page_too(
    portal: Portal, path: str, status: int, title: str
) -> None:
    page = await (await logged_in(portal)).get(path)
    assert (page.status, page.title) == (status, title)


async def test_reading_a_page_by_another_method_is_refused_in_words(portal: Portal) -> None:
    page = await Visitor(portal=portal.address).post("/gebruik", {})
    assert (page.status, page.title) == (405, "Dit kan hier niet")


async def test_who_is_not_logged_in_is_sent_to_log_in_from_every_personal_page(
    portal: Portal,
) -> None:
    visitor = Visitor(portal=portal.address)
    for path in ("/gebruik", "/gebruik.csv", "/gebruik.json", f"/gebruik/{uuid4()}"):
        page = await visitor.get(path)
        assert page.status == 303
        assert page.text == ""
        assert "/inloggen?terug=" in page.location


async def test_security_txt_says_where_to_report_and_until_when(portal: Portal) -> None:
    seen: Seen = await Visitor(portal=portal.address).get("/.well-known/security.txt")
    assert seen.headers["content-type"].startswith("text/plain")
    lines = dict(line.split(": ", 1) for line in seen.text.splitlines())
    assert lines["Contact"] in ("mailto:privacy@proefdorp.example", "tel:140294")
    until = datetime.fromisoformat(lines["Expires"])
    assert timedelta(days=30) < until - datetime.now(UTC) < timedelta(days=366)


async def test_a_site_without_login_provider_says_so(portal: Portal) -> None:
    closed = replace(portal.deps, oidc=None)
    async with served_elsewhere(portal, closed) as address:
        visitor = Visitor(portal=address)
        assert "Inloggen kan hier nog niet." in (await visitor.get("/")).text
        for path in ("/inloggen", "/inloggen/terug"):
            page = await visitor.get(path)
            assert (page.status, page.title) == (503, "Inloggen kan hier nog niet")


async def test_a_provider_that_is_away_has_a_page_with_a_way_back(
    module_database: Database, portal: Portal
) -> None:
    from landschap.platform.identities import resident
    from landschap.platform.oidc import OidcClient

    settings = portal.deps.settings.oidc.portal
    assert settings is not None
    away = replace(settings, issuer="http://login.localhost:1")
    client = OidcClient(
        away,
        redirect_uri=f"{portal.address}/inloggen/terug",
        hosts={},
        identify=resident(away),
    )
    async with served_elsewhere(portal, replace(portal.deps, oidc=client)) as address:
        page = await Visitor(portal=address).get("/inloggen?terug=/gebruik")
    assert (page.status, page.title) == (503, "Inloggen lukt nu niet")
    assert 'href="/inloggen?terug=%2Fgebruik"' in page.text


def test_a_portal_that_can_not_record_a_look_does_not_start(portal: Portal) -> None:
    with pytest.raises(Trouble, match="look_activity"):
        routes(replace(portal.deps, look_activity=""))
    assert routes(replace(portal.deps, look_activity="", oidc=None))


@pytest.mark.parametrize("language", ["", "/en"])
async def test_every_page_has_a_form_that_ends_the_session_and_leads_elsewhere(
    portal: Portal, language: str
) -> None:
    visitor = await logged_in(portal)
    host = portal.address.removeprefix("http://")
    for path in PAGES:
        page = await visitor.get((language + path).rstrip("/") or "/")
        assert page.text.count(f'class="ls-exit" method="post" action="{language}/snel-weg"') == 1
    taken = dict(visitor.cookies[host])
    gone = await visitor.post(f"{language}/snel-weg", {})
    assert (gone.status, gone.location) == (303, f"{portal.address}{language}/contact")
    assert visitor.cookies[host] == {}
    # Who kept the cookie has nothing either: the session itself is over.
    kept = Visitor(portal=portal.address, cookies={host: taken})
    assert "/sessie-voorbij" in (await kept.get("/gebruik")).location
