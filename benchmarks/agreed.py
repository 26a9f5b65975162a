# SPDX-License-Identifier: EUPL-1.2
"""Two municipalities that agreed on a connection, as they stand after `landschap demo`.

Certificates, settings and purposes are the demo's; the processes are those of `landschap serve`.
Only the contract is brought from one to the other by hand, through the functions that the Manager
calls too, so that no directory has to run beside what is measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from landschap.cli.demo.landscape import (
    DATA,
    PURPOSE,
    SERVICE,
    Landscape,
    Member,
    landscape_in,
)
from landschap.cli.demo.landscape_files import write_landscape
from landschap.fsc import store, tokens
from landschap.fsc.autosign import AutoSign
from landschap.fsc.client import own_peer
from landschap.fsc.connections import HeldToken
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind
from landschap.fsc.store import token_rows
from landschap.gateway.services import Service
from landschap.gateway.store import add_application, apply_services
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.files import parse_register
from landschap.purposes.model import Register
from landschap.purposes.store import Signers, save_register
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

FIELD_SET = "bijstand-bij-verhuizing"
LEGAL_BASIS = "eu-gdpr:A6-1-e"
TOKEN_LIFE = timedelta(hours=2)
# The door's own limit would be measured instead of the door.
NO_LIMIT = "[limits]\npeer_requests_per_second = 1000000\npeer_burst = 1000000\n"
Running = tuple["subprocess.Popen[bytes]", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What it takes to ask: the settings of both, the grant, a token and a key."""

    landscape: Landscape
    weesp: Settings
    doesburg: Settings
    grant_hash: str
    token: str
    api_key: str
    asker: OwnPeer
    provider: OwnPeer
    processes: Running

    def stop(self) -> None:
        """Stop both organisations and wait for them."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=30)


async def open_agreed(
    folder: Path, upstream: str, *, network: int = 77, more_at_weesp: str = ""
) -> Agreed:
    """Start both organisations and have them agree; ``upstream`` is Weesp's service.

    ``network`` is the third number of their addresses, ``more_at_weesp`` is added to its settings.
    """
    landscape = landscape_in(folder, network=network, web_port=8_694 + network)
    write_landscape(landscape, datetime.now(UTC))
    members = (landscape.weesp, landscape.doesburg)
    more = {landscape.weesp: more_at_weesp}
    processes = tuple(_serve(landscape, member, more.get(member, "")) for member in members)
    try:
        weesp, doesburg = (load_settings(landscape.settings_file(member)) for member in members)
        settings = (weesp, doesburg)
        await asyncio.gather(*(_ready(member) for member in members))
        return await _agree(landscape, settings, upstream, processes)
    except BaseException:
        for process in processes:
            process.terminate()
        raise


def _serve(landscape: Landscape, member: Member, more: str) -> subprocess.Popen[bytes]:
    settings = landscape.settings_file(member)
    if NO_LIMIT not in settings.read_text():
        settings.write_text(settings.read_text() + NO_LIMIT + more)
    log = (landscape.folder / f"{member.key}.log").open("wb")
    command = [sys.executable, "-m", "landschap", "serve", "--config", str(settings)]
    return subprocess.Popen(command, stdout=log, stderr=log)


async def _ready(member: Member, seconds: float = 120) -> None:
    host, port = member.admin.rsplit(":", 1)
    async with asyncio.timeout(seconds):
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                line = await reader.readline()
                writer.close()
                if b" 200 " in line:
                    return
            except OSError:
                pass
            await asyncio.sleep(0.2)


async def _agree(
    landscape: Landscape, settings: tuple[Settings, Settings], upstream: str, processes: Running
) -> Agreed:
    weesp, doesburg = settings
    provider, asker = own_peer(weesp), own_peer(doesburg)
    register = register_of(landscape.weesp)
    await _in_force(weesp, register)
    # The demo asks for a case worker with a role; here the application asks by itself.
    await _in_force(
        doesburg, register_of(landscape.doesburg, lambda text: text.replace(_ROLES, "", 1))
    )
    await offer(weesp, upstream, declaration="signed")
    api_key = await _application(doesburg)
    contract = contract_between(asker, provider, register)
    token = await _sign(weesp, doesburg, contract)
    return Agreed(
        landscape=landscape,
        weesp=weesp,
        doesburg=doesburg,
        grant_hash=contract.grants[0].hash.value,
        token=token,
        api_key=api_key,
        asker=asker,
        provider=provider,
        processes=processes,
    )


_ROLES = 'rollen = ["inkomensconsulent"]'


def register_of(member: Member, change: Callable[[str], str] = str) -> Register:
    """The register of one of them, as it stands in the demo's files, with a change."""
    folder = DATA / member.key / "doelbinding"
    texts = {path.name: change(path.read_text()) for path in sorted(folder.glob("*.toml"))}
    return parse_register(texts, member.oin.value)


async def _in_force(settings: Settings, register: Register) -> None:
    pool = await postgres.pool(settings, "purposes", size=1)
    signers = Signers(author="A. de Wit", approver="B. Jansen", reason="benchmark")
    await save_register(pool, register, signers, based_on="")
    await pool.close()


async def offer(settings: Settings, upstream: str, *, declaration: str) -> None:
    """Declare Weesp's service with this upstream; ``declaration`` is signed or unsigned."""
    service = Service(
        name=SERVICE, upstream=upstream, declaration=declaration, methods={"GET": "raadplegen"}
    )
    pool = await postgres.pool(settings, "gateway", size=1)
    await apply_services(pool, [service], datetime.now(UTC))
    await pool.close()


async def _application(settings: Settings) -> str:
    pool = await postgres.pool(settings, "gateway", size=1)
    key = await add_application(pool, "benchmark", datetime.now(UTC))
    await pool.close()
    return key


def contract_between(asker: OwnPeer, provider: OwnPeer, register: Register) -> Contract:
    """The contract in which the asker asks for the service; each is another one."""
    now = int(datetime.now(UTC).timestamp())
    [field_set] = [found for found in register.field_sets if found.id == FIELD_SET]
    bound = Bound.of(purposes=(PURPOSE,), legal_bases=(LEGAL_BASIS,), field_set=field_set)
    grant: JsonValue = {
        "data": {
            "type": "GRANT_TYPE_SERVICE_CONNECTION",
            "outway": {
                "peer_id": asker.peer_id.value,
                "identification": {
                    "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                    "public_key_thumbprint": asker.certificate.key_thumbprint,
                },
            },
            "service": {
                "type": "SERVICE_TYPE_SERVICE",
                "peer_id": provider.peer_id.value,
                "name": SERVICE,
            },
            "properties": {PROPERTY: bound.as_property()},
        }
    }
    content: JsonValue = {
        "fsc_version": "2.0.0",
        "iv": str(uuid.uuid4()),
        "group_id": asker.group_id,
        "validity": {"not_before": now - 60, "not_after": now + 86_400},
        "grants": [grant],
        "hash_algorithm": "HASH_ALGORITHM_SHA3_512",
        "created_at": now - 60,
    }
    read = read_contract(content, asker.profile)
    if isinstance(read, Refusal):
        raise SystemExit(read.detail)
    return read


async def _sign(weesp: Settings, doesburg: Settings, contract: Contract) -> str:
    """Both sign, each hears of the other's signature; gives a token that the asker holds."""
    now = datetime.now(UTC)
    asker, provider = own_peer(doesburg), own_peer(weesp)
    giving = await postgres.pool(weesp, "fsc", size=1)
    asking = await postgres.pool(doesburg, "fsc", size=1)
    async with (
        giving.acquire() as here,
        asking.acquire() as there,
        here.transaction(),
        there.transaction(),
    ):
        await store.propose(there, asker, contract, now)
        await store.receive(here, provider, _brought(asker, contract, now), _nothing(provider))
        stored = await store.contract(here, contract.hash.value)
        assert stored is not None
        await store.sign(here, provider, stored, Kind.ACCEPT, now)
        await store.receive(there, asker, _brought(provider, contract, now), _nothing(asker))
        token = tokens.issue(provider, contract.grants[0], asker.certificate, now, TOKEN_LIFE)
        await _hold(there, contract, token, provider.inway_address)
    await giving.close()
    await asking.close()
    return token


def _brought(signer: OwnPeer, contract: Contract, now: datetime) -> store.Received:
    return store.Received(
        contract=contract,
        signature=signer.sign(contract, Kind.ACCEPT, now),
        certificate=ChainedCertificate(leaf=signer.certificate, others=signer.chain),
        sender=store.Peer(
            peer_id=signer.peer_id,
            name=signer.name,
            manager_address=signer.manager_address,
            announced_at=now,
            seen_at=now,
        ),
    )


def _nothing(own: OwnPeer) -> AutoSign:
    return AutoSign(own=own.peer_id, grant_types=frozenset(), offered=frozenset())


async def _hold(connection: Any, contract: Contract, token: str, inway_address: str) -> None:
    now = datetime.now(UTC)
    grant_hash = contract.grants[0].hash
    held = HeldToken(
        grant_hash=grant_hash,
        token=token,
        inway_address=inway_address,
        expires_at=now + TOKEN_LIFE,
    )
    await token_rows.want_tokens(connection, [grant_hash.value], now)
    await token_rows.save_token(connection, held, now, now + TOKEN_LIFE)
