# SPDX-License-Identifier: EUPL-1.2
"""What others than the case worker try at the doors of the demo, and what the supplier heard."""

from __future__ import annotations

import ssl

import aiohttp

from landschap.cli.demo.application import Answer, Question, read_answer
from landschap.cli.demo.landscape import SUZANNE, Landscape, Member
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.report import Seen, demand
from landschap.platform.settings import load_settings

_SECONDS = 15


async def token_of_doesburg(opened: Opened) -> str:
    """A token that Weesp's Manager gave Doesburg."""
    from landschap.fsc.client import Destination, ManagerClient, own_peer
    from landschap.vocabulary.identifiers import GrantHash, PeerId

    scene = opened.landscape
    settings = load_settings(scene.settings_file(scene.doesburg), {})
    to = Destination(
        peer_id=PeerId.parse(scene.weesp.oin.value), address=scene.weesp.manager_address
    )
    async with ManagerClient(settings, own_peer(settings)) as client:
        return (await client.token(to, GrantHash.parse(opened.grant_hash))).token


async def knock(scene: Landscape, member: Member, token: str, question: Question) -> Answer:
    """At Weesp's Inway, with a member's certificate and somebody's token."""
    from landschap.platform.ids import uuid7

    context = ssl.create_default_context(cafile=str(scene.folder / "trust" / "anchor.crt"))
    identity = scene.folder / member.key / "identity"
    context.load_cert_chain(identity / "organisation.crt", identity / "organisation.key")
    headers = {
        "Fsc-Authorization": f"Bearer {token}",
        "Fsc-Transaction-Id": str(uuid7()),
        "Host": "inway.weesp.test",
    }
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
        session.post(
            f"https://{scene.weesp.inway}{question.target()}",
            json={"burgerservicenummer": question.bsn},
            headers=headers,
            ssl=context,
            server_hostname="inway.weesp.test",
        ) as answer,
    ):
        return await read_answer(answer)


async def pass_by(scene: Landscape) -> Seen:
    """Whoever passes by sees buildings, and neither persons nor what the model closes."""
    asked = {
        "buildings": "/bag/v1/panden?limit=1",
        "residents": "/inwoners/v1/inwoners",
        "catalogue": "/catalogus/dcat.jsonld",
    }
    seen: Seen = {}
    async with aiohttp.ClientSession() as session:
        for name, path in asked.items():
            host = {"Host": scene.weesp.open_address.removeprefix("http://")}
            async with session.get(f"http://{scene.weesp.open}{path}", headers=host) as answer:
                seen[name] = answer.status
                text = await answer.text()
                demand(SUZANNE not in text, "a person's number is told", seen)
    told = {"buildings": 200, "residents": 404, "catalogue": 200}
    demand(seen == told, "not told as it should", seen)
    return seen


async def supplier_asked(scene: Landscape) -> int:
    """How many questions the supplier's system heard."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{scene.supplier}/health") as answer,
    ):
        return int((await answer.json())["asked"])
