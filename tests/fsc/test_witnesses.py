# SPDX-License-Identifier: EUPL-1.2
"""Two organisations keep the ends of each other's log; a log that was written anew is found."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import (
    ASKER,
    ASKER_NAME,
    BY_HOST,
    PROVIDER,
    PROVIDER_NAME,
    Operator,
    operator,
    write_settings,
)
from tests.fsc.foreign_peer import foreign_peer
from tests.fsc.manager_rig import Group, Manager, ask, until
from tests.fsc.witness_rig import sent_by
from tests.logboek.log_rig import permitted

from landschap.fsc import store as fsc_store
from landschap.fsc.paging import Page
from landschap.fsc.witnesses import EXTENSION, store
from landschap.fsc.witnesses.comparing import OwnLog, contradiction, differences
from landschap.fsc.witnesses.wire import Sent
from landschap.fsc.witnesses.worker import WitnessDeps, keep_witnessed
from landschap.logboek.anchors import digest_of, read_anchor
from landschap.logboek.store import LogWriter
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform import postgres
from landschap.vocabulary.identifiers import PeerId

FOREIGN = BY_HOST["vreemd"]
PLACE = f"127.89.{os.getpid() % 250}.7"
FOREIGN_ADDRESS = "https://vreemd.test:8443"


@pytest.fixture(scope="module")
async def provider(group: Group) -> Operator:
    return await operator(group, PROVIDER, PROVIDER_NAME, witnesses=[ASKER])


@pytest.fixture(scope="module")
async def asker(group: Group, provider: Operator) -> Operator:
    made = await operator(group, ASKER, ASKER_NAME, witnesses=[PROVIDER, FOREIGN])
    for one, other in ((made, provider), (provider, made)):
        await meet(one.manager, other.manager.own.peer_id, other.manager.address)
    await meet(made.manager, PeerId(FOREIGN), FOREIGN_ADDRESS)
    hosts = dict.fromkeys(rig.HOSTS.values(), "127.0.0.1") | {"vreemd.test": PLACE}
    return Operator(manager=made.manager, settings=write_settings(made.manager, hosts=hosts))


async def meet(manager: Manager, peer_id: PeerId, address: str) -> None:
    known = fsc_store.Peer(
        peer_id=peer_id,
        name="",
        manager_address=address,
        announced_at=None,
        seen_at=datetime.now(UTC),
    )
    await fsc_store.save_peer(manager.pool, known)


async def write(manager: Manager, records: int) -> None:
    """Records in the log, and a signed anchor over them."""
    writer = LogWriter(manager.settings, "proef-0")
    await writer.start()
    for _ in range(records):
        await writer.append([permitted()])
    await writer.close()
    own = manager.own
    signer = Signer(own.peer_id.value, own.key, own.certificate.x509)
    assert await anchor_now(manager.log_pool, signer) is not None


async def write_anew(manager: Manager) -> None:
    """The owner of the database and the key writes another log in the place of this one."""
    owner = await postgres.administrator(manager.settings)
    for table in ("record", "batch", "anchor"):
        await owner.execute(f"DELETE FROM logboek.{table}")
    await owner.close()
    await write(manager, 2)


@asynccontextmanager
async def exchanging(manager: Manager) -> AsyncIterator[None]:
    stop = asyncio.Event()
    deps = WitnessDeps(worker=manager.worker_deps(), log_pool=manager.log_pool)
    task = asyncio.create_task(keep_witnessed(deps, stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def kept_by(manager: Manager, peer_id: str) -> list[Any]:
    found, _ = await store.kept_of(manager.pool, PeerId(peer_id), Page(limit=1000))
    return list(found)


async def put(manager: Manager, peer: Any, sent: Sent) -> Any:
    return await ask(manager, peer, "PUT", "/v1/log-anchors", body=sent.body())


async def test_before_anything_was_brought_no_witness_vouches(
    asker: Operator, provider: Operator
) -> None:
    await write(provider.manager, 1)
    done = await provider.run("verify", "log", "--witnesses", "--json")
    assert done.code == 6, done.err
    (told,) = done.json["witnesses"]
    assert (told["peerId"], told["word"]) == (ASKER, "keeps nothing yet")
    assert done.json["intact"] is True
    copy = await provider.run("verify", "--file", str(provider.settings), "--witnesses")
    assert (copy.code, copy.out) == (2, "")


async def test_two_organisations_keep_each_others_ends_and_find_a_log_written_anew(
    asker: Operator, provider: Operator
) -> None:
    await write(asker.manager, 3)
    async with exchanging(asker.manager), exchanging(provider.manager):
        await until(lambda: kept_by(provider.manager, ASKER))
        await until(lambda: kept_by(asker.manager, PROVIDER))
        await write(asker.manager, 1)

        async def two() -> bool:
            return len(await kept_by(provider.manager, ASKER)) == 2

        await until(two)
    told = await asker.run("verify", "--witnesses", "--json")
    assert told.code == 0, told.out
    by_peer = {each["peerId"]: each for each in told.json["witnesses"]}
    assert (by_peer[PROVIDER]["word"], by_peer[PROVIDER]["anchors"]) == ("agrees", 2)
    assert by_peer[FOREIGN]["word"] == "not asked"
    assert by_peer[FOREIGN]["why"]
    assert [each["peerId"] for each in told.json["keeping"]] == [PROVIDER]
    assert "is with no witness yet" in told.json["unproven"][-1]
    seen = await asker.run("doctor", PROVIDER, "--json")
    witness = [each for each in seen.json if each["subject"] == "witness"]
    assert [each["state"] for each in witness] == ["well"], seen.json
    words = await asker.run("verify", "--witnesses")
    assert f"{PROVIDER_NAME} ({PROVIDER}) agrees: 2 anchors" in words.out

    await write_anew(asker.manager)
    alone = await asker.run("verify", "--json")
    # By itself the new log is beyond reproach.
    assert (alone.code, alone.json["intact"]) == (0, True)
    found = await asker.run("verify", "--witnesses", "--json")
    assert (found.code, found.json["intact"]) == (7, True)
    witness = {each["peerId"]: each for each in found.json["witnesses"]}[PROVIDER]
    assert witness["word"] == "differs"
    assert any("our log has no such batch" in each for each in witness["differences"])
    assert any("is not in our log any more" in each for each in witness["differences"])
    printed = await asker.run("verify", "--witnesses")
    assert "DIFFERS from our log" in printed.out


async def test_a_foreign_peer_without_the_extension_is_left_alone(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    own = rig.own_peer(group.authority, FOREIGN, manager_address=FOREIGN_ADDRESS)
    settings = asker.manager.settings
    hosts = settings.network.hosts
    assert isinstance(hosts, dict)
    hosts["vreemd.test"] = PLACE
    async with (
        foreign_peer(tmp_path, own, place=PLACE, port=8443) as peer,
        exchanging(asker.manager),
    ):
        await until(lambda: _heard(peer))
        told = await asker.run("verify", "--witnesses", "--json")
    assert set(peer.heard) == {"GET /v1/peer"}
    foreign = {each["peerId"]: each for each in told.json["witnesses"]}[FOREIGN]
    assert foreign["word"] == "not asked"
    assert "no such extension" in foreign["why"]


async def _heard(peer: Any) -> bool:
    return len(peer.heard) >= 2


async def test_only_who_agreed_to_it_is_witnessed(group: Group, provider: Operator) -> None:
    province = group.managers[rig.PROVINCE]
    refused = await put(provider.manager, province.own, sent_by(province.own))
    assert (refused.status, refused.code) == (403, "ERROR_CODE_WITNESS_NOT_AGREED")
    asked = await ask(provider.manager, province.own, "GET", "/v1/log-anchors")
    assert asked.status == 403
    with_it = await ask(provider.manager, province.own, "GET", "/v1/peer")
    without = await ask(province, provider.manager.own, "GET", "/v1/peer")
    assert with_it.json["enabled_extensions"][EXTENSION] == "1.0.0"
    assert EXTENSION not in without.json["enabled_extensions"]


async def test_an_anchor_of_another_or_with_another_signature_is_refused(
    group: Group, asker: Operator, provider: Operator
) -> None:
    own, province = asker.manager.own, group.managers[rig.PROVINCE].own
    stranger = rig.own_peer(rig.Authority(name="Ander anker"), ASKER)
    good = sent_by(own)
    head, payload, signature = good.anchor.jws.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    altered = {**good.body(), "jws": f"{head}.{payload}.{flipped}"}
    before = len(await kept_by(provider.manager, ASKER))
    bodies = [
        sent_by(province).body(),
        sent_by(stranger).body(),
        sent_by(own, organisation=PROVIDER).body(),
        altered,
        {"jws": "x"},
        [],
    ]
    for body in bodies:
        answer = await ask(provider.manager, own, "PUT", "/v1/log-anchors", body=body)
        assert (answer.status, answer.code) == (422, "ERROR_CODE_WITNESS_ANCHOR_INVALID")
    assert len(await kept_by(provider.manager, ASKER)) == before


async def test_two_anchors_that_contradict_each_other_are_both_kept_and_given_back_to_their_own(
    asker: Operator, provider: Operator
) -> None:
    own = asker.manager.own
    before = len(await kept_by(provider.manager, ASKER))
    one, other = (sent_by(own, ("x-0", 4, head * 32)) for head in (b"1", b"2"))
    with capture_logs() as told:
        for sent in (one, other, one):
            assert (await put(provider.manager, own, sent)).status == 201
    warned = [each for each in told if each["event"] == "a peer's log is not what it was"]
    assert {each["peer"] for each in warned} == {ASKER}
    assert any("batch 4 of lane x-0 has another head" in each["why"] for each in warned)
    assert len(await kept_by(provider.manager, ASKER)) == before + 2
    page = await ask(provider.manager, own, "GET", "/v1/log-anchors?limit=1")
    assert page.json["anchors"][0]["jws"] == other.anchor.jws
    cursor = page.json["pagination"]["next_cursor"]
    following = await ask(provider.manager, own, "GET", f"/v1/log-anchors?limit=1&cursor={cursor}")
    assert following.json["anchors"][0]["jws"] == one.anchor.jws


async def test_what_is_kept_can_not_be_changed_or_removed(
    asker: Operator, provider: Operator
) -> None:
    assert (
        await put(provider.manager, asker.manager.own, sent_by(asker.manager.own))
    ).status == 201
    for statement in ("DELETE FROM witnessed_anchor", "UPDATE witnessed_anchor SET jws = ''"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await provider.manager.pool.execute(statement)


def test_a_lane_only_grows_and_a_batch_has_one_head() -> None:
    peer = rig.own_peer(rig.Authority(), ASKER)

    def says(*ends: tuple[str, int, bytes]) -> Any:
        return read_anchor(sent_by(peer, *ends).anchor)

    early = says(("a", 2, b"2" * 32), ("b", 1, b"1" * 32))
    assert contradiction(early, early) == ""
    assert contradiction(early, says(("a", 9, b"9" * 32), ("b", 1, b"1" * 32))) == ""
    assert "gone" in contradiction(early, says(("a", 2, b"2" * 32)))
    assert "had 2 batches and has 1" in contradiction(
        early, says(("a", 1, b"1" * 32), ("b", 1, b"1" * 32))
    )
    assert "another head" in contradiction(early, says(("a", 2, b"x" * 32), ("b", 1, b"1" * 32)))


def test_each_kind_of_difference_is_told() -> None:
    peer = rig.own_peer(rig.Authority(), ASKER)
    anchor = sent_by(peer, ("a", 2, b"2" * 32)).anchor
    kept = [(anchor, read_anchor(anchor))]
    known = frozenset([digest_of(anchor)])
    assert differences(kept, OwnLog(heads={("a", 2): b"2" * 32}, anchors=known)) == []
    (other,) = differences(kept, OwnLog(heads={("a", 2): b"x" * 32}, anchors=known))
    assert "another head of lane a, batch 2" in other
    (gone,) = differences(kept, OwnLog(heads={}, anchors=known))
    assert "no such batch" in gone
    (lost,) = differences(kept, OwnLog(heads={("a", 2): b"2" * 32}, anchors=frozenset()))
    assert "not in our log any more" in lost
