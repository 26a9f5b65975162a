# SPDX-License-Identifier: EUPL-1.2
"""The Manager shows each peer what concerns it: contracts, services, peers, keys, transactions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Manager,
    ask,
    asking,
    place,
    publishing,
    sign_here,
    submit,
)

from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.logboek.payloads import FscEntry, fsc_payload
from landschap.logboek.records import Draft
from landschap.logboek.records import Kind as LogKind
from landschap.logboek.store import LogWriter
from landschap.platform.ids import uuid7


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
    properties = {"voorbeeld.kenmerk": {"reference": "x"}}
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
async def test_the_manager_tells_who_it_is(
    weesp: Manager, gids: Manager, doesburg: OwnPeer
) -> None:
    standard = {"EXTENSION_DELEGATION": "1.0.0", "EXTENSION_TRANSACTION_LOGGING": "1.0.0"}
    answer = await ask(weesp, doesburg, "GET", "/v1/peer")
    assert answer.status == 200
    assert answer.json == {
        "peer_id": rig.WEESP,
        "peer_name": "Gemeente Weesp",
        "fsc_version": "2.0.0",
        # Weesp and Doesburg witness for each other; who has no witness does not speak of it.
        "enabled_extensions": {**standard, "EXTENSION_LANDSCHAP_LOG_WITNESS": "1.0.0"},
    }
    directory = await ask(gids, doesburg, "GET", "/v1/peer")
    assert directory.json["enabled_extensions"] == standard


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


def transaction(outway: str, service: str, **delegators: Any) -> Draft:
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
