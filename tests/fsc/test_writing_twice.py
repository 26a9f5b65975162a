# SPDX-License-Identifier: EUPL-1.2
"""The wire is unkind: things come twice, in another order, renewed, or malformed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager, ask, asking, place, sign_here, stored, submit

from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.vocabulary.identifiers import PeerId


def now() -> datetime:
    return datetime.now(UTC)


async def epoch(manager: Manager) -> int:
    return int(await manager.pool.fetchval("SELECT value FROM platform.epoch"))


@pytest.mark.parametrize("kind", list(Kind))
async def test_the_same_signature_twice_changes_nothing(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    signature = rig.accept(doesburg, tree, kind)
    for _ in range(2):
        answer = await place(weesp, doesburg, tree, kind, signature=signature)
        assert (answer.status, answer.body) == (201, b"")
    before = await epoch(weesp)
    assert (await place(weesp, doesburg, tree, kind, signature=signature)).status == 201
    assert await epoch(weesp) == before
    assert [each.kind for each in (await stored(weesp, tree)).signatures] == [kind]


async def test_the_same_submission_many_times_at_once_is_one_contract(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    signature = rig.accept(doesburg, tree)
    answers = await asyncio.gather(*(submit(weesp, doesburg, tree, signature) for _ in range(8)))
    assert {each.status for each in answers} == {201}
    assert len((await stored(weesp, tree)).signatures) == 1


async def test_two_contents_with_one_iv_at_once_leave_one_contract(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    other = tree | {"created_at": tree["created_at"] - 1}
    answers = await asyncio.gather(submit(weesp, doesburg, tree), submit(weesp, doesburg, other))
    assert sorted(each.status for each in answers) == [201, 422]
    (refused,) = [each for each in answers if each.status == 422]
    assert refused.code == "ERROR_CODE_CONTRACT_INVALID"
    assert "iv" in refused.json["message"]
    # The refused one left nothing: its retry is refused again, the other's is not.
    again = [await submit(weesp, doesburg, each) for each in (tree, other)]
    assert sorted(each.status for each in again) == [201, 422]


async def test_an_accept_that_overtakes_the_submission_is_kept(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = asking(doesburg, delegator=rig.PROVINCE)
    assert (await place(weesp, province, tree, Kind.ACCEPT)).status == 201
    early = await stored(weesp, tree)
    assert [each.peer_id.value for each in early.signatures] == [rig.PROVINCE]
    assert (await submit(weesp, doesburg, tree)).status == 201
    await sign_here(weesp, tree)
    found = await stored(weesp, tree)
    assert found.state(now()) is State.VALID
    assert len(found.signatures) == 3


async def test_a_revoke_that_overtakes_everything_ends_the_contract_for_good(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    assert (await place(weesp, doesburg, tree, Kind.REVOKE)).status == 201
    assert (await submit(weesp, doesburg, tree)).status == 201
    assert (await stored(weesp, tree)).state(now()) is State.REVOKED


async def test_an_accept_with_a_renewed_certificate_takes_the_place_of_the_old_one(
    group: Group, weesp: Manager
) -> None:
    ends = timedelta(hours=1)
    begin = now() - timedelta(days=1)
    old = rig.own_peer(
        group.authority, rig.DOESBURG, begin=begin, lifetime=timedelta(days=1) + ends
    )
    renewed = rig.own_peer(group.authority, rig.DOESBURG, key=old.key)
    assert renewed.certificate.thumbprint != old.certificate.thumbprint
    assert renewed.certificate.key_thumbprint == old.certificate.key_thumbprint
    tree = asking(old)
    first = old.sign(rig.contract(tree), Kind.ACCEPT, now() - timedelta(minutes=1))
    assert (await submit(weesp, old, tree, first.jws)).status == 201
    await sign_here(weesp, tree)
    after = now() + ends + timedelta(minutes=1)
    found = await stored(weesp, tree)
    assert (found.state(now()), found.state(after)) == (State.VALID, State.PROPOSED)
    assert (await place(weesp, renewed, tree, Kind.ACCEPT)).status == 201
    found = await stored(weesp, tree)
    assert (found.state(now()), found.state(after)) == (State.VALID, State.VALID)
    placed = found.signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT)
    assert placed is not None
    assert placed.thumbprint == renewed.certificate.thumbprint
    # The old one may come again; it does not win.
    assert (await place(weesp, old, tree, Kind.ACCEPT, signature=first.jws)).status == 201
    assert (await stored(weesp, tree)).state(after) is State.VALID


DEEP = b'{"content":' + b'{"a":' * 80 + b"1" + b"}" * 80 + b',"signature":""}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"content":{},"content":{},"signature":""}',
        b'{"content":{"a":1,"a":1},"signature":""}',
        b'{"content":{"a":"\\udc00"},"signature":""}',
        b'{"content":{"\\ud800":1},"signature":""}',
        b'{"content":{"a":9007199254740992},"signature":""}',
        b'{"content":{"a":-9007199254740992},"signature":""}',
        b'{"content":{"a":1e400},"signature":""}',
        b'{"content":{"a":Infinity},"signature":""}',
        b'{"content":{"a":"\xff"},"signature":""}',
        b'{"content":{"a":1},"signature":""} {}',
        b'{"content":{"a":01},"signature":""}',
        b'{"content":{"a":"\t"},"signature":""}',
        DEEP,
    ],
)
@pytest.mark.parametrize("path", ["/v1/contracts", "/v1/contracts/{hash}/accept"])
async def test_what_is_no_i_json_is_refused_before_anything_of_it_is_read(
    weesp: Manager, doesburg: OwnPeer, body: bytes, path: str
) -> None:
    named = rig.contract(asking(doesburg)).hash.value
    method = "POST" if path.endswith("contracts") else "PUT"
    answer = await ask(weesp, doesburg, method, path.format(hash=named), body=body)
    assert (answer.status, answer.code) == (400, "ERROR_CODE_REQUEST_INVALID")


async def test_the_largest_safe_integer_is_hashed_as_it_came(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    properties: dict[str, Any] = {"x": [2**53 - 1, -(2**53) + 1, 0.5, "\U0001f3db", ""]}
    tree = asking(doesburg, properties=properties)
    assert (await submit(weesp, doesburg, tree)).status == 201
    listed = await ask(
        weesp,
        doesburg,
        "GET",
        f"/v1/contracts?grant_hash={rig.contract(tree).grants[0].hash.value}",
    )
    (found,) = listed.json["contracts"]
    assert found["content"] == tree
    assert rig.contract(found["content"]).hash == rig.contract(tree).hash
