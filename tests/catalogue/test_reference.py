# SPDX-License-Identifier: EUPL-1.2
"""The reference of an API: whatever a description holds is shown, and its examples run as they are."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import shutil
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.browsing import DARK_AND_NARROW, LIGHT_AND_WIDE, faults_at, opened, tab_to
from tests.catalogue.offered import gathered
from tests.catalogue.pages_rig import Catalogue, page
from tests.catalogue.test_our_descriptions import OPENAPI
from tests.portal.portal_rig import Server, free_socket
from tests.portal.visiting import Visitor
from tests.registers.open_rig import half_open, open_of
from tests.throwaway import Cluster

from landschap.catalogue import store
from landschap.catalogue.documents import read_document
from landschap.catalogue.reading import outline_of

QUICK = ("brp-bewoning.yaml", "zgw-notificaties.yaml", "don-api-register.json")
FILES = sorted(
    each.name for each in OPENAPI.glob("*.*") if each.suffix in {".yaml", ".json"}
)  # fmt: skip


async def gather(catalogue: Catalogue, source: str, raw: bytes) -> str:
    pool = await catalogue.database.pool("catalogue")
    name = await gathered(pool, source, raw)
    await store.offer(pool, name, store.Offer(audience=(store.EVERYONE,)))
    return name


def leads(text: str, begin: str) -> list[str]:
    """The addresses on a page that begin so."""
    every = re.findall(r'href="([^"#]+)"', text)
    return list(dict.fromkeys(html.unescape(each) for each in every if each.startswith(begin)))


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each in QUICK else pytest.mark.long) for each in FILES],
)
async def test_every_part_of_a_public_description_has_a_page(
    catalogue: Catalogue, file: str
) -> None:
    raw = (OPENAPI / file).read_bytes()
    name = await gather(catalogue, file, raw)
    visitor = catalogue.visitor()
    at = f"/catalogus/{name}"
    for path in (at, f"{at}/regels", f"/en{at}", f"{at}.json", f"{at}/openapi"):
        assert await page(visitor, path), path
    first = await page(visitor, f"{at}/naslag")
    outline = outline_of(read_document(raw).value)
    operations, schemas = leads(first, f"{at}/naslag/"), leads(first, f"{at}/schema?")
    assert len(operations) == sum(len(group.entries) for group in outline.groups) > 0
    assert len(schemas) == len(outline.schemas)
    for path in (*operations, *schemas):
        text = await page(visitor, path)
        assert "<script" not in text, path
        # What a page leads to is there.
        others = set(leads(text, f"{at}/")) - {f"{at}/naslag"}
        assert others <= {*operations, *schemas, f"{at}/openapi"}, path


@asynccontextmanager
async def served_open_data(cluster: Cluster, folder: Path) -> AsyncIterator[bytes]:
    """Our own open data on loopback, with an object; gives its description, with its address."""
    database = await cluster.fresh(folder)
    own = free_socket()
    async for data in open_of(database, half_open()):
        await data.fill()
        # The examples ask for the object of this name.
        await data.write("straat", "tekst", {"naam": "Voorbeeldstraat"})
        await data.write("vergunning", "tekst", {"soort": "kap", "status": "verleend"})
        described: Any = (await data.get("/proef/v1/openapi.json")).json()
        address = f"http://127.0.0.1:{own.getsockname()[1]}/proef/v1"
        described["servers"] = [{"url": address}]
        described["info"]["title"] = "Open gegevens"
        server = Server(
            uvicorn.Config(
                data.app, ws="none", log_config=None, timeout_graceful_shutdown=10, access_log=False
            )
        )
        task = asyncio.create_task(server.serve(sockets=[own]))
        yield json.dumps(described).encode()
        server.should_exit = True
        await task
    database.close()
    await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


async def run(*words: str) -> tuple[int, str]:
    """A program as one types it; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.case("S-17")
async def test_the_reference_is_read_by_keyboard_and_its_examples_run(
    catalogue: Catalogue, browser: Browser, cluster: Cluster, tmp_path: Path
) -> None:
    asked: list[str] = []
    async with served_open_data(cluster, tmp_path / "open") as described:
        name = await gather(catalogue, "open.json", described)
        visitor = catalogue.visitor()
        # Without script, and with nothing from elsewhere: as on a machine without a network.
        async with opened(browser, java_script_enabled=False, bypass_csp=False) as context:
            window = await context.new_page()
            window.on("request", lambda request: asked.append(request.url))
            await window.goto(f"{catalogue.address}/catalogus/{name}/naslag")
            await window.locator("main table a").first.click()
            await window.wait_for_url("**/naslag/*")
            assert await window.locator("h1").count() == 1
        assert asked
        assert {url for url in asked if not url.startswith(catalogue.address)} == set()
        async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
            window = await context.new_page()
            await window.goto(f"{catalogue.address}/catalogus/{name}")
            await tab_to(window, "Naslag lezen")
            await window.keyboard.press("Enter")
            await window.wait_for_url("**/naslag")
            faults = await faults_at(window, [LIGHT_AND_WIDE, DARK_AND_NARROW], "naslag")
            first = await page(visitor, f"/catalogus/{name}/naslag")
            operations = leads(first, f"/catalogus/{name}/naslag/")
            await window.goto(catalogue.address + operations[0])
            faults += await faults_at(window, [LIGHT_AND_WIDE, DARK_AND_NARROW], "bewerking")
            assert faults == []
            # Code wider than the page can be reached, and scrolled, by keyboard.
            assert await window.locator("pre[tabindex='0'][aria-label]").count() >= 2
        assert len(operations) == 12
        for path in operations:
            await _runs(visitor, path)


async def _runs(visitor: Visitor, path: str) -> None:
    """Both examples of an operation end well and say the same."""
    text = await page(visitor, path)
    codes = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.DOTALL)
    curl, python = (html.unescape(each) for each in codes[:2])
    assert curl.startswith("curl "), path
    if shutil.which("curl"):
        code, said = await run("bash", "-c", curl)
        assert code == 0, (path, curl, said)
        json.loads(said)
    code, told = await run(sys.executable, "-I", "-c", python)
    assert code == 0, (path, python, told)
    assert json.loads(told)


async def test_all_questions_are_had_as_a_collection(catalogue: Catalogue) -> None:
    name = await gather(catalogue, QUICK[1], (OPENAPI / QUICK[1]).read_bytes())
    visitor = catalogue.visitor()
    text = await page(visitor, f"/catalogus/{name}/naslag")
    operations = leads(text, f"/catalogus/{name}/naslag/")
    postman = json.loads(await visitor.download(f"/catalogus/{name}/postman"))
    assert len(postman["item"]) == len(operations) > 0
    raw = await visitor.download(f"/catalogus/{name}/bruno")
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        files = file.namelist()
        assert file.testzip() is None
    assert sum(each.endswith(".bru") and "/environments/" not in each for each in files) == len(
        operations
    )
    assert all(each.startswith(f"{name}/") and ".." not in each for each in files)
    for path in ("postman", "bruno"):
        assert (await visitor.get(f"/catalogus/bestaat-niet/{path}")).status == 404
