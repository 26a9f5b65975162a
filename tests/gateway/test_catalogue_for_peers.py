# SPDX-License-Identifier: EUPL-1.2
"""Each peer sees, through the real doors, what is offered to it and to the group, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn
from tests.catalogue.offered import gathered
from tests.catalogue.pages_rig import bare_catalogue, described
from tests.gateway.gateway_rig import http_answer
from tests.gateway.gateway_scene import DOESBURG, WEESP, register
from tests.gateway.pair_rig import DELEGATOR, Pair, conclude, services_of, want_tokens
from tests.gateway.test_delegation import delegator
from tests.portal.portal_rig import Server, free_socket

from landschap.catalogue import store
from landschap.catalogue.api import ApiDeps, api_routes
from landschap.catalogue.describing_api import SERVICE
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.peers.worker import GatherDeps, gather_peers
from landschap.fsc.client import HostMap
from landschap.fsc.own import OwnPeer
from landschap.gateway.services import Service
from landschap.gateway.store import apply_services, services
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.purposes.model import Register
from landschap.purposes.store import current_snapshot

__all__ = ["delegator"]
STRANGER = "00000099000000007000"
# What each is shown: by title, to whom.
OFFERS = {
    "Bomen": ("everyone",),
    "Netwerk": ("group",),
    "Voor Doesburg": (DOESBURG,),
    "Voor de volmachtgever": (DELEGATOR,),
    "Voor een vreemde": (STRANGER,),
    "Van onszelf": (),
}


def with_catalogue(owner: str) -> Register:
    """A register that lets itself ask for the catalogue, and the delegator through it."""
    own = register(owner)
    if owner == DOESBURG:
        # As the pair began: its applications need no role.
        own = replace(own, policies=tuple(replace(each, roles=()) for each in own.policies))
    policy = next(each for each in own.policies if each.service == "pand-open")
    fields = next(each for each in own.field_sets if each.service == "pand-open")
    known = next(each for each in own.services if each.name == "pand-open")
    mine = replace(policy, id="CAT", service=SERVICE, field_set=f"{SERVICE}@1", roles=())
    others = replace(mine, id="CAT-V", organisations=(DELEGATOR,), delegable=True)
    return replace(
        own,
        policies=(*own.policies, mine, others),
        field_sets=(*own.field_sets, replace(fields, id=SERVICE, service=SERVICE)),
        services=(*own.services, replace(known, name=SERVICE)),
    )


@pytest.fixture
async def offering(pair: Pair) -> AsyncIterator[Pair]:
    """Weesp offers its catalogue as a service, with one API for each audience."""
    side = pair.weesp
    pool = await postgres.pool(side.settings, "catalogue")
    for title, audience in OFFERS.items():
        name = await gathered(pool, title, described(title))
        await store.offer(pool, name, store.Offer(audience=audience))
    known, _ = await current_snapshot(side.pools.purposes, owner=side.own.peer_id.value)

    async def own_services() -> OwnServices:
        return OwnServices({}, known)

    deps = ApiDeps(
        pool=pool, services=own_services, permit_key=secret_key(side.settings, "permit")
    )  # fmt: skip
    app = make_app(api_routes(deps), AppShape(title="Services", version="1.0.0"))
    own = free_socket()
    server = Server(
        uvicorn.Config(
            app, ws="none", log_config=None, timeout_graceful_shutdown=10, access_log=False
        )
    )
    task = asyncio.create_task(server.serve(sockets=[own]))
    upstream = f"http://127.0.0.1:{own.getsockname()[1]}"
    declared = Service(
        name=SERVICE, upstream=upstream, recording="intent", declaration="none", permit=True
    )
    every = (*services_of(pair.service.address), declared)
    await apply_services(side.pools.gateway, every, datetime.now(UTC))
    await side.take_effect()
    for each, oin in ((pair.weesp, WEESP), (pair.doesburg, DOESBURG)):
        await each.change_register(with_catalogue(oin))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        yield pair
        server.should_exit = True
        await task


async def asked(pair: Pair, path: str) -> tuple[int, Any]:
    """A question through Doesburg's Outway and Weesp's Inway."""
    status, _, body = await pair.ask(f"/{SERVICE}/v1{path}", "GET", service=SERVICE)
    return status, json.loads(body)


async def sees(pair: Pair) -> set[str]:
    """The titles in the list, which every count agrees with."""
    status, found = await asked(pair, "/apis")
    assert status == 200, found
    titles = {each["title"] for each in found["results"]}
    assert found["total"] == len(titles)
    for counts in found["facets"].values():
        assert sum(each["count"] for each in counts) == len(titles)
    # Searching brings nothing else to light.
    _, searched = await asked(pair, "/apis?q=vreemde")
    assert "Voor een vreemde" not in {each["title"] for each in searched["results"]}
    return titles


@pytest.mark.case("S-19")
async def test_each_sees_what_is_offered_to_it_and_nothing_else(
    offering: Pair, delegator: OwnPeer
) -> None:
    pair = offering
    await conclude(pair, SERVICE)
    await want_tokens(pair)
    assert await sees(pair) == {"Bomen", "Netwerk", "Voor Doesburg"}
    for name, status in (("voor-doesburg", 200), ("voor-de-volmachtgever", 404), ("niets", 404)):
        assert (await asked(pair, f"/apis/{name}"))[0] == status
        whole = await pair.ask(f"/{SERVICE}/v1/apis/{name}/openapi", "GET", service=SERVICE)
        assert whole[0] == status
    # The same Outway, asking for another: then it is what that one may see.
    await conclude(pair, SERVICE, delegator=DELEGATOR, signers=(delegator,))
    await want_tokens(pair)
    assert await sees(pair) == {"Bomen", "Netwerk", "Voor de volmachtgever"}
    # Pages without login show what is for everyone, in lists and in counts.
    side = pair.weesp
    known, _ = await current_snapshot(side.pools.purposes, owner=side.own.peer_id.value)
    catalogue = await postgres.pool(side.settings, "catalogue")
    pools = {"fsc": side.pools.fsc, "gateway": side.pools.gateway, "catalogue": catalogue}
    app = bare_catalogue(side.settings, pools, lambda: known)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://weesp") as client:
        page = (await client.get("/catalogus")).text
        assert "1 resultaat" in page
        assert all((f">{title}</a>" in page) is (title == "Bomen") for title in OFFERS)
        assert (await client.get("/catalogus/voor-doesburg")).status_code == 404
    await catalogue.close()


async def test_without_a_permit_of_our_door_nothing_is_told(offering: Pair) -> None:
    declared = await services(offering.weesp.pools.gateway)
    upstream = next(each.upstream for each in declared if each.name == SERVICE)
    async with httpx.AsyncClient(base_url=upstream) as client:
        for path in ("/apis", "/apis/bomen", "/apis/bomen/openapi"):
            assert (await client.get(f"/{SERVICE}/v1{path}")).status_code in {401, 403}, path
        assert (await client.get(f"/{SERVICE}/v1/openapi.json")).status_code == 200


async def test_a_peer_gathers_by_itself_what_is_offered_to_it_and_tells_what_it_can_not_read(
    offering: Pair,
) -> None:
    pair = offering
    await conclude(pair, SERVICE)
    await want_tokens(pair)
    # A process of nginx that knew where the service was before goes on for a tenth of a second.
    async with asyncio.timeout(40):
        while (await asked(pair, "/apis"))[0] != 200:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)
    own = await postgres.pool(pair.doesburg.settings, "catalogue")
    try:
        deps = GatherDeps(
            pool=own, agreed=pair.doesburg.pools.fsc, me=DOESBURG,
            outway=f"http://{pair.outway.host}:{pair.outway.port}", key=lambda: pair.key,
            hosts=HostMap({}, allow_private=False),
        )  # fmt: skip
        place = f"fsc://{WEESP}/{SERVICE}/"
        first = await gather_peers(deps)
        assert {(each.source, each.outcome) for each in first} == {
            (f"{place}{name}", "new") for name in ("bomen", "netwerk", "voor-doesburg")
        }
        assert {each.outcome for each in await gather_peers(deps)} == {"same"}
        # For our own people until somebody says to whom else.
        assert await store.shown_named(own, None, "bomen") is not None
        assert await store.shown_named(own, ("everyone", "group"), "bomen") is None
        # One is spoilt, one withdrawn: each is told with why, and the third is as it was.
        await pair.weesp.administrator.execute(
            "UPDATE catalogue.description SET document = '\\xff00' WHERE api ="
            " (SELECT number FROM catalogue.api WHERE name = 'bomen')"
        )
        weesp = await postgres.pool(pair.weesp.settings, "catalogue")
        await store.offer(weesp, "voor-doesburg", store.Offer(audience=()))
        await weesp.close()
        again = {each.source: (each.outcome, each.why) for each in await gather_peers(deps)}
        assert again[f"{place}netwerk"] == ("same", "")
        assert again[f"{place}bomen"][0] == "unreadable"
        assert "does not offer it to us" in again[f"{place}voor-doesburg"][1]
        assert {source for source, _ in await store.unreadable(own)} == {
            f"{place}bomen", f"{place}voor-doesburg",
        }  # fmt: skip
        assert await store.shown_named(own, None, "bomen") is not None
        # Without a key that the Outway knows the whole catalogue is told as unread.
        (nobody,) = await gather_peers(replace(deps, key=lambda: "x" * 40))
        assert (nobody.source, "application_unknown" in nobody.why) == (place, True)
        # Whatever a peer answers is one that could not be read, and never the end of gathering.
        crooked = replace(deps, outway=f"http://{pair.service.address}")
        for status, answer, why in (
            (200, r'{"results": [{"name": "\ud800"}]}', "no list of APIs"),
            (200, json.dumps({"results": [{"name": "a" * 3_000}]}), "no list of APIs"),
            (200, "[" * 100_000, "recursion"),
            (403, "[" * 100_000, "status 403"),
            (403, r'{"code": "x", "detail": "nul \u0000 half \ud800"}', "nul  half ?"),
        ):
            headers = {"Content-Type": "application/json"}
            told = http_answer(status, headers, answer.encode())
            pair.service.answer_with(partial(lambda given, _: given, told))
            (nobody,) = await gather_peers(crooked)
            assert (nobody.source, why in nobody.why) == (place, True), nobody.why
    finally:
        await own.close()
