# SPDX-License-Identifier: EUPL-1.2
"""A served portal per module, and a browser per run."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from tests.portal.portal_rig import Portal, served_portal
from tests.throwaway import Database

if TYPE_CHECKING:
    from playwright.async_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root in a container there is no sandbox; and the browser must not call home during tests.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
async def portal(module_database: Database) -> AsyncIterator[Portal]:
    """A portal served on loopback, with a real log, register and login provider."""
    async with served_portal(module_database) as made:
        yield made


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; absent it is a skip with a reason, but a failure where CI says that it is CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = "no Chromium here; as root: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield made
        await made.close()
