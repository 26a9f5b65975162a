# SPDX-License-Identifier: EUPL-1.2
"""In a running organisation: the worker makes the quarterly report, and standards are measured."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.console.test_council import made
from tests.landscape.test_officers import officer
from tests.portal.visiting import Visitor

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.story import Story
from landschap.console.council.figures import quarters_until


async def test_the_worker_makes_the_report_and_standards_are_read_by_anybody(story: Story) -> None:
    assert (await story.ask()).status == 200
    weesp = story.opened.landscape.weesp
    visitor = await officer(story, "weesp-privacy")
    (quarter,) = quarters_until(datetime.now(UTC), 1)
    path = await made(visitor, quarter)
    assert (await visitor.download(f"{path}/pdf")).startswith(b"%PDF-")
    config = story.config(weesp)
    listed = (await landschap(config, "report", "list")).answer
    assert path.endswith(f"{listed[0]['quarter']}/{listed[0]['version']}")
    # A duty without explanation ends it with 1; what was found is told all the same.
    measured = (await landschap(config, "standard", "measure", may_fail=True)).answer
    found = {(each["standard"], each["service"]): each for each in measured}
    assert found["fsc", "woon-en-uitkeringssituatie"]["state"] == "voldoet"
    assert found["logboek-dataverwerkingen", "woon-en-uitkeringssituatie"]["state"] == "voldoet"
    assert found["api-design-rules", "woon-en-uitkeringssituatie"]["basis"] == "gemeten"
    page = await Visitor(portal=weesp.open_address).get("/standaarden")
    assert page.status == 200, page.text
    assert "woon-en-uitkeringssituatie" in page.text
