# SPDX-License-Identifier: EUPL-1.2
"""What is shared and on which software, read by anybody without login."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from msgspec import structs
from tests.logboek.log_rig import refused
from tests.purposes.registers import (
    ACTIVITY,
    ASSISTANCE,
    BIJSTAND,
    DOESBURG,
    PARKING,
    PARKING_ACTIVITY,
    STRANGER,
    WEESP,
    policy,
    weesp,
)
from tests.registers.open_rig import Open, half_open, open_of
from tests.throwaway import Database

from landschap.cli.composition_accounts import accounts_desk
from landschap.cli.composition_open import offer_of, sharing_of
from landschap.console.council.figures import quarters_until
from landschap.console.council.store.gathering import Sources, gather
from landschap.console.council.store.kept import keep
from landschap.console.council.store.published import publish
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.states import State
from landschap.gateway.services import Service, read_service
from landschap.gateway.store import apply_services
from landschap.gateway.usage.store import Rooms
from landschap.logboek.store import LogWriter
from landschap.platform.open_settings import OpenSettings
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.model import Text
from landschap.purposes.public import id_of
from landschap.purposes.snapshot import Snapshot
from landschap.registers.open.api.accounts import AccountsDesk
from landschap.registers.open.api.processing import BASE, ProcessingDesk
from landschap.registers.open.api.sharing import SERVICES_PATH, SOFTWARE_PATH, SharingDesk
from landschap.registers.open.api.standards import STANDARDS_PATH
from landschap.registers.open.sharing import Offer, World, sharing
from landschap.registers.standards.model import Basis, Duty, Standing
from landschap.registers.standards.model import State as Standard
from landschap.registers.standards.store import keep_day
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId
from landschap.vocabulary.times import amsterdam_day

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)
SECRET = "opsporing"
ENDS = date(2027, 12, 31)
PUBLIC_PAGES = (
    "/",
    "/wat-wij-delen",
    "/verwerkingen",
    "/verantwoording",
    "/standaarden",
    "/over-deze-software",
)


def grant(asker: str, service: str, purpose: str = "", **changes: object) -> ConnectionGrant:
    """A contract in force under which one asks a service of Weesp."""
    bound = Bound.of(purposes=(purpose,), legal_bases=("eu-gdpr:A6-1-e",), field_set=BIJSTAND)
    made = ConnectionGrant(
        grant_hash=GrantHash("$1$3$" + "g" * 86),
        content_hash=ContentHash("$1$1$" + "c" * 86),
        outway_peer_id=PeerId(asker),
        outway_thumbprint="f" * 64,
        outway_domain=None,
        service_peer_id=PeerId(WEESP),
        service_name=service,
        delegator_peer_id=None,
        service_delegator_peer_id=None,
        properties={PROPERTY: bound.as_property()} if purpose else {},
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=1),
        accepted_until=NOW + timedelta(days=1),
        signed=True,
        valid=True,
        state=State.VALID,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def world() -> World:
    """A public, a secret and an impersonal service; Doesburg may ask, a stranger in secret."""
    both = (DOESBURG, STRANGER)
    one = weesp(
        policy("bijstand-doesburg"),
        policy("heimelijk", purpose=PARKING, activity=PARKING_ACTIVITY, organisations=both),
        policy("dicht", purpose=PARKING, activity=PARKING_ACTIVITY, service=SECRET, field_set=""),
    )
    activities = tuple(
        replace(each, confidential=each.uri == PARKING_ACTIVITY) for each in one.activities
    )
    return World(
        snapshot=Snapshot(replace(one, activities=activities)),
        offers=[
            Offer(name="situatie", phase="uitfaserend", deprecated=ENDS, sunset=ENDS),
            Offer(name=SECRET, phase="actief"),
            Offer(name="kaart", phase="actief"),
        ],
        grants=[
            grant(DOESBURG, "situatie", ASSISTANCE),
            grant(STRANGER, "situatie", PARKING),
            grant(STRANGER, SECRET, PARKING),
            grant(STRANGER, "kaart", not_after=NOW - timedelta(hours=1)),
        ],
        names={DOESBURG: "Gemeente Doesburg", STRANGER: "Onbekend"},
    )


@pytest.fixture
async def published(database: Database) -> AsyncIterator[Open]:
    found = world()

    async def given() -> World:
        return found

    processing = ProcessingDesk(
        snapshot=lambda: found.snapshot, pool=await database.pool("purposes")
    )
    desk = SharingDesk(world=given, version="1.2.3", source="https://code.example/landschap")
    accounts = await accounts_of(database)
    async for one in open_of(
        database, half_open(), processing=processing, sharing=desk, accounts=accounts
    ):
        today = amsterdam_day(NOW)
        for day, state in (
            (today - timedelta(days=45), Standard.UNKNOWN),
            (today, Standard.CONFORMS),
        ):
            await keep_day(one.pool, day, standings(state))
        yield one


async def accounts_of(database: Database) -> AccountsDesk:
    """A quarter in which some questions were refused, counted and published."""
    rooms = [await database.pool(room) for room in ("console", "purposes", "logboek")]
    console, purposes, log = rooms
    writer = LogWriter(database.settings, "proef-0")
    await writer.start()
    await writer.append([refused() for _ in range(12)])
    await writer.close()
    sources = Sources(
        console=console,
        rooms=Rooms(log=log, purposes=purposes, fsc=await database.pool("fsc")),
        registers=await database.pool("registers"),
        oin=database.settings.organisation.oin.value,
        organisation=database.settings.organisation.name,
    )
    now = datetime.now(UTC)
    for quarter in quarters_until(now, 2):
        counted = await gather(sources, quarter, now)
        made = await keep(console, structs.replace(counted, is_whole=True), "fg", now)
        assert await publish(console, quarter, made.version, "fg")
    return accounts_desk(console, purposes, log)


def standings(state: Standard) -> list[Standing]:
    """How the services stand to FSC and the design rules; a secret one stands there too."""
    words = Text(nl="De leverancier volgt in maart.", en="The supplier follows in March.")
    design = Standing(
        standard="api-design-rules", service="situatie", state=Standard.DIFFERS,
        basis=Basis.DECLARED, duty=Duty.COMPLY_OR_EXPLAIN, explanation=words, evidence=None,
    )  # fmt: skip
    fsc = replace(design, standard="fsc", state=state, basis=Basis.MEASURED, explanation=None)
    return [
        *(replace(fsc, service=name) for name in ("kaart", "situatie", SECRET)),
        *(design, replace(design, service="kaart", explanation=None)),
    ]


@pytest.mark.case("S-08")
async def test_catalogue_activities_and_software_are_read_without_login(published: Open) -> None:
    programs = ("/catalogus/dcat.jsonld", SERVICES_PATH, BASE, SOFTWARE_PATH)
    for path in (*PUBLIC_PAGES, *(f"/en{each}".rstrip("/") for each in PUBLIC_PAGES), *programs):
        answer = await published.get(path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers, path
    assert not published.client.cookies
    shared = (await published.get("/wat-wij-delen")).text
    for words in ("situatie", "bijstand", "Gemeente Doesburg", "Stopt binnenkort",
                  "31 december 2027", f"/verwerkingen/{id_of(ACTIVITY)}"):  # fmt: skip
        assert words in shared
    # What the page leads to is there.
    assert (await published.get(f"/verwerkingen/{id_of(ACTIVITY)}")).status_code == 200
    for path in PUBLIC_PAGES:
        text = (await published.get(path)).text
        assert all(f'href="{each}"' in text for each in PUBLIC_PAGES if each != path), path
    software = (await published.get("/en/over-deze-software")).text
    for words in ("EUPL-1.2", "1.2.3", 'href="https://code.example/landschap"', "Source code"):
        assert words in software


async def test_programs_read_the_same(published: Open) -> None:
    told = (await published.get(SERVICES_PATH)).json()
    assert (told["count"], told["aantalVertrouwelijk"]) == (2, 1)
    card, situation = told["results"]
    assert (card["naam"], card["doelen"], card["organisaties"]) == ("kaart", [], [])
    assert situation["organisaties"] == [{"oin": DOESBURG, "naam": "Gemeente Doesburg"}]
    assert [each["uri"] for each in situation["doelen"]] == [ASSISTANCE]
    assert situation["dataGroups"] == ["adres", "bsn", "uitkering"]
    assert (situation["status"], situation["laatsteDag"]) == ("uitfaserend", "2027-12-31")
    software = (await published.get(SOFTWARE_PATH)).json()
    assert (software["licentie"], software["versie"]) == ("EUPL-1.2", "1.2.3")


async def test_standards_are_told_with_services_that_are_public_alone(published: Open) -> None:
    told = (await published.get(STANDARDS_PATH)).json()
    found = {each["id"]: each for each in told["results"]}
    assert (found["zgw"]["plicht"], found["zgw"]["diensten"]) == ("geen", [])
    assert [each["naam"] for each in found["fsc"]["diensten"]] == ["kaart", "situatie"]
    # The secret one is not in the counts either.
    assert [(e["voldoet"], e["vanToepassing"]) for e in found["fsc"]["verloop"]] == [(0, 2), (2, 2)]
    card, situation = found["api-design-rules"]["diensten"]
    assert (card["uitlegOntbreekt"], situation["uitlegOntbreekt"]) == (True, False)
    assert situation["uitlegEn"] == "The supplier follows in March."
    page = (await published.get("/standaarden")).text
    assert page.count("Hier moet nog uitleg komen.") == 1
    assert (told["aantalVertrouwelijk"], "1 dienst is geheim" in page) == (1, True)


async def test_what_is_confidential_is_counted_and_not_told(published: Open) -> None:
    pages = ("/wat-wij-delen", "/en/wat-wij-delen", "/standaarden", "/en/standaarden")
    for path in (SERVICES_PATH, STANDARDS_PATH, *pages):
        text = (await published.get(path)).text
        assert not any(each in text for each in (SECRET, STRANGER, "Onbekend", "parkeren")), path
    assert "1 dienst is geheim" in (await published.get("/wat-wij-delen")).text


def test_only_a_contract_in_force_that_a_rule_goes_with_makes_a_receiver() -> None:
    given = world()
    late = {"not_after": NOW - timedelta(seconds=1)}
    wrong = [
        grant(DOESBURG, "situatie", ASSISTANCE, **late),
        grant(DOESBURG, "situatie", ASSISTANCE, signed=False),
        grant(STRANGER, "situatie", ASSISTANCE),
        grant(DOESBURG, "situatie", properties={PROPERTY: {"v": 9}}),
        grant(DOESBURG, "situatie", ASSISTANCE, service_peer_id=PeerId(STRANGER)),
    ]
    for each in wrong:
        found = sharing(replace(given, grants=[each]), NOW).services
        assert [one.receivers for one in found] == [[], []], each
    asked_for = grant(STRANGER, "situatie", ASSISTANCE, delegator_peer_id=PeerId(DOESBURG))
    (_, situation) = sharing(replace(given, grants=[asked_for], names={}), NOW).services
    assert [(each.oin, each.name) for each in situation.receivers] == [(DOESBURG, DOESBURG)]


def test_an_offer_tells_the_life_cycle_and_not_where_it_runs() -> None:
    service = read_service(
        'name = "kaart"\nupstream = "http://127.0.0.1:9000"\nrecording = "intent"\n'
        "[lifecycle]\ndeprecated = 2027-01-01\nsunset = 2027-12-31\n"
    )
    assert isinstance(service, Service)
    offer = offer_of(service, datetime(2026, 12, 1, tzinfo=UTC))
    assert (offer.phase, offer.sunset) == ("uitfaserend", ENDS)
    assert "127.0.0.1" not in repr(offer)
    assert offer_of(service, datetime(2028, 1, 2, tzinfo=UTC)).phase == "gesloten"


async def test_what_is_in_force_is_what_is_told(database: Database) -> None:
    gateway, agreed = await database.pool("gateway"), await database.pool("fsc")
    await apply_services(gateway, [Service(name="kaart", upstream="landschap")], NOW)
    desk = sharing_of(database.settings, lambda: world().snapshot, gateway, agreed)
    found = await desk.now()
    assert [(each.offer.name, each.offer.phase) for each in found.services] == [("kaart", "actief")]
    assert desk.source == database.settings.open.source_code


def test_the_project_itself_says_where_its_source_is() -> None:
    told = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told["url"] == OpenSettings().source_code
    assert told["legal"]["license"] == project["license"] == "EUPL-1.2"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").strip().startswith("# EUROPEAN UNION")
