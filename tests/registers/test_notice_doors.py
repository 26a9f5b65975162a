# SPDX-License-Identifier: EUPL-1.2
"""The way to an address of our own network: only what was configured, over TLS, within bounds."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from tests.throwaway import organisation

from landschap.cli.composition import Composition
from landschap.cli.notices import Rights, open_doors
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.platform.settings import Settings
from landschap.registers.delivering import Verdict, attempt_of
from landschap.registers.subscriptions import Filters, State, Subscription, Wanted
from landschap.registers.worker import Doors, Letter, Unreached, doors
from landschap.vocabulary.identifiers import Oin

HOST = "meldingen.gemeente.test"
LETTER = Letter(method="POST", headers={"Content-Type": "application/cloudevents+json"}, body=b"{}")


def to(sink: str) -> Subscription:
    """A subscription with this place of delivery."""
    now = datetime.now(UTC)
    return Subscription(
        subscription_id=UUID(int=1), register="proef", peer="00000099000000002000", purpose="",
        policy="", wanted=Wanted(sink=sink, filters=Filters(type_keys=("proef.huis",))),
        position=0, state=State.ACTIVE, reason="", failures=0, failing_since=None,
        next_try_at=now, last_success_at=None, rate=None, created_at=now,
    )  # fmt: skip


@dataclass
class Place:
    """An own service that is told, over TLS."""

    address: str = ""
    heard: list[str] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.Response:
        self.heard.append(request.path)
        if request.path == "/weg":
            return web.Response(status=302, headers={"Location": "/elders"})
        if request.path == "/traag":
            await self.release.wait()
        if request.path == "/veel":
            return web.Response(status=400, body=b"x" * 10_000_000)
        return web.Response()


@pytest.fixture
async def place(anchor: Issued, tmp_path: Path) -> AsyncIterator[Place]:
    issued = issue_organisation(
        anchor,
        oin=Oin.parse("00000099000000001000"),
        name="Gemeente Proefdorp",
        hosts=[HOST],
        validity=Validity.of_days(datetime.now(UTC), 1),
    )
    (tmp_path / "place.pem").write_bytes(issued.certificate_pem + issued.key_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "place.pem")
    made = Place()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    made.address = f"https://{HOST}:{runner.addresses[0][1]}"
    yield made
    made.release.set()
    await runner.cleanup()


def settings_of(anchor: Issued, folder: Path) -> Settings:
    """An organisation that tells its own service ``meldingen.gemeente.test``."""
    told = f'[notifications]\nhosts = ["{HOST}", "127.0.0.1"]\nauthority = "anchor.crt"\n'
    made = organisation(folder, anchor, more=told)
    network = replace(made.network, allow_private=False, hosts={HOST: "127.0.0.1"})
    return replace(made, network=network)


async def opened(stack: AsyncExitStack, settings: Settings) -> Doors:
    rights = Rights(me="00000099000000001000", fsc=None, purposes=None)
    return await open_doors(Composition(settings=settings, stack=stack), rights)


async def test_a_notice_goes_to_a_configured_host_over_tls(
    anchor: Issued, place: Place, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        made = await opened(stack, settings_of(anchor, tmp_path / "o"))
        answer = await made.carry(to(f"{place.address}/in"), LETTER)
        assert answer.status == 200
        moved = await made.carry(to(f"{place.address}/weg"), LETTER)
        assert attempt_of(moved.status, "", datetime.now(UTC)).verdict is Verdict.REFUSED
        much = await made.carry(to(f"{place.address}/veel"), LETTER)
        assert (much.status, much.code) == (400, "")
    assert place.heard == ["/in", "/weg", "/veel"]


async def test_who_is_slow_is_not_waited_for(
    anchor: Issued, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SECONDS", 0.2)
    async with AsyncExitStack() as stack:
        made = await opened(stack, settings_of(anchor, tmp_path / "o"))
        with pytest.raises(Unreached, match="no answer within"):
            await made.carry(to(f"{place.address}/traag"), LETTER)


@pytest.mark.parametrize(
    ("sink", "why"),
    [
        ("https://elders.test/in", "notifications.hosts"),
        ("http://meldingen.gemeente.test/in", "must be https"),
        # It has no certificate for its number.
        ("https://127.0.0.1:{port}/in", "not reached"),
        ("https://meldingen.gemeente.test:9/in", "not reached"),
    ],
)
async def test_nothing_goes_elsewhere(
    anchor: Issued, place: Place, tmp_path: Path, sink: str, why: str
) -> None:
    port = place.address.rpartition(":")[2]
    async with AsyncExitStack() as stack:
        made = await opened(stack, settings_of(anchor, tmp_path / "o"))
        with pytest.raises(Unreached, match=why):
            await made.carry(to(sink.format(port=port)), LETTER)
    assert place.heard == []
