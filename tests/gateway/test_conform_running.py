# SPDX-License-Identifier: EUPL-1.2
"""`landschap conform` against our own Manager and Inway, as nginx serves them, with a contract."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from tests.gateway.pair_rig import Pair

from landschap.cli.conform import try_all
from landschap.cli.conform.opening import open_trial
from landschap.cli.conform.verdicts import Outcome, by_subject
from landschap.fsc.client import Destination, ManagerClient


@pytest.mark.case("S-52")
async def test_our_own_manager_and_inway_fail_nothing_but_the_ports_of_this_test(
    pair: Pair,
) -> None:
    doesburg, weesp = pair.doesburg, pair.weesp
    async with ManagerClient(doesburg.settings, doesburg.own) as client:
        to = Destination(peer_id=weesp.own.peer_id, address=weesp.own.manager_address)
        await client.announce(to)
    status, _, _ = await pair.ask()
    assert status == 200
    pair.service.heard.clear()
    before = await doesburg.log_pool.fetchval("SELECT count(*) FROM logboek.record")
    async with AsyncExitStack() as stack:
        trial = await open_trial(
            pair.doesburg.settings, stack, pair.weesp.own.peer_id.value,
            grant=pair.grants["uitkeringen"], inway="",
        )  # fmt: skip
        verdicts = {each.id: each async for each in try_all(trial)}
    # The ports of a test are none of those of the standard; all else is kept.
    assert by_subject(verdicts.values()) == {
        "way of offering": Outcome.FAIL,
        "authentication": Outcome.PASS,
        "authorisation": Outcome.FAIL,
        "logging of use": Outcome.PASS,
    }
    elsewhere = [each for name, each in verdicts.items() if "Port" not in name]
    assert set(by_subject(elsewhere).values()) == {Outcome.PASS}
    failing = {name for name, each in verdicts.items() if each.outcome is Outcome.FAIL}
    assert failing == {"Manager-Port-1", "Inway-Port-1"}, [verdicts[each] for each in failing]
    for name in (
        "Manager-Contracts-1", "Manager-GetToken-1", "Manager-GetToken-8", "Manager-GetToken-9",
        "Manager-GetToken-10", "Manager-TransactionLogRecord-1", "Inway-Incoming-Request-2",
        "Inway-Incoming-Request-4", "Inway-TransactionLog-3", "inway-altered-token",
        "inway-no-token", "token-life", "no-certificate", "self-made-certificate", "tls-old",
    ):  # fmt: skip
        assert verdicts[name].outcome is Outcome.PASS, verdicts[name]
    # No service heard of it, and there was no question of ours to record.
    assert pair.service.heard == []
    assert await doesburg.log_pool.fetchval("SELECT count(*) FROM logboek.record") == before
