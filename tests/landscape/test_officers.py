# SPDX-License-Identifier: EUPL-1.2
"""What officers do at Weesp and Doesburg, seen at both doors: the next question obeys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.console.test_proposing import form_of, send
from tests.portal.visiting import Visitor

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.story import CASE_WORKER, Story

POLICY = "bijstand-andere-gemeenten"
FORM = f"/console/verwerkingen/wijzig/beleidsregel/{POLICY}"
WHY = "Proef: de levering gaat even dicht"


async def officer(story: Story, name: str) -> Visitor:
    """A privacy officer of Weesp who has logged in."""
    visitor = Visitor(portal=story.opened.landscape.weesp.web_address)
    landed = await visitor.log_in(name, "/console/inloggen")
    assert landed.status == 303, landed.text
    return visitor


async def changed(author: Visitor, other: Visitor, until: str) -> None:
    """The policy ends on another day: proposed by one, approved by the other."""
    form = form_of(await author.get(FORM)) | {"geldig_tot": [until], "reden": [WHY]}
    sent = await send(author, FORM, form)
    assert sent.status == 303, sent.text
    token = other.token(await other.get(sent.location))
    form_of_approval = {"token": token, "besluit": "goedkeuren", "woorden": "gezien"}
    assert (await other.post(sent.location, form_of_approval)).status == 303


@pytest.mark.case("S-06")
async def test_an_officer_changes_a_policy_and_the_next_call_through_both_doors_obeys(
    story: Story, tmp_path: Path
) -> None:
    author, other = await officer(story, "weesp-privacy"), await officer(story, "weesp-privacy-2")
    assert (await story.ask()).status == 200
    await changed(author, other, "1-6-2026")
    refused = await story.ask()
    assert (refused.status, refused.code) == (403, "policy_none")
    await changed(author, other, "")
    assert (await story.ask()).status == 200
    # Who and why stands in the history of the register.
    config = story.config(story.opened.landscape.weesp)
    last, before, *_ = (await landschap(config, "purpose", "history")).answer
    for row in (last, before):
        assert row["author"].startswith("F. Groen")
        assert row["approver"].startswith("G. Rood")
        assert row["reason"] == f"{WHY} (gezien)"
    # The files are those of the register in force, and go round.
    out = tmp_path / "doelbinding"
    await landschap(config, "purpose", "export", "--out", str(out))
    told = await landschap(config, "apply", str(out), "--dry-run")
    assert told.answer["changes"] == []
    assert told.answer["inForce"] == last["version"]


async def test_a_case_worker_who_left_is_refused_at_the_outway_with_the_next_question(
    story: Story,
) -> None:
    config = story.config(story.opened.landscape.doesburg)
    story.user_token = ""
    assert (await story.ask()).status == 200
    await landschap(config, "employee", "left", CASE_WORKER, "--by", "personeelszaken")
    refused = await story.ask()
    assert (refused.status, refused.code) == (401, "user_invalid")
    listed = (await landschap(config, "employee", "list")).answer
    assert [(each["subject"], each["state"], each["saidBy"]) for each in listed] == [
        (CASE_WORKER, "left", "personeelszaken")
    ]
    await landschap(config, "employee", "back", CASE_WORKER)
    # The token of before stays void; to log in again is what it takes.
    assert (await story.ask()).code == "user_invalid"
    await asyncio.sleep(1.1)
    story.user_token = ""
    assert (await story.ask()).status == 200
