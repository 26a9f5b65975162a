# SPDX-License-Identifier: EUPL-1.2
"""Real Chromium."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser
from portal_rig import Deed, Portal

from landschap.logboek.payloads import Outcome


async def test_smoke(portal: Portal, browser: Browser) -> None:
    await portal.write(Deed(ago=timedelta(days=3), case=None, peer=None, direction="own"))
    await portal.write(Deed(ago=timedelta(minutes=8), outcome=Outcome.REFUSED))
    use = await portal.write(Deed())
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.goto(portal.address)
    await page.screenshot(path="/tmp/s-start.png", full_page=True)
    await page.click("text=Log in")
    await page.screenshot(path="/tmp/s-provider.png", full_page=True)
    await page.click("text=Suzanne Moulin")
    print(page.url)
    await page.screenshot(path="/tmp/s-list.png", full_page=True)
    await page.goto(f"{portal.address}/gebruik/{use}")
    await page.screenshot(path="/tmp/s-use.png", full_page=True)
