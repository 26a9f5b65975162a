# SPDX-License-Identifier: EUPL-1.2
"""A Group of each wire generation agrees a contract between two Managers, from proposal to token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager, ask, until

from landschap.fsc import jws, store
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.delegation import Agreement, Side
from landschap.fsc.hashes import Profile
from landschap.fsc.proposals import ConnectionAsked, Terms, proposed_content
from landschap.fsc.states import Kind, State
from landschap.platform.ids import uuid7
from landschap.vocabulary.problems import Refusal


@pytest.fixture(params=list(Profile), scope="module")
async def generation(
    request: Any, cluster: Any, tmp_path_factory: Any
) -> AsyncIterator[tuple[Group, Profile]]:
    """A directory, Weesp, Doesburg and the province, all of one generation."""
    profile: Profile = request.param
    made: list[Any] = []

    async def fresh(folder: Path) -> Any:
        made.append(await cluster.fresh(folder))
        return made[-1]

    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("generatie")
        whole = Group(authority=rig.Authority(), folder=folder, fresh=fresh, stack=stack)
        for peer_id in (rig.DIRECTORY, rig.WEESP, rig.DOESBURG, rig.PROVINCE):
            await whole.add(peer_id, profile=profile)
        for each in list(whole.managers.values()):
            directory = whole.managers[rig.DIRECTORY]
            if each is not directory:
                assert (await ask(directory, each.own, "PUT", "/v1/announce")).status == 200
        yield whole, profile
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


def proposal(group: Group, profile: Profile, *, delegated: bool) -> Contract:
    """Doesburg asks Weesp, for itself or for the province."""
    own = group.managers[rig.DOESBURG].own
    now = datetime.now(UTC)
    agreement = Agreement.of(role="processor", reference="VWO-1", until="2126-01-01")
    more: dict[str, Any] = {}
    if delegated:
        more = {
            "delegator": group.managers[rig.PROVINCE].own.peer_id,
            "properties": {Side.CONNECTION.agreement_property: agreement.as_property()},
        }
    content = proposed_content(
        Terms(
            profile=profile, group_id=rig.GROUP, iv=uuid7(), created_at=now, not_before=now,
            not_after=now + timedelta(days=1),
        ),
        ConnectionAsked(
            outway=own.peer_id,
            key_thumbprint=own.certificate.key_thumbprint,
            provider=group.managers[rig.WEESP].own.peer_id,
            service="bijstand",
            **more,
        ),
    )  # fmt: skip
    contract = read_contract(content, profile)
    assert not isinstance(contract, Refusal), contract
    return contract


async def state(manager: Manager, contract: Contract) -> State | None:
    found = await store.contract(manager.pool, contract.hash.value)
    return None if found is None else found.state(datetime.now(UTC))


async def accept(manager: Manager, contract: Contract) -> None:
    async def there() -> bool:
        return await state(manager, contract) is not None

    await until(there)
    found = await store.contract(manager.pool, contract.hash.value)
    assert found is not None
    async with manager.pool.acquire() as connection, connection.transaction():
        await store.sign(connection, manager.own, found, Kind.ACCEPT, datetime.now(UTC))


@pytest.mark.parametrize("delegated", [False, True])
async def test_two_managers_agree_and_a_token_is_given(
    generation: tuple[Group, Profile], delegated: bool
) -> None:
    group, profile = generation
    contract = proposal(group, profile, delegated=delegated)
    doesburg, weesp = group.managers[rig.DOESBURG], group.managers[rig.WEESP]
    parties = [doesburg, weesp, *([group.managers[rig.PROVINCE]] if delegated else [])]
    async with AsyncExitStack() as working:
        for each in parties:
            await working.enter_async_context(each.working())
        async with doesburg.pool.acquire() as connection, connection.transaction():
            await store.propose(connection, doesburg.own, contract, datetime.now(UTC))
        for each in parties[1:]:
            await accept(each, contract)

        async def agreed() -> bool:
            return all([await state(each, contract) is State.VALID for each in parties])

        await until(agreed)
    grant_hash = contract.grants[0].hash.value
    kept = {(await store.contract(each.pool, contract.hash.value)) is not None for each in parties}
    assert kept == {True}
    form = {
        "grant_type": "client_credentials",
        "scope": grant_hash,
        "client_id": doesburg.own.peer_id.value,
    }
    answer = await ask(weesp, doesburg.own, "POST", "/v1/token", form=form)
    assert answer.status == 200, answer.body
    claims = jws.parse(answer.json["access_token"]).payload
    assert claims["gth"] == grant_hash
    assert ("act" in claims) is delegated
    outway = contract.grants[0].grant.data["outway"]
    assert isinstance(outway, dict)
    assert ("identification" in outway) is (profile is Profile.FSC_2)
    told = await ask(weesp, doesburg.own, "GET", "/v1/peer")
    assert told.json["fsc_version"] == ("2.0.0" if profile is Profile.FSC_2 else "1.1.2")
