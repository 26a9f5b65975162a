# SPDX-License-Identifier: EUPL-1.2
"""Uses that are held back: nowhere in what a resident gets, not even as a gap; and afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.portal.portal_rig import DOESBURG, PURPOSE, SUPPLY, Deed, Portal
from tests.portal.visits import as_person

from landschap.logboek.disclosure import Matter, PostLift
from landschap.logboek.store.holds import lift_hold, put_hold
from landschap.purposes.store import Signers, current_snapshot, save_register
from landschap.vocabulary.times import amsterdam_day

SECRET = f"{SUPPLY}-besloten"
PERSON = "999990627"
_SIGNERS = Signers(author="Anna", approver="Bert")


async def _adopt(portal: Portal, *, has_secret: bool) -> None:
    """The register in force, with the confidential activity or without it."""
    pool = portal.deps.purposes_pool
    snapshot, _ = await current_snapshot(pool)
    kept = [each for each in snapshot.register.activities if each.uri != SECRET]
    model = next(each for each in kept if each.uri == SUPPLY)
    secret = [replace(model, uri=SECRET, confidential=True)] if has_secret else []
    changed = replace(snapshot.register, activities=(*kept, *secret))
    await save_register(pool, changed, _SIGNERS, based_on=snapshot.version)


async def test_a_confidential_use_is_in_no_list_page_or_file_and_leaves_no_gap(
    portal: Portal,
) -> None:
    await _adopt(portal, has_secret=True)
    shown = [await portal.write(Deed(bsn=PERSON, case=None, ago=timedelta(hours=1)))]
    secret = await portal.write(Deed(bsn=PERSON, activity=SECRET, case="Z-GEHEIM-1"))
    shown.append(await portal.write(Deed(bsn=PERSON, case=None)))
    visitor = await as_person(portal, PERSON)
    for path in ("/gebruik?alles=ja", "/gebruik.csv", "/gebruik.json"):
        text = (await visitor.get(path)).text
        assert str(secret) not in text
        assert "Z-GEHEIM-1" not in text
        assert SECRET not in text
    body = json.loads((await visitor.get("/gebruik.json")).text)
    told = [each["id"] for each in body["gebruik"] if not each["doorUzelf"]]
    assert told == [str(each) for each in reversed(shown)]
    assert (await visitor.get(f"/gebruik/{shown[0]}")).status == 200
    for path in (f"/gebruik/{secret}", f"/gebruik/{secret}.json"):
        assert (await visitor.get(path)).status == 404
    # Out of the register is not out of secrecy.
    await _adopt(portal, has_secret=False)
    assert str(secret) not in (await visitor.get("/gebruik.json")).text
    assert (await visitor.get(f"/gebruik/{secret}")).status == 404


async def _hold(portal: Portal, activity: str) -> UUID:
    made = await put_hold(
        await portal.database.pool("logboek", role="landschap_disclosure"),
        Matter(activity), "d", ("Anna", "Bert"), "onderzoek",
        amsterdam_day(datetime.now(UTC)) + timedelta(days=90), PostLift.NEVER,
    )  # fmt: skip
    assert made is not None
    return made


async def _lift(portal: Portal, hold: UUID, after: PostLift) -> None:
    pool = await portal.database.pool("logboek", role="landschap_disclosure")
    assert await lift_hold(pool, hold, ("Anna", "Bert"), "afgerond", after)


async def test_what_was_held_is_told_as_was_decided_when_it_was_lifted(portal: Portal) -> None:
    await _adopt(portal, has_secret=True)
    person = "999990950"
    secret = await portal.write(Deed(bsn=person, activity=SECRET, case="Z-GEHEIM-2"))
    visitor = await as_person(portal, person)

    async def is_there() -> bool:
        listed = str(secret) in (await visitor.get("/gebruik.json")).text
        assert (await visitor.get(f"/gebruik/{secret}")).status == (200 if listed else 404)
        return listed

    assert not await is_there()
    hold = await _hold(portal, SECRET)
    assert not await is_there()
    await _lift(portal, hold, PostLift.NEVER)
    assert not await is_there()
    await _lift(portal, await _hold(portal, SECRET), PostLift.SHOW)
    assert await is_there()
    assert "Z-GEHEIM-2" in (await visitor.get("/gebruik.json")).text
    await _hold(portal, SECRET)
    assert not await is_there()


@pytest.mark.case("L45")
async def test_a_use_that_is_told_in_general_names_nobody(portal: Portal) -> None:
    await _adopt(portal, has_secret=True)
    person, activity = "999992892", f"{SECRET}-later"
    await _lift(portal, await _hold(portal, activity), PostLift.SHOW_GENERIC)
    shown = await portal.write(Deed(bsn=person, case=None, delegator=None))
    secret = await portal.write(
        Deed(bsn=person, activity=activity, case="Z-GEHEIM-3", delegator=DOESBURG)
    )
    visitor = await as_person(portal, person)
    body = json.loads((await visitor.get("/gebruik.json")).text)
    told = {each["id"]: each for each in body["gebruik"] if not each["doorUzelf"]}
    assert set(told) == {str(shown), str(secret)}
    assert told[str(shown)]["organisatie"]["oin"] == DOESBURG
    assert not told[str(shown)]["alleenAlgemeen"]
    general = told[str(secret)]
    assert general["alleenAlgemeen"]
    assert general["waarvoor"] == "Gebruik op grond van de wet"
    for name in ("organisatie", "namens", "bronhouder", "doel", "verwerkingsactiviteit", "zaak"):
        assert general[name] is None, name
    assert general["gegevensgroepen"] == []
    one = await visitor.get(f"/gebruik/{secret}")
    page = one.text.split("<main")[1].split("</main>")[0]
    assert "Gebruik op grond van de wet" in page
    for each in (DOESBURG, "Doesburg", "Z-GEHEIM-3", activity, PURPOSE, "itkering", "opvragen"):
        assert each not in page
    listed = (await visitor.get("/gebruik?alles=ja")).text
    assert "Gebruik op grond van de wet" in listed
    assert "Z-GEHEIM-3" not in listed
    assert "Use by law" in (await visitor.get(f"/en/gebruik/{secret}")).text
    assert "Z-GEHEIM-3" not in (await visitor.get("/gebruik.csv")).text
