# SPDX-License-Identifier: EUPL-1.2
"""What ends within thirty days is told: in the log, in the figures, and by the doctor."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fsc import fsc_rig as rig
from tests.platform.serving import Serving, listening_organisation, until
from tests.throwaway import Database

from landschap.cli.checkup import State, look
from landschap.cli.operation import contract_ends
from landschap.fsc.autosign import AutoSign
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind
from landschap.fsc.store import Peer, Received, propose, receive
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.vocabulary.identifiers import Oin


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


async def test_a_connection_that_ends_soon_is_told_by_the_doctor(database: Database) -> None:
    grant = await connected(database, days=12)
    lines = [line async for line in look(database.settings) if line.subject == "contract"]
    assert [line.state for line in lines] == [State.SOON]
    assert grant[:16] in lines[0].what
    assert "landschap contract" in lines[0].remedy


async def test_a_connection_that_lasts_is_well(database: Database) -> None:
    await connected(database, days=200)
    lines = [line async for line in look(database.settings) if line.subject == "contract"]
    assert [(line.state, line.what) for line in lines] == [(State.WELL, "1 connections in force")]


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
        log = serving.log.read_text(encoding="utf-8")
        assert '"name": "organisation", "days_left": 19, "event": "certificate ends"' in log
        assert f'"grant": "{grant}", "days_left": 12, "event": "contract ends"' in log
        assert serving.terminate() == 0
    finally:
        serving.kill()
