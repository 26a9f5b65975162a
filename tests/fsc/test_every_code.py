# SPDX-License-Identifier: EUPL-1.2
"""Every error code of the standard's catalogue for a Manager, provoked at a served one.

One table of provocations; it must cover the catalogue. The codes of Inway and Outway are provoked
in `tests/gateway`. Source: FSC Core, "Error codes"; RFC 6749, 5.2.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Answer,
    Group,
    Manager,
    ask,
    asking,
    place,
    publishing,
    sign_here,
    submit,
)

from landschap.fsc import jws
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind

# The catalogue, as published: code -> status.
CATALOGUE = {
    "ERROR_CODE_INCORRECT_GROUP_ID": 422,
    "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT": 422,
    "ERROR_CODE_RECEIVING_PEER_NOT_PART_OF_CONTRACT": 422,
    "ERROR_CODE_PEER_NOT_PART_OF_CONTRACT": 422,
    "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH": 422,
    "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED": 400,
    "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH": 422,
    "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED": 422,
    "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED": 422,
    "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH": 422,
    "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH": 422,
    "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE": 422,
    "ERROR_CODE_INCORRECT_PUBLIC_KEY_THUMBPRINT": 422,
}
OAUTH = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}
Provocation = Callable[[Group], Awaitable[Answer]]


def _weesp(group: Group) -> tuple[Manager, Any]:
    return group.managers[rig.WEESP], group.managers[rig.DOESBURG].own


async def other_group(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    return await submit(weesp, doesburg, asking(doesburg) | {"group_id": "elders"})


async def stranger_submits(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    return await submit(weesp, group.managers[rig.PROVINCE].own, asking(doesburg))


async def we_stand_nowhere(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.PROVINCE, "a" * 64))
    return await submit(weesp, doesburg, tree)


async def stranger_in_the_first_generation(group: Group) -> Answer:
    manager, doesburg = group.managers[rig.TUSSEN], group.managers[rig.DOESBURG].own
    assert manager.own.profile is Profile.FSC_1_1
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64))
    del tree["fsc_version"]
    return await submit(manager, doesburg, tree, signature="a.b.c")


async def signed_other_content(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    return await submit(weesp, doesburg, asking(doesburg), rig.accept(doesburg, asking(doesburg)))


async def certificate_of_two_peers(group: Group) -> Answer:
    weesp, _ = _weesp(group)
    peer = rig.own_peer(group.authority, rig.DOESBURG)
    twice, key = group.authority.issue(rig.DOESBURG, serials=[rig.DOESBURG, rig.WEESP])
    folder = weesp.folder / f"as-{peer.certificate.thumbprint}"
    folder.mkdir()
    (folder / "peer.crt").write_bytes(twice.public_bytes(Encoding.PEM))
    (folder / "peer.key").write_bytes(rig.pem_key(key))
    return await submit(weesp, peer, asking(peer))


async def signed_by_another_participant(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    province = group.managers[rig.PROVINCE].own
    tree = asking(doesburg, delegator=rig.PROVINCE)
    assert (await submit(weesp, doesburg, tree)).status == 201
    return await place(weesp, province, tree, Kind.ACCEPT, signature=rig.accept(doesburg, tree))


async def no_signature_at_all(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    return await submit(weesp, doesburg, asking(doesburg), "geen handtekening")


async def signed_with_another_key(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = asking(doesburg)
    payload = jws.parse(rig.accept(doesburg, tree)).payload
    forged = jws.sign(payload, rig.new_key(), doesburg.certificate.thumbprint)
    return await submit(weesp, doesburg, tree, forged)


async def publication_beside_a_connection(group: Group) -> Answer:
    gids, doesburg = group.managers[rig.DIRECTORY], group.managers[rig.DOESBURG].own
    both = [
        rig.publication_grant(rig.DOESBURG, rig.DIRECTORY),
        rig.connection_grant(rig.DOESBURG, rig.DIRECTORY, "a" * 64),
    ]
    return await submit(gids, doesburg, rig.content(*both), "a.b.c")


async def both_publications(group: Group) -> Answer:
    gids, doesburg = group.managers[rig.DIRECTORY], group.managers[rig.DOESBURG].own
    both = [
        rig.publication_grant(rig.DOESBURG, rig.DIRECTORY),
        rig.publication_grant(rig.DOESBURG, rig.DIRECTORY, delegator=rig.PROVINCE),
    ]
    return await submit(gids, doesburg, rig.content(*both), "a.b.c")


async def address_of_another_contract(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    other = rig.contract(asking(doesburg)).hash.value
    return await place(weesp, doesburg, asking(doesburg), Kind.REVOKE, path_hash=other)


async def content_of_another_hash_algorithm(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = asking(doesburg) | {"hash_algorithm": "HASH_ALGORITHM_SHA2_256"}
    return await submit(weesp, doesburg, tree, "a.b.c")


async def content_without_hash_algorithm(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = asking(doesburg)
    del tree["hash_algorithm"]
    return await submit(weesp, doesburg, tree, "a.b.c")


async def address_of_another_hash_algorithm(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = asking(doesburg)
    path = rig.contract(tree).hash.value.replace("$1$1$", "$2$1$")
    return await place(weesp, doesburg, tree, Kind.REJECT, path_hash=path)


async def signed_with_another_algorithm(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = asking(doesburg)
    _, payload, signature = rig.accept(doesburg, tree).split(".")
    told = {"alg": "none", "x5t#S256": doesburg.certificate.thumbprint}
    head = jws._encode(json.dumps(told).encode())
    return await submit(weesp, doesburg, tree, f"{head}.{payload}.{signature}")


async def thumbprint_that_is_none(group: Group) -> Answer:
    weesp, doesburg = _weesp(group)
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "A" * 64))
    return await submit(weesp, doesburg, tree, "a.b.c")


PROVOCATIONS: list[tuple[Provocation, str]] = [
    (other_group, "ERROR_CODE_INCORRECT_GROUP_ID"),
    (stranger_submits, "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"),
    (we_stand_nowhere, "ERROR_CODE_RECEIVING_PEER_NOT_PART_OF_CONTRACT"),
    (stranger_in_the_first_generation, "ERROR_CODE_PEER_NOT_PART_OF_CONTRACT"),
    (signed_other_content, "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"),
    (certificate_of_two_peers, "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"),
    (signed_by_another_participant, "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH"),
    (no_signature_at_all, "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"),
    (signed_with_another_key, "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"),
    (publication_beside_a_connection, "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED"),
    (both_publications, "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED"),
    (address_of_another_contract, "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH"),
    (content_of_another_hash_algorithm, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
    (content_without_hash_algorithm, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
    (address_of_another_hash_algorithm, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
    (signed_with_another_algorithm, "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE"),
    (thumbprint_that_is_none, "ERROR_CODE_INCORRECT_PUBLIC_KEY_THUMBPRINT"),
]


def test_every_code_of_the_catalogue_is_provoked() -> None:
    assert {code for _, code in PROVOCATIONS} == set(CATALOGUE)


@pytest.fixture(scope="module")
async def old_generation(group: Group) -> Manager:
    """A Manager of the first generation beside the others."""
    return await group.add(rig.TUSSEN, profile=Profile.FSC_1_1)


@pytest.mark.parametrize(
    ("provoke", "code"),
    PROVOCATIONS,
    ids=[each.__name__ for each, _ in PROVOCATIONS],
)
async def test_the_code_comes_in_body_and_header_with_its_status(
    group: Group, old_generation: Manager, provoke: Provocation, code: str
) -> None:
    answer = await provoke(group)
    assert (answer.status, answer.code) == (CATALOGUE[code], code)
    assert set(answer.json) >= {"message", "domain", "code"}


async def test_every_error_of_the_token_endpoint_is_provoked(group: Group) -> None:
    weesp, doesburg = _weesp(group)
    gids, province = group.managers[rig.DIRECTORY], group.managers[rig.PROVINCE].own
    tree, listed = asking(doesburg), publishing(service="alle-codes")
    assert (await submit(weesp, doesburg, tree)).status == 201
    assert (await submit(gids, doesburg, listed)).status == 201
    grant_hash = rig.contract(tree).grants[0].hash.value

    async def want(manager: Manager = weesp, peer: Any = doesburg, **changes: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "scope": grant_hash,
            "client_id": peer.peer_id.value,
        } | changes
        answer = await ask(manager, peer, "POST", "/v1/token", form=form)
        assert answer.status == 400
        return str(answer.json["error"])

    found = {
        await want(grant_type="password"),
        await want(scope=""),
        await want(client_id=rig.WEESP),
        await want(),
        await want(gids, scope=rig.contract(listed).grants[0].hash.value),
    }
    await sign_here(weesp, tree)
    found.add(await want(peer=province))
    assert found == OAUTH
