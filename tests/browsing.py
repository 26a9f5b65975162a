# SPDX-License-Identifier: EUPL-1.2
"""Looking at pages in real Chromium: what a program finds wrong with one, at widths and in colours.

Set LANDSCHAP_PICTURES to a folder to get a picture of each page.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549"]

Look = tuple[Literal["light", "dark"], int]
"""The colours a visitor prefers, and the width of the window in px."""
LIGHT_AND_WIDE: Look = ("light", 1280)
DARK_AND_NARROW: Look = ("dark", 320)
LOOKS: tuple[Look, ...] = (LIGHT_AND_WIDE, ("light", 320), ("dark", 1280), DARK_AND_NARROW)


@asynccontextmanager
async def opened(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A context; script of the pages' own is forbidden anyway, that of axe is let through."""
    context = await browser.new_context(**{"bypass_csp": True, **options})
    context.set_default_timeout(40_000)
    yield context
    await context.close()


async def faults_at(page: Page, looks: Iterable[Look], picture: str) -> list[str]:
    """What a program finds wrong with the page as it stands, under each look, in words.

    The page is not loaded anew per look: no script changes it, so all that differs is its style.
    Leaves a picture of each look when pictures are asked for.
    """
    await page.evaluate(_axe())
    found = []
    for colours, width in looks:
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=colours)
        faults = [*problems_of(await shape_of(page)), *await _axe_faults_of(page)]
        found += [f"{colours} {width}: {fault}" for fault in faults]
        await take_picture(page, f"{picture}-{width}-{colours}")
    return found


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


async def _axe_faults_of(page: Page) -> list[str]:
    found = await page.evaluate(
        """tags => axe.run({
            runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'],
        }).then(found => ({
            passed: found.passes.length,
            faults: found.violations.flatMap(fault =>
                fault.nodes.map(node => `${fault.id}: ${node.html.slice(0, 120)}`)),
        }))""",
        TAGS,
    )
    assert found["passed"] > 10
    faults: list[str] = found["faults"]
    return faults


async def shape_of(page: Page) -> dict[str, Any]:
    """What must hold for the document itself, once its letters have come or have failed to."""
    await page.evaluate("document.fonts.ready.then(() => true)")
    shape: dict[str, Any] = await page.evaluate(
        r"""() => ({
            h1: document.querySelectorAll('h1').length,
            ids: [...document.querySelectorAll('[id]')].map(each => each.id),
            levels: [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]),
            title: document.title,
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            scripts: [...document.scripts]
                .filter(each => !/\/static\/snel-weg\.[0-9a-f]{12}\.js$/.test(each.src)).length,
            styled: document.querySelectorAll('[style], style').length,
            landmarks: ['header', 'main#inhoud', 'footer'].map(s => !!document.querySelector(s)),
            squeezed: [...document.querySelectorAll('caption:not(.ls-hide)')]
                .filter(caption => caption.clientWidth < 120).length,
            fontsLoaded: document.fonts.check('16px "Noto Sans"'),
        })"""
    )
    return shape


def problems_of(shape: dict[str, Any]) -> list[str]:
    """The same in words; empty when all is well. The one script there may be is leaving at once."""
    steps = zip(shape["levels"], shape["levels"][1:], strict=False)
    checks = {
        "not one h1": shape["h1"] == 1,
        "an id twice": max(Counter(shape["ids"]).values(), default=1) == 1,
        "a level of headings is skipped before the footer": all(b - a <= 1 for a, b in steps),
        "no title": " - " in shape["title"],
        f"scrolls sideways by {shape['wide']}": shape["wide"] <= 0,
        "script": shape["scripts"] == 0,
        "inline style": shape["styled"] == 0,
        "the words above a table are squeezed": shape["squeezed"] == 0,
        "landmarks": all(shape["landmarks"]),
        "letters not loaded": shape["fontsLoaded"],
    }
    return [words for words, holds in checks.items() if not holds]


async def take_picture(page: Page, name: str) -> None:
    """A picture of the whole page, when pictures are asked for.

    The caret is left as it is: hiding it adds a style to the page, which the next look would find.
    """
    folder = os.environ.get("LANDSCHAP_PICTURES")
    if folder:
        path = Path(folder) / f"{name}.png"
        await page.screenshot(path=path, full_page=True, caret="initial")


async def tab_to(page: Page, words: str) -> int:
    """Press Tab until the focus is on these words; every stop on the way must be visible."""
    for steps in range(1, 60):
        await page.keyboard.press("Tab")
        found = await page.evaluate(FOCUS)
        if not found["words"]:
            continue  # the document itself, before the first stop
        assert found["visible"], found
        if found["words"] == words:
            return steps
    raise AssertionError(f"{words!r} is not reached by Tab")


FOCUS = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect();
    const style = getComputedStyle(at);
    return {
        words: at === document.body ? '' : (at.matches('input, select') ? at.name : at.innerText).trim(),
        visible: box.width > 0 && box.height > 0 && style.outlineStyle !== 'none',
        height: box.height,
    };
}"""
