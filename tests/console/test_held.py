# SPDX-License-Identifier: EUPL-1.2
"""What is held back, for officers: the page of decisions, and the file that a person gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.console.console_rig import HIDDEN_ACTIVITY, Console
from tests.console.test_persons import asked, decided, unzipped, write_hidden
from tests.logboek.hold_rig import TWO, held, held_long_ago

from landschap.logboek.disclosure import PostLift
from landschap.logboek.store.holds import lift_hold, review_hold
from landschap.vocabulary.times import amsterdam_day

PAGE = "/console/achtergehouden"
SHELTER = f"{HIDDEN_ACTIVITY}-opvang"


async def test_officers_see_what_is_in_force_what_is_late_and_what_is_undecided(
    console: Console,
) -> None:
    officer = await console.visit("fg")
    assert (await (await console.visit()).get(PAGE)).status == 403
    officers = await console.database.pool("logboek", role="landschap_disclosure")
    owner = await console.database.administrator()
    page = await officer.get(PAGE)
    assert "Over 1 vertrouwelijke activiteit is niets besloten" in page.text
    assert HIDDEN_ACTIVITY in page.text
    assert "te laat herzien" not in page.text
    late = await held_long_ago(owner, SHELTER)
    page = await officer.get(PAGE)
    assert "1 besluit is te laat herzien" in page.text
    assert f"landschap log review {late}" in page.text
    assert "200 dagen geleden" in page.text
    assert "Anna en Bert" in page.text
    assert "Te laat herzien" in (await officer.get("/console/logboek")).text
    assert "1 decision is reviewed late" in (await officer.get(f"/en{PAGE}")).text
    day = amsterdam_day(datetime.now(UTC)) + timedelta(days=100)
    assert await review_hold(officers, late, TWO, "loopt nog", day)
    page = await officer.get(PAGE)
    assert "te laat herzien" not in page.text
    assert SHELTER in page.text
    assert "alleen voor één persoon" not in page.text
    alone = await held(officers, SHELTER, person=[b"one of sixteen.."])
    assert "alleen voor één persoon" in (await officer.get(PAGE)).text
    of_case = await held(officers, "", case="Z-STIL-2")
    page = await officer.get(PAGE)
    assert "Zaak Z-STIL-2" in page.text
    assert "al het gebruik in deze zaak" in page.text
    assert await lift_hold(officers, of_case, TWO, "afgerond", PostLift.SHOW)
    assert await lift_hold(officers, alone, TWO, "afgerond", PostLift.SHOW)
    assert await lift_hold(officers, late, TWO, "afgerond", PostLift.SHOW)
    page = await officer.get(PAGE)
    assert "Er geldt nu geen besluit." in page.text
    assert "alles wordt verteld" in page.text


async def test_the_file_for_a_person_follows_the_decision(console: Console) -> None:
    officers = await console.database.pool("logboek", role="landschap_disclosure")
    activity = f"{HIDDEN_ACTIVITY}-toezicht"
    hold = await held(officers, activity)
    await write_hidden(console, activity=activity, name="stil toezicht", case="Z-STIL-1")
    first, second = await console.visit("fg"), await console.visit("fg2")
    path = (await asked(first)).location.removeprefix(console.address)
    await decided(second, path)
    page = await first.get(path)
    assert "stil toezicht" in page.text
    before = await unzipped(first, f"{path}/bestand")
    assert b"stil toezicht" not in before["inzage.json"] + before["inzage.html"]
    assert b"op grond van de wet" not in before["inzage.json"]
    assert await lift_hold(officers, hold, TWO, "afgerond", PostLift.SHOW_GENERIC)
    page = await first.get(path)
    assert "stil toezicht" in page.text
    assert "Alleen algemeen verteld" in page.text
    after = await unzipped(first, f"{path}/bestand")
    [general] = [
        each for each in json.loads(after["inzage.json"])["gebruik"] if each.get("alleenAlgemeen")
    ]
    assert set(general) == {"id", "op", "alleenAlgemeen", "waarvoor", "uitkomst"}
    assert general["waarvoor"] == "Gebruik op grond van de wet"
    assert b"Gebruik op grond van de wet" in after["inzage.html"]
    for name in ("inzage.json", "inzage.html"):
        for word in (b"stil toezicht", b"Z-STIL-1", activity.encode()):
            assert word not in after[name]
