# SPDX-License-Identifier: EUPL-1.2
"""The Manager takes contracts, and refuses what breaks a rule, with the code of that rule."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Group,
    Manager,
    ask,
    asking,
    place,
    publishing,
    stored,
    submit,
)

from landschap.fsc import jws, store
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.fsc.thumbprints import thumbprint_of
from landschap.vocabulary.identifiers import PeerId

SUBMITTER = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
KINDS = [Kind.ACCEPT, Kind.REJECT, Kind.REVOKE]


@pytest.mark.case("fsc:Manager-SubmitContract-1")
async def test_a_connection_contract_is_taken(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = asking(doesburg)
    answer = await submit(weesp, doesburg, tree)
    assert (answer.status, answer.body) == (201, b"")
    found = await stored(weesp, tree)
    assert found.signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT) is not None
    assert found.state(datetime.now(UTC)) is State.PROPOSED
    assert found.contract.canonical == rig.contract(tree).canonical


@pytest.mark.case("fsc:Manager-SubmitContract-2")
async def test_a_publication_is_taken_and_signed_by_the_directory(
    gids: Manager, doesburg: OwnPeer
) -> None:
    tree = publishing()
    assert (await submit(gids, doesburg, tree)).status == 201
    assert (await stored(gids, tree)).state(datetime.now(UTC)) is State.VALID


@pytest.mark.case("fsc:Manager-SubmitContract-3")
async def test_a_delegated_publication_is_taken_and_waits_for_the_third(
    gids: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = publishing(delegator=rig.PROVINCE)
    assert (await submit(gids, province, tree)).status == 201
    assert (await stored(gids, tree)).state(datetime.now(UTC)) is State.PROPOSED
    assert (await place(gids, doesburg, tree, Kind.ACCEPT)).status == 201
    assert (await stored(gids, tree)).state(datetime.now(UTC)) is State.VALID


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"delegator": rig.PROVINCE}, marks=pytest.mark.case("fsc:Manager-SubmitContract-4")
        ),
        pytest.param(
            {"service_delegator": rig.PROVINCE},
            marks=pytest.mark.case("fsc:Manager-SubmitContract-5"),
        ),
        pytest.param(
            {"delegator": rig.PROVINCE, "service_delegator": rig.DIRECTORY},
            marks=pytest.mark.case("fsc:Manager-SubmitContract-6"),
        ),
    ],
)
async def test_delegated_connections_are_taken(
    weesp: Manager, doesburg: OwnPeer, changes: dict[str, str]
) -> None:
    tree = asking(doesburg, **changes)
    assert (await submit(weesp, doesburg, tree)).status == 201
    expected = {rig.DOESBURG, rig.WEESP, *changes.values()}
    found = await stored(weesp, tree)
    assert {each.value for each in found.contract.participants} == expected


@pytest.mark.case("fsc:Manager-SubmitContract-7")
async def test_a_stranger_submits_nothing(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    answer = await submit(weesp, province, asking(doesburg))
    assert (answer.status, answer.code) == (422, SUBMITTER)


async def test_a_contract_without_us_is_not_ours_to_keep(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.PROVINCE, "a" * 64))
    answer = await submit(weesp, doesburg, tree)
    assert (answer.status, answer.code) == (
        422,
        "ERROR_CODE_RECEIVING_PEER_NOT_PART_OF_CONTRACT",
    )
    assert await store.contract(weesp.pool, rig.contract(tree).hash.value) is None


@pytest.mark.case("fsc:Manager-SubmitContract-8")
async def test_a_publication_with_another_grant_is_refused(
    gids: Manager, doesburg: OwnPeer
) -> None:
    grants = [
        rig.publication_grant(rig.DOESBURG, rig.DIRECTORY),
        rig.connection_grant(rig.DOESBURG, rig.DIRECTORY, "a" * 64),
    ]
    tree = rig.content(*grants)
    answer = await submit(gids, doesburg, tree, signature="x.y.z")
    assert (answer.status, answer.code) == (422, "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED")


@pytest.mark.case("fsc:Manager-SubmitContract-9")
async def test_a_contract_of_another_group_is_refused(weesp: Manager, doesburg: OwnPeer) -> None:
    answer = await submit(weesp, doesburg, asking(doesburg) | {"group_id": "andere-groep"})
    assert (answer.status, answer.code) == (422, "ERROR_CODE_INCORRECT_GROUP_ID")


@pytest.mark.case("fsc:Manager-SubmitContract-10")
@pytest.mark.parametrize("where", ["content", "signature"])
async def test_another_hash_algorithm_is_refused(
    weesp: Manager, doesburg: OwnPeer, where: str
) -> None:
    tree = asking(doesburg)
    payload = dict(jws.parse(rig.accept(doesburg, tree)).payload)
    payload["contract_content_hash"] = str(payload["contract_content_hash"]).replace(
        "$1$", "$2$", 1
    )
    signature = jws.sign(payload, doesburg.key, doesburg.certificate.thumbprint)
    if where == "content":
        tree |= {"hash_algorithm": "HASH_ALGORITHM_SHA2_256"}
    answer = await submit(weesp, doesburg, tree, signature)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("RSA", marks=pytest.mark.case("fsc:Manager-SubmitContract-11")),
        pytest.param("P-256", marks=pytest.mark.case("fsc:Manager-SubmitContract-12")),
        pytest.param("P-384", marks=pytest.mark.case("fsc:Manager-SubmitContract-12")),
    ],
)
async def test_a_contract_signed_with_each_kind_of_key_is_taken(
    group: Group, weesp: Manager, kind: str
) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG, key=rig.new_key(kind))
    tree = asking(peer)
    assert (await submit(weesp, peer, tree)).status == 201
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT) is not None


async def test_both_names_of_the_content_are_read(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = asking(doesburg)
    answer = await place(weesp, doesburg, tree, Kind.ACCEPT, key="contract_content")
    assert answer.status == 201


async def test_a_repeated_submission_changes_nothing(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = asking(doesburg)
    signature = rig.accept(doesburg, tree)
    assert (await submit(weesp, doesburg, tree, signature)).status == 201
    epoch = await weesp.pool.fetchval("SELECT value FROM platform.epoch")
    assert (await submit(weesp, doesburg, tree, signature)).status == 201
    assert await weesp.pool.fetchval("SELECT value FROM platform.epoch") == epoch
    assert len((await stored(weesp, tree)).signatures) == 1


async def test_every_change_of_signatures_raises_the_epoch(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    for kind in KINDS:
        before = await weesp.pool.fetchval("SELECT value FROM platform.epoch")
        assert (await place(weesp, doesburg, tree, kind)).status == 201
        assert await weesp.pool.fetchval("SELECT value FROM platform.epoch") == before + 1


async def test_an_iv_is_used_once(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    other = tree | {"created_at": tree["created_at"] - 1}
    answer = await submit(weesp, doesburg, other)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_CONTRACT_INVALID")


async def test_the_order_of_keys_does_not_matter_but_the_bytes_that_are_kept_are_canonical(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    turned = dict(reversed(tree.items()))
    body = json.dumps({"signature": rig.accept(doesburg, tree), "content": turned}, indent=3)
    answer = await ask(weesp, doesburg, "POST", "/contracts", body=body.encode())
    assert answer.status == 201
    listed = await ask(
        weesp, doesburg, "GET",
        f"/contracts?grant_hash={rig.contract(tree).grants[0].hash.value}",
    )  # fmt: skip
    assert rig.contract(tree).canonical in listed.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"geen json",
        b"[]",
        b'{"content":1,"content":2,"signature":""}',
        b'{"content":NaN,"signature":""}',
        b'{"content":"\\ud800","signature":""}',
        b'{"content":9007199254740993,"signature":""}',
        b"[" * 100_000,
        b'{"content":' + b'{"a":' * 80 + b"1" + b"}" * 80 + b',"signature":""}',
        b"\xff\xfe",
    ],
)
async def test_a_body_that_is_no_strict_json_is_400(
    weesp: Manager, doesburg: OwnPeer, body: bytes
) -> None:
    answer = await ask(weesp, doesburg, "POST", "/v1/contracts", body=body)
    assert (answer.status, answer.code) == (400, "ERROR_CODE_REQUEST_INVALID")


async def test_a_huge_body_is_cut_off(weesp: Manager, doesburg: OwnPeer) -> None:
    answer = await ask(
        weesp, doesburg, "POST", "/v1/contracts", body=io.BytesIO(b"[" + b" " * 2_000_000)
    )
    assert answer.status == 413


@pytest.mark.parametrize("members", [{}, {"content": {}}, {"content": {}, "contract_content": {}}])
async def test_a_body_without_its_members_is_refused(
    weesp: Manager, doesburg: OwnPeer, members: dict[str, Any]
) -> None:
    answer = await ask(weesp, doesburg, "POST", "/v1/contracts", body=members)
    assert answer.status == 422


async def test_the_certificate_of_the_connection_counts_not_a_header(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = asking(doesburg)
    answer = await submit(
        weesp, province, tree, rig.accept(doesburg, tree), headers={"X-Peer-Cert": "vals"}
    )
    assert answer.code == SUBMITTER


async def test_a_certificate_with_two_peer_ids_is_unusable(group: Group, weesp: Manager) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG)
    twice, key = group.authority.issue(rig.DOESBURG, serials=[rig.DOESBURG, rig.WEESP])
    folder = weesp.folder / f"as-{peer.certificate.thumbprint}"
    folder.mkdir()
    (folder / "peer.crt").write_bytes(twice.public_bytes(Encoding.PEM))
    (folder / "peer.key").write_bytes(rig.pem_key(key))
    assert thumbprint_of(twice) != peer.certificate.thumbprint
    answer = await ask(weesp, peer, "GET", "/v1/peer")
    assert (answer.status, answer.code) == (
        400,
        "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED",
    )


@pytest.mark.parametrize(
    "address", ["", "http://doesburg.test:8443", "https://doesburg.test", "https://a:8443/pad"]
)
async def test_a_peer_tells_where_its_manager_is(
    weesp: Manager, doesburg: OwnPeer, address: str
) -> None:
    headers = {"Fsc-Manager-Address": address}
    for path, method in (("/v1/announce", "PUT"), ("/v1/contracts", "POST")):
        answer = await ask(weesp, doesburg, method, path, headers=headers, body=b"{}")
        assert (answer.status, answer.code) == (400, "ERROR_CODE_MANAGER_ADDRESS_INVALID")
