# SPDX-License-Identifier: EUPL-1.2
"""Every page of the portal is HTML as the standard says, in both languages, forms that fail too."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.console.console_rig import Console
from tests.console.test_whose_portal import Walk, walk
from tests.portal.visiting import Visitor
from tests.validating import faults_in

__all__ = ["walk"]
pytestmark = pytest.mark.long


async def test_a_fault_is_found(tmp_path: Path) -> None:
    text = '<!doctype html><html lang="nl"><head><title>x</title></head><body><p><div></div></p>'
    assert any("close" in each for each in await faults_in({"x": text}, tmp_path))


async def test_every_page_is_html_as_the_standard_says(
    console: Console, walk: Walk, tmp_path: Path
) -> None:
    suzanne = Visitor(portal=console.address)
    await suzanne.log_in("burger-1")
    pages = {}
    for _, path in walk.gets():
        if "/inloggen" in path or path.startswith("/static"):
            continue
        page = await suzanne.get(path, errors="replace")
        if page.headers.get("content-type", "").startswith("text/html"):
            pages[path] = page.text
    for path in (each for paths in walk.posts.values() for each in paths):
        form = (await suzanne.get(path)).text
        if 'name="token"' in form and "uitloggen" not in path:
            token = suzanne.token(await suzanne.get("/"))
            sent = await suzanne.post(path, {"token": token, "stap": "nakijken"})
            if sent.headers.get("content-type", "").startswith("text/html"):
                pages[f"POST {path}"] = sent.text
    assert len(pages) > 50
    faults = await faults_in(pages, tmp_path)
    assert faults == [], "\n".join(faults)
