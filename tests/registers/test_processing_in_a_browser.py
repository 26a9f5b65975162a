# SPDX-License-Identifier: EUPL-1.2
"""What is published of services, activities and software in real Chromium: accessible, narrow, dark."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.browsing import DARK_AND_NARROW, LIGHT_AND_WIDE, LOOKS, Look, faults_at, opened
from tests.portal.conftest import browser
from tests.portal.portal_rig import Server, free_socket
from tests.purposes.registers import ACTIVITY
from tests.registers.open_rig import Open
from tests.registers.test_shared_published import PUBLIC_PAGES, published

from landschap.purposes.public import id_of

__all__ = ["browser", "published"]


@pytest.fixture
async def address(published: Open) -> AsyncIterator[str]:
    socket = free_socket()
    config = uvicorn.Config(
        published.app, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=10
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[socket]))
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    ("prefix", "looks"),
    [
        ("", [LIGHT_AND_WIDE, DARK_AND_NARROW]),
        pytest.param("", LOOKS, marks=pytest.mark.long),
        pytest.param("/en", LOOKS, marks=pytest.mark.long),
    ],
)
async def test_no_page_has_a_fault_that_a_program_can_find(
    address: str, browser: Browser, prefix: str, looks: Sequence[Look]
) -> None:
    async with opened(browser) as context:
        page = await context.new_page()
        for path in (*PUBLIC_PAGES, f"/verwerkingen/{id_of(ACTIVITY)}"):
            await page.goto(f"{address}{prefix}{path}".rstrip("/"))
            picture = (prefix + path).replace("/", "-")
            assert await faults_at(page, looks, f"open{picture}") == [], prefix + path
