# SPDX-License-Identifier: EUPL-1.2
"""Two municipalities that really run: PostgreSQL, nginx and a decider each, Weesp with a Manager.

Doesburg asks through its Outway; Weesp answers through its Inway. Everything between them goes
over mutual TLS on loopback. Only the service behind Weesp's Inway is a party of the test.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from tests.gateway.gateway_rig import (
    NGINX_VERSION,
    Anchor,
    Caller,
    Carrier,
    Leaf,
    Party,
    client_context,
    start_party,
)
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    BASIS,
    DOESBURG,
    FIELD_SET,
    GROUP,
    WEESP,
    register,
)
from tests.ports import free_port
from tests.throwaway import TEMPLATE, Cluster

from landschap.fsc import delegation
from landschap.fsc import store as fsc_store
from landschap.fsc.api import ManagerDeps, manager_app
from landschap.fsc.client import ManagerClient, own_peer
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind
from landschap.fsc.store import contract_rows, token_rows
from landschap.gateway import store
from landschap.gateway.api.decider import open_desk, watch
from landschap.gateway.api.desk import Desk
from landschap.gateway.api.keeper import Keeper
from landschap.gateway.api.protocol import DoorProtocol
from landschap.gateway.services import Service
from landschap.gateway.store import Pools
from landschap.logboek.records import Record
from landschap.logboek.store import by_transaction
from landschap.platform.keys import make_secret_keys
from landschap.platform.settings import PostgresSettings, Settings, load_settings
from landschap.platform.sockets import app_socket, decide_socket, listening
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.model import Register
from landschap.purposes.store import Signers, current_snapshot, save_register
from landschap.vocabulary.problems import Refusal

SIGNERS = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
DELEGATOR = "00000099000000004000"


@dataclass(kw_only=True)
class Side:
    """One organisation that runs."""

    settings: Settings
    pools: Pools
    own: OwnPeer
    desk: Desk
    keeper: Keeper
    lane: str
    log_pool: Any
    carrier: Carrier | None = None
    administrator: Any = None

    async def take_effect(self) -> None:
        """Let nginx carry what it must carry now."""
        user = "root" if os.geteuid() == 0 else None
        plan = await store.carrier_plan(
            self.settings, self.pools, nginx_version=NGINX_VERSION, worker_user=user
        )
        if self.carrier is None:
            self.carrier = await asyncio.to_thread(Carrier, plan)
        elif self.carrier.plan != plan:
            await asyncio.to_thread(self.carrier.reload, plan)

    def stop_carrier(self) -> None:
        """Stop the nginx that runs at the end, whichever that is by then."""
        if self.carrier is not None:
            self.carrier.stop()

    async def change_register(self, changed: Register) -> None:
        """Two people put another register in force; nobody tells the decider."""
        before, _ = await current_snapshot(self.pools.purposes, owner=changed.owner)
        based_on = before.version if before.register.services else ""
        await save_register(self.pools.purposes, changed, SIGNERS, based_on=based_on)

    async def records(self, transaction_id: str) -> list[Record]:
        """What the log holds of one transaction."""
        return list(await by_transaction(self.log_pool, UUID(transaction_id)))


@dataclass(kw_only=True)
class Pair:
    """Both sides, the service behind Weesp's Inway, and the contracts between them."""

    weesp: Side
    doesburg: Side
    service: Party
    grants: dict[str, str] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    key: str = ""
    inway: Caller
    outway: Caller

    async def ask(
        self, target: str = "/v1/_zoek?fields=uitkering.soort", method: str = "POST", **more: Any
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask through Doesburg's Outway, as its application does."""
        grant = self.grants[more.pop("service", "uitkeringen")]
        headers = {"X-Api-Key": self.key, "Fsc-Grant-Hash": grant, "Doelbinding": ASSISTANCE}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        body = b'{"burgerservicenummer": "999993653"}' if method == "POST" else b""
        told = {name: value for name, value in headers.items() if value}
        return await asyncio.to_thread(
            self.outway.ask, target, method=method, headers=told, body=body
        )

    async def knock(self, target: str, method: str, **headers: str) -> Any:
        """Ask at Weesp's Inway itself, with Doesburg's certificate."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asyncio.to_thread(self.inway.ask, target, method=method, headers=told)


@asynccontextmanager
async def running_pair(
    cluster: Cluster, folder: Path, anchor: Anchor, leaves: dict[str, Leaf], more: str = ""
) -> AsyncIterator[Pair]:
    """Both organisations, with contracts, a token to be fetched, and a service that answers.

    ``more`` are further settings of Doesburg.
    """
    ports = {name: free_port() for name in ("manager", "inway", "outway")}
    service = start_party()
    async with AsyncExitStack() as stack:
        stack.callback(service.stop)
        weesp = await side_of(stack, cluster, _settings(folder, "weesp", leaves, anchor, ports))
        settings = _settings(folder, "doesburg", leaves, anchor, ports, more)
        doesburg = await side_of(stack, cluster, settings)
        pair = Pair(
            weesp=weesp,
            doesburg=doesburg,
            service=service,
            inway=Caller("127.0.0.1", ports["inway"], client_context(anchor, leaves["doesburg"])),
            outway=Caller("127.0.0.1", ports["outway"]),
        )
        await _agree(pair)
        await serve_manager(stack, weesp)
        for side in (weesp, doesburg):
            await side.take_effect()
            assert side.carrier is not None
            stack.push_async_callback(asyncio.to_thread, side.stop_carrier)
        # The first question has the token fetched; after that the carrier knows the Inway.
        await pair.ask()
        await doesburg.take_effect()
        yield pair


async def side_of(stack: AsyncExitStack, cluster: Cluster, settings: Settings) -> Side:
    name = f"pair_{uuid4().hex[:8]}"
    await cluster.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    stack.push_async_callback(cluster.run, f"DROP DATABASE {name} WITH (FORCE)")
    shutil.copytree(
        cluster.settings.paths.secrets / "postgres", settings.paths.secrets / "postgres"
    )
    make_secret_keys(settings)
    settings = replace(settings, postgres=PostgresSettings(dsn=cluster.dsn(name)))
    return await open_side(stack, settings, "decider-0")


async def open_side(stack: AsyncExitStack, settings: Settings, lane: str) -> Side:
    """A decider of an organisation, with what it needs; nothing is carried yet."""
    from landschap.platform import postgres

    administrator = await postgres.administrator(settings)
    stack.push_async_callback(administrator.close)
    log_pool = await postgres.pool(settings, "logboek", size=1)
    stack.push_async_callback(log_pool.close)
    desk, keeper = await open_desk(settings, lane, stack)
    watching = asyncio.create_task(watch(settings, keeper))
    stack.callback(watching.cancel)
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: DoorProtocol(desk), sock=listening(decide_socket(settings))
    )
    stack.callback(server.close)
    # nginx of the tests may run as another user than this process.
    decide_socket(settings).chmod(0o666)
    return Side(
        settings=settings,
        pools=keeper.pools,
        own=own_peer(settings),
        desk=desk,
        keeper=keeper,
        lane=lane,
        log_pool=log_pool,
        administrator=administrator,
    )


def _settings(
    folder: Path,
    name: str,
    leaves: dict[str, Leaf],
    anchor: Anchor,
    ports: dict[str, int],
    more: str = "",
) -> Settings:
    place = folder / name
    place.mkdir(parents=True)
    leaf = leaves[name]
    (place / "organisation.crt").write_bytes(leaf.certificate_file.read_bytes())
    (place / "organisation.key").write_bytes(leaf.key_file.read_bytes())
    (place / "organisation.key").chmod(0o600)
    (place / "anchor.crt").write_bytes(anchor.file.read_bytes())
    (place / "r").mkdir()
    listens = {
        "weesp": f'manager = "127.0.0.1:{ports["manager"]}"\ninway = "127.0.0.1:{ports["inway"]}"',
        "doesburg": f'outway = "127.0.0.1:{ports["outway"]}"',
    }
    toml = place / "organisation.toml"
    toml.write_text(f"""
[organisation]
oin = "{WEESP if name == "weesp" else DOESBURG}"
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
{listens[name]}
[addresses]
manager = "https://manager.{name}.test:{ports["manager"]}"
inway = "https://inway.{name}.test:{ports["inway"]}"
[directory]
peer_id = "00000099000000009000"
manager_address = "https://manager.gids.test:8443"
[network]
allow_private = true
[network.hosts]
"manager.weesp.test" = "127.0.0.1"
"inway.weesp.test" = "127.0.0.1"
"inway-b.weesp.test" = "127.0.0.1"
[outway.aliases]
"uitkeringen.weesp.intern" = "{WEESP}/uitkeringen"
"pand" = "pand-open"
[nginx]
workers = 1
{more}""")
    return load_settings(toml, {})


async def _agree(pair: Pair) -> None:
    """Registers, services, contracts and an application."""
    now = datetime.now(UTC)
    weesp, doesburg = pair.weesp, pair.doesburg
    free = tuple(replace(policy, roles=()) for policy in register(DOESBURG).policies)
    await weesp.change_register(register(WEESP))
    await doesburg.change_register(register(DOESBURG, policies=free))
    await store.apply_services(weesp.pools.gateway, services_of(pair.service.address), now)
    pair.key = await store.add_application(doesburg.pools.gateway, "zaaksysteem", now)
    for name in ("uitkeringen", "pand-open"):
        await conclude(pair, name)
    await want_tokens(pair)
    peer = fsc_store.Peer(
        peer_id=weesp.own.peer_id,
        name=weesp.own.name,
        manager_address=weesp.settings.addresses.manager,
        announced_at=now,
        seen_at=now,
    )
    await fsc_store.save_peer(doesburg.pools.fsc, peer)


async def want_tokens(pair: Pair) -> None:
    """Say that Doesburg wants a token for each of its grants; nobody fetches it yet."""
    now = datetime.now(UTC)
    await token_rows.want_tokens(pair.doesburg.pools.fsc, list(pair.grants.values()), now)


def services_of(address: str) -> tuple[Service, ...]:
    """Two services that one party answers for."""
    upstream = f"http://{address}"
    return (
        Service(name="uitkeringen", upstream=upstream, permit=True),
        Service(
            name="pand-open",
            upstream=upstream,
            base="/basis",
            recording="intent",
            declaration="none",
            permit=False,
        ),
    )


async def conclude(pair: Pair, service: str, **changes: Any) -> None:
    """A contract for one service that both have signed, and the delegators when there are any."""
    content = contract_content(pair, service, **changes)
    contract = read_contract(content, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    pair.contracts[service] = contract
    pair.grants[service] = contract.connections[0][0].value
    signers = [pair.weesp.own, pair.doesburg.own, *changes.get("signers", ())]
    for side in (pair.weesp, pair.doesburg):
        for signer in signers:
            await place(side, contract, signer, Kind.ACCEPT)


async def publish(pair: Pair, service: str, delegator: OwnPeer) -> None:
    """Weesp publishes a service on behalf of another, with Doesburg as the directory."""
    data: dict[str, Any] = {
        "type": "GRANT_TYPE_DELEGATED_SERVICE_PUBLICATION",
        "directory": {"peer_id": DOESBURG},
        "service": {"peer_id": WEESP, "name": service, "protocol": "PROTOCOL_TCP_HTTP_1.1"},
        "delegator": {"peer_id": delegator.peer_id.value},
    }
    contract = read_contract({**frame(), "grants": [{"data": data}]}, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    for signer in (pair.weesp.own, pair.doesburg.own, delegator):
        await place(pair.weesp, contract, signer, Kind.ACCEPT)


async def place(side: Side, contract: Contract, signer: OwnPeer, kind: Kind) -> None:
    """One signature in one side's memory, as if it had been delivered."""
    now = datetime.now(UTC)
    arrival = contract_rows.Arrival(profile=Profile.FSC_2, own=False, at=now)
    async with side.pools.fsc.acquire() as connection, connection.transaction():
        await contract_rows.save_contract(connection, contract, arrival)
        chained = ChainedCertificate(leaf=signer.certificate, others=())
        await contract_rows.save_certificate(connection, chained)
        signature = signer.sign(contract, kind, now)
        await contract_rows.save_signature(connection, contract.hash, signature, now)


def contract_content(pair: Pair, service: str, **changes: Any) -> dict[str, Any]:
    """The content of a connection contract between the two."""
    field_set = FIELD_SET if service == "uitkeringen" else None
    actions = changes.get("actions", ("raadplegen",))
    bound = Bound.of(
        purposes=(ASSISTANCE,), legal_bases=(BASIS,), field_set=field_set, actions=actions
    )
    told: dict[str, Any] = {"type": "SERVICE_TYPE_SERVICE", "peer_id": WEESP, "name": service}
    if "service_delegator" in changes:
        told["type"] = "SERVICE_TYPE_DELEGATED_SERVICE"
        told["delegator"] = {"peer_id": changes["service_delegator"]}
    data: dict[str, Any] = {
        "type": "GRANT_TYPE_SERVICE_CONNECTION",
        "outway": {
            "peer_id": DOESBURG,
            "identification": {
                "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                "public_key_thumbprint": pair.doesburg.own.certificate.key_thumbprint,
            },
        },
        "service": told,
        "properties": {PROPERTY: bound.as_property(), **agreements(changes)},
    }
    if "delegator" in changes:
        data["type"] = "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"
        data["delegator"] = {"peer_id": changes["delegator"]}
    return {**frame(), "grants": [{"data": data}]}


def agreements(changes: dict[str, Any]) -> dict[str, Any]:
    """The agreement behind each delegation; ``agreed_until`` is its first day without it."""
    until = changes.get("agreed_until", "2126-01-01")
    agreed = delegation.Agreement.of(role="processor", reference="VWO-2026-17", until=until)
    sides = {
        "delegator": delegation.Side.CONNECTION,
        "service_delegator": delegation.Side.PUBLICATION,
    }
    return {
        side.agreement_property: agreed.as_property()
        for name, side in sides.items()
        if name in changes
    }


def frame() -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    return {
        "fsc_version": "2.0.0",
        "iv": str(uuid4()),
        "group_id": GROUP,
        "validity": {"not_before": now - 3600, "not_after": now + 86_400},
        "hash_algorithm": "HASH_ALGORITHM_SHA3_512",
        "created_at": now - 3600,
    }


async def serve_manager(stack: AsyncExitStack, weesp: Side) -> None:
    """Weesp's real Manager behind its nginx, for tokens."""
    client = await stack.enter_async_context(ManagerClient(weesp.settings, weesp.own))

    async def offered() -> frozenset[str]:
        return await store.offered_services(weesp.pools.gateway)

    async def inway(service: str) -> str:
        return await store.inway_of(weesp.pools.gateway, service, weesp.own.inway_address)

    app = manager_app(
        ManagerDeps(
            pool=weesp.pools.fsc,
            log_pool=weesp.log_pool,
            own=weesp.own,
            client=client,
            offered=offered,
            auto_sign=frozenset(),
            token_ttl=timedelta(seconds=300),
            inway_of=inway,
        )
    )
    config = uvicorn.Config(
        app, loop="none", log_config=None, timeout_graceful_shutdown=10, ws="none", lifespan="on"
    )
    server = uvicorn.Server(config)
    place_of = app_socket(weesp.settings, "manager")
    served = asyncio.create_task(server._serve(sockets=[listening(place_of)]))
    place_of.chmod(0o666)

    async def stop() -> None:
        server.should_exit = True
        await served

    stack.push_async_callback(stop)
    while not server.started:  # noqa: ASYNC110  # uvicorn gives no event
        await asyncio.sleep(0.01)
