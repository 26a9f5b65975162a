# SPDX-License-Identifier: EUPL-1.2
"""An Inway as values on a real database: register, contract, services, statements and log are real.

A question is walked through the door with the world as it is in the database, and its record is
written as a decider writes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from click.testing import CliRunner, Result
from tests.conftest import Database
from tests.fsc import fsc_rig
from tests.gateway import gateway_scene
from tests.gateway.gateway_scene import BOUND, DOESBURG, GROUP, TRACE, WEESP, Scene
from tests.gateway.test_outway import KEYS, by_user

from landschap.cli.purpose_commands import purpose
from landschap.fsc.contracts import Contract
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind
from landschap.fsc.store import contract_rows
from landschap.gateway.asked import Asked
from landschap.gateway.doors import Verdict, walk
from landschap.gateway.store import Pools, apply_services, load_world
from landschap.gateway.world import World
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.records import Draft
from landschap.logboek.second_decisions import SecondRefusal, second_refusal
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id, uuid7
from landschap.purposes.bound import PROPERTY
from landschap.purposes.model import Register
from landschap.purposes.permit import Permit
from landschap.purposes.store import Signers, current_snapshot, save_register

SIGNERS = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
SERVICE = "uitkeringen"


@dataclass
class Door:
    """Weesp's Inway on its database."""

    database: Database
    scene: Scene
    pools: Pools
    writer: LogWriter
    contract: Contract
    asked: int = 0
    permits: dict[UUID, Permit] = field(default_factory=dict)

    async def world(self) -> World:
        """What a decider would load now."""
        own = self.scene.weesp
        return await load_world(self.pools, own, None, datetime.now(UTC))

    async def ask(self, fields: str | None = "uitkering.soort", **said: Any) -> tuple[UUID, str]:
        """Ask and record; the transaction, and the code of the refusal or nothing."""
        self.asked += 1
        now, transaction = datetime.now(UTC), uuid7()
        headers = said.pop("headers", {})
        # Moments in a declaration are whole seconds.
        begin = now.replace(microsecond=0)
        declaration = self.scene.declaration(
            jti=uuid7(), issued_at=begin, expires_at=begin + timedelta(seconds=60), **said
        )
        asked = self.scene.incoming(
            purpose_declaration=declaration, doelbinding="",
            fsc_transaction_id=str(transaction),
            fsc_authorization=f"Bearer {self.scene.token(now=begin)}", **headers,
        )  # fmt: skip
        target = "/v1/_zoek" if fields is None else f"/v1/_zoek?fields={fields}"
        holdings = self.scene.holdings("inway", world=await self.world())
        asked = Asked("POST", target, asked.headers)
        fresh = self.scene.fresh(now=now, span_id=new_span_id())
        verdict = walk("inway", asked, holdings, fresh)
        assert isinstance(verdict, Verdict), verdict
        assert isinstance(verdict.draft, Draft)
        await self.writer.append([verdict.draft])
        return transaction, verdict.code

    async def send(self, world: World, **headers: str) -> tuple[UUID, str]:
        """A question of Doesburg's own user at its Outway, in this world; else as `ask`."""
        now, transaction = datetime.now(UTC), uuid7()
        asked = by_user(self.scene, fsc_transaction_id=str(transaction), **headers)
        holdings = self.scene.holdings("outway", world=world, user_keys=KEYS)
        verdict = walk("outway", asked, holdings, self.scene.fresh(now=now))
        assert isinstance(verdict, Verdict), verdict
        assert isinstance(verdict.draft, Draft)
        await self.writer.append([verdict.draft])
        return transaction, verdict.code

    async def line(
        self, transaction: UUID, subject: bytes, outcome: Outcome, **changes: Any
    ) -> None:
        """What the service writes of one person."""
        now = datetime.now(UTC)
        entry = LineEntry(
            trace_id=TRACE,
            span_id=new_span_id(),
            name="Verstrekken",
            started_at=now,
            ended_at=now,
            controller=WEESP,
            outcome=outcome,
            system="landschap",
            activity=gateway_scene.ACTIVITY,
            subject=subject,
            subject_type="https://weesp.example/register/pseudoniem/bsn/1",
            key_id=1,
            direction="incoming",
            peer=DOESBURG,
            transaction_id=transaction,
            purpose=gateway_scene.ASSISTANCE,
            **{"data_groups": ("uitkering",), **changes},
        )
        await self.writer.append([line_draft(entry, now=now, service=SERVICE)])

    async def stopped(self, transaction: UUID, code: str) -> None:
        """The second decision of the service: not this person."""
        snapshot, _ = await current_snapshot(self.pools.purposes)
        permit = Permit(
            transaction_id=transaction, service=SERVICE, method="POST", target="/", peer=DOESBURG,
            purpose=gateway_scene.ASSISTANCE, policy="POL-1@3", snapshot=snapshot.version,
            activity=gateway_scene.ACTIVITY, activity_version=1, fields=(), searchable=(),
            expires_at=datetime.now(UTC),
        )  # fmt: skip
        refused = SecondRefusal(
            permit=permit, action="read", code=code, at=datetime.now(UTC), trace_id=TRACE
        )
        await self.writer.append([second_refusal(refused, new_span_id())])

    async def adopt(self, register: Register) -> None:
        """Put another register in force."""
        before, _ = await current_snapshot(self.pools.purposes)
        await save_register(self.pools.purposes, register, SIGNERS, based_on=before.version)
        self.scene.weesp_register = register

    async def change_policy(self, **changes: Any) -> None:
        """Another version of the policy for assistance."""
        register = self.scene.weesp_register
        policies = tuple(
            dataclasses.replace(each, version=each.version + 1, **changes)
            if each.id == "POL-1"
            else each
            for each in register.policies
        )
        await self.adopt(dataclasses.replace(register, policies=policies))

    async def revoke(self) -> None:
        """Doesburg ends the contract."""
        await place(self.pools.fsc, self.contract, self.scene.doesburg, Kind.REVOKE)

    async def run(self, *words: object) -> Result:
        """``landschap purpose WORDS`` on this database, in a thread of its own."""
        settings = self.database.settings
        env = {"LANDSCHAP__POSTGRES__DSN": settings.postgres.dsn}
        arguments = [*map(str, words), "--config", str(settings.path)]
        return await asyncio.to_thread(CliRunner(env=env).invoke, purpose, arguments)

    async def told(self, *words: object) -> Any:
        """What a command says with ``--json``."""
        done = await self.run(*words, "--json")
        assert done.stdout.startswith(("{", "[")), (done.stderr, done.exception)
        return json.loads(done.stdout)

    async def replayed(self, identifier: object, *more: object) -> Any:
        """The one decision of a transaction, replayed."""
        (found,) = (await self.told("replay", identifier, *more))["decisions"]
        return found


async def place(pool: asyncpg.Pool, contract: Contract, signer: OwnPeer, kind: Kind) -> None:
    """One signature, as if it had been delivered; whoever remembers contracts is told."""
    now = datetime.now(UTC)
    arrival = contract_rows.Arrival(profile=Profile.FSC_2, own=False, at=now)
    async with pool.acquire() as connection, connection.transaction():
        await contract_rows.save_contract(connection, contract, arrival)
        chained = ChainedCertificate(leaf=signer.certificate, others=())
        await contract_rows.save_certificate(connection, chained)
        signature = signer.sign(contract, kind, now)
        await contract_rows.save_signature(connection, contract.hash, signature, now)


async def open_door(
    database: Database, scene: Scene, monkeypatch: pytest.MonkeyPatch, register: Register
) -> Door:
    """Register, services and a contract that both signed; the caller closes the writer."""
    pools = Pools(
        gateway=await database.pool("gateway"),
        fsc=await database.pool("fsc"),
        purposes=await database.pool("purposes"),
    )
    await save_register(pools.purposes, register, SIGNERS, based_on="")
    scene.weesp_register = register
    await apply_services(pools.gateway, scene.services, datetime.now(UTC))
    grant = fsc_rig.connection_grant(
        DOESBURG, WEESP, scene.doesburg.certificate.key_thumbprint,
        service=SERVICE, properties={PROPERTY: BOUND.as_property()},
    )  # fmt: skip
    contract = fsc_rig.contract(fsc_rig.content(grant, group_id=GROUP))
    for signer in (scene.weesp, scene.doesburg):
        await place(pools.fsc, contract, signer, Kind.ACCEPT)
    real = contract.connections[0][0].value
    # Tokens and declarations of the scene name the real grant.
    made_up = gateway_scene.hash_of
    monkeypatch.setattr(
        gateway_scene, "hash_of", lambda name: real if name == SERVICE else made_up(name)
    )
    writer = LogWriter(database.settings, "decider")
    await writer.start()
    return Door(database=database, scene=scene, pools=pools, writer=writer, contract=contract)
