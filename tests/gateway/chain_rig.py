# SPDX-License-Identifier: EUPL-1.2
"""Three municipalities that really run: Zutphen asks Doesburg, which needs Weesp to answer.

Each has its own database, nginx and decider; Doesburg and Weesp have a Manager. Everything between
them goes over mutual TLS on loopback. What stands behind Doesburg's Inway is an application of the
test that asks on through Doesburg's Outway; behind Weesp's stands a party that answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.gateway.gateway_rig import Anchor, Caller, Heard, Leaf, Party, http_answer, start_party
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    BASIS,
    DOESBURG,
    FIELD_SET,
    GROUP,
    PARKING,
    WEESP,
    purpose,
    register,
    text,
)
from tests.gateway.pair_rig import Side, agreements, frame, place, serve_manager, side_of
from tests.ports import free_port
from tests.throwaway import Cluster

from landschap.fsc import store as fsc_store
from landschap.fsc.contracts import read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.fsc.store import token_rows
from landschap.gateway import store
from landschap.gateway.services import Service
from landschap.logboek.records import Record
from landschap.logboek.store import by_trace
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.model import FieldSet, OfferedService, Register
from landschap.vocabulary.problems import Refusal

ZUTPHEN = "00000099000000005000"
OINS = {"zutphen": ZUTPHEN, "doesburg": DOESBURG, "weesp": WEESP}
LISTENS = {
    "zutphen": ("outway",),
    "doesburg": ("manager", "inway", "outway"),
    "weesp": ("manager", "inway"),
}
WIDER = "https://doelen.example/id/werk-en-inkomen"
NARROWER = "https://doelen.example/id/bijstand/woonkosten"
PARKING_ACTIVITY = "https://weesp.example/activiteiten/parkeren"
PERSON = "999993653"
INCOME = FieldSet(
    id="inkomen",
    version=1,
    provider=DOESBURG,
    service="inkomen",
    fields=("bsn", "uitkering.soort"),
    searchable=("bsn",),
)


@dataclass(kw_only=True)
class Chain:
    """The three of them, the application in the middle, and the service at the end."""

    zutphen: Side
    doesburg: Side
    weesp: Side
    middle: Party
    service: Party
    outways: dict[str, Caller]
    keys: dict[str, str] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """What the application in the middle sends along, in place of what it should."""
    told: list[tuple[int, Any]] = field(default_factory=list)
    """What the application in the middle was answered."""

    async def ask(self, trace: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask through Zutphen's Outway."""
        sent = {
            "X-Api-Key": self.keys["zutphen"],
            "Fsc-Grant-Hash": self.grants["inkomen"],
            "Doelbinding": ASSISTANCE,
            "traceparent": f"00-{trace}-{'b7' * 8}-01",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        body = json.dumps({"burgerservicenummer": PERSON}).encode()
        return await asyncio.to_thread(
            self.outways["zutphen"].ask,
            "/v1/_zoek?fields=uitkering.soort",
            method="POST",
            headers=sent,
            body=body,
        )

    def ask_on(self, heard: Heard) -> bytes:
        """What the application does with a question: ask Weesp, with the Permit it was given."""
        came = heard.headers
        sent = {
            "X-Api-Key": self.keys["doesburg"],
            "Fsc-Grant-Hash": self.grants["uitkeringen"],
            "Doelbinding": ASSISTANCE,
            "Permit": came.get("permit", ""),
            "traceparent": came.get("traceparent", ""),
            **self.headers,
        }
        told = {name: value for name, value in sent.items() if value}
        status, _, body = self.outways["doesburg"].ask(
            "/v1/_zoek?fields=uitkering.soort", method="POST", headers=told, body=heard.body
        )
        self.told.append((status, json.loads(body)))
        return http_answer(status, body=body)

    async def records(self, name: str, trace: str) -> list[Record]:
        """What one of them has in its log of a trace, oldest first."""
        side: Side = getattr(self, name)
        return list(await by_trace(side.log_pool, bytes.fromhex(trace)))

    async def adl(self, name: str, trace: str) -> list[Mapping[str, Any]]:
        """The decisions in one log: request and response."""
        contents: list[Any] = [each.content() for each in await self.records(name, trace)]
        return [content["adl"]["body"] for content in contents if "adl" in content]


@asynccontextmanager
async def running_chain(cluster: Cluster, folder: Path, anchor: Anchor) -> AsyncIterator[Chain]:
    """All three, with contracts, tokens and services."""
    ports = {name: {door: free_port() for door in LISTENS[name]} for name in OINS}
    middle, service = start_party(), start_party()
    async with AsyncExitStack() as stack:
        stack.callback(service.stop)
        stack.callback(middle.stop)
        sides = {
            name: await side_of(stack, cluster, _settings(folder, name, anchor, ports))
            for name in OINS
        }
        outways = {
            name: Caller("127.0.0.1", ports[name]["outway"]) for name in ("zutphen", "doesburg")
        }
        chain = Chain(
            zutphen=sides["zutphen"],
            doesburg=sides["doesburg"],
            weesp=sides["weesp"],
            middle=middle,
            service=service,
            outways=outways,
        )
        middle.answer_with(chain.ask_on)
        service.answer_with(http_answer(200, body=b'{"uitkering": {"soort": "bijstand"}}'))
        await _agree(chain)
        for name in ("doesburg", "weesp"):
            await serve_manager(stack, sides[name])
        for side in sides.values():
            await side.take_effect()
            stack.push_async_callback(asyncio.to_thread, side.stop_carrier)
        # The first questions have tokens fetched; after that the carriers know the Inways.
        for side in (chain.zutphen, chain.doesburg):
            await chain.ask("ab" * 16)
            await side.take_effect()
        yield chain


def _leaf(anchor: Anchor, name: str) -> Leaf:
    hosts = [f"{part}.{name}.test" for part in LISTENS[name]]
    return anchor.leaf(f"chain-{name}", OINS[name], f"Gemeente {name.title()}", *hosts)


def _settings(
    folder: Path, name: str, anchor: Anchor, ports: Mapping[str, Mapping[str, int]]
) -> Settings:
    place_of = folder / name
    (place_of / "r").mkdir(parents=True)
    leaf = _leaf(anchor, name)
    (place_of / "organisation.crt").write_bytes(leaf.certificate_file.read_bytes())
    (place_of / "organisation.key").write_bytes(leaf.key_file.read_bytes())
    (place_of / "organisation.key").chmod(0o600)
    (place_of / "anchor.crt").write_bytes(anchor.file.read_bytes())
    own = ports[name]
    listens = "\n".join(f'{door} = "127.0.0.1:{port}"' for door, port in own.items())
    hosts = "\n".join(
        f'"{door}.{each}.test" = "127.0.0.1"' for each in OINS for door in LISTENS[each]
    )
    toml = place_of / "organisation.toml"
    toml.write_text(f"""
[organisation]
oin = "{OINS[name]}"
name = "Gemeente {name.title()}"
group_id = "{GROUP}"
fictitious = true
[identity]
certificate = "organisation.crt"
key = "organisation.key"
trust_anchors = ["anchor.crt"]
[paths]
run = "r"
[listen]
{listens}
[addresses]
manager = "https://manager.{name}.test:{own.get("manager", 8443)}"
inway = "https://inway.{name}.test:{own.get("inway", 8443)}"
[directory]
peer_id = "00000099000000009000"
manager_address = "https://manager.gids.test:8443"
[network]
allow_private = true
[network.hosts]
{hosts}
[nginx]
workers = 1
""")
    return load_settings(toml, {})


def register_of(owner: str, **changes: Any) -> Register:
    """The register of one of the three: the same lists, each with its own policies."""
    made = register(owner)
    first = made.policies[0]
    parking = replace(made.activities[0], uri=PARKING_ACTIVITY, purpose=PARKING)
    activities = {ASSISTANCE: made.activities[0], WIDER: made.activities[0], PARKING: parking}
    to_weesp = [
        replace(first, id=f"UIT-{n}", purpose=uri, activity=activity.uri, roles=())
        for n, (uri, activity) in enumerate(activities.items())
    ]
    income = replace(
        first,
        id="INK-1",
        provider=DOESBURG,
        service="inkomen",
        field_set=INCOME.key,
        organisations=("*own",) if owner == ZUTPHEN else (ZUTPHEN,),
        roles=(),
    )
    policies = {
        ZUTPHEN: [income],
        DOESBURG: [income, *(replace(each, organisations=("*own",)) for each in to_weesp)],
        WEESP: [replace(each, organisations=(DOESBURG,)) for each in to_weesp],
    }[owner]
    offered = OfferedService(
        provider=DOESBURG,
        name="inkomen",
        fields=INCOME.fields,
        searchable=("bsn",),
        personal=True,
    )
    return replace(
        made,
        purposes=(
            purpose(WIDER, label=text("werk en inkomen")),
            purpose(ASSISTANCE, broader=WIDER),
            purpose(NARROWER, broader=ASSISTANCE),
            purpose(PARKING),
        ),
        activities=(*made.activities, parking),
        services=(*made.services, offered),
        field_sets=(*made.field_sets, INCOME),
        policies=tuple(policies),
        **changes,
    )


async def _agree(chain: Chain) -> None:
    """Registers, services, contracts, applications, and who is where."""
    now = datetime.now(UTC)
    sides = {"zutphen": chain.zutphen, "doesburg": chain.doesburg, "weesp": chain.weesp}
    for name, side in sides.items():
        await side.change_register(register_of(OINS[name]))
    for side, service, party in (
        (chain.doesburg, "inkomen", chain.middle),
        (chain.weesp, "uitkeringen", chain.service),
    ):
        offered = Service(name=service, upstream=f"http://{party.address}", permit=True)
        await store.apply_services(side.pools.gateway, (offered,), now)
    for name in ("zutphen", "doesburg"):
        chain.keys[name] = await store.add_application(
            sides[name].pools.gateway, "zaaksysteem", now
        )
    purposes = (WIDER, PARKING)
    await conclude(chain, "zutphen", "doesburg", "inkomen", (ASSISTANCE,), INCOME)
    await conclude(chain, "doesburg", "weesp", "uitkeringen", purposes, FIELD_SET)


async def conclude(
    chain: Chain,
    asker: str,
    provider: str,
    service: str,
    purposes: tuple[str, ...],
    field_set: FieldSet,
    *,
    delegator: str = "",
    signers: Sequence[OwnPeer] = (),
) -> None:
    """A contract between two of them, signed by both, and a token wanted for it.

    With a ``delegator`` the asker asks on its behalf; ``signers`` then holds the delegator.
    """
    now = datetime.now(UTC)
    client: Side = getattr(chain, asker)
    server: Side = getattr(chain, provider)
    bound = Bound.of(purposes=purposes, legal_bases=(BASIS,), field_set=field_set)
    data: dict[str, Any] = {
        "type": "GRANT_TYPE_SERVICE_CONNECTION",
        "outway": {
            "peer_id": OINS[asker],
            "identification": {
                "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                "public_key_thumbprint": client.own.certificate.key_thumbprint,
            },
        },
        "service": {
            "type": "SERVICE_TYPE_SERVICE", "peer_id": OINS[provider], "name": service,
        },
        "properties": {PROPERTY: bound.as_property()},
    }  # fmt: skip
    if delegator:
        data["type"] = "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"
        data["delegator"] = {"peer_id": delegator}
        data["properties"] |= agreements({"delegator": delegator})
    contract = read_contract({**frame(), "grants": [{"data": data}]}, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    for side in (client, server):
        for signer in (client.own, server.own, *signers):
            await place(side, contract, signer, Kind.ACCEPT)
    chain.grants[service] = contract.connections[0][0].value
    await token_rows.want_tokens(client.pools.fsc, [chain.grants[service]], now)
    peer = fsc_store.Peer(
        peer_id=server.own.peer_id,
        name=server.own.name,
        manager_address=server.settings.addresses.manager,
        announced_at=now,
        seen_at=now,
    )
    await fsc_store.save_peer(client.pools.fsc, peer)
