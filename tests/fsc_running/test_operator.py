# SPDX-License-Identifier: EUPL-1.2
"""What an operator types, between organisations that really run."""

from __future__ import annotations

import asyncio

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import until
from tests.fsc_running.places import DIRECTORY, DOESBURG, WEESP
from tests.fsc_running.scene import PLAIN, Scene

from landschap.cli.demo.commands import Outcome, landschap

pytestmark = pytest.mark.long

WITNESSED_SECONDS = 150.0


async def typed(scene: Scene, who: str, *words: str) -> Outcome:
    """A command at the keyboard of one organisation."""
    return await landschap(scene[who].config, *words, may_fail=True)


@pytest.mark.long
async def test_everything_between_two_organisations_is_well(scene: Scene) -> None:
    for _ in range(20):
        done = await typed(scene, "doesburg", "doctor", WEESP)
        assert done.code == 0, done.answer
        states = {each["subject"]: each["state"] for each in done.answer}
        if states["witness"] == "well":
            break
        await asyncio.sleep(2)  # the ends of the log have not been brought yet
    wrong = [each for each in done.answer if each["state"] in ("wrong", "soon")]
    # The certificates of these tests last thirty days, which is soon.
    assert {each["subject"] for each in wrong} <= {"us", "period", "contract"}, wrong
    for subject in ("address", "port", "group", "profile", "keys", "announce", "clock"):
        assert states[subject] == "well", done.answer


async def test_our_own_organisations_keep_to_the_standard(scene: Scene) -> None:
    grant = scene.grants["plain"]
    done = await typed(
        scene, "doesburg", "conform", WEESP, "--with-contract", grant, "--patience", "60"
    )
    assert done.answer is not None, done.words
    failed = [each for each in done.answer["checks"] if each["outcome"] == "fail"]
    assert (done.code, failed) == (0, [])
    good = {each["id"] for each in done.answer["checks"] if each["outcome"] == "pass"}
    assert good >= {
        "Manager-Port-1", "Inway-Port-1", "Manager-PeerInfo-1", "Manager-JSONWebKeySet-1",
        "Manager-Peers-1", "Manager-Contracts-1", "Manager-Contracts-2", "content-hash",
        "Manager-GetToken-1", "Manager-GetToken-2", "Manager-GetToken-8", "Manager-GetToken-9",
        "Inway-Incoming-Request-2", "Inway-Incoming-Request-4", "Inway-TransactionLog-3",
        "Inway-Incoming-Request-6",
        "no-certificate", "self-made-certificate", "tls-version", "tls-old",
    }  # fmt: skip
    # The service behind the Inway heard of none of it.
    assert scene.service.heard == []


async def test_the_directory_keeps_to_the_standard(scene: Scene) -> None:
    done = await typed(scene, "weesp", "conform", DIRECTORY)
    failed = [each for each in done.answer["checks"] if each["outcome"] == "fail"]
    assert (done.code, failed) == (0, [])
    good = {each["id"] for each in done.answer["checks"] if each["outcome"] == "pass"}
    assert good >= {"Manager-Services-1", "Manager-Peers-1"}


async def test_a_proposed_contract_is_awaited_until_it_can_be_used(scene: Scene) -> None:
    proposed = await typed(
        scene, "doesburg", "contract", "propose", "--peer", WEESP, "--service", PLAIN, "--yes"
    )
    assert proposed.code == 0, proposed.words
    name = proposed.answer["contentHash"]
    waited = await typed(scene, "doesburg", "contract", "wait", name, "--ready", "--timeout", "90")
    assert (waited.code, waited.answer["outcome"]) == (0, "valid"), waited.words
    assert waited.answer["grants"][0]["ready"] is True


async def test_running_organisations_vouch_for_each_others_log(scene: Scene) -> None:
    assert (await scene.ask("plain")).status == 200

    async def vouched() -> Outcome | None:
        done = await typed(scene, "doesburg", "verify", "log", "--witnesses")
        return done if done.code == 0 else None

    done = await until(vouched, seconds=WITNESSED_SECONDS)
    (witness,) = done.answer["witnesses"]
    assert (witness["peerId"], witness["word"]) == (WEESP, "agrees")
    told = await typed(scene, "weesp", "verify", "log", "--witnesses")
    assert DOESBURG in {each["peerId"] for each in told.answer["keeping"]}
    info = await scene.peer(rig.PROVINCE).get(scene["weesp"].manager, "/v1/peer")
    assert "EXTENSION_LANDSCHAP_LOG_WITNESS" in info.json["enabled_extensions"]
