# SPDX-License-Identifier: EUPL-1.2
"""The Manager, asked by other peers over mutual TLS: what it takes, refuses, gives and hides."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsc_rig as rig
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from manager_rig import Answer, Group, Manager, ask

from landschap.fsc import jws, store
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.fsc.thumbprints import thumbprint_of
from landschap.logboek.payloads import FscEntry, fsc_payload
from landschap.logboek.records import Draft
from landschap.logboek.records import Kind as LogKind
from landschap.logboek.store import LogWriter
from landschap.platform.ids import uuid7
from landschap.vocabulary.identifiers import GrantHash, PeerId

MISMATCH = "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"
SIGNATURE = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"
SUBMITTER = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
KINDS = [Kind.ACCEPT, Kind.REJECT, Kind.REVOKE]


@pytest.fixture(scope="module")
async def group(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Group]:
    """A directory, two municipalities and a province; Weesp signs nothing by itself."""
    async with AsyncExitStack() as stack:
        made: list[Any] = []

        async def fresh(folder: Path) -> Any:
            made.append(await cluster.fresh(folder))
            return made[-1]

        whole = Group(
            authority=rig.Authority(),
            folder=tmp_path_factory.mktemp("groep"),
            fresh=fresh,
            stack=stack,
        )
        await whole.add(rig.DIRECTORY)
        await whole.add(rig.WEESP)
        await whole.add(rig.DOESBURG)
        await whole.add(rig.PROVINCE)
        yield whole
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture
def weesp(group: Group) -> Manager:
    return group.managers[rig.WEESP]


@pytest.fixture
def gids(group: Group) -> Manager:
    return group.managers[rig.DIRECTORY]


@pytest.fixture
def doesburg(group: Group) -> OwnPeer:
    return group.managers[rig.DOESBURG].own


@pytest.fixture
def province(group: Group) -> OwnPeer:
    return group.managers[rig.PROVINCE].own


def asking(doesburg: OwnPeer, **changes: Any) -> dict[str, Any]:
    """Doesburg asks to call a service of Weesp, with the key of its certificate."""
    thumbprint = doesburg.certificate.key_thumbprint
    return rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, thumbprint, **changes))


async def submit(
    manager: Manager, peer: OwnPeer, tree: Any, signature: str | None = None, **request: Any
) -> Answer:
    text = rig.accept(peer, tree) if signature is None else signature
    body = {"content": tree, "signature": text}
    return await ask(manager, peer, "POST", "/v1/contracts", body=body, **request)


async def place(manager: Manager, peer: OwnPeer, tree: Any, kind: Kind, **changes: Any) -> Answer:
    """A signature of this kind at its own endpoint; ``signature`` and ``path_hash`` may differ."""
    signature = changes.get("signature") or rig.accept(peer, tree, kind)
    path_hash = changes.get("path_hash") or rig.contract(tree).hash.value
    body = {changes.get("key", "content"): tree, "signature": signature}
    path = f"/v1/contracts/{path_hash}/{kind}"
    return await ask(manager, peer, "PUT", path, body=body)


async def stored(manager: Manager, tree: Any) -> store.StoredContract:
    found = await store.contract(manager.pool, rig.contract(tree).hash.value)
    assert found is not None
    return found


async def sign_here(manager: Manager, tree: Any, kind: Kind = Kind.ACCEPT) -> None:
    """The Manager's own organisation signs, as its command would."""
    async with manager.pool.acquire() as connection, connection.transaction():
        found = await stored(manager, tree)
        await store.sign(connection, manager.own, found, kind, datetime.now(UTC))


def publishing(provider: str = rig.DOESBURG, **changes: Any) -> dict[str, Any]:
    return rig.content(rig.publication_grant(provider, rig.DIRECTORY, **changes))


# --- submitting ---------------------------------------------------------------------------------


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


# --- hostile submissions ------------------------------------------------------------------------


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


# --- signatures ---------------------------------------------------------------------------------


def case(number: int) -> pytest.MarkDecorator:
    """The three kinds of signature, each with its case of this number."""
    names = {Kind.ACCEPT: "Accept", Kind.REJECT: "Reject", Kind.REVOKE: "Revoke"}
    return pytest.mark.parametrize(
        "kind",
        [
            pytest.param(k, marks=pytest.mark.case(f"fsc:Manager-{names[k]}Contract-{number}"))
            for k in KINDS
        ],
    )


@case(1)
async def test_a_valid_signature_is_added(weesp: Manager, doesburg: OwnPeer, kind: Kind) -> None:
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    assert (await place(weesp, doesburg, tree, kind)).status == 201
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), kind) is not None
    listed = await ask(weesp, doesburg, "GET", "/v1/contracts")
    found = next(each for each in listed.json["contracts"] if each["content"]["iv"] == tree["iv"])
    assert set(found["signatures"]) == {"accept", "reject", "revoke"}
    assert rig.DOESBURG in found["signatures"][kind]


@case(2)
async def test_a_peer_that_is_no_participant_signs_nothing(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer, kind: Kind
) -> None:
    answer = await place(weesp, province, asking(doesburg), kind)
    assert (answer.status, answer.code) == (422, SUBMITTER)


@case(3)
async def test_a_signature_that_is_no_jws_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    answer = await place(weesp, doesburg, tree, kind, signature="geen-jws")
    assert (answer.status, answer.code) == (422, SIGNATURE)
    assert await store.contract(weesp.pool, rig.contract(tree).hash.value) is None


@case(4)
async def test_a_signature_under_other_content_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    other = rig.accept(doesburg, asking(doesburg), kind)
    answer = await place(weesp, doesburg, asking(doesburg), kind, signature=other)
    assert (answer.status, answer.code) == (422, MISMATCH)


@case(5)
async def test_a_signature_of_another_type_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    other = Kind.REJECT if kind is Kind.ACCEPT else Kind.ACCEPT
    answer = await place(weesp, doesburg, tree, kind, signature=rig.accept(doesburg, tree, other))
    assert (answer.status, answer.code) == (422, SIGNATURE)


@case(6)
async def test_an_address_that_names_another_contract_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    other = rig.contract(asking(doesburg)).hash.value
    answer = await place(weesp, doesburg, asking(doesburg), kind, path_hash=other)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH")


@case(7)
async def test_another_signature_or_hash_algorithm_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    _, payload, signature = rig.accept(doesburg, tree, kind).split(".")
    head = jws._encode(
        json.dumps({"alg": "PS256", "x5t#S256": doesburg.certificate.thumbprint}).encode()
    )
    answer = await place(weesp, doesburg, tree, kind, signature=f"{head}.{payload}.{signature}")
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE")
    path_hash = rig.contract(tree).hash.value.replace("$1$1$", "$9$1$")
    answer = await place(weesp, doesburg, tree, kind, path_hash=path_hash)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
    assert await store.contract(weesp.pool, rig.contract(tree).hash.value) is None


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("RSA", marks=pytest.mark.case("fsc:Manager-AcceptContract-8")),
        pytest.param("P-521", marks=pytest.mark.case("fsc:Manager-AcceptContract-9")),
    ],
)
async def test_an_accept_of_each_kind_of_key_is_kept(
    group: Group, weesp: Manager, kind: str
) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG, key=rig.new_key(kind))
    tree = asking(peer)
    assert (await place(weesp, peer, tree, Kind.ACCEPT)).status == 201
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT) is not None


async def test_a_signature_of_another_participant_is_not_taken_from_this_one(
    group: Group, weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = asking(doesburg, delegator=rig.PROVINCE)
    revoke = rig.accept(doesburg, tree, Kind.REVOKE)
    assert (await place(weesp, doesburg, tree, Kind.ACCEPT)).status == 201
    for text in (revoke, rig.accept(doesburg, tree)):
        kind = Kind.REVOKE if text == revoke else Kind.ACCEPT
        answer = await place(weesp, province, tree, kind, signature=text)
        assert (answer.status, answer.code) == (422, "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH")
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.REVOKE) is None


async def test_a_revoke_of_one_contract_can_not_be_replayed_on_another(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    first, second = asking(doesburg), asking(doesburg)
    assert (await place(weesp, doesburg, second, Kind.ACCEPT)).status == 201
    revoke = rig.accept(doesburg, first, Kind.REVOKE)
    assert (await place(weesp, doesburg, first, Kind.REVOKE, signature=revoke)).status == 201
    answer = await place(weesp, doesburg, second, Kind.REVOKE, signature=revoke)
    assert answer.code == MISMATCH
    assert (await stored(weesp, second)).state(datetime.now(UTC)) is State.PROPOSED


async def test_an_older_accept_does_not_replace_a_newer_one(
    group: Group, weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    contract, now = rig.contract(tree), datetime.now(UTC)
    newer = doesburg.sign(contract, Kind.ACCEPT, now)
    older = doesburg.sign(contract, Kind.ACCEPT, now.replace(year=now.year - 1))
    for each in (newer, older):
        answer = await place(weesp, doesburg, tree, Kind.ACCEPT, signature=each.jws)
        assert answer.status == 201
    found = (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT)
    assert found is not None
    assert found.jws == newer.jws


async def test_a_certificate_that_is_nowhere_to_be_found_is_refused(
    group: Group, weesp: Manager, doesburg: OwnPeer
) -> None:
    # The key set of Doesburg is asked, and does not have this one.
    other = rig.own_peer(group.authority, rig.DOESBURG)
    tree = asking(doesburg)
    signature = rig.accept(other, tree)
    answer = await place(weesp, doesburg, tree, Kind.ACCEPT, signature=signature)
    assert (answer.status, answer.code) == (422, SIGNATURE)
    assert "key set" in answer.json["message"]


async def test_a_certificate_behind_an_intermediate_is_found_in_the_key_set(
    group: Group, weesp: Manager
) -> None:
    middle = rig.Authority(name="Tussen", parent=group.authority)
    manager = await group.add(
        rig.TUSSEN,
        authority=middle,
        anchors=[group.authority.certificate],
        chain=[middle.certificate],
    )
    tree = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    assert (await submit(weesp, manager.own, tree)).status == 201
    (placed,) = (await stored(weesp, tree)).signatures
    assert placed.thumbprint == manager.own.certificate.thumbprint


async def test_who_can_not_be_reached_for_its_keys_may_try_again(
    group: Group, weesp: Manager
) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG, manager_address="https://doesburg.test:9")
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert (answer.status, answer.code) == (503, SIGNATURE)


async def test_a_manager_address_inside_our_own_network_is_not_visited(
    group: Group, weesp: Manager
) -> None:
    peer = rig.own_peer(
        group.authority, rig.DOESBURG, manager_address=f"https://127.0.0.1:{weesp.port}"
    )
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert answer.status == 503
    assert "not at a public address" in answer.json["message"]


async def test_a_manager_address_of_another_peer_is_not_believed(
    group: Group, weesp: Manager
) -> None:
    elsewhere = group.managers[rig.PROVINCE].own.manager_address
    peer = rig.own_peer(group.authority, rig.DOESBURG, manager_address=elsewhere)
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert answer.status == 503
    assert f"peer {rig.PROVINCE}" in answer.json["message"]


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.case("fsc:Manager-Contracts-1", "fsc:Manager-Contracts-2")
async def test_contracts_are_shown_to_their_participants_only(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = asking(doesburg)
    await submit(weesp, doesburg, tree)
    await sign_here(weesp, tree)
    grant_hash = rig.contract(tree).grants[0].hash.value
    for query in ("", f"?grant_hash={grant_hash}", f"?grant_hash={grant_hash.replace('$', '%24')}"):
        mine = await ask(weesp, doesburg, "GET", f"/v1/contracts{query}")
        ivs = [each["content"]["iv"] for each in mine.json["contracts"]]
        assert mine.status == 200
        assert tree["iv"] in ivs
        strangers = await ask(weesp, province, "GET", f"/v1/contracts{query}")
        assert tree["iv"] not in strangers.body.decode()


async def test_contracts_come_in_pages_without_gap_or_double(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    whole = await ask(weesp, doesburg, "GET", "/v1/contracts?limit=1000")
    for order in ("SORT_ORDER_ASCENDING", "SORT_ORDER_DESCENDING"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = await ask(
                weesp, doesburg, "GET",
                f"/contracts?limit=2&sort_order={order}&cursor={cursor}",
            )  # fmt: skip
            seen += [each["content"]["iv"] for each in page.json["contracts"]]
            cursor = page.json["pagination"]["next_cursor"]
            if not cursor:
                break
        assert len(seen) == len(set(seen))
        everything = [each["content"]["iv"] for each in whole.json["contracts"]]
        assert seen == (everything if order.endswith("DESCENDING") else everything[::-1])


async def test_contracts_of_one_type_of_grant(weesp: Manager, doesburg: OwnPeer) -> None:
    query = "?limit=1000&grant_type=GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"
    tree = asking(doesburg, delegator=rig.PROVINCE)
    await submit(weesp, doesburg, tree)
    page = await ask(weesp, doesburg, "GET", f"/v1/contracts{query}")
    types = {
        grant["data"]["type"]
        for each in page.json["contracts"]
        for grant in each["content"]["grants"]
    }
    assert types == {"GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "sort_order=UP",
        "cursor=%21",
        "grant_type=X",
        "onbekend=1",
    ],
)
async def test_a_query_that_can_not_be_read_is_400(
    weesp: Manager, doesburg: OwnPeer, query: str
) -> None:
    answer = await ask(weesp, doesburg, "GET", f"/v1/contracts?{query}")
    assert answer.status == 400
    assert answer.headers["Fsc-Error-Code"] == answer.json["code"]


async def listed(gids: Manager, peer: OwnPeer, tree: Any) -> dict[str, Any]:
    """The listing of the one service of this publication."""
    name = tree["grants"][0]["data"]["service"]["name"]
    page = await ask(gids, peer, "GET", f"/v1/services?service_name={name.upper()}")
    assert page.status == 200
    (found,) = page.json["services"]
    assert found["type"] == found["data"]["type"]
    return dict(found["data"])


@pytest.mark.case("fsc:Manager-Services-1")
async def test_a_published_service_is_listed(gids: Manager, doesburg: OwnPeer) -> None:
    tree = publishing(service="woz")
    await submit(gids, doesburg, tree)
    assert await listed(gids, doesburg, tree) == {
        "type": "SERVICE_TYPE_SERVICE",
        "peer": {
            "id": rig.DOESBURG,
            "name": "Gemeente Doesburg",
            "manager_address": doesburg.manager_address,
        },
        "name": "woz",
        "protocol": "PROTOCOL_TCP_HTTP_1.1",
    }


@pytest.mark.case("fsc:Manager-Services-2", "fsc:Manager-Services-4")
async def test_a_service_on_behalf_of_another_is_listed_with_its_owner(
    gids: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = publishing(service="namens", delegator=rig.PROVINCE, properties={"a": [1]})
    await submit(gids, doesburg, tree)
    await place(gids, province, tree, Kind.ACCEPT)
    found = await listed(gids, doesburg, tree)
    assert found["type"] == "SERVICE_TYPE_DELEGATED_SERVICE"
    assert found["delegator"] == {"peer_id": rig.PROVINCE, "peer_name": "Provincie Proefland"}
    assert found["properties"] == {"a": [1]}


@pytest.mark.case("fsc:Manager-Services-3")
async def test_a_listing_shows_the_properties(gids: Manager, doesburg: OwnPeer) -> None:
    properties = {"delegation.publication.external_contract_reference": {"reference": "x"}}
    tree = publishing(service="met-eigenschappen", properties=properties)
    await submit(gids, doesburg, tree)
    assert (await listed(gids, doesburg, tree))["properties"] == properties


async def test_a_revoked_publication_is_no_longer_listed(gids: Manager, doesburg: OwnPeer) -> None:
    tree = publishing(service="weg")
    await submit(gids, doesburg, tree)
    await listed(gids, doesburg, tree)
    await place(gids, doesburg, tree, Kind.REVOKE)
    page = await ask(gids, doesburg, "GET", "/v1/services?service_name=weg")
    assert page.json["services"] == []


async def test_filters_of_services_are_either_or_and_pages_follow(
    gids: Manager, doesburg: OwnPeer
) -> None:
    for name in ("aa-1", "aa-2", "bb-3"):
        await submit(gids, doesburg, publishing(service=name))
    page = await ask(
        gids, doesburg, "GET", "/v1/services?service_name=aa-&sort_order=SORT_ORDER_ASCENDING"
    )
    assert [each["data"]["name"] for each in page.json["services"]] == ["aa-1", "aa-2"]
    either = await ask(
        gids, doesburg, "GET", f"/v1/services?service_name=aa-&peer_id={rig.DOESBURG}"
    )
    assert {"aa-1", "bb-3"} <= {each["data"]["name"] for each in either.json["services"]}
    seen: list[str] = []
    cursor = ""
    while True:
        page = await ask(gids, doesburg, "GET", f"/v1/services?limit=1&cursor={cursor}")
        seen += [each["data"]["name"] for each in page.json["services"]]
        cursor = page.json["pagination"]["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 3


@pytest.mark.case("fsc:Manager-PeerInfo-1")
async def test_the_manager_tells_who_it_is(weesp: Manager, doesburg: OwnPeer) -> None:
    answer = await ask(weesp, doesburg, "GET", "/v1/peer")
    assert answer.status == 200
    assert answer.json == {
        "peer_id": rig.WEESP,
        "peer_name": "Gemeente Weesp",
        "fsc_version": "2.0.0",
        "enabled_extensions": {
            "EXTENSION_DELEGATION": "1.0.0",
            "EXTENSION_TRANSACTION_LOGGING": "1.0.0",
        },
    }


@pytest.mark.case("fsc:Manager-Peers-1")
async def test_peers_that_announced_or_negotiated_are_listed(
    gids: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    assert (await ask(gids, province, "PUT", "/v1/announce")).status == 200
    await submit(gids, doesburg, publishing(service="peers"))
    page = await ask(gids, doesburg, "GET", "/v1/peers?sort_order=SORT_ORDER_ASCENDING")
    assert page.json["peers"] == [
        {"id": each.peer_id.value, "name": each.name, "manager_address": each.manager_address}
        for each in (doesburg, province)
    ]
    named = await ask(gids, doesburg, "GET", "/v1/peers?peer_name=PROEF")
    assert [each["id"] for each in named.json["peers"]] == [rig.PROVINCE]
    both = f"peer_id={rig.DOESBURG},{rig.PROVINCE}&limit=1&peer_name=niemand"
    chosen = await ask(gids, doesburg, "GET", f"/v1/peers?{both}")
    assert len(chosen.json["peers"]) == 2
    first = await ask(gids, doesburg, "GET", "/v1/peers?limit=1")
    cursor = first.json["pagination"]["next_cursor"]
    second = await ask(gids, doesburg, "GET", f"/v1/peers?limit=1&cursor={cursor}")
    assert first.json["peers"][0]["id"] == rig.PROVINCE
    assert second.json["peers"][0]["id"] == rig.DOESBURG
    assert second.json["pagination"]["next_cursor"] == ""


@pytest.mark.case("fsc:Manager-JSONWebKeySet-1")
@pytest.mark.parametrize("base", ["", "/v1"])
async def test_the_keys_we_sign_with_are_offered(
    weesp: Manager, doesburg: OwnPeer, base: str
) -> None:
    answer = await ask(weesp, doesburg, "GET", f"{base}/.well-known/jwks.json")
    assert answer.status == 200
    first = answer.json["keys"][0]
    assert first["x5t#S256"] == weesp.own.certificate.thumbprint
    assert (first["kty"], first["crv"], first["alg"]) == ("EC", "P-256", "ES256")


# --- tokens -------------------------------------------------------------------------------------


async def want(manager: Manager, peer: OwnPeer, grant_hash: str, **changes: Any) -> Answer:
    form = {
        "grant_type": "client_credentials",
        "scope": grant_hash,
        "client_id": peer.peer_id.value,
    } | changes
    form = {key: value for key, value in form.items() if value is not None}
    return await ask(manager, peer, "POST", "/v1/token", form=form)


async def agreed(weesp: Manager, doesburg: OwnPeer, **changes: Any) -> tuple[dict[str, Any], str]:
    """A valid contract, and the hash of its grant."""
    tree = asking(doesburg, **changes)
    assert (await submit(weesp, doesburg, tree)).status == 201
    await sign_here(weesp, tree)
    return tree, rig.contract(tree).grants[0].hash.value


def payload(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    assert answer.json["token_type"] == "bearer"
    return dict(jws.parse(answer.json["access_token"]).payload)


def oauth(answer: Answer) -> str:
    assert answer.status == 400
    assert "Fsc-Error-Code" not in answer.headers
    assert set(answer.json) == {"error", "error_description"}
    return str(answer.json["error"])


@pytest.mark.case("fsc:Manager-GetToken-1", "fsc:Manager-GetToken-10")
async def test_a_valid_contract_gives_a_token_with_its_properties(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    bound = {"processing.purpose_limitation": {"v": 1, "purposes": ["https://doel.example/a"]}}
    _, grant_hash = await agreed(weesp, doesburg, properties=bound)
    claims = payload(await want(weesp, doesburg, grant_hash))
    assert claims["cnf"] == {"x5t#S256": doesburg.certificate.thumbprint}
    assert (claims["gth"], claims["gid"]) == (grant_hash, rig.GROUP)
    assert (claims["sub"], claims["iss"]) == (rig.DOESBURG, rig.WEESP)
    assert (claims["svc"], claims["aud"]) == ("bijstand", weesp.own.inway_address)
    assert claims["prp"] == bound
    assert claims["exp"] - claims["nbf"] == 300


@pytest.mark.case("fsc:Manager-GetToken-2")
async def test_without_a_valid_contract_there_is_no_token(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    grant_hash = rig.contract(tree).grants[0].hash.value
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_grant"
    await submit(weesp, doesburg, tree)
    answer = await want(weesp, doesburg, grant_hash)
    assert oauth(answer) == "invalid_grant"
    assert "proposed" in answer.json["error_description"]


@pytest.mark.case("fsc:Manager-GetToken-3")
@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REJECT])
async def test_a_contract_that_was_ended_gives_no_token(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree, grant_hash = await agreed(weesp, doesburg)
    payload(await want(weesp, doesburg, grant_hash))
    await sign_here(weesp, tree, kind)
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_grant"


@pytest.mark.case("fsc:Manager-GetToken-4")
@pytest.mark.parametrize("scope", ["bijstand", "$1$1$" + "a" * 86, "$2$3$" + "a" * 86, "x" * 1_500])
async def test_a_scope_that_is_no_grant_hash_is_refused(
    weesp: Manager, doesburg: OwnPeer, scope: str
) -> None:
    assert oauth(await want(weesp, doesburg, scope)) == "invalid_request"


@pytest.mark.case("fsc:Manager-GetToken-5")
async def test_another_grant_type_is_refused(weesp: Manager, doesburg: OwnPeer) -> None:
    _, grant_hash = await agreed(weesp, doesburg)
    answer = await want(weesp, doesburg, grant_hash, grant_type="password")
    assert oauth(answer) == "unsupported_grant_type"


@pytest.mark.case("fsc:Manager-GetToken-6", "fsc:Manager-GetToken-11")
async def test_a_delegated_connection_gives_a_token_with_the_delegator(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree, grant_hash = await agreed(weesp, doesburg, delegator=rig.PROVINCE, properties={"a": 1})
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_grant"
    assert (await place(weesp, province, tree, Kind.ACCEPT)).status == 201
    claims = payload(await want(weesp, doesburg, grant_hash))
    assert claims["act"] == {"sub": rig.PROVINCE}
    assert claims["prp"] == {"a": 1}
    assert "pdi" not in claims
    assert oauth(await want(weesp, province, grant_hash)) == "unauthorized_client"


@pytest.mark.case("fsc:Manager-GetToken-7")
async def test_a_delegated_service_gives_a_token_with_its_owner(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree, grant_hash = await agreed(weesp, doesburg, service_delegator=rig.PROVINCE)
    await place(weesp, province, tree, Kind.ACCEPT)
    claims = payload(await want(weesp, doesburg, grant_hash))
    assert claims["pdi"] == rig.PROVINCE
    assert "act" not in claims


@pytest.mark.case("fsc:Manager-GetToken-8")
@pytest.mark.parametrize("field", ["client_id", "scope", "grant_type"])
async def test_each_field_of_the_form_is_needed(
    weesp: Manager, doesburg: OwnPeer, field: str
) -> None:
    _, grant_hash = await agreed(weesp, doesburg)
    answer = await want(weesp, doesburg, grant_hash, **{field: None})
    assert oauth(answer) == "invalid_request"
    assert field in answer.json["error_description"]


@pytest.mark.case("fsc:Manager-GetToken-9")
async def test_a_client_id_that_is_not_the_certificates_is_refused(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    _, grant_hash = await agreed(weesp, doesburg)
    answer = await want(weesp, doesburg, grant_hash, client_id=rig.PROVINCE)
    assert oauth(answer) == "invalid_client"


async def test_a_token_is_only_for_the_outway_with_the_granted_key(
    group: Group, weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    _, grant_hash = await agreed(weesp, doesburg)
    assert oauth(await want(weesp, province, grant_hash)) == "unauthorized_client"
    other_key = rig.own_peer(group.authority, rig.DOESBURG)
    assert oauth(await want(weesp, other_key, grant_hash)) == "unauthorized_client"
    renewed = rig.own_peer(group.authority, rig.DOESBURG, key=doesburg.key)
    claims = payload(await want(weesp, renewed, grant_hash))
    assert claims["cnf"] == {"x5t#S256": renewed.certificate.thumbprint}


async def test_an_outway_known_by_domain_name_needs_that_name_in_its_certificate(
    group: Group, weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    tree["grants"][0]["data"]["outway"]["identification"] = {
        "type": "OUTWAY_IDENTIFICATION_TYPE_DOMAIN_NAME",
        "domain_name": "doesburg.test",
    }
    await submit(weesp, doesburg, tree)
    await sign_here(weesp, tree)
    grant_hash = rig.contract(tree).grants[0].hash.value
    payload(await want(weesp, doesburg, grant_hash))
    elsewhere = rig.own_peer(group.authority, rig.DOESBURG, hosts=["*.test", "x.doesburg.test"])
    assert oauth(await want(weesp, elsewhere, grant_hash)) == "unauthorized_client"


async def test_a_service_that_is_not_offered_gives_no_token(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    _, grant_hash = await agreed(weesp, doesburg, service="niet-aangeboden")
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_scope"


async def test_a_publication_gives_no_token(gids: Manager, doesburg: OwnPeer) -> None:
    tree = publishing(service="geen-token")
    await submit(gids, doesburg, tree)
    grant_hash = rig.contract(tree).grants[0].hash.value
    assert oauth(await want(gids, doesburg, grant_hash)) == "invalid_scope"


async def test_the_form_is_a_form(weesp: Manager, doesburg: OwnPeer) -> None:
    for body, kind in ((b"{}", "application/json"), (b"a&b", "application/x-www-form-urlencoded")):
        headers = {"Content-Type": kind}
        answer = await ask(weesp, doesburg, "POST", "/token", body=body, headers=headers)
        assert oauth(answer) == "invalid_request"


async def test_the_gateway_sees_the_grants_with_their_state(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    tree, grant_hash = await agreed(weesp, doesburg, properties={"x": 1})
    now = datetime.now(UTC)
    seen = {g.grant_hash: g for g in await store.connection_grants(weesp.pool, now)}
    grant = seen[GrantHash(grant_hash)]
    assert (grant.valid, grant.state, grant.service_name) == (True, State.VALID, "bijstand")
    assert grant.outway_thumbprint == doesburg.certificate.key_thumbprint
    assert grant.properties == {"x": 1}
    assert grant.valid_at(now)
    assert not grant.valid_at(grant.not_after)
    await sign_here(weesp, tree, Kind.REVOKE)
    seen = {g.grant_hash: g for g in await store.connection_grants(weesp.pool, now)}
    assert not seen[GrantHash(grant_hash)].valid
    assert not seen[GrantHash(grant_hash)].valid_at(now)


# --- the transaction log ------------------------------------------------------------------------


def transaction(outway: str, service: str, **delegators: str) -> Draft:
    """The record of one question at Weesp's Inway."""
    transaction_id, now = uuid7(), datetime.now(UTC)
    entry = FscEntry(
        transaction_id=transaction_id,
        direction="incoming",
        grant_hash="$1$3$" + "a" * 86,
        outway_peer_id=outway,
        service_peer_id=rig.WEESP,
        service_name=service,
        created_at=now,
        **delegators,
    )
    return Draft(
        kind=LogKind.FSC,
        at=now,
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        payload={"fsc": fsc_payload(entry), "adl": {}},
        transaction_id=transaction_id,
        peer=outway,
        service=service,
        grant_hash="$1$3$" + "a" * 86,
    )


@pytest.mark.case("fsc:Manager-TransactionLogRecord-1")
async def test_a_peer_reads_the_transactions_that_name_it_and_no_others(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    drafts = [
        transaction(rig.DOESBURG, "bijstand"),
        transaction(rig.DOESBURG, "woz"),
        transaction(rig.TUSSEN, "bijstand"),
        transaction(rig.TUSSEN, "bijstand", source_delegator=rig.PROVINCE),
    ]
    log = LogWriter(weesp.settings, "test-0")
    await log.start()
    await log.append(drafts)
    await log.close()
    own, others = drafts[:2], drafts[2:]
    mine = (await ask(weesp, doesburg, "GET", "/v1/logs")).json
    assert [each["transaction_id"] for each in mine["records"]] == [
        str(each.transaction_id) for each in reversed(own)
    ]
    assert mine["pagination"] == {"next_cursor": ""}
    assert set(mine["records"][0]) == {
        "transaction_id", "direction", "grant_hash", "source", "destination", "service_name",
        "created_at",
    }  # fmt: skip
    as_delegator = (await ask(weesp, province, "GET", "/v1/logs")).json["records"]
    assert [each["transaction_id"] for each in as_delegator] == [str(others[1].transaction_id)]
    assert as_delegator[0]["source"]["type"] == "SOURCE_TYPE_DELEGATED_SOURCE"
    ids = ",".join(str(each.transaction_id) for each in drafts)
    asked = await ask(weesp, doesburg, "GET", f"/v1/logs?transaction_ids={ids}&limit=1")
    assert len(asked.json["records"]) == 2
    first = await ask(weesp, doesburg, "GET", "/v1/logs?limit=1")
    cursor = first.json["pagination"]["next_cursor"]
    second = await ask(weesp, doesburg, "GET", f"/v1/logs?limit=1&cursor={cursor}")
    assert second.json["records"][0]["service_name"] == "bijstand"
    named = await ask(weesp, doesburg, "GET", "/v1/logs?service_name[]=woz")
    assert [each["service_name"] for each in named.json["records"]] == ["woz"]
    late = int(datetime.now(UTC).timestamp()) + 60
    assert (await ask(weesp, doesburg, "GET", f"/v1/logs?after={late}")).json["records"] == []


@pytest.mark.parametrize("query", ["cursor=x", "after=gisteren", "transaction_ids=1", "limit=0"])
async def test_a_question_to_the_log_that_can_not_be_read_is_400(
    weesp: Manager, doesburg: OwnPeer, query: str
) -> None:
    answer = await ask(weesp, doesburg, "GET", f"/v1/logs?{query}")
    assert (answer.status, answer.code) == (400, "ERROR_CODE_REQUEST_INVALID")
