# SPDX-License-Identifier: EUPL-1.2
"""A receiver of syslog over TLS that can go away and come back, and what an organisation does."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry
from tests.fsc import fsc_rig as fsc
from tests.gateway.gateway_scene import WEESP, register
from tests.gateway.pair_rig import SIGNERS
from tests.logboek.log_rig import PEER, SERVICE
from tests.ports import free_port
from tests.throwaway import Database

from landschap.console import store as console
from landschap.fsc.store.revoked_rows import note_revoked
from landschap.gateway import store as gateway
from landschap.gateway.access import read_line
from landschap.gateway.security.worker import follow_refusals, read_refusals
from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.store import LogWriter
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.departures import LEFT, by_subject, note_departure
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.keys import organisation_key, own_certificate
from landschap.platform.settings import Settings
from landschap.platform.siem import outbox
from landschap.platform.siem.delivery import keep_delivering
from landschap.platform.siem.noting import noting
from landschap.platform.siem_settings import SiemSettings, SyslogSettings
from landschap.platform.telemetry import security_event
from landschap.purposes.store import save_register
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.revocation import Revocation

HOST = "siem.proefdorp.test"
HEAD = re.compile(rb"<(\d+)>1 (\S+) (\S+) landschap - (\S+) \[meta sequenceId=\"(\d+)\"\] (.*)")
PERSON, EMPLOYEE = "999993653", "m.dewit"


class Watch:
    """The receiver: every message it read whole, in order of arrival, over all connections."""

    def __init__(self, folder: Path, anchor: Issued) -> None:
        now = datetime.now(UTC)
        issued = issue_organisation(
            anchor, oin=Oin.parse("00000099000000008000"), name="Proefwacht", hosts=[HOST],
            validity=Validity.of_days(now, 5),
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "siem.crt").write_bytes(issued.certificate_pem)
        (folder / "siem.key").write_bytes(issued.key_pem)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "siem.crt", folder / "siem.key")
        self.folder = folder
        self.port = free_port()
        self.raw: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def come(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)

    async def go(self) -> None:
        """Away: nothing listens, and every connection is cut."""
        assert self._server
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                length = int(await reader.readuntil(b" "))
                self.raw.append(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def events(self) -> list[dict[str, Any]]:
        """What was told, in order of arrival."""
        matches = [HEAD.fullmatch(one) for one in self.raw]
        return [json.loads(match[6]) for match in matches if match]

    def first_times(self) -> list[dict[str, Any]]:
        """The same without what came again."""
        seen: dict[str, dict[str, Any]] = {}
        for event in self.events():
            seen.setdefault(event["metadata"]["uid"], event)
        return list(seen.values())

    async def has(self, number: int, *, seconds: float = 60.0) -> None:
        """Wait until this many different events have arrived."""
        await self.until(lambda: len(self.first_times()) >= number, seconds=seconds)

    async def until(self, is_so: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait until that is so."""
        async with asyncio.timeout(seconds):
            while not is_so():  # noqa: ASYNC110 - what another program did
                await asyncio.sleep(0.05)


def watched(database: Database, port: int, **more: Any) -> Settings:
    """Settings of the organisation with that receiver."""
    settings = database.settings
    syslog = SyslogSettings(
        address=f"tls://{HOST}:{port}", authority=settings.path.parent / "anchor.crt",
        resend_seconds=1,
    )  # fmt: skip
    network = replace(settings.network, hosts={HOST: "127.0.0.1"})
    return replace(settings, siem=SiemSettings(syslog=syslog, **more), network=network)


@dataclass(kw_only=True)
class Life:
    """An organisation to which things happen, with the parts of its worker that tell of them."""

    database: Database
    settings: Settings
    writer: LogWriter
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _rounds: int = 0
    _version: str = ""
    _emergency: UUID = field(default_factory=uuid7)

    @classmethod
    async def of(cls, database: Database, settings: Settings) -> Life:
        writer = LogWriter(settings, "proef-0")
        await writer.start()
        made = cls(database=database, settings=settings, writer=writer)
        siem = await database.pool("platform")
        await outbox.set_receivers(siem, settings.siem)
        await read_refusals(await database.pool("logboek"), siem)  # from here on
        return made

    async def work(self) -> None:
        """What the worker does about security events."""
        siem = await self.database.pool("platform")
        log = await self.database.pool("logboek")
        self._tasks = [
            asyncio.create_task(keep_delivering(self.settings, siem, self.registry, self.stop)),
            asyncio.create_task(follow_refusals(log, siem, self.stop)),
        ]

    async def close(self) -> None:
        self.stop.set()
        await asyncio.gather(*self._tasks)
        await self.writer.close()

    async def everything(self) -> list[str]:
        """Let one of each happen, one after the other; gives the kinds in that order."""
        self._rounds += 1
        done = []
        for kind, deed in _DEEDS.items():
            await deed(self)
            done.append(kind)
        return done

    async def refuse(self, code: str) -> None:
        adl = AdlEntry(
            trace_id=new_trace_id(), span_id=new_span_id(), at=datetime.now(UTC),
            body={"adl.core.response": {"decision": False, "context": {"code": code}}},
        )  # fmt: skip
        await self.writer.append([refused_draft(adl, peer=PEER, service=SERVICE)])
        # As the worker does: what was refused is noted before the next thing happens.
        await read_refusals(
            await self.database.pool("logboek"), await self.database.pool("platform")
        )

    async def carry(self, status: int, code: str, verify: str = "NONE") -> None:
        line = {
            "at": f"{datetime.now(UTC).timestamp():.3f}", "door": "inway", "status": str(status),
            "code": code, "verify": verify, "serial": "0A",
        }  # fmt: skip
        read = read_line(json.dumps(line).encode())
        assert read
        key = uuid7().hex
        await gateway.keep_read(
            await self.database.pool("gateway"), key, 1, [read], datetime.now(UTC)
        )

    async def change_policy(self) -> None:
        pool = await self.database.pool("purposes")
        made = register(WEESP)
        another = replace(made.activities[0], uri=f"https://proef.test/activiteit/{self._rounds}")
        changed = replace(made, activities=(*made.activities, another))
        saved = await save_register(pool, changed, SIGNERS, based_on=self._version)
        self._version = saved.version

    async def emergency(self) -> None:
        now = datetime.now(UTC)
        used = console.Used(
            emergency_id=uuid7(), subject=EMPLOYEE, name="M. de Wit", own_roles=("balie",),
            role="inzage", reason="de dienst lag eruit", begun_at=now,
            until=now + timedelta(minutes=30),
        )  # fmt: skip
        self._emergency = used.emergency_id
        await console.begin_emergency(await self.database.pool("console"), used)

    async def emergency_ends(self) -> None:
        pool = await self.database.pool("console")
        await console.end_emergency(pool, self._emergency, EMPLOYEE, datetime.now(UTC))

    async def leave(self) -> None:
        pool = await self.database.pool("console")
        account = by_subject(f"{EMPLOYEE}{self._rounds}")
        await note_departure(pool, "https://login.test", account, datetime.now(UTC), LEFT, "p")

    async def sign(self) -> None:
        key: Any = organisation_key(self.settings)
        signer = Signer(self.settings.organisation.oin.value, key, own_certificate(self.settings))
        assert await anchor_now(await self.database.pool("logboek"), signer)

    async def login_fails(self) -> None:
        async with noting(await self.database.pool("platform")):
            security_event(door="console", peer="", code="login_rejected", reason="no_role")

    async def revoke(self) -> None:
        """The authority of a peer revokes its certificate."""
        authority = fsc.Authority(name="Anker")
        peer = fsc.own_peer(authority, fsc.DOESBURG).certificate
        pool = await self.database.pool("fsc")
        await pool.execute(
            "INSERT INTO certificate VALUES ($1, $2, $3, $4, $5, $6)",
            peer.thumbprint, fsc.DOESBURG, peer.x509.public_bytes(Encoding.DER),
            [authority.certificate.public_bytes(Encoding.DER)], peer.x509.not_valid_before_utc,
            peer.x509.not_valid_after_utc,
        )  # fmt: skip
        lists = Revocation.of([fsc.list_of(authority, revoked=[peer.x509])])
        async with pool.acquire() as connection, connection.transaction():
            assert await note_revoked(connection, lists, datetime.now(UTC))


_BAD = "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
_DEEDS: Mapping[str, Callable[[Life], Awaitable[None]]] = {
    "question_refused": lambda life: life.refuse("policy_none"),
    "declaration_refused": lambda life: life.refuse("declaration_replayed"),
    "token_refused": lambda life: life.refuse("ERROR_CODE_ACCESS_TOKEN_INVALID"),
    "application_refused": lambda life: life.refuse("application_unknown"),
    "certificate_unknown": lambda life: life.carry(400, _BAD, "FAILED:unable to verify"),
    "revoked_certificate_used": lambda life: life.carry(400, _BAD, "FAILED:certificate revoked"),
    "rate_limited": lambda life: life.carry(429, "ERROR_CODE_RATE_LIMITED"),
    "policy_changed": Life.change_policy,
    "emergency_access": Life.emergency,
    "emergency_ended": Life.emergency_ends,
    "account_left": Life.leave,
    "key_used": Life.sign,
    "login_rejected": Life.login_fails,
    "certificate_revoked": Life.revoke,
}
