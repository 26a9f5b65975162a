# SPDX-License-Identifier: EUPL-1.2
"""Asking for what was destroyed, over HTTP; and that a back-up does not bring it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.registers.disposal_rig import Destroyer
from tests.registers.test_api import PEOPLE, SUZANNE, Asker, asker_of
from tests.throwaway import Cluster, Database

from landschap.cli.backup import _restore
from landschap.platform.postgres.copies import dump
from landschap.platform.settings import PostgresSettings
from landschap.registers.client.retention import note

HISTORY = ("materieel", "formeel")


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


@pytest.mark.case("history-40")
async def test_what_was_erased_is_gone_for_every_day_and_moment_also_after_a_restore(
    asker: Asker, database: Database, cluster: Cluster
) -> None:
    settings = database.settings
    first = await asker.write("a1", "2020-01-01", "Vlinderstrik")
    await asker.write("a1", "2021-01-01", "Zeekat")
    assert first.registered_at is not None
    then = {"beschikbaarOp": first.registered_at.isoformat()}
    assert (await asker.get("a1", then, history=HISTORY)).status_code == 200
    before = settings.path.parent / "before.landschap"
    await dump(settings, before)
    (done,) = await (await Destroyer.of(database, PEOPLE)).destroy("a1")
    assert done.record is not None
    settings.paths.data.mkdir(exist_ok=True)
    note(settings.paths.data, [done.record])
    await told_as_gone(asker, then, str(done.record.record_id))
    await asker.log.close()

    name = f"{database.name}_restored"
    await cluster.run(f"CREATE DATABASE {name}")
    try:
        there = replace(settings, postgres=PostgresSettings(dsn=cluster.dsn(name)))
        report, destroyed = await _restore(there, before)
        assert (report.intact, destroyed) == (True, 1)
        restored = Database(name=name, settings=there)
        async for other in asker_of(restored, PEOPLE):
            await told_as_gone(other, then, str(done.record.record_id))
        assert await (await Destroyer.of(restored, PEOPLE)).left() == 0
        restored.close()
    finally:
        await cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


async def told_as_gone(asker: Asker, then: dict[str, str], record: str) -> None:
    """410 on each axis, a tombstone in the registrations, an event in the feed; no content."""
    for query in ({}, then, {"geldigOp": "2020-06-01"}, {"beschikbaarOp": "2019-01-01T00:00"}):
        answer = await asker.get("a1", query, history=HISTORY)
        assert (answer.status_code, answer.json()["code"]) == (410, "geschiedenis.gewist")
        assert answer.json()["gewist"]["grond"] == "avg-17"
        assert answer.json()["gewist"]["verklaring"] == record
    stretches = await asker.get("a1/voorkomens", history=HISTORY)
    assert (stretches.status_code, stretches.json()["code"]) == (410, "geschiedenis.gewist")
    registered = await asker.get("a1/registraties", history=HISTORY)
    assert registered.status_code == 200, registered.text
    lines = registered.json()["items"]
    assert [line["soort"] for line in lines] == ["WIJZIGING", "WIJZIGING", "VERNIETIGING"]
    assert {line["gewist"]["verklaring"] for line in lines} == {record}
    assert all(line["ingetrokken"] and "inhoud" not in line for line in lines)
    assert "Vlinderstrik" not in registered.text
    assert "2020-01-01" not in registered.text
    feed = await asker.send("GET", "/proef/v1/wijzigingen")
    assert feed.json()["items"][-1]["soort"] == "VERNIETIGING"
    found = await asker.search(f'{{"burgerservicenummer": "{SUZANNE}"}}'.encode())
    assert found.json()["items"] == []


async def test_a_writer_can_not_register_it_again(asker: Asker, database: Database) -> None:
    await asker.write("a1", "2020-01-01", "Vlinderstrik")
    await (await Destroyer.of(database, PEOPLE)).destroy("a1")
    answer = await asker.send(
        "POST",
        "/proef-bijhouden/v1/personen/a1/_registreer",
        body=b'{"reden": "reden", "document": "zaak 1", "geldigVan": "2020-01-01", '
        b'"inhoud": {"naam": "x", "burgerservicenummer": "123456782"}}',
        headers={"If-None-Match": "*"},
        service="proef-bijhouden",
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "geschiedenis.gewist"), answer.text
