# SPDX-License-Identifier: EUPL-1.2
"""Pages in a frame of another site, and in the colours of the organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext
from tests.browsing import LOOKS, faults_at, opened, take_picture
from tests.portal.portal_rig import Deed, Portal, free_socket
from tests.portal.visiting import Visitor
from tests.portal.visits import logged_in, moved, served_elsewhere

from landschap.platform.identities import resident
from landschap.platform.oidc import OidcClient
from landschap.platform.trouble import Trouble
from landschap.platform.web import Site, read_static_files
from landschap.platform.web.theme import Theme, contrast, parse_theme, unreadable
from landschap.portal.pages import PortalDeps, portal_shape

LINK, BUTTON = (
    "--basis-color-action-2-color-default",
    "--utrecht-button-primary-action-background-color",
)
OWN = f"""/* Gemeente Proefdorp */
.proefdorp-theme {{
  {LINK}: #00556b;
  {BUTTON}: var(--proefdorp-groen);
  --proefdorp-groen: #1f5c2e;
  --utrecht-button-primary-action-color: white;
}}
@media (prefers-color-scheme: dark) {{ .proefdorp-theme {{
  {LINK}: #8fd3e8;
}} }}
"""


def showing(portal: Portal, *sites: str, theme: Path | None = None) -> Callable[[str], PortalDeps]:
    """The portal that these may show in a frame, at an address of its own."""

    def deps(address: str) -> PortalDeps:
        given = portal.deps.settings
        settings = replace(
            given,
            portal=replace(given.portal, shown_by=sites),
            addresses=replace(given.addresses, web=address),
        )
        static = read_static_files(theme)
        assert settings.oidc.portal is not None
        return replace(
            portal.deps,
            settings=settings,
            static=static,
            site=Site(settings, static, portal_shape(settings, "0.1.0")),
            oidc=OidcClient(
                settings.oidc.portal,
                redirect_uri=f"{portal.address}/inloggen/terug",
                hosts={},
                identify=resident(settings.oidc.portal),
            ),
        )

    return deps


FRAMED = {"Sec-Fetch-Dest": "iframe"}


async def test_only_a_site_that_is_named_may_show_a_page(portal: Portal) -> None:
    home = await Visitor(portal=portal.address, sends=FRAMED).get("/")
    assert "frame-ancestors 'none'" in home.headers["content-security-policy"]
    assert "<footer" in home.text
    site = "https://mijn.proefdorp.example"
    async with served_elsewhere(portal, showing(portal, site)) as address:
        visitor = Visitor(
            portal=address, cookies=moved(await logged_in(portal), portal.address, address)
        )
        whole = await visitor.get("/gebruik")
        assert f"frame-ancestors {site};" in whole.headers["content-security-policy"]
        assert "<footer" in whole.text
        visitor.sends = FRAMED
        bare = await visitor.get("/gebruik")
        assert bare.status == 200
        for part in ("<footer", '<nav class="ls-nav"', "ls-brand", "Uitloggen"):
            assert part not in bare.text
        assert "Suzanne Moulin" in bare.text
        assert bare.title == whole.title


async def test_who_is_not_logged_in_is_led_out_of_the_frame(portal: Portal) -> None:
    site = "https://mijn.proefdorp.example"
    async with served_elsewhere(portal, showing(portal, site)) as address:
        stranger = Visitor(portal=address, sends=FRAMED)
        asked = await stranger.get("/en/gebruik?van=1-1-2026")
        there = f"{address}/en/inloggen/venster?terug=%2Fen%2Fgebruik%3Fvan%3D1-1-2026"
        assert asked.location == there
        page = await stranger.get(asked.location)
        assert page.title == "Log in to see this"
        back = "/en/inloggen?terug=%2Fen%2Fgebruik%3Fvan%3D1-1-2026"
        assert f'href="{back}" target="_top"' in page.text
        # A provider does not let itself be framed, so nobody is sent there in a frame.
        assert (await stranger.get(back)).location == there
        stranger.sends = {}
        assert "/authorize" in (await stranger.get(back)).location


@asynccontextmanager
async def another_site(shown: list[str]) -> AsyncIterator[str]:
    """A site that shows the last of these addresses in a frame."""

    async def page(_request: web.Request) -> web.Response:
        frame = f'<iframe title="Gegevens" src="{shown[-1]}" width="1100" height="900"></iframe>'
        text = f'<!doctype html><html lang="nl"><title>Mijn</title><h1>Mijn</h1>{frame}</html>'
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner, socket = web.AppRunner(app), free_socket()
    await runner.setup()
    await web.SockSite(runner, socket).start()
    try:
        yield f"http://mijn.weesp.localhost:{socket.getsockname()[1]}"
    finally:
        await runner.cleanup()


async def known_at(context: BrowserContext, portal: Portal, address: str) -> None:
    """The browser gets the session of somebody who logged in."""
    ((_, held),) = moved(await logged_in(portal), portal.address, address).items()
    url = address.replace("http://", "https://")
    await context.add_cookies([
        {"name": name, "value": value, "url": url, "secure": True} for name, value in held.items()
    ])  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("is_named", [True, False])
async def test_a_browser_shows_it_in_the_frame_of_a_named_site_and_of_no_other(
    portal: Portal, browser: Browser, is_named: bool
) -> None:
    await portal.write(Deed())
    shown = [""]
    async with another_site(shown) as outer:
        named = outer if is_named else "https://elders.example"
        async with (
            served_elsewhere(portal, showing(portal, named)) as address,
            opened(browser, bypass_csp=False) as context,
        ):
            await known_at(context, portal, address)
            shown.append(f"{address}/gebruik")
            page = await context.new_page()
            await page.goto(outer)
            await page.wait_for_load_state("load")
            frame = page.frames[1]
            if not is_named:
                assert "Wie gebruikte" not in await frame.content()
                return
            await frame.wait_for_selector("h1")
            assert await frame.locator("h1").inner_text() == "Wie gebruikte mijn gegevens"
            assert await frame.locator("footer").count() == 0
            await take_picture(page, "in-een-venster")
            await frame.locator("main a[href^='/gebruik/']").first.click()
            await frame.wait_for_url("**/gebruik/*")
            assert await frame.locator("footer").count() == 0


@pytest.mark.long
async def test_pages_in_the_colours_of_the_organisation_have_no_fault(
    portal: Portal, browser: Browser, tmp_path: Path
) -> None:
    await portal.write(Deed())
    theme = tmp_path / "huisstijl.css"
    theme.write_text(OWN)
    async with (
        served_elsewhere(portal, showing(portal, theme=theme)) as address,
        opened(browser) as context,
    ):
        await known_at(context, portal, address)
        page = await context.new_page()
        await page.goto(f"{address}/gebruik")
        link = page.locator("main a.utrecht-link").first
        assert await link.evaluate("e => getComputedStyle(e).color") == "rgb(0, 85, 107)"
        for path in ("/", "/gebruik", "/toestemmingen"):
            await page.goto(address + path)
            assert await faults_at(page, LOOKS, f"thema{path.replace('/', '-')}") == []


def sheets() -> str:
    """Our own style sheets."""
    static = read_static_files()
    names = (static.addresses[each].rpartition("/")[2] for each in ("theme.css", "landschap.css"))
    return "".join(static.by_hashed_name[name].content.decode() for name in names)


def test_a_theme_is_tokens_and_comes_after_ours(tmp_path: Path) -> None:
    file = tmp_path / "huisstijl.css"
    file.write_text(OWN)
    static = read_static_files(file)
    order = [each.rpartition("/")[2].split(".")[0] for each in static.style_sheets]
    assert order.index("landschap") < order.index("thema")
    content = static.by_hashed_name[static.addresses["thema.css"].rpartition("/")[2]].content
    assert content.startswith(b".voorbeeld-theme{")
    assert f"{LINK}:#00556b;".encode() in content
    assert b"@media (prefers-color-scheme: dark)" in content
    assert "thema.css" not in read_static_files().addresses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a { color: red }", "line 1 is no block"),
        (".x-theme {\n  color: red;\n}", "line 2 is no token"),
        ("/* een\nregel */\n.x-theme { --a: 1; --b: url(https://kwaad.example/x) }", "line 3"),
        ("@import 'https://kwaad.example/x.css';", "line 1"),
        (".x-theme { --a: 1 }\n\nbody { --b: 2 }", "line 3 is no block"),
        (".x-theme { --a: 1 } </style><script>", "line 1 is no block"),
        (".x-theme { --a: </style> }", "line 1 is no token"),
        # Whatever follows would be part of it, the dark theme too.
        (".x-theme { --a: calc(1px; --b: 2 }", "line 1 is no token"),
        ('.x-theme { --a: 1;\n --b: "Noto; --c: 2 }', "line 2 is no token"),
        (".x-theme { --a: 1 /*; --b: 2 }", "line 1 is no token"),
        ("", "no tokens"),
    ],
)
def test_what_is_more_than_tokens_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_theme(text)


def test_a_value_may_hold_what_opens_and_closes_in_it() -> None:
    values = (
        '"Noto Sans", Arial',
        "clamp(1rem, calc(2vw + (1px * 2)), 3rem)",
        "[a] 1fr [b]",
        "'('",
    )
    for value in values:
        assert parse_theme(f".x-theme {{ --a: {value} }}").light == {"--a": value}


def test_text_that_is_hard_to_read_stops_the_start_with_both_colours(tmp_path: Path) -> None:
    assert unreadable(Theme({}, {}), sheets()) == []
    assert unreadable(parse_theme(OWN), sheets()) == []
    file = tmp_path / "huisstijl.css"
    file.write_text(f".x-theme {{ {LINK}: #88aabb; }}")
    with pytest.raises(Trouble, match=r"a link in the light: #88aabb on #ffffff is 2\.5 to 1"):
        read_static_files(file)
    # Dark enough for the light, but nothing was said of the dark.
    (told,) = unreadable(parse_theme(f".x-theme {{ {LINK}: #00556b; }}"), sheets())
    assert told.startswith("a link in the dark: #00556b on #11161f is ")
    (told,) = unreadable(parse_theme(f".x-theme {{ {LINK}: rood; }}"), sheets())
    assert "is no colour like" in told
    loop = parse_theme(f".x-theme {{ {LINK}: var(--a); --a: var({LINK}); }}")
    assert len(unreadable(loop, sheets())) == 1
    with pytest.raises(Trouble, match="can not be read"):
        read_static_files(tmp_path / "geen.css")


def test_contrast_is_that_of_the_guideline() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert contrast("#123456", "#123456") == 1
