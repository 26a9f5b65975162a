# SPDX-License-Identifier: EUPL-1.2
"""Data is not copied: the console lists every place and memory, and who asked keeps nothing."""

from __future__ import annotations

import html
import re

import pytest

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import SUZANNE
from landschap.cli.demo.report import StepFailedError
from landschap.cli.demo.searching import PERSONAL, no_copies, settings_of
from landschap.cli.demo.story import Story
from landschap.cli.demo.visitor import Visitor
from landschap.cli.where import held_below, in_dutch, read_places
from landschap.console.places import CLASSES, places_of


@pytest.mark.case("S-09")
async def test_every_place_and_memory_is_listed_and_the_consumer_holds_no_personal_value(
    story: Story,
) -> None:
    weesp = story.opened.landscape.weesp
    visitor = Visitor()
    await visitor.log_in(f"{weesp.web_address}/console", "weesp-privacy")
    # The command says the same as this for each class; a start of it for each would take long.
    dutch, held = in_dutch(), held_below(story.config(weesp).parent)
    everything = (await landschap(story.config(weesp), "where")).answer
    assert [each["where"] for each in everything["places"]] == [
        each.where for each in places_of("", read_places(), held)
    ]
    assert len(everything["places"]) > 20
    listed = 0
    for kind in CLASSES:
        page = await visitor.open(f"{weesp.web_address}/console/plaatsen?soort={kind}")
        assert page.status == 200
        places = places_of(kind, read_places(), held)
        assert ("Geen plaats bewaart deze soort gegevens." in page.text) == (not places)
        rows = [
            html.unescape(row)
            for row in re.findall(r"<tr role=\"row\">.*?</tr>", page.text, re.DOTALL)
        ]
        for place in places:
            [row] = [each for each in rows if f">{dutch[place.where]}</th>" in each]
            # Until when, of tables and files as of memories; and which tables.
            assert f">{dutch[place.until]}</td>" in row
            assert all(f">{table}</code>" in row for table in place.tables)
            assert ("Geheugen" in row) == bool(place.cache)
        # Nothing more than that, beside the heads of the tables.
        assert len([row for row in rows if "columnheader" not in row]) == len(places)
        fields = [each.path for each in held if each.kind == kind]
        assert all(f">{path}</code>" in page.text for path in fields)
        listed += len(places) + len(fields)
    assert listed > len(everything["places"]) + 5
    seen = await story.nothing_kept()
    assert seen["values"] == len(PERSONAL) + 1
    assert (seen["found in tables"], seen["found in files"]) == ([], [])
    assert int(str(seen["tables searched"])) > 50
    found = seen["found at the source"]
    assert isinstance(found, list)
    assert {each.rpartition(": ")[2] for each in found} == {"burgerservicenummer", *PERSONAL}


@pytest.mark.long
async def test_a_value_that_a_consumer_keeps_is_found(story: Story) -> None:
    scene = story.opened.landscape
    answer = await story.ask()
    consumer, source = (settings_of(scene.folder, each) for each in (scene.doesburg, scene.weesp))
    kept = scene.folder / "doesburg" / "kopie.txt"
    kept.write_text(f"gevraagd: {SUZANNE}")
    try:
        with pytest.raises(StepFailedError, match="personal values"):
            await no_copies(consumer, source, SUZANNE, answer.body)
    finally:
        kept.unlink()
