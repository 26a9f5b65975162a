# SPDX-License-Identifier: EUPL-1.2
"""Services and applications in PostgreSQL, and the plan and world that are built from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from tests.gateway.gateway_scene import SERVICES
from tests.throwaway import Database

from landschap.fsc.client import own_peer
from landschap.gateway import store
from landschap.gateway.plan import CarrierPlan
from landschap.gateway.services import Service
from landschap.gateway.store import Difference, Pools
from landschap.gateway.users import Employees
from landschap.platform.departures import (
    BACK,
    LEFT,
    LOGOUT,
    by_session,
    by_subject,
    note_departure,
)
from landschap.platform.identity import Validity, make_anchor
from landschap.platform.settings import LimitSettings, ListenSettings, Settings
from landschap.purposes.needs import Approval, Kind
from landschap.purposes.persons import store as persons
from landschap.purposes.persons.store import Statement
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VERSION = (1, 31, 3)


@pytest.fixture
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("gateway")


@pytest.fixture
async def pools(database: Database) -> Pools:
    rooms = [await database.pool(room) for room in ("gateway", "fsc", "purposes")]
    return Pools(gateway=rooms[0], fsc=rooms[1], purposes=rooms[2])


@pytest.fixture
async def told(database: Database) -> AsyncIterator[list[str]]:
    """What the carrier is told."""
    heard: list[str] = []
    connection = await database.administrator()
    await connection.add_listener(store.CARRIER_CHANNEL, lambda *event: heard.append(event[3]))
    yield heard
    await connection.close()


async def epoch(pool: asyncpg.Pool) -> int:
    value: int = await pool.fetchval("SELECT value FROM platform.epoch")
    return value


async def test_services_are_read_as_they_were_applied(pool: asyncpg.Pool) -> None:
    await store.apply_services(pool, SERVICES, NOW)
    assert await store.services(pool) == sorted(SERVICES, key=lambda each: each.name)
    assert await store.offered_services(pool) == {each.name for each in SERVICES}


async def test_applying_tells_the_difference_and_does_nothing_when_there_is_none(
    pool: asyncpg.Pool, told: list[str]
) -> None:
    first = await store.apply_services(pool, SERVICES[:2], NOW)
    assert first == Difference(added=("pand-open", "uitkeringen"))
    before = await epoch(pool)
    again = await store.apply_services(pool, SERVICES[:2], NOW)
    assert again == Difference(unchanged=("pand-open", "uitkeringen"))
    assert await epoch(pool) == before
    changed = replace(SERVICES[0], body_bytes=1)
    third = await store.apply_services(pool, (changed, SERVICES[2]), NOW, prune=True)
    assert third == Difference(
        added=("pand-plain",), changed=("uitkeringen",), removed=("pand-open",)
    )
    assert await epoch(pool) > before
    await asyncio.sleep(0.05)
    assert told == ["service", "service"]


async def test_two_services_that_differ_by_case_alone_are_refused_and_nothing_changes(
    pool: asyncpg.Pool,
) -> None:
    await store.apply_services(pool, SERVICES[:1], NOW)
    twin = replace(SERVICES[0], name="Uitkeringen")
    with pytest.raises(ProblemError, match="service_name_taken"):
        await store.apply_services(pool, (twin,), NOW)
    assert await store.offered_services(pool) == {"uitkeringen"}


async def test_of_a_key_only_the_digest_is_kept(pool: asyncpg.Pool, database: Database) -> None:
    key = await store.add_application(pool, "zaaksysteem", NOW)
    assert len(key) >= 43
    connection = await database.administrator()
    rows = await connection.fetch("SELECT a::text AS all_of_it FROM gateway.application a")
    await connection.close()
    assert key not in rows[0]["all_of_it"]


async def test_application_by_certificate_has_no_key(pool: asyncpg.Pool) -> None:
    assert await store.add_application(pool, "balie", NOW, certificate_thumbprint="A" * 43) == ""
    (listed,) = await store.listed_applications(pool)
    assert (listed.name, listed.proof, listed.revoked_at) == ("balie", "certificate", None)


async def test_name_of_an_application_is_used_once_also_after_it_was_revoked(
    pool: asyncpg.Pool,
) -> None:
    await store.add_application(pool, "zaaksysteem", NOW)
    assert await store.revoke_application(pool, "zaaksysteem", NOW)
    assert not await store.revoke_application(pool, "zaaksysteem", NOW)
    assert not await store.revoke_application(pool, "elders", NOW)
    with pytest.raises(ProblemError, match="application_known"):
        await store.add_application(pool, "zaaksysteem", NOW)
    (listed,) = await store.listed_applications(pool)
    assert listed.revoked_at == NOW


async def test_room_can_not_unmake_an_application(pool: asyncpg.Pool) -> None:
    await store.add_application(pool, "zaaksysteem", NOW)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM application")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("UPDATE application SET key_digest = NULL")


async def test_world_is_never_older_than_the_epoch_it_names(
    pools: Pools, database: Database
) -> None:
    own = own_peer(database.settings)
    await store.apply_services(pools.gateway, SERVICES, NOW)
    await store.add_application(pools.gateway, "zaaksysteem", NOW)
    world = await store.load_world(pools, own, None, NOW)
    assert world.epoch == await epoch(pools.gateway)
    assert set(world.services) == {each.name for each in SERVICES}
    assert [each.name for each in world.keys.values()] == ["zaaksysteem"]
    await store.revoke_application(pools.gateway, "zaaksysteem", NOW)
    later = await store.load_world(pools, own, None, NOW)
    assert later.epoch > world.epoch
    assert not later.keys


async def test_what_is_said_of_persons_and_cases_is_in_the_next_world(
    pools: Pools, database: Database
) -> None:
    own, about = own_peer(database.settings), "https://weesp.example/activiteiten/a"
    before = await store.load_world(pools, own, None, NOW)
    assert (before.marked, before.cases, before.approvals) == ({}, None, {})
    objection = Statement(
        kind=Kind.OBJECTION, subject=b"p" * 16, about=about, holds=True, author="fg"
    )
    receipt = await persons.say(pools.purposes, objection)
    assert receipt.epoch > before.epoch
    await persons.say_case(pools.purposes, "Z-1", is_open=True, author="zaaksysteem")
    until = datetime.now(UTC) + timedelta(hours=1)
    approval = Approval("https://doelen.example/a", "Z-1", "j.devries", "a.bakker", until)
    await persons.approve(pools.purposes, approval)
    later = await store.load_world(pools, own, None, NOW)
    assert later.epoch == before.epoch + 3
    assert later.marked == {about: frozenset({"bezwaar"})}
    assert later.cases == frozenset({"Z-1"})
    assert list(later.approvals.values()) == [approval]
    await persons.say(pools.purposes, replace(objection, holds=False))
    assert (await store.load_world(pools, own, None, NOW)).marked == {}


async def test_who_left_is_in_the_next_world_and_so_void_at_the_outway(
    pools: Pools, database: Database
) -> None:
    own = own_peer(database.settings)
    staff = Employees(
        issuer="https://inloggen.test", audience="a", roles_claim="roles", level_claim="acr"
    )
    before = await store.load_world(pools, own, staff, NOW)
    assert before.departed == {}
    console = await database.pool("console")
    for account, kind in ((by_subject("m.devries"), LEFT), (by_session("s-1"), LOGOUT)):
        await note_departure(console, staff.issuer, account, NOW, kind, "hr")
    await note_departure(console, "https://elsewhere", by_subject("a"), NOW, LEFT, "hr")
    later = await store.load_world(pools, own, staff, NOW)
    assert later.epoch == before.epoch + 3
    assert later.departed == {"sub:m.devries": float("inf"), "sid:s-1": NOW.timestamp()}
    await note_departure(console, staff.issuer, by_subject("m.devries"), NOW, BACK, "hr")
    last = await store.load_world(pools, own, staff, NOW)
    assert last.departed["sub:m.devries"] == NOW.timestamp()


async def test_without_a_register_there_is_a_world_in_which_nothing_is_permitted(
    pools: Pools, database: Database
) -> None:
    world = await store.load_world(pools, own_peer(database.settings), None, NOW)
    assert world.snapshot.register.policies == ()


def listening(settings: Settings, **listens: str) -> Settings:
    return replace(settings, listen=ListenSettings(**listens))


async def plan_of(settings: Settings, pools: Pools) -> CarrierPlan:
    settings.paths.run.mkdir(parents=True, exist_ok=True)
    return await store.carrier_plan(settings, pools, nginx_version=VERSION)


async def test_plan_holds_the_doors_that_are_configured_and_the_services(
    pools: Pools, database: Database
) -> None:
    upstreams = (
        Service(name="eigen", upstream="landschap"),
        Service(name="buiten", upstream="http://127.0.0.1:9100", base="/v1", body_bytes=5_000_000),
        Service(name="naast", upstream="unix:naast.sock"),
        Service(name="weg", upstream="http://bestaat-niet.invalid:80"),
    )
    await store.apply_services(pools.gateway, upstreams, NOW)
    settings = listening(
        database.settings, inway="127.0.0.1:9443", manager="127.0.0.1:9444", outway="127.0.0.1:80"
    )
    plan = await plan_of(settings, pools)
    assert plan.inway is not None
    places = {each.service: each.server for each in plan.inway.services}
    assert places == {
        "eigen": f"unix:{settings.paths.run}/services.sock",
        "buiten": "127.0.0.1:9100",
        "naast": f"unix:{settings.path.parent}/naast.sock",
    }
    assert plan.inway.max_body_bytes == 5_000_000
    assert plan.inway.peer_requests_per_second == settings.limits.peer_requests_per_second
    assert plan.manager is not None
    assert plan.outway is not None
    assert not plan.outway.tls
    assert plan.web is None


async def test_one_service_without_limit_lifts_the_limit_of_the_carrier(
    pools: Pools, database: Database
) -> None:
    free = Service(name="groot", upstream="landschap", body_bytes=0)
    await store.apply_services(pools.gateway, (*SERVICES, free), NOW)
    plan = await plan_of(listening(database.settings, inway="127.0.0.1:9443"), pools)
    assert plan.inway is not None
    assert plan.inway.max_body_bytes == 0


async def test_pages_without_tls_are_planned_in_a_test_only(
    pools: Pools, database: Database
) -> None:
    settings = listening(database.settings, web="127.0.0.1:8080")
    addresses = replace(settings.addresses, web="http://weesp.localhost:8080")
    settings = replace(settings, addresses=addresses)
    plan = await plan_of(settings, pools)
    assert plan.web is not None
    assert (plan.web.server_name, plan.web.tls) == ("weesp.localhost", False)
    production = replace(settings.organisation, environment="production")
    with pytest.raises(InvalidValue, match="need https"):
        await plan_of(replace(settings, organisation=production), pools)


async def test_several_trust_anchors_are_given_to_nginx_as_one_file(
    pools: Pools, database: Database
) -> None:
    identity = database.settings.identity
    second = identity.trust_anchors[0].with_name("second.crt")
    made = make_anchor("Tweede anker", Validity.of_days(NOW, 30))
    second.write_bytes(made.certificate_pem)
    twice = (identity.trust_anchors[0], second)
    settings = replace(
        database.settings,
        identity=replace(identity, trust_anchors=twice),
        limits=LimitSettings(),
    )
    plan = await plan_of(settings, pools)
    text = Path(plan.tls.trust_anchors).read_text()
    assert text.count("BEGIN CERTIFICATE") == 2
    assert (await plan_of(settings, pools)).tls == plan.tls
