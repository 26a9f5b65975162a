# SPDX-License-Identifier: EUPL-1.2
"""Who works on Weesp's sources: sees that they can be asked, and changes one with another person."""

from __future__ import annotations

import html
import re

import pytest
from tests.console.test_proposing import form_of, send
from tests.landscape.test_officers import officer

from landschap.cli.demo.commands import landschap
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
    assert (await story.ask()).status == 200
    file.write_text(before)
