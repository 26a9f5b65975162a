# SPDX-License-Identifier: EUPL-1.2
"""Who received what was wrong: the person hears of no organisation that only a held use names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.logboek.hold_rig import TWO, held
from tests.portal.portal_rig import DOESBURG, SUPPLY, Deed, Portal
from tests.portal.visits import without

from landschap.logboek.disclosure import PostLift
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store.holds import lift_hold
from landschap.portal.pages.receivers import receivers_shown
from landschap.registers.store.duties import Telling
from landschap.registers.store.receivers import OldValue, Told

PERSON = "999992831"
SECRET = f"{SUPPLY}-opsporing"
SECRET_PEER, BOTH = "00000099000000008000", "00000099000000009000"
HOUR = timedelta(hours=1)


async def test_a_receiver_is_told_of_by_uses_that_may_be_told(portal: Portal) -> None:
    deps, now = portal.deps, datetime.now(UTC)
    oin = deps.settings.organisation.oin
    subjects = [subject_pseudonym(deps.pseudonym_keys[1], oin, "bsn", PERSON)]
    officers = await portal.database.pool("logboek", role="landschap_disclosure")
    for peer, activity, ago in (
        (DOESBURG, SUPPLY, 3), (SECRET_PEER, SECRET, 3), (BOTH, SECRET, 3), (BOTH, SUPPLY, 1),
    ):  # fmt: skip
        deed = Deed(bsn=PERSON, peer=peer, activity=activity, ago=ago * HOUR)
        await portal.write(deed)
    told = [
        Told(
            receiver=OldValue(peer=peer, since=now - 4 * HOUR, number=1, reachable=True),
            state=Telling.QUEUED,
            at=None,
        )
        for peer in (DOESBURG, SECRET_PEER, BOTH)
    ]

    async def shown() -> dict[str, int]:
        found = await receivers_shown(deps, subjects, told)
        assert found is not None
        return {e.receiver.peer: round((now - e.receiver.since) / HOUR) for e in found}

    hold = await held(officers, SECRET)
    assert await shown() == {DOESBURG: 3, BOTH: 1}
    late = [replace(told[0], receiver=replace(told[0].receiver, since=now - 2 * HOUR))]
    assert await receivers_shown(deps, subjects, late) == []
    assert await lift_hold(officers, hold, TWO, "afgerond", PostLift.SHOW_GENERIC)
    assert await shown() == {DOESBURG: 3, BOTH: 1}
    again = await held(officers, SECRET)
    assert await lift_hold(officers, again, TWO, "afgerond", PostLift.SHOW)
    assert {SECRET_PEER, BOTH} < set(await shown())
    assert await receivers_shown(deps, subjects, []) == []
    assert await receivers_shown(deps, subjects, None) is None
    async with without(portal, "logboek", "SELECT", "logboek.disclosure_hold"):
        assert await receivers_shown(deps, subjects, told) is None
