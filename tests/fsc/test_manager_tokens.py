# SPDX-License-Identifier: EUPL-1.2
"""The Manager gives tokens for valid contracts, bound to the certificate of the connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
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

from landschap.fsc import jws, store
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.vocabulary.identifiers import GrantHash
from landschap.vocabulary.revocation import Revocation


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


async def listed_for(weesp: Manager, province: OwnPeer, directory: OwnPeer) -> dict[str, Any]:
    """Weesp's service is listed on behalf of the province; gives the contract."""
    tree = publishing(rig.WEESP, delegator=rig.PROVINCE, properties=rig.agreement("publication"))
    assert (await submit(weesp, province, tree)).status == 201
    assert (await place(weesp, directory, tree, Kind.ACCEPT)).status == 201
    await sign_here(weesp, tree)
    return tree


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
    told = {"a": 1} | rig.agreement("connection")
    tree, grant_hash = await agreed(weesp, doesburg, delegator=rig.PROVINCE, properties=told)
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_grant"
    assert (await place(weesp, province, tree, Kind.ACCEPT)).status == 201
    claims = payload(await want(weesp, doesburg, grant_hash))
    assert claims["act"] == {"sub": rig.PROVINCE}
    assert claims["prp"] == told
    assert "pdi" not in claims
    assert oauth(await want(weesp, province, grant_hash)) == "unauthorized_client"


@pytest.mark.case("fsc:Manager-GetToken-7")
async def test_a_delegated_service_gives_a_token_with_its_owner(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer, gids: Manager
) -> None:
    directory = gids.own
    tree, grant_hash = await agreed(
        weesp, doesburg, service_delegator=rig.PROVINCE, properties=rig.agreement("publication")
    )
    await place(weesp, province, tree, Kind.ACCEPT)
    unlisted = await want(weesp, doesburg, grant_hash)
    assert oauth(unlisted) == "invalid_grant"
    assert "not published here" in unlisted.json["error_description"]
    listing = await listed_for(weesp, province, directory)
    claims = payload(await want(weesp, doesburg, grant_hash))
    assert claims["pdi"] == rig.PROVINCE
    assert "act" not in claims
    # The delegator takes the listing back: no connection to it gets a token any more.
    assert (await place(weesp, province, listing, Kind.REVOKE)).status == 201
    assert oauth(await want(weesp, doesburg, grant_hash)) == "invalid_grant"


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


async def test_a_revoked_peer_gets_no_token_while_an_ended_list_is_kept_to(
    group: Group, doesburg: OwnPeer
) -> None:
    """The carrier cannot ask an ended list; the token endpoint does."""
    now = datetime.now(UTC)
    ended = rig.list_of(
        group.authority,
        revoked=[doesburg.certificate.x509],
        begin=now - timedelta(days=9),
        days=7,
    )
    kept = Revocation.of([ended], refuse_ended=False)
    giving = await group.add("00000099000000002000", revocation=kept)
    refused = await want(giving, doesburg, "$1$3$" + "a" * 86)
    assert oauth(refused) == "invalid_client"
    assert "revoked" in refused.json["error_description"]
    province = group.managers[rig.PROVINCE].own
    assert oauth(await want(giving, province, "$1$3$" + "a" * 86)) != "invalid_client"
