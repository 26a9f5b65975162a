# SPDX-License-Identifier: EUPL-1.2
"""Two Managers and a directory agree: submitted, accepted, delivered, tokens fetched ahead."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager, ask, serve, until, write_identity

from landschap.fsc import store
from landschap.fsc.connections import HeldToken
from landschap.fsc.contracts import Contract
from landschap.fsc.states import Kind, State
from landschap.fsc.store import errands, token_rows
from landschap.fsc.worker import keep_announced, refresh_tokens
from landschap.platform import postgres
from landschap.platform.loops import backoff_seconds
from landschap.vocabulary.identifiers import PeerId


@pytest.fixture
async def group(cluster: Any, tmp_path: Path) -> AsyncIterator[Group]:
    """A directory, Weesp that accepts connections by itself, and Doesburg."""
    made: list[Any] = []

    async def fresh(folder: Path) -> Any:
        made.append(await cluster.fresh(folder))
        return made[-1]

    async with AsyncExitStack() as stack:
        whole = Group(authority=rig.Authority(), folder=tmp_path, fresh=fresh, stack=stack)
        await whole.add(rig.DIRECTORY)
        await whole.add(rig.WEESP, "serviceConnection")
        await whole.add(rig.DOESBURG)
        yield whole
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture
def weesp(group: Group) -> Manager:
    return group.managers[rig.WEESP]


@pytest.fixture
def doesburg(group: Group) -> Manager:
    return group.managers[rig.DOESBURG]


def asking(doesburg: Manager, **changes: Any) -> Contract:
    thumbprint = doesburg.own.certificate.key_thumbprint
    return rig.contract(
        rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, thumbprint, **changes))
    )


async def propose(manager: Manager, contract: Contract) -> None:
    async with manager.pool.acquire() as connection, connection.transaction():
        await store.propose(connection, manager.own, contract, datetime.now(UTC))


async def sign(manager: Manager, contract: Contract, kind: Kind) -> None:
    found = await store.contract(manager.pool, contract.hash.value)
    assert found is not None
    async with manager.pool.acquire() as connection, connection.transaction():
        await store.sign(connection, manager.own, found, kind, datetime.now(UTC))


async def state(manager: Manager, contract: Contract) -> State | None:
    found = await store.contract(manager.pool, contract.hash.value)
    return None if found is None else found.state(datetime.now(UTC))


async def in_state(contract: Contract, wanted: State, *managers: Manager) -> None:
    async def reached() -> bool:
        return all([await state(each, contract) is wanted for each in managers])

    await until(reached)


async def delivery(manager: Manager, contract: Contract, task: str) -> store.Delivery:
    """The finished delivery of this task to the one other participant."""

    async def finished() -> store.Delivery | None:
        for each in await store.deliveries(manager.pool, contract.hash):
            if each.errand.task == task and each.state != "waiting":
                return each
        return None

    found: store.Delivery = await until(finished)
    return found


async def test_a_service_is_published_asked_for_agreed_and_used(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    gids = group.managers[rig.DIRECTORY]
    publication = rig.contract(rig.content(rig.publication_grant(rig.WEESP, rig.DIRECTORY)))
    async with weesp.working(), doesburg.working(), gids.working():
        await propose(weesp, publication)
        await in_state(publication, State.VALID, weesp, gids)
        found = await ask(gids, doesburg.own, "GET", "/v1/services")
        (listing,) = found.json["services"]
        assert listing["data"]["peer"]["manager_address"] == weesp.address

        contract = asking(doesburg, properties={"processing.purpose_limitation": {"v": 1}})
        await propose(doesburg, contract)
        await in_state(contract, State.VALID, weesp, doesburg)
        assert (await delivery(doesburg, contract, "submit")).state == "delivered"
        assert (await delivery(weesp, contract, "accept")).state == "delivered"

        async def held() -> list[HeldToken]:
            return await store.tokens(doesburg.pool)

        (token,) = await until(held)
        assert token.grant_hash == contract.grants[0].hash
        assert token.inway_address == weesp.own.inway_address
        assert token.expires_at > datetime.now(UTC) + timedelta(seconds=290)

        await sign(weesp, contract, Kind.REVOKE)
        await in_state(contract, State.REVOKED, weesp, doesburg)

        async def dropped() -> bool:
            return not await store.tokens(doesburg.pool)

        await until(dropped)


async def test_what_needs_a_person_waits_and_a_reject_reaches_the_asker(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    contract = asking(doesburg, service="niet-aangeboden")
    async with weesp.working(), doesburg.working():
        await propose(doesburg, contract)
        await in_state(contract, State.PROPOSED, weesp, doesburg)
        await sign(weesp, contract, Kind.REJECT)
        await in_state(contract, State.REJECTED, weesp, doesburg)


async def test_every_grant_must_be_one_that_is_signed_without_a_person(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    thumbprint = doesburg.own.certificate.key_thumbprint
    grants = [
        rig.connection_grant(rig.DOESBURG, rig.WEESP, thumbprint),
        rig.connection_grant(rig.WEESP, rig.DOESBURG, thumbprint, service="terug"),
    ]
    tree = rig.content(*grants)
    body = {"content": tree, "signature": rig.accept(doesburg.own, tree)}
    assert (await ask(weesp, doesburg.own, "POST", "/v1/contracts", body=body)).status == 201
    assert await state(weesp, rig.contract(tree)) is State.PROPOSED


async def test_an_accept_that_overtakes_the_submission_is_kept(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    province = rig.own_peer(group.authority, rig.PROVINCE)
    tree = rig.content(
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, doesburg.own.certificate.key_thumbprint,
            delegator=rig.PROVINCE,
        )
    )  # fmt: skip
    contract = rig.contract(tree)
    path = f"/v1/contracts/{contract.hash.value}/accept"
    body = {"content": tree, "signature": rig.accept(doesburg.own, tree)}
    assert (await ask(weesp, doesburg.own, "PUT", path, body=body)).status == 201
    assert await state(weesp, contract) is State.PROPOSED
    await sign(weesp, contract, Kind.ACCEPT)
    body = {"content": tree, "signature": rig.accept(province, tree)}
    assert (await ask(weesp, province, "POST", "/v1/contracts", body=body)).status == 201
    assert await state(weesp, contract) is State.VALID


async def test_signatures_that_arrive_at_once_are_all_kept(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    province = rig.own_peer(group.authority, rig.PROVINCE)
    for _ in range(10):
        tree = rig.content(
            rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64, delegator=rig.PROVINCE)
        )
        path = f"/v1/contracts/{rig.contract(tree).hash.value}/accept"
        answers = await asyncio.gather(
            *(
                ask(
                    weesp, peer, "PUT", path,
                    body={"content": tree, "signature": rig.accept(peer, tree)},
                )
                for peer in (doesburg.own, province, doesburg.own, province)
            )
        )  # fmt: skip
        assert [each.status for each in answers] == [201] * 4
        found = await store.contract(weesp.pool, rig.contract(tree).hash.value)
        assert found is not None
        assert {each.peer_id.value for each in found.signatures} == {rig.DOESBURG, rig.PROVINCE}


async def test_a_delivery_waits_for_a_peer_that_is_down_and_says_so(
    group: Group, cluster: Any, weesp: Manager, doesburg: Manager
) -> None:
    """The address comes from the directory; the peer answers there only later."""
    gids = group.managers[rig.DIRECTORY]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"https://proefland.test:{listener.getsockname()[1]}"
    province = rig.own_peer(group.authority, rig.PROVINCE, manager_address=address)
    await ask(gids, province, "PUT", "/v1/announce")
    contract = rig.contract(rig.content(rig.connection_grant(rig.DOESBURG, rig.PROVINCE, "a" * 64)))

    async def tried() -> store.Delivery | None:
        (found,) = await store.deliveries(doesburg.pool, contract.hash)
        return found if found.attempts else None

    async with doesburg.working():
        await propose(doesburg, contract)
        waiting = await until(tried)
        assert waiting.state == "waiting"
        assert waiting.next_attempt_at > datetime.now(UTC) - timedelta(seconds=1)
        assert "proefland.test" in waiting.last_error
        database = await cluster.fresh(group.folder / "later")
        late = Manager(
            own=province,
            settings=replace(
                weesp.settings, identity=write_identity(group.folder / "later-id", province)
            ),
            folder=group.folder / "later",
            pool=await database.pool("fsc"),
            log_pool=await database.pool("logboek"),
        )
        late.client = doesburg.client
        async with serve(late, listener):
            assert (await delivery(doesburg, contract, "submit")).state == "delivered"
            assert await state(late, contract) is State.PROPOSED
    database.close()
    await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


async def test_a_refusal_for_good_is_recorded_and_not_tried_again(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    contract = rig.contract(
        rig.content(
            rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64), group_id="andere-groep"
        )
    )
    async with weesp.working(), doesburg.working():
        # Weesp announces itself, so the directory can tell where it is.
        await propose(doesburg, contract)
        refused = await delivery(doesburg, contract, "submit")
    assert refused.state == "refused"
    assert "ERROR_CODE_INCORRECT_GROUP_ID" in refused.last_error
    queued = await doesburg.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'queued'")
    assert queued == 0


async def test_a_signature_and_its_delivery_are_one_transaction(
    group: Group, doesburg: Manager
) -> None:
    contract = asking(doesburg)

    async def cut_off() -> None:
        async with doesburg.pool.acquire() as connection, connection.transaction():
            await store.propose(connection, doesburg.own, contract, datetime.now(UTC))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await cut_off()
    assert await store.contract(doesburg.pool, contract.hash.value) is None
    assert await doesburg.pool.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_a_renewed_certificate_accepts_again_and_replaces_the_old_accept(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    contract = asking(doesburg)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with weesp.working(), doesburg.working():
        await propose(doesburg, contract)
        await in_state(contract, State.VALID, weesp, doesburg)
        before = await store.contract(weesp.pool, contract.hash.value)
        renewed = rig.own_peer(
            group.authority, rig.DOESBURG, key=doesburg.own.key,
            manager_address=doesburg.address, lifetime=timedelta(days=900),
        )  # fmt: skip
        old, doesburg.own = doesburg.own, renewed
        await asyncio.sleep(1)  # signed_at has whole seconds
        await sign(doesburg, contract, Kind.ACCEPT)

        async def replaced() -> bool:
            now_here = await store.contract(weesp.pool, contract.hash.value)
            placed = now_here and now_here.signature_of(renewed.peer_id, Kind.ACCEPT)
            return bool(placed and placed.thumbprint == renewed.certificate.thumbprint)

        # The new certificate is not that of the connection: Weesp finds it in the key set.
        await until(replaced)
    assert before is not None
    assert old.certificate.thumbprint != renewed.certificate.thumbprint
    assert await state(weesp, contract) is State.VALID
    assert tomorrow < renewed.certificate.not_after


async def test_tokens_are_renewed_at_two_thirds_of_their_life(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    contract = asking(doesburg)
    async with weesp.working(), doesburg.working():
        await propose(doesburg, contract)
        await in_state(contract, State.VALID, weesp, doesburg)
        await until(lambda: store.tokens(doesburg.pool))
    row = await doesburg.pool.fetchrow("SELECT * FROM token")
    share = (row["next_attempt_at"] - row["fetched_at"]) / (row["expires_at"] - row["fetched_at"])
    assert share == pytest.approx(2 / 3, abs=0.01)
    await doesburg.pool.execute("UPDATE token SET next_attempt_at = now()")
    await asyncio.sleep(1)
    await refresh_tokens(doesburg.worker_deps())
    (fresh,) = await store.tokens(doesburg.pool)
    assert fresh.token != row["token"]


async def test_a_token_for_a_new_inway_wakes_the_carrier_and_raises_the_epoch(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    contract = asking(doesburg)
    await propose(doesburg, contract)
    now = datetime.now(UTC)
    await token_rows.want_tokens(doesburg.pool, [contract.grants[0].hash.value], now)
    heard: list[str] = []
    listener = await doesburg.pool.acquire()

    def on_notice(_c: object, _p: object, _channel: str, payload: str) -> None:
        heard.append(payload)

    await listener.add_listener(token_rows.CARRIER_CHANNEL, on_notice)

    async def save(address: str) -> int:
        held = HeldToken(
            grant_hash=contract.grants[0].hash, token="t", inway_address=address, expires_at=now
        )
        async with doesburg.pool.acquire() as connection, connection.transaction():
            await token_rows.save_token(connection, held, now, now)
        value: int = await doesburg.pool.fetchval("SELECT value FROM platform.epoch")
        return value

    first = await save("https://weesp.test:443")
    assert await save("https://weesp.test:443") == first
    assert await save("https://weesp.test:8443") == first + 1
    await until(lambda: _has(heard, 2))
    assert heard == ["https://weesp.test:443", "https://weesp.test:8443"]
    await listener.remove_listener(token_rows.CARRIER_CHANNEL, on_notice)
    await doesburg.pool.release(listener)


async def _has(heard: list[str], count: int) -> bool:
    return len(heard) >= count


async def test_a_token_that_leads_into_our_own_network_is_not_kept(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    weesp.own = replace(weesp.own, inway_address="https://127.0.0.1:5432")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    weesp.own = replace(weesp.own, manager_address=f"https://weesp.test:{port}")
    weesp.port, weesp.client.own = port, weesp.own
    contract = asking(doesburg)
    async with serve(weesp, listener, "serviceConnection"):
        gids = group.managers[rig.DIRECTORY]
        await ask(gids, weesp.own, "PUT", "/v1/announce")
        async with doesburg.working(), weesp.working():
            await propose(doesburg, contract)
            await in_state(contract, State.VALID, weesp, doesburg)
            (trouble,) = await until(lambda: store.troubles(doesburg.pool))
    assert "not at a public address" in trouble.error
    assert await store.tokens(doesburg.pool) == []


async def test_the_directory_hears_where_we_are(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    gids = group.managers[rig.DIRECTORY]
    stop = asyncio.Event()
    task = asyncio.create_task(keep_announced(weesp.worker_deps(), stop))

    async def known() -> store.Peer | None:
        return await store.peer(gids.pool, PeerId(rig.WEESP))

    peer: store.Peer = await until(known)
    assert (peer.name, peer.manager_address) == ("Gemeente Weesp", weesp.address)
    assert peer.announced_at is not None

    async def named() -> str | None:
        return (await store.peer_names(weesp.pool)).get(rig.DIRECTORY)

    assert await until(named) == "Gids van de testgroep"
    stop.set()
    await task


@pytest.mark.long
async def test_an_idle_worker_does_not_start_again_and_again(
    group: Group, doesburg: Manager, capfd: pytest.CaptureFixture[str]
) -> None:
    """The queue probes its listener every ten seconds; a healthy one on a cold pool answers."""
    warm, doesburg.pool = doesburg.pool, await postgres.pool(doesburg.settings, "fsc")
    async with doesburg.working():
        await asyncio.sleep(14)
    assert "worker loop failed" not in capfd.readouterr().out
    await doesburg.pool.close()
    doesburg.pool = warm


async def test_the_worker_survives_a_broken_connection(
    group: Group, weesp: Manager, doesburg: Manager
) -> None:
    async with weesp.working(), doesburg.working():
        await asyncio.sleep(0.5)
        killer = await asyncpg.connect(doesburg.settings.postgres.dsn)
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = 'landschap_fsc' AND datname = current_database()"
        )
        await killer.close()
        contract = asking(doesburg)

        async def proposed() -> bool:
            try:
                await propose(doesburg, contract)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                return False
            return True

        await until(proposed)
        await in_state(contract, State.VALID, weesp, doesburg)


def test_the_pause_between_attempts_doubles_up_to_a_cap_with_jitter() -> None:
    for attempts, full in ((0, 1), (3, 8), (20, 3600), (10_000, 3600)):
        pauses = {backoff_seconds(attempts, 3600) for _ in range(50)}
        assert len(pauses) > 1
        assert all(full / 2 <= each <= full for each in pauses)


def test_an_errand_survives_its_payload() -> None:
    contract = rig.contract(rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64)))
    errand = errands.Errand(content_hash=contract.hash, target=PeerId(rig.WEESP), task="revoke")
    assert errands.Errand.of(errand.payload()) == errand
