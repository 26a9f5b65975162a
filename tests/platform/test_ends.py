# SPDX-License-Identifier: EUPL-1.2
"""What ends within thirty days is told: in the log, in the figures, and by the doctor."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs
from tests.fsc import fsc_rig as rig
from tests.platform.serving import Serving, listening_organisation, until
from tests.throwaway import Database

from landschap.cli.accepting import accept_again, keep_accepted
from landschap.cli.checkup import State as Line
from landschap.cli.checkup import look
from landschap.cli.ends import Ending, Told, agreed_endings
from landschap.cli.operation import contract_ends
from landschap.fsc.autosign import AutoSign
from landschap.fsc.client import ManagerClient, own_peer
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, State
from landschap.fsc.store import (
    KnownGrants,
    Peer,
    Received,
    contract_rows,
    deliveries,
    note_revoked,
    propose,
    receive,
    sign,
)
from landschap.fsc.worker import WorkerDeps
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.revocation import Revocation


async def connected(database: Database, days: int) -> str:
    """A connection that both sides accepted, which ends after some days; gives its hash."""
    authority = rig.Authority(name="Anker")
    doesburg, weesp = (rig.own_peer(authority, peer) for peer in (rig.DOESBURG, rig.WEESP))
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=1), now + timedelta(days=days, minutes=1)
    validity = {"not_before": int(begin.timestamp()), "not_after": int(end.timestamp())}
    grant = rig.connection_grant(rig.DOESBURG, rig.WEESP, "ab" * 32)
    contract = rig.contract(rig.content(grant, validity=validity))
    pool = await database.pool("fsc")
    async with pool.acquire() as connection, connection.transaction():
        await propose(connection, weesp, contract, now)
        received = Received(
            contract=contract,
            signature=doesburg.sign(contract, Kind.ACCEPT, now),
            certificate=ChainedCertificate(leaf=doesburg.certificate, others=()),
            sender=Peer(
                peer_id=doesburg.peer_id,
                name="Gemeente Doesburg",
                manager_address=doesburg.manager_address,
                announced_at=None,
                seen_at=now,
            ),
        )
        nothing = AutoSign(own=weesp.peer_id, grant_types=frozenset(), offered=frozenset())
        await receive(connection, weesp, received, nothing)
    (ends,) = await contract_ends(database.settings, now)
    return ends


def lines_of(serving: Serving) -> list[dict[str, Any]]:
    """The lines of its log."""
    text = serving.log.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


async def accepted(
    database: Database, own: OwnPeer, days: int, doesburg: OwnPeer | None = None
) -> Contract:
    """A connection of ``days`` that our own peer and Doesburg accepted."""
    doesburg = doesburg or rig.own_peer(rig.Authority(name="Anker"), rig.DOESBURG)
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=1), now + timedelta(days=days)
    validity = {"not_before": int(begin.timestamp()), "not_after": int(end.timestamp())}
    grant = rig.connection_grant(rig.DOESBURG, own.peer_id.value, "ab" * 32)
    contract = rig.contract(rig.content(grant, validity=validity))
    pool = await database.pool("fsc")
    async with pool.acquire() as connection, connection.transaction():
        await propose(connection, own, contract, now)
        chained = ChainedCertificate(leaf=doesburg.certificate, others=())
        await contract_rows.save_certificate(connection, chained)
        signature = doesburg.sign(contract, Kind.ACCEPT, now)
        await contract_rows.save_signature(connection, contract.hash, signature, now)
    return contract


def ours(database: Database) -> OwnPeer:
    """The organisation of this database, with a certificate that ends in twenty days."""
    authority = rig.Authority(name="Anker")
    number = database.settings.organisation.oin.value
    return rig.own_peer(authority, number, hosts=["x.test"], lifetime=timedelta(days=20))


async def test_an_accept_that_ends_before_its_contract_is_told_with_the_command(
    database: Database,
) -> None:
    """The certificate in the files is already a newer one: only signing again is left to do."""
    contract = await accepted(database, ours(database), days=200)
    now = datetime.now(UTC)
    (accept,) = [e for e in await agreed_endings(database.settings, now) if e.kind == "accept"]
    assert accept.step(now) == 30
    assert accept.remedy == f"`landschap contract accept {contract.hash.value}`"
    lines = [line async for line in look(database.settings) if line.subject == "contract"]
    assert any("rests on a certificate that ends in 19 days" in each.what for each in lines)
    automatic = replace(
        database.settings, fsc=replace(database.settings.fsc, accept_again="automatic")
    )
    (accept,) = [e for e in await agreed_endings(automatic, now) if e.kind == "accept"]
    assert accept.remedy == "the worker accepts it again"


async def test_without_a_newer_certificate_the_remedy_begins_with_one(database: Database) -> None:
    own = ours(database)
    identity = database.settings.identity
    identity.certificate.write_bytes(own.certificate.x509.public_bytes(Encoding.PEM))
    identity.key.write_bytes(rig.pem_key(own.key))
    await accepted(database, own, days=200)
    now = datetime.now(UTC)
    (accept,) = [e for e in await agreed_endings(database.settings, now) if e.kind == "accept"]
    assert accept.remedy.startswith("renew our certificate, then")


async def test_signing_again_keeps_the_contract_valid_past_the_old_certificate(
    database: Database,
) -> None:
    contract = await accepted(database, ours(database), days=200)
    # A later second: of two accepts the later one counts.
    pool, now = await database.pool("fsc"), datetime.now(UTC) + timedelta(seconds=1)
    late = now + timedelta(days=30)
    found = await contract_rows.contract(pool, contract.hash.value)
    assert found is not None
    assert found.state(late) is State.PROPOSED
    own = own_peer(database.settings)
    assert await accept_again(pool, own, now) == [contract.hash.value]
    found = await contract_rows.contract(pool, contract.hash.value)
    assert found is not None
    assert found.state(late) is State.VALID
    assert await accept_again(pool, own, now) == []
    (delivery,) = await deliveries(pool, contract.hash)
    assert delivery.errand.target.value == rig.DOESBURG


async def test_a_contract_that_was_revoked_is_not_accepted_again(database: Database) -> None:
    old = ours(database)
    contract = await accepted(database, old, days=200)
    pool, now = await database.pool("fsc"), datetime.now(UTC)
    found = await contract_rows.contract(pool, contract.hash.value)
    assert found is not None
    async with pool.acquire() as connection, connection.transaction():
        await sign(connection, old, found, Kind.REVOKE, now)
    assert await accept_again(pool, own_peer(database.settings), now) == []


def test_what_ends_is_told_once_a_day_and_louder_at_each_step() -> None:
    now = datetime(2026, 11, 1, 9, tzinfo=UTC)
    told = Told()
    ending = Ending(
        name="organisation",
        ends=now + timedelta(days=59, hours=1),
        kind="certificate",
        remedy="renew",
    )
    with capture_logs() as lines:
        for day in (0, 0, 1, 35, 55):
            told.tell([ending], now + timedelta(days=day))
    found = [(each["log_level"], each["days_left"], each["step_days"]) for each in lines]
    assert found == [("info", 59, 60), ("info", 58, 60), ("warning", 24, 30), ("error", 4, 7)]


async def test_a_connection_that_ends_soon_is_told_by_the_doctor(database: Database) -> None:
    grant = await connected(database, days=12)
    lines = [line async for line in look(database.settings) if line.subject == "contract"]
    assert [line.state for line in lines] == [Line.SOON]
    assert grant[:16] in lines[0].what
    assert "landschap contract" in lines[0].remedy


async def test_a_connection_that_lasts_is_well(database: Database) -> None:
    await connected(database, days=200)
    lines = [line async for line in look(database.settings) if line.subject == "contract"]
    assert [(line.state, line.what) for line in lines] == [(Line.WELL, "1 connections in force")]


async def test_what_ends_soon_stands_in_the_log_and_the_figures(
    database: Database, short_folder: Path, anchor: Issued
) -> None:
    """Served on a given server, so that this way of starting is walked as well."""
    grant = await connected(database, days=12)
    dsn = f'[postgres]\ndsn = "{database.settings.postgres.dsn}"\n'
    settings = listening_organisation(short_folder / "ends", anchor, dsn)
    shutil.copytree(database.settings.paths.secrets, settings.paths.secrets)
    made = issue_organisation(
        anchor,
        oin=Oin.parse("00000099000000001000"),
        name="Gemeente Proefdorp",
        hosts=["manager.proefdorp.test", "inway.proefdorp.test"],
        validity=Validity.of_days(datetime.now(UTC), 20),
    )
    settings.identity.certificate.write_bytes(made.certificate_pem)
    settings.identity.key.write_bytes(made.key_pem)
    serving = Serving.start(settings)
    try:
        serving.until_ready()
        until(lambda: "contract ends" in serving.explain(), 10, serving.explain)
        figures = serving.get("/metrics")[1].decode()
        assert f'landschap_contract_left_days{{grant="{grant}"}} 12.0' in figures
        assert 'landschap_certificate_left_days{name="organisation"} 19.9' in figures
        assert 'landschap_held_back{state="in_force"} 0.0' in figures
        assert 'landschap_reports{state="late"} 0.0' in figures
        told = {each["event"]: each for each in lines_of(serving)}
        certificate, contract = told["certificate ends"], told["contract ends"]
        assert (certificate["name"], certificate["days_left"]) == ("organisation", 19)
        assert (certificate["step_days"], certificate["level"]) == (30, "warning")
        assert "for the same key" in certificate["todo"]
        assert (contract["days_left"], contract["step_days"]) == (12, 30)
        assert serving.terminate() == 0
    finally:
        serving.kill()


async def test_an_accept_ends_when_its_certificate_is_revoked_and_counts_again_when_it_is_not(
    database: Database,
) -> None:
    authority = rig.Authority(name="Anker")
    number = database.settings.organisation.oin.value
    own = rig.own_peer(authority, number, hosts=["x.test"])
    doesburg = rig.own_peer(authority, rig.DOESBURG)
    contract = await accepted(database, own, days=200, doesburg=doesburg)
    pool, now = await database.pool("fsc"), datetime.now(UTC)
    known = KnownGrants()
    (grant,) = await known.read(pool, now)
    assert grant.valid
    for revoked, state in (([doesburg.certificate.x509], State.PROPOSED), ([], State.VALID)):
        lists = Revocation.of([rig.list_of(authority, revoked=revoked)])
        async with pool.acquire() as connection, connection.transaction():
            changed = await note_revoked(connection, lists, now)
        assert changed == [doesburg.certificate.thumbprint]
        found = await contract_rows.contract(pool, contract.hash.value)
        assert found is not None
        assert found.state(now) is state
        # And so it is for who keeps what was read before.
        (grant,) = await known.read(pool, now)
        assert grant.valid is (state is State.VALID)


async def test_the_worker_signs_again_as_soon_as_the_certificate_was_replaced(
    database: Database,
) -> None:
    """Only where the setting says so; the certificate in the files is the newer one."""
    old = ours(database)
    contract = await accepted(database, old, days=200)
    pool = await database.pool("fsc")
    settings = replace(
        database.settings, fsc=replace(database.settings.fsc, accept_again="automatic")
    )
    async with ManagerClient(settings, old) as client:
        deps = WorkerDeps(settings=settings, pool=pool, own=old, client=client)
        renewed, stop = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(keep_accepted(deps, renewed, stop))
        await asyncio.sleep(1.2)
        assert await accept_of(database, contract) == old.certificate.thumbprint
        deps.own = own_peer(settings)
        renewed.set()
        async with asyncio.timeout(10):
            while await accept_of(database, contract) == old.certificate.thumbprint:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        stop.set()
        await task
    assert await accept_of(database, contract) == deps.own.certificate.thumbprint


async def accept_of(database: Database, contract: Contract) -> str:
    """The certificate under our own accept."""
    found = await contract_rows.contract(await database.pool("fsc"), contract.hash.value)
    assert found is not None
    placed = found.signature_of(own_peer(database.settings).peer_id, Kind.ACCEPT)
    assert placed is not None
    return placed.thumbprint
