# SPDX-License-Identifier: EUPL-1.2
"""Our signatures reach every participant in the end, and an operator sees which has not, and why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import ASKER, Operator, operator
from tests.fsc.manager_rig import Group, Manager, ask, until

from landschap.fsc import store
from landschap.fsc.contracts import Contract
from landschap.fsc.worker import DELIVERY_CAP_SECONDS, at_manager_of
from landschap.platform import postgres
from landschap.platform.loops import backoff_seconds
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.times import as_utc_text

NOWHERE = "https://proefland.test:9"


@pytest.fixture
async def group(cluster: Any, tmp_path: Path) -> AsyncIterator[Group]:
    """A directory, Weesp and an asker with somebody at its command line."""
    made: list[Any] = []

    async def fresh(folder: Path) -> Any:
        made.append(await cluster.fresh(folder))
        return made[-1]

    async with AsyncExitStack() as stack:
        whole = Group(authority=rig.Authority(), folder=tmp_path, fresh=fresh, stack=stack)
        await whole.add(rig.DIRECTORY)
        await whole.add(rig.WEESP)
        yield whole
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture
async def asker(group: Group) -> Operator:
    return await operator(group, ASKER, "Gemeente Vragend")


async def propose(manager: Manager, provider: str) -> Contract:
    thumbprint = manager.own.certificate.key_thumbprint
    contract = rig.contract(rig.content(rig.connection_grant(ASKER, provider, thumbprint)))
    async with manager.pool.acquire() as connection, connection.transaction():
        await store.propose(connection, manager.own, contract, datetime.now(UTC))
    return contract


async def told(manager: Manager, contract: Contract) -> store.Delivery:
    (found,) = await store.deliveries(manager.pool, contract.hash)
    return found


async def tried(manager: Manager, contract: Contract, times: int = 1) -> store.Delivery:
    async def enough() -> store.Delivery | None:
        found = await told(manager, contract)
        return found if found.attempts >= times else None

    found: store.Delivery = await until(enough)
    return found


async def delivered(manager: Manager, contract: Contract) -> bool:
    return (await told(manager, contract)).state == "delivered"


async def know(manager: Manager, peer_id: str, name: str, address: str) -> None:
    """The manager has met a peer that answered there then."""
    peer = store.Peer(
        peer_id=PeerId(peer_id),
        name=name,
        manager_address=address,
        announced_at=None,
        seen_at=datetime.now(UTC),
    )
    await store.save_peer(manager.pool, peer)


async def test_an_operator_sees_who_is_waited_for_since_when_and_why(
    group: Group, asker: Operator
) -> None:
    manager = asker.manager
    await know(manager, rig.PROVINCE, "Provincie Proefland", NOWHERE)
    contract = await propose(manager, rig.PROVINCE)
    begun = await told(manager, contract)
    async with manager.working():
        waiting = await tried(manager, contract, times=2)
    assert waiting.waiting_since == begun.waiting_since
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at > waiting.updated_at

    shown = await asker.run("contract", "show", contract.hash.value)
    since = as_utc_text(waiting.waiting_since)
    assert f"waiting for Provincie Proefland since {since}" in shown.out
    assert "last error after 2 attempts: https://proefland.test:9" in shown.out
    assert f"next try {as_utc_text(waiting.next_attempt_at)}" in shown.out

    listed = await asker.run("contract", "list", "--waiting", "--json")
    (row,) = listed.json["contracts"]
    (delivery,) = row["undelivered"]
    assert (delivery["target"], delivery["waitingSince"]) == (rig.PROVINCE, since)
    assert delivery["lastError"] == waiting.last_error
    assert "waiting for Provincie Proefland" in " ".join(
        (await asker.run("contract", "list", "--waiting")).out.split()
    )


async def test_what_is_delivered_is_not_listed_as_waiting(group: Group, asker: Operator) -> None:
    weesp = group.managers[rig.WEESP]
    await know(asker.manager, rig.WEESP, weesp.own.name, weesp.address)
    contract = await propose(asker.manager, rig.WEESP)
    async with asker.manager.working():
        await until(lambda: delivered(asker.manager, contract))
    listed = await asker.run("contract", "list", "--waiting", "--json")
    assert listed.json == {"contracts": []}
    (row,) = (await asker.run("contract", "list", "--json")).json["contracts"]
    assert row["undelivered"] == []


async def test_a_peer_that_moved_is_found_through_the_directory_at_once(
    group: Group, asker: Operator
) -> None:
    weesp, gids = group.managers[rig.WEESP], group.managers[rig.DIRECTORY]
    await know(asker.manager, rig.WEESP, weesp.own.name, "https://weesp.test:9")
    await ask(gids, weesp.own, "PUT", "/v1/announce")
    contract = await propose(asker.manager, rig.WEESP)
    async with asker.manager.working():
        await until(lambda: delivered(asker.manager, contract))
    found = await told(asker.manager, contract)
    assert (found.attempts, found.last_error) == (1, "")
    known = await store.peer(asker.manager.pool, PeerId(rig.WEESP))
    assert known is not None
    assert known.manager_address == weesp.address


async def test_what_went_wrong_at_the_peer_is_told_also_when_the_directory_is_away(
    group: Group, asker: Operator
) -> None:
    from landschap.fsc.client import Destination, PeerUnreachable

    await know(asker.manager, rig.WEESP, "Gemeente Weesp", "https://weesp.test:9")
    deps = asker.manager.worker_deps()
    directory = deps.settings.directory
    assert directory is not None
    object.__setattr__(directory, "manager_address", "https://gids.test:9")

    async def greet(to: Destination) -> str:
        return await deps.client.name(to)

    with pytest.raises(PeerUnreachable, match=r"weesp\.test:9.*gids\.test:9"):
        await at_manager_of(deps, PeerId(rig.WEESP), greet)


async def test_a_delivery_whose_job_is_gone_gets_another(group: Group, asker: Operator) -> None:
    weesp = group.managers[rig.WEESP]
    await know(asker.manager, rig.WEESP, weesp.own.name, weesp.address)
    contract = await propose(asker.manager, rig.WEESP)
    await asker.manager.pool.execute("DELETE FROM pgqueuer")
    async with asker.manager.working():
        await until(lambda: delivered(asker.manager, contract))


async def test_an_accident_on_our_side_only_delays_a_delivery(
    group: Group, asker: Operator
) -> None:
    weesp, manager = group.managers[rig.WEESP], asker.manager
    await know(manager, rig.WEESP, weesp.own.name, weesp.address)
    administrator = await postgres.administrator(manager.settings)
    try:
        contract = await propose(manager, rig.WEESP)
        await administrator.execute("REVOKE SELECT ON fsc.signature FROM landschap_fsc")
        async with manager.working():

            async def failed() -> int:
                return int(await manager.pool.fetchval("SELECT max(attempts) FROM pgqueuer") or 0)

            await until(failed)
            await administrator.execute("GRANT SELECT ON fsc.signature TO landschap_fsc")
            await until(lambda: delivered(manager, contract))
    finally:
        await administrator.execute("GRANT SELECT ON fsc.signature TO landschap_fsc")
        await administrator.close()


async def test_a_worker_with_nothing_to_do_leaves_the_queue_alone(
    group: Group, asker: Operator
) -> None:
    """And still brings a new signature within a second, and a deferred one when it is due."""
    weesp, manager = group.managers[rig.WEESP], asker.manager
    await know(manager, rig.WEESP, weesp.own.name, weesp.address)

    async def looks(seconds: float) -> set[tuple[int, datetime]]:
        """Every statement on the queue that was seen to start in so many seconds."""
        seen: set[tuple[int, datetime]] = set()
        for _ in range(int(seconds * 10)):
            rows = await manager.pool.fetch(
                "SELECT pid, query_start FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND query LIKE '%pgqueuer%'"
            )
            seen |= {(row["pid"], row["query_start"]) for row in rows}
            await asyncio.sleep(0.1)
        return seen

    async with manager.working():
        await looks(3)  # until it has settled
        before = await looks(0.2)
        assert len(await looks(6) - before) <= 1
        started = datetime.now(UTC)
        contract = await propose(manager, rig.WEESP)
        await until(lambda: delivered(manager, contract))
        assert datetime.now(UTC) - started < timedelta(seconds=5)
        deferred = await propose(manager, rig.PROVINCE)
        waiting = await tried(manager, deferred, times=3)
        due = waiting.waiting_since + timedelta(seconds=1 + 2 + 4)
        assert waiting.updated_at < due + timedelta(seconds=5)


def test_attempts_come_further_apart_up_to_an_hour_and_never_in_step() -> None:
    for attempts in range(40):
        full = min(DELIVERY_CAP_SECONDS, 2.0**attempts)
        drawn = {backoff_seconds(attempts, DELIVERY_CAP_SECONDS) for _ in range(20)}
        assert all(full / 2 <= each <= full for each in drawn)
        assert len(drawn) > 10
    assert DELIVERY_CAP_SECONDS == 3_600
