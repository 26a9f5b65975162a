# SPDX-License-Identifier: EUPL-1.2
"""Grants that are kept up to date say at every moment what reading all of them anew would say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig

from landschap.fsc import store
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, State
from landschap.fsc.store import contract_rows
from landschap.fsc.store.contract_rows import Arrival

ASKER = "00000099000000003000"
PROVIDER = "00000099000000002000"


class Desk:
    """A database with contracts between two peers of one authority."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.authority = rig.Authority()
        self.asker = rig.own_peer(self.authority, ASKER)
        self.provider = rig.own_peer(self.authority, PROVIDER)
        self.known = store.KnownGrants()

    def contract(self, service: str, **changes: Any) -> Contract:
        """A contract in which one asks for a service of the other."""
        grant = rig.connection_grant(ASKER, PROVIDER, "a" * 64, service=service)
        return rig.contract(rig.content(grant, **changes))

    async def sign(
        self,
        contract: Contract,
        *peers: OwnPeer,
        kind: Kind = Kind.ACCEPT,
        connection: Any = None,
        later: timedelta = timedelta(0),
    ) -> None:
        """Keep a contract with these signatures, in one transaction or inside a given one."""
        if connection is None:
            async with self.pool.acquire() as one, one.transaction():
                await self.sign(contract, *peers, kind=kind, connection=one, later=later)
            return
        now = datetime.now(UTC) + later
        arrival = Arrival(profile=self.provider.profile, own=False, at=now)
        await contract_rows.save_contract(connection, contract, arrival)
        for peer in peers:
            chained = ChainedCertificate(leaf=peer.certificate, others=peer.chain)
            await contract_rows.save_certificate(connection, chained)
            signature = peer.sign(contract, kind, now)
            await contract_rows.save_signature(connection, contract.hash, signature, now)

    async def read(self, later: timedelta = timedelta(0)) -> Sequence[ConnectionGrant]:
        """As kept up to date; the same as all of them anew."""
        now = datetime.now(UTC) + later
        found = await self.known.read(self.pool, now)
        anew = await store.connection_grants(self.pool, now)
        assert sorted(found, key=_hash) == sorted(anew, key=_hash)
        return found

    async def states(self, later: timedelta = timedelta(0)) -> dict[str, State]:
        """The state by service."""
        return {each.service_name: each.state for each in await self.read(later)}


def _hash(grant: ConnectionGrant) -> str:
    return grant.grant_hash.value


@pytest.fixture
async def desk(database: Any) -> Desk:
    """An empty memory of contracts."""
    return Desk(await database.pool("fsc"))


async def test_what_was_signed_since_is_seen_and_the_rest_is_left_as_it_was(desk: Desk) -> None:
    first, second = desk.contract("eerste"), desk.contract("tweede")
    await desk.sign(first, desk.asker, desk.provider)
    await desk.sign(second, desk.asker)
    before = {each.service_name: each for each in await desk.read()}
    assert {name: each.state for name, each in before.items()} == {
        "eerste": State.VALID,
        "tweede": State.PROPOSED,
    }
    await desk.sign(second, desk.provider)
    after = {each.service_name: each for each in await desk.read()}
    assert after["tweede"].state is State.VALID
    assert after["eerste"] is before["eerste"]
    await desk.sign(first, desk.provider, kind=Kind.REVOKE)
    assert await desk.states() == {"eerste": State.REVOKED, "tweede": State.VALID}


async def test_time_alone_ends_a_contract_also_when_nothing_is_signed(desk: Desk) -> None:
    contract = desk.contract("eindig")
    await desk.sign(contract, desk.asker, desk.provider)
    assert await desk.states() == {"eindig": State.VALID}
    after = contract.not_after - datetime.now(UTC) + timedelta(seconds=1)
    assert await desk.states(later=after) == {"eindig": State.EXPIRED}


async def test_an_accept_ends_with_its_certificate_and_a_renewed_one_counts(desk: Desk) -> None:
    contract = desk.contract("vernieuwd")
    short = rig.own_peer(desk.authority, ASKER, lifetime=timedelta(days=30))
    await desk.sign(contract, short, desk.provider)
    assert await desk.states() == {"vernieuwd": State.VALID}
    assert await desk.states(later=timedelta(days=31)) == {"vernieuwd": State.PROPOSED}
    # Moments of signing are whole seconds; only a later one replaces an earlier one.
    await desk.sign(contract, desk.asker, later=timedelta(seconds=2))
    assert await desk.states(later=timedelta(days=31)) == {"vernieuwd": State.VALID}


async def test_a_signature_is_seen_from_its_commit_on_and_not_before(desk: Desk) -> None:
    contract, other = desk.contract("nu"), desk.contract("straks")
    await desk.sign(contract, desk.asker)
    assert await desk.states() == {"nu": State.PROPOSED}
    async with desk.pool.acquire() as one:
        transaction = one.transaction()
        await transaction.start()
        await desk.sign(contract, desk.provider, connection=one)
        await desk.sign(other, desk.asker, desk.provider, connection=one)
        assert await desk.states() == {"nu": State.PROPOSED}
        await transaction.commit()
    assert await desk.states() == {"nu": State.VALID, "straks": State.VALID}


async def test_a_change_that_was_taken_back_leaves_nothing(desk: Desk) -> None:
    contract = desk.contract("terug")
    await desk.sign(contract, desk.asker)
    assert await desk.states() == {"terug": State.PROPOSED}
    async with desk.pool.acquire() as one:
        transaction = one.transaction()
        await transaction.start()
        await desk.sign(contract, desk.provider, connection=one)
        await transaction.rollback()
    assert await desk.states() == {"terug": State.PROPOSED}
    await desk.sign(contract, desk.provider)
    assert await desk.states() == {"terug": State.VALID}
