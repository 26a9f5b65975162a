# SPDX-License-Identifier: EUPL-1.2
"""Security events at an external receiver: all kinds, in order, nothing lost, no person in them."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.platform.siem_rig import EMPLOYEE, HEAD, PERSON, Life, Watch, watched
from tests.throwaway import Database

from landschap.cli.siem import siem
from landschap.cli.verify import verify
from landschap.gateway.security.worker import read_refusals
from landschap.platform.identity import Issued, Validity, make_anchor
from landschap.platform.ids import uuid7
from landschap.platform.siem import outbox
from landschap.platform.siem.delivery import sender_of
from landschap.platform.siem.ocsf import Event, form
from landschap.platform.siem.syslog import SyslogReceiver


@pytest.fixture
async def watch(tmp_path: Path, anchor: Issued) -> AsyncIterator[Watch]:
    made = Watch(tmp_path / "watch", anchor)
    await made.come()
    yield made
    await made.go()


@pytest.fixture
async def life(database: Database, watch: Watch) -> AsyncIterator[Life]:
    made = await Life.of(database, watched(database, watch.port))
    yield made
    await made.close()


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["metadata"]["event_code"] for event in events]


async def go_through_an_absence(life: Life, watch: Watch, seconds: float) -> None:
    """Things happen before, while the receiver is away, and after it came back."""
    await life.work()
    happened = await life.everything()
    await watch.has(len(happened))
    assert len(set(happened)) >= 10
    await watch.go()
    missed = await life.everything()
    await asyncio.sleep(seconds)
    assert len(watch.first_times()) == len(happened)
    await watch.come()
    happened += missed + await life.everything()
    await watch.has(len(happened), seconds=120)
    told = watch.first_times()
    assert kinds(told) == happened
    numbers = [event["metadata"]["sequence"] for event in told]
    assert numbers == list(range(1, len(happened) + 1))


async def test_every_kind_arrives_in_order_also_what_happened_while_the_receiver_was_away(
    life: Life, watch: Watch
) -> None:
    await go_through_an_absence(life, watch, 1.0)
    raw = b"".join(watch.raw).decode()
    assert PERSON not in raw
    assert EMPLOYEE not in raw
    assert "M. de Wit" not in raw
    assert "A. de Vries" not in raw
    for one in watch.raw:
        match = HEAD.fullmatch(one)
        assert match
        assert int(match[1]) // 8 == 13
        assert match[4].decode() == json.loads(match[6])["metadata"]["event_code"]


@pytest.mark.long
@pytest.mark.case("S-48")
async def test_ten_kinds_arrive_in_order_also_after_the_receiver_was_away_five_minutes(
    life: Life, watch: Watch
) -> None:
    await go_through_an_absence(life, watch, 300.0)


async def test_what_was_sent_just_before_a_connection_broke_comes_again_under_the_same_number(
    database: Database, tmp_path: Path, anchor: Issued
) -> None:
    watch = Watch(tmp_path / "watch", anchor)
    await watch.come()
    settings = watched(database, watch.port)
    assert settings.siem.syslog
    object.__setattr__(settings.siem.syslog, "resend_seconds", 60)
    life = await Life.of(database, settings)
    try:
        await life.work()
        await life.refuse("policy_none")
        await watch.has(1)
        await watch.go()
        await watch.come()
        await watch.until(lambda: len(watch.raw) >= 2)
        first, again = watch.events()
        assert first["metadata"]["uid"] == again["metadata"]["uid"]
        assert first["metadata"]["sequence"] == again["metadata"]["sequence"] == 1
    finally:
        await life.close()
        await watch.go()


async def test_a_full_buffer_is_counted_and_told_and_refusals_wait_in_the_log(
    database: Database, life: Life, watch: Watch
) -> None:
    pool = await database.pool("platform")
    await pool.execute("UPDATE platform.siem_state SET capacity = 2")
    await life.refuse("policy_none")
    await life.refuse("policy_none")
    await life.refuse("application_unknown")  # no room: it stays in the log
    await life.leave()  # can not come again: counted
    assert await outbox.lost(pool) == 1
    await life.work()
    await watch.until(lambda: "application_refused" in kinds(watch.first_times()))
    told = watch.first_times()
    assert sorted(kinds(told)) == sorted(
        ["question_refused", "question_refused", "events_lost", "application_refused"]
    )
    (lost,) = [each for each in told if each["metadata"]["event_code"] == "events_lost"]
    assert lost["count"] == 1
    assert lost["severity_id"] == 5


async def test_many_of_the_same_refusal_are_one_event_with_their_number(
    database: Database, life: Life, watch: Watch
) -> None:
    from tests.logboek.log_rig import refused

    await life.writer.append([refused() for _ in range(50)])
    siem_pool = await database.pool("platform")
    await read_refusals(await database.pool("logboek"), siem_pool)
    (event,) = await outbox.after(siem_pool, 0, 10)
    assert (event.kind, event.facts["times"]) == ("question_refused", 50)
    # What was read is not noted again.
    await read_refusals(await database.pool("logboek"), siem_pool)
    assert len(await outbox.after(siem_pool, 0, 10)) == 1


async def test_a_deed_that_is_undone_is_not_told_and_without_a_receiver_nothing_is_kept(
    database: Database, life: Life
) -> None:
    pool = await database.pool("platform")
    async with pool.acquire() as connection:
        turn = connection.transaction()
        await turn.start()
        assert await outbox.note(connection, "policy_changed", {"version": "x"}) == "noted"
        await turn.rollback()
    assert await outbox.after(pool, 0, 10) == []
    await pool.execute("DELETE FROM platform.siem_receiver")
    await life.leave()
    assert await outbox.after(pool, 0, 10) == []


async def test_the_commands_show_test_and_replay(
    database: Database, life: Life, watch: Watch
) -> None:
    path = database.settings.path
    more = f"""
[network.hosts]
"siem.proefdorp.test" = "127.0.0.1"

[siem.syslog]
address = "tls://siem.proefdorp.test:{watch.port}"
authority = "anchor.crt"
"""
    path.write_text(path.read_text() + more)
    environment = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def run(*words: str) -> Any:
        done = await asyncio.to_thread(
            CliRunner().invoke, siem, [*words, "--json", "--config", str(path)], env=environment,
        )  # fmt: skip
        return done.exit_code, json.loads(done.stdout)

    code, told = await run("test")
    assert (code, told["receivers"]) == (0, [{"receiver": "syslog", "error": None}])
    await watch.has(1)
    assert kinds(watch.events()) == ["watch_tested"]
    await life.leave()
    code, shown = await run("status")
    assert code == 0
    assert shown["receivers"][0]["waiting"] == 1
    await life.work()
    await watch.has(2)
    pool = await database.pool("platform")
    async with asyncio.timeout(60):
        while await outbox.confirmed_by(pool, "syslog") < 1:  # noqa: ASYNC110 - in the database
            await asyncio.sleep(0.05)
    code, again = await run("replay", "--hours", "1")
    assert again == {"receivers": [{"receiver": "syslog", "events": 1}]}
    await watch.until(lambda: len(watch.raw) >= 3)
    assert watch.events()[1]["metadata"]["uid"] == watch.events()[2]["metadata"]["uid"]
    await watch.go()
    code, failed = await run("test")
    assert code == 5
    assert "not reached" in failed["receivers"][0]["error"]
    await watch.come()


async def test_a_log_that_is_not_intact_is_told(database: Database, life: Life) -> None:
    await life.refuse("policy_none")
    owner = await database.administrator()
    await owner.execute("UPDATE logboek.record SET peer = 'x'")
    await owner.close()
    words = ["log", "--json", "--config", str(database.settings.path)]
    environment = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    done = await asyncio.to_thread(CliRunner().invoke, verify, words, env=environment)
    assert done.exit_code == 7
    events = await outbox.after(await database.pool("platform"), 0, 10)
    assert [one.kind for one in events] == ["question_refused", "log_gap"]


async def test_a_receiver_proves_who_it_is_and_may_ask_who_we_are(
    database: Database, watch: Watch, tmp_path: Path
) -> None:
    folder = database.settings.path.parent
    settings = watched(database, watch.port)
    given = settings.siem.syslog
    assert given
    watch.tls.load_verify_locations(folder / "anchor.crt")
    watch.tls.verify_mode = ssl.CERT_REQUIRED
    known = replace(given, certificate=folder / "organisation.crt", key=folder / "organisation.key")
    other = make_anchor("Ander anker", Validity.of_days(datetime.now(UTC), 5))
    (tmp_path / "other.crt").write_bytes(other.certificate_pem)
    stranger = replace(known, authority=tmp_path / "other.crt")
    told = form(
        Event(
            seq=1, event_id=uuid7(), at=datetime.now(UTC), noted_at=datetime.now(UTC),
            kind="watch_tested", facts={},
        ),
        sender_of(settings),
    )  # fmt: skip
    for way, arrives in ((stranger, False), (known, True)):
        receiver = SyslogReceiver(way, "manager.proefdorp.test", settings.network.hosts or {})
        try:
            if arrives:
                await receiver.send([told])
                await watch.has(1)
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    await receiver.send([told])
        finally:
            await receiver.close()
    assert len(watch.raw) == 1
    nobody = SyslogReceiver(given, "manager.proefdorp.test", settings.network.hosts or {})
    try:
        # With TLS 1.3 the refusal comes after the handshake, as the end of the connection.
        with suppress(OSError):
            await nobody.send([told])
        await watch.until(lambda: nobody.is_broken())
    finally:
        await nobody.close()
    assert len(watch.raw) == 1
