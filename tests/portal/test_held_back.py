# SPDX-License-Identifier: EUPL-1.2
"""Uses under a confidential activity: nowhere in what a resident gets, not even as a gap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.portal.portal_rig import SUPPLY, Deed, Portal
from tests.portal.visits import as_person

from landschap.purposes.store import Signers, current_snapshot, save_register

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
