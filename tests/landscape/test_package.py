# SPDX-License-Identifier: EUPL-1.2
"""Develop once, use everywhere: a third municipality takes in what Weesp set up, and answers.

Gemeente Heidedorp begins with a certificate and settings. What it does after that are commands and
values of its own; then the door, the database and the supplier's system answer as they do at Weesp.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from landschap.cli.demo.application import Question
from landschap.cli.demo.landscape import PURPOSE, SUZANNE
from landschap.cli.demo.observing import COMPARED, expected, facts_of
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import ASKED, CASE_WORKER, VALID_ON, Story
from landschap.cli.demo.taking_over import offer

# A tenth of what a person may spend on it: two cores, shared with others.
MOST_SECONDS = 300
CODE = {".py", ".js", ".sh", ".sql"}


@pytest.mark.long
@pytest.mark.case("S-01")
async def test_a_third_municipality_answers_the_same_question_without_code(
    running: tuple[Opened, Processes], story: Story
) -> None:
    opened, processes = running
    scene = opened.landscape
    home = scene.settings_file(scene.heidedorp).parent
    assert {path.name for path in home.iterdir()} <= {"identity", "organisation.toml", "secrets"}
    began = time.monotonic()
    seen = await story.third_takes_over()
    assert (seen["signer"], seen["in force"]) == ("Gemeente Weesp", True)
    grant_hash = await offer(scene, processes)
    token = await opened.application.log_in(CASE_WORKER)
    question = Question(bsn=SUZANNE, fields=ASKED, purpose=PURPOSE, valid_on=VALID_ON)
    answer = await opened.application.ask(question, grant_hash=grant_hash, user_token=token)
    seconds = time.monotonic() - began
    assert answer.status == 200, answer.text
    wanted, found = expected(SUZANNE, VALID_ON, None), facts_of(answer.body)
    assert {key: found[key] for key in COMPARED} == {key: wanted[key] for key in COMPARED}
    assert seconds < MOST_SECONDS, f"{seconds:.0f} s from package to answer"
    assert not [path for path in home.rglob("*") if path.suffix in CODE]
    await _is_its_own(story, home, answer.transaction_id)
    await _refuses_as_weesp_does(opened, grant_hash, token)


async def _is_its_own(story: Story, home: Path, transaction_id: str) -> None:
    """The line in Heidedorp's log names Heidedorp's own activity and never a number of a person."""
    records = await story.records(story.opened.landscape.heidedorp, transaction_id)
    (line,) = [each for each in records if each["kind"] == "line" and each.get("subject")]
    assert line["activity"] == (
        "https://register.heidedorp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
    )
    assert SUZANNE not in str(records)
    source = (home / "bronnen" / "woon-en-uitkeringssituatie.yaml").read_text(encoding="utf-8")
    assert "bronhouder: Gemeente Heidedorp" in source
    assert "Weesp" not in source


async def _refuses_as_weesp_does(opened: Opened, grant_hash: str, token: str) -> None:
    """The policies came along too: what is not needed is not given there either."""
    question = Question(
        bsn=SUZANNE,
        fields=("burgerservicenummer", "woning.oppervlakte"),
        purpose=PURPOSE,
        valid_on=VALID_ON,
    )
    answer = await opened.application.ask(question, grant_hash=grant_hash, user_token=token)
    assert answer.status == 403
