# SPDX-License-Identifier: EUPL-1.2
"""Five parties agree while parts of them are killed: one contract, five signatures, everywhere.

Doesburg and Proefregio may ask on behalf of Proefland for a service that Weesp offers on behalf
of Proefwater. Weesp's Manager signs by itself, the officers of the others sign at their desks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import until
from tests.fsc_running.killing import EVERYTHING, Kill, carry_out, chosen
from tests.fsc_running.organisations import (
    Organisation,
    start,
    tell_to_stop,
    write_organisation,
)
from tests.fsc_running.places import PLACES, PROVINCE, WATER, WEESP
from tests.fsc_running.scene import DELEGATED, Scene, agreements, known_to

from landschap.fsc import store
from landschap.fsc.states import Kind, State
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import ProblemError

AGREED_SECONDS = 120.0
KILLS = 24
AWAY = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A connection that dies in the middle of a transaction can not always say so properly.
    asyncpg.InternalClientError,
    TimeoutError,
    Trouble,
)


@pytest.fixture(scope="module")
async def parties(whole_scene: Scene) -> AsyncIterator[list[Organisation]]:
    """The five participants; two of them are started for these tests only."""
    scene = whole_scene
    async with AsyncExitStack() as stack:
        more = [
            write_organisation(
                PLACES[key], scene.network, scene.folder, scene.authority.issued, stack
            )
            for key in ("proefwater", "proefregio")
        ]
        stack.callback(tell_to_stop, scene.processes, more)
        await start(scene.processes, more)
        await known_to(scene["gids"], more)
        yield [scene["doesburg"], scene["weesp"], scene["proefland"], *more]


def content(parties: Sequence[Organisation]) -> dict[str, Any]:
    """Two delegated connections to the same delegated service."""
    doesburg, _, _, _, region = parties
    grants = [
        rig.connection_grant(
            asker.own.peer_id.value,
            WEESP,
            asker.own.certificate.key_thumbprint,
            service=DELEGATED,
            delegator=PROVINCE,
            service_delegator=WATER,
            properties=agreements("connection", "publication"),
        )
        for asker in (doesburg, region)
    ]
    return rig.content(*grants)


async def at_desk(organisation: Organisation, tree: Any, *, proposes: bool) -> str:
    """An officer proposes or accepts, looking again after each accident; gives the signature."""
    contract = rig.contract(tree)
    end = time.monotonic() + AGREED_SECONDS
    while time.monotonic() < end:
        try:
            pool = await organisation.pool("fsc")
            stored = await store.contract(pool, contract.hash.value)
            if stored is not None:
                placed = stored.signature_of(organisation.own.peer_id, Kind.ACCEPT)
                if placed is not None:
                    return placed.jws
            async with pool.acquire() as one, one.transaction():
                if stored is not None:
                    now = datetime.now(UTC)
                    await store.sign(one, organisation.own, stored, Kind.ACCEPT, now)
                elif proposes:
                    await store.propose(one, organisation.own, contract, datetime.now(UTC))
        except ProblemError as error:
            # Its own Manager may have signed between our look and our hand.
            if error.refusal.code != "contract_signed":
                raise
        except AWAY:
            organisation.forget_pools()
        await asyncio.sleep(0.1)
    raise AssertionError(f"{organisation.place.key} could not sign in time")


async def accepts(organisation: Organisation, content_hash: str) -> list[tuple[str, str, str]]:
    """Every signature that lies at an organisation under this contract."""
    pool = await organisation.pool("fsc")
    rows = await pool.fetch(
        "SELECT peer_id, kind, jws FROM signature WHERE content_hash = $1 ORDER BY peer_id, kind",
        content_hash,
    )
    return [(row["peer_id"], row["kind"], row["jws"]) for row in rows]


async def settled(organisation: Organisation, tree: Any) -> bool:
    """The contract is valid there, and all that it had to bring to others is there."""
    contract = rig.contract(tree)
    try:
        pool = await organisation.pool("fsc")
        stored = await store.contract(pool, contract.hash.value)
        deliveries = await store.deliveries(pool, contract.hash)
    except AWAY:
        organisation.forget_pools()
        return False
    if stored is None or stored.state(datetime.now(UTC)) is not State.VALID:
        return False
    return len(deliveries) == 4 and all(each.state == "delivered" for each in deliveries)


async def agree_while_killed(
    scene: Scene, parties: Sequence[Organisation], kills: Sequence[Kill]
) -> None:
    """Propose, sign, kill; then everybody must hold the same five signatures."""
    tree = content(parties)
    contract = rig.contract(tree)
    assert {each.value for each in contract.participants} == {
        each.own.peer_id.value for each in parties
    }

    async def kill_in_turn() -> None:
        for each in kills:
            await carry_out(scene.processes, each)

    # An organisation that does not come back ends the test, not only the killing.
    async with asyncio.TaskGroup() as group:
        group.create_task(kill_in_turn())
        signing = [
            group.create_task(at_desk(each, tree, proposes=number == 0))
            for number, each in enumerate(parties)
        ]
    signed = [each.result() for each in signing]

    async def all_settled() -> bool:
        return all(await asyncio.gather(*(settled(each, tree) for each in parties)))

    await until(all_settled, seconds=AGREED_SECONDS)
    expected = sorted(
        (each.own.peer_id.value, Kind.ACCEPT.value, text)
        for each, text in zip(parties, signed, strict=True)
    )
    for each in parties:
        assert await accepts(each, contract.hash.value) == expected, each.place.key


@pytest.mark.long
async def test_two_kills_in_the_middle_cost_no_signature(
    whole_scene: Scene, parties: list[Organisation]
) -> None:
    """The worker of one that must sign, and the whole of another.

    A worker that dies with a delivery in its hands is found out after half a minute; the random
    kills take that time, this one strikes before there is anything to deliver.
    """
    _, _, proefland, proefwater, _ = parties
    kills = [
        Kill(organisation=proefland, part="worker", after_seconds=0.0),
        Kill(organisation=proefwater, part=EVERYTHING, after_seconds=0.2),
    ]
    await agree_while_killed(whole_scene, parties, kills)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_random_kills_of_any_part_cost_no_signature(
    whole_scene: Scene,
    parties: list[Organisation],
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    kills = chosen(parties, KILLS, random.Random(seed))  # spread, no secret
    record_property("killed", ", ".join(map(str, kills)))
    await agree_while_killed(whole_scene, parties, kills)
