# SPDX-License-Identifier: EUPL-1.2
"""`landschap contract wait` and `landschap peer show`, between real Managers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import (
    ASKER,
    ASKER_NAME,
    PROVIDER,
    PROVIDER_NAME,
    Operator,
    operator,
)
from tests.fsc.manager_rig import Group, place, submit

from landschap.fsc.states import Kind


@pytest.fixture(scope="module")
async def provider(group: Group) -> Operator:
    return await operator(group, PROVIDER, PROVIDER_NAME)


@pytest.fixture(scope="module")
async def asker(group: Group, provider: Operator) -> Operator:
    return await operator(group, ASKER, ASKER_NAME)


async def _propose(asker: Operator, *more: str) -> str:
    done = await asker.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--yes", "--json", *more
    )
    assert done.code == 0, done.err
    return str(done.json["contentHash"])


async def test_waiting_ends_when_the_other_has_signed(asker: Operator, provider: Operator) -> None:
    proposed = await _propose(asker)
    async with asker.manager.working(), provider.manager.working():
        waiting = await asker.start("contract", "wait", proposed, "--timeout", "60", "--json")
        assert waiting.stderr is not None
        first = (await asyncio.wait_for(waiting.stderr.readline(), 30)).decode()
        assert first.startswith("proposed; waiting for ")
        for _ in range(100):
            accepted = await provider.run("contract", "accept", proposed, "--yes")
            if accepted.code != 3:
                break
        assert accepted.code == 0, accepted.err
        out, err = await asyncio.wait_for(waiting.communicate(), 60)
    assert waiting.returncode == 0, err
    assert b'"outcome": "valid"' in out
    assert err.decode().splitlines()[-1].startswith("valid")
    again = await asker.run("contract", "wait", proposed, "--timeout", "0")
    assert again.code == 0
    assert "state: valid" in again.out


async def test_a_rejected_and_a_revoked_contract_end_waiting_with_exit_4(
    asker: Operator, provider: Operator
) -> None:
    for kind in (Kind.REJECT, Kind.REVOKE):
        tree = rig.content(_grant(asker))
        assert (await submit(asker.manager, provider.manager.own, tree)).status == 201
        assert (await place(asker.manager, provider.manager.own, tree, kind)).status == 201
        content_hash = rig.contract(tree).hash.value
        done = await asker.run("contract", "wait", content_hash, "--timeout", "30", "--json")
        assert (done.code, done.json["outcome"]) == (4, "refused"), done.err


async def test_an_expired_contract_ends_waiting_with_exit_1(
    asker: Operator, provider: Operator
) -> None:
    end = int((datetime.now(UTC) + timedelta(seconds=3)).timestamp())
    tree = rig.content(_grant(asker), validity={"not_before": end - 3600, "not_after": end})
    assert (await submit(asker.manager, provider.manager.own, tree)).status == 201
    done = await asker.run("contract", "wait", rig.contract(tree).hash.value, "--json")
    assert (done.code, done.json["outcome"], done.json["state"]) == (1, "expired", "expired")


async def test_time_is_up_tells_whom_we_wait_for(asker: Operator, provider: Operator) -> None:
    tree = rig.content(_grant(asker))
    assert (await submit(asker.manager, provider.manager.own, tree)).status == 201
    done = await asker.run("contract", "wait", rig.contract(tree).hash.value, "--timeout", "1")
    assert done.code == 6
    assert f"waiting for {ASKER_NAME}" in done.err
    assert "time is up" in done.err


@pytest.mark.long
async def test_time_is_up_because_a_peer_can_not_be_reached(asker: Operator) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asker.manager.working())
        done = await asker.run(
            "contract", "propose", "--peer", rig.TUSSEN, "--service", "bijstand", "--yes", "--json"
        )
        waited = await asker.run(
            "contract", "wait", done.json["contentHash"], "--timeout", "6", "--json"
        )
    assert (waited.code, waited.json["outcome"]) == (5, "peer unreachable")
    assert "nobody knows where the Manager" in waited.err


async def test_waiting_for_nothing_is_exit_3(asker: Operator) -> None:
    done = await asker.run("contract", "wait", "abcdefghijk")
    assert (done.code, done.out) == (3, "")


async def test_a_peer_is_shown_with_what_lies_between_us(
    asker: Operator, provider: Operator
) -> None:
    tree = rig.content(_grant(asker))
    assert (await submit(asker.manager, provider.manager.own, tree)).status == 201
    told = (await asker.run("peer", "show", PROVIDER, "--json")).json
    assert (told["peerId"], told["name"]) == (PROVIDER, PROVIDER_NAME)
    assert told["managerAddress"] == provider.manager.address
    assert rig.contract(tree).hash.value in {each["contentHash"] for each in told["contracts"]}
    words = (await asker.run("peer", "show", PROVIDER)).out
    assert f"Manager at {provider.manager.address}" in words
    stranger = await asker.run("peer", "show", "00000099000000007000")
    assert (stranger.code, stranger.out) == (3, "")
    assert "never announced itself" in stranger.err


async def test_what_has_not_reached_a_peer_stands_with_it(
    asker: Operator, provider: Operator
) -> None:
    tree = rig.content(_grant(asker))
    assert (await submit(asker.manager, provider.manager.own, tree)).status == 201
    content_hash = rig.contract(tree).hash.value
    assert (await asker.run("contract", "accept", content_hash, "--yes")).code == 0
    told = (await asker.run("peer", "show", PROVIDER, "--json")).json
    assert ("accept", "waiting") in {(e["task"], e["state"]) for e in told["deliveries"]}


def _grant(asker: Operator) -> Any:
    """The asker's own connection, as the provider may propose it."""
    thumbprint = asker.manager.own.certificate.key_thumbprint
    return rig.connection_grant(ASKER, PROVIDER, thumbprint)
