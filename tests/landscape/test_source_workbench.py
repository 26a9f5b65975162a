# SPDX-License-Identifier: EUPL-1.2
"""Who works on Weesp's sources: sees that they can be asked, and changes one with another person."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
from pathlib import Path

import pytest
from tests.console.test_proposing import form_of, send
from tests.landscape.test_officers import officer

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.operating import answers_as_filed
from landschap.cli.demo.report import StepFailedError
from landschap.cli.demo.story import Story

NAME = "woon-en-uitkeringssituatie"
EDIT = f"/console/bronnen/{NAME}/wijzig"
WHY = "Een regel uitleg erbij"


@pytest.mark.long
async def test_sources_are_seen_at_work_and_a_change_goes_by_two_people_into_its_file(
    story: Story,
) -> None:
    author, other = await officer(story, "weesp-gegevens"), await officer(story, "weesp-gegevens-2")
    listed = await author.get("/console/bronnen")
    assert listed.status == 200, listed.text
    # Three registers of its own, and the system of the supplier, which runs.
    assert "antwoordt op" in listed.text
    assert "niet in orde" not in listed.text
    form = form_of(await author.get(EDIT))
    text = f"# {WHY}.\n{form['tekst'][0]}"
    form |= {"tekst": [text], "reden": [WHY], "doe": ["voorstel"]}
    sent = await send(author, EDIT, form)
    assert sent.status == 303, sent.text
    number = sent.location.rpartition("/")[2]
    config = story.config(story.opened.landscape.weesp)
    file = config.parent / "bronnen" / f"{NAME}.yaml"
    before = file.read_text()
    page = await other.get(sent.location)
    shown = html.unescape(re.sub(r"<[^>]+>", "", page.text))
    assert f"+ # {WHY}." in shown
    decided = {"token": other.token(page), "besluit": "goedkeuren", "woorden": "gezien"}
    assert (await other.post(sent.location, decided)).status == 303
    assert file.read_text() == before
    await landschap(config, "source", "take", number)
    assert file.read_text().splitlines() == text.splitlines()
    # Without a restart it is this text that answers, and afterwards the former one again.
    await answers_with(config, file.read_bytes())
    assert (await story.ask()).status == 200
    file.write_text("logische_bron: half\n")
    await asyncio.sleep(5)
    assert (await story.ask()).status == 200
    with pytest.raises(StepFailedError, match="another text"):
        await answers_as_filed(story.opened.landscape)
    file.write_text(before)
    await answers_with(config, file.read_bytes())
    assert NAME in await answers_as_filed(story.opened.landscape)


async def answers_with(config: Path, text: bytes) -> None:
    """Wait until this text is the one that runs."""
    digest = hashlib.sha256(text).hexdigest()[:12]
    for _ in range(60):
        told = (await landschap(config, "source", "running")).answer
        if digest in {each["digest"] for each in told if each["source"] == NAME}:
            return
        await asyncio.sleep(1)
    pytest.fail(f"still {told}")
