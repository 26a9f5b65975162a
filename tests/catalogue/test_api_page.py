# SPDX-License-Identifier: EUPL-1.2
"""The page of one API: what is asked of who uses it, what one still needs, where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.catalogue.pages_rig import Catalogue, described, offered, page
from tests.fsc import fsc_rig
from tests.portal.portal_rig import DOESBURG, PURPOSE
from tests.portal.visiting import Visitor
from tests.purposes import registers

from landschap.catalogue.pages import routes
from landschap.catalogue.pages.sending import Lines, Trying
from landschap.fsc import store as agreed
from landschap.fsc.autosign import AutoSign
from landschap.fsc.client import own_peer
from landschap.fsc.contracts import read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind
from landschap.gateway.measured import Cell, Count, end_of, step_of
from landschap.gateway.services import Service, read_service
from landschap.gateway.store import apply_services
from landschap.gateway.store.measured import add_measured
from landschap.gateway.tracing.halves import Crossing, Half
from landschap.gateway.usage.store import Rooms
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day

LOA3 = "urn:etoegang:core:assurance-class:loa3"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
ROOMS = {"log": "logboek", "purposes": "purposes", "fsc": "fsc"}
UNKNOWN_PURPOSE = "https://doelen.example/id/wat-wij-niet-doen"
ASKED: dict[str, Any] = {
    "toegang": "contract",
    "middelen": ["mtlsPkioverheid", "fscContract"],
    "fsc": {"peerId": DOESBURG, "service": "uitkeringen"},
    "doelen": [PURPOSE],
    "niveau": LOA3,
    "betrokkenen": ["inwoners"],
}


async def contract_with(catalogue: Catalogue, *, both_sign: bool) -> None:
    """A contract in which we may ask the service of Doesburg; proposed, or signed by both."""
    own = own_peer(catalogue.database.settings)
    bound = Bound.of(purposes=(PURPOSE,), legal_bases=("eu-gdpr:A6-1-e",))
    grant = fsc_rig.connection_grant(
        own.peer_id.value, DOESBURG, "a" * 64, service="uitkeringen",
        properties={PROPERTY: bound.as_property()},
    )  # fmt: skip
    read = read_contract(fsc_rig.content(grant, group_id=own.group_id), Profile.FSC_2)
    assert not isinstance(read, Refusal)
    now = datetime.now(UTC)
    provider = fsc_rig.own_peer(fsc_rig.Authority(), DOESBURG, name="Gemeente Doesburg")
    brought = agreed.Received(
        contract=read,
        signature=provider.sign(read, Kind.ACCEPT, now),
        certificate=ChainedCertificate(leaf=provider.certificate),
        sender=agreed.Peer(
            peer_id=provider.peer_id, name=provider.name, seen_at=now, announced_at=None,
            manager_address="https://doesburg.test:8443",
        ),
    )  # fmt: skip
    pool = await catalogue.database.pool("fsc")
    policy = AutoSign(own=own.peer_id, grant_types=frozenset(), offered=frozenset())
    async with pool.acquire() as connection, connection.transaction():
        await agreed.receive(connection, own, brought, policy)
        if both_sign:
            stored = await agreed.contract(connection, read.hash.value)
            assert stored is not None
            await agreed.sign(connection, own, stored, Kind.ACCEPT, now)


def stated(html: str, term: str) -> str:
    """What stands beside a term in the criteria, without markup."""
    criteria = html[html.index('id="voorwaarden"') :]
    found = re.search(rf"<dt>{term}</dt><dd[^>]*>(.*?)</dd>", criteria, re.DOTALL)
    assert found is not None, term
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def with_level(catalogue: Catalogue, level: str) -> None:
    """The settings say at which level employees log in."""
    around: Any = catalogue.deps.own.__self__  # type: ignore[attr-defined]  # a bound method
    settings = around._settings
    assert settings.oidc.employees is not None
    employees = replace(settings.oidc.employees, highest_level=level)
    around._settings = replace(settings, oidc=replace(settings.oidc, employees=employees))


@pytest.mark.case("S-16")
async def test_a_service_states_what_it_asks_and_lists_exactly_what_my_organisation_misses(
    catalogue: Catalogue,
) -> None:
    # Each service states the four: a peer's by its description, our own by how it is set up.
    other = await offered(
        catalogue, described("Uitkeringen", info={"x-gebruik": ASKED}), "everyone"
    )
    anybody = catalogue.visitor()
    html = await page(anybody, f"/catalogus/{other}")
    assert stated(html, "Certificaat") == "Certificaat van de organisatie"
    assert stated(html, "Contract").startswith("Contract tussen de organisaties")
    assert PURPOSE in stated(html, "Doel")
    assert stated(html, "Niveau van inloggen") == "loa3 (substantieel)"
    assert 'id="nodig"' not in html
    silent = await offered(catalogue, described("Zwijgend"), "everyone")
    html = await page(anybody, f"/catalogus/{silent}")
    terms = ("Certificaat", "Contract", "Doel", "Niveau van inloggen")
    assert {stated(html, term) for term in terms} == {"Niet vermeld"}
    # What our organisation misses, as it arranges one thing after another.
    employee = await catalogue.employee()
    assert await needs(employee, other) == {
        "certificaat": "geregeld", "doel": "geregeld", "contract": "nodig", "niveau": "nodig",
    }  # fmt: skip
    html = await page(employee, f"/catalogus/{other}")
    assert "nog 2 van 4 nodig" in html
    await contract_with(catalogue, both_sign=False)
    assert (await needs(employee, other))["contract"] == "aangevraagd"
    with_level(catalogue, SUBSTANTIAL)
    assert await lacking(employee, other) == {"contract"}
    await contract_with(catalogue, both_sign=True)
    assert await lacking(employee, other) == set()
    assert "niets dat wij weten" in await page(employee, f"/catalogus/{other}")
    # For a purpose that we have no activity for, the contract does not help.
    unknown = ASKED | {"doelen": [UNKNOWN_PURPOSE]}
    name = await offered(catalogue, described("Anders", info={"x-gebruik": unknown}), "everyone")
    assert await lacking(employee, name) == {"doel"}
    # A certificate that can not be read is none.
    certificate = catalogue.database.settings.identity.certificate
    kept = certificate.read_bytes()
    certificate.write_bytes(b"not a certificate")
    assert await lacking(employee, other) == {"certificaat"}
    certificate.write_bytes(kept)
    with_level(catalogue, "")


async def needs(visitor: Visitor, name: str) -> dict[str, str]:
    told = json.loads(await page(visitor, f"/catalogus/{name}.json"))
    return {each["kind"]: each["state"] for each in told["needs"]}


async def lacking(visitor: Visitor, name: str) -> set[str]:
    found = await needs(visitor, name)
    return {kind for kind, state in found.items() if state in {"nodig", "aangevraagd"}}


SERVICE = """
name = "woon-en-uitkeringssituatie"
upstream = "landschap"
recording = "self"
"""


def days(**given: int) -> dict[str, str]:
    """Days from now, as a description tells them."""
    today = datetime.now(UTC).date()
    return {f"x-{name}": str(today + timedelta(days=each)) for name, each in given.items()}


async def test_of_our_own_service_the_criteria_are_what_our_door_asks(
    catalogue: Catalogue,
) -> None:
    ends = f"[lifecycle]\ndeprecated = {days(d=-30)['x-d']}\nsunset = {days(s=30)['x-s']}\n"
    service = read_service(SERVICE + ends)
    assert isinstance(service, Service)
    await apply_services(await catalogue.database.pool("gateway"), [service], datetime.now(UTC))
    said = described("Woonsituatie", info={"x-gebruik": {"toegang": "open"}})
    name = await offered(catalogue, said, "everyone", service=service.name)
    html = await page(catalogue.visitor(), f"/catalogus/{name}")
    # What the description says of it does not count: the door decides.
    assert stated(html, "Contract").startswith("Contract tussen de organisaties")
    assert PURPOSE in stated(html, "Doel")
    assert "Deprecation en Sunset" in html
    told = json.loads(await page(catalogue.visitor(), f"/catalogus/{name}.json"))
    assert told["lifecycle"]["phase"] == "uitfaserend"
    assert service.lifecycle is not None
    assert told["lifecycle"]["sunset"] == str(service.lifecycle.sunset)
    # Nothing is missing for our own service.
    mine = json.loads(await page(await catalogue.employee(), f"/catalogus/{name}.json"))
    assert "needs" not in mine
    found = json.loads(await page(catalogue.visitor(), "/catalogus.json?fase=uitfaserend"))
    assert [each["name"] for each in found["results"]] == [name]


async def test_how_our_own_service_answered_is_measured_and_consumers_are_for_ourselves(
    catalogue: Catalogue,
) -> None:
    service = read_service(SERVICE.replace("woon-en", "Meet-en"))
    assert isinstance(service, Service)
    gateway = await catalogue.database.pool("gateway")
    await apply_services(gateway, [service], datetime.now(UTC))
    name = await offered(catalogue, described("Meten"), "everyone", service=service.name)
    other = await offered(catalogue, described("Van een ander"), "everyone")
    visitor, mine = catalogue.visitor(), await catalogue.employee()
    assert "de laatste 30 dagen is er niets gevraagd" in await page(visitor, f"/catalogus/{name}")
    assert "alleen wat onze eigen deur doorlaat" in await page(visitor, f"/catalogus/{other}")
    today = amsterdam_day(datetime.now(UTC))
    cells = {
        Cell(today, service.name.lower(), step_of(0.010)): Count(9_999, 1),
        Cell(today - timedelta(days=40), service.name.lower(), 3): Count(5, 5),
    }
    async with gateway.acquire() as connection:
        await add_measured(connection, cells)
    html = await page(visitor, f"/catalogus/{name}")
    # Never rounded to a hundred, and what is longer ago does not count.
    assert "99,98% van de 9999 antwoorden was zonder fout" in html
    assert "99.98% of the 9999" in await page(visitor, f"/en/catalogus/{name}")
    told = json.loads(await page(visitor, f"/catalogus/{name}.json"))
    assert told["measured"] == {
        "since": str(today), "until": str(today), "answers": 9_999, "failed": 1,
        "share": 0.9999, "p95Ms": end_of(step_of(0.010)),
    }  # fmt: skip
    assert json.loads(await page(visitor, f"/catalogus/{other}.json"))["measured"] is None
    assert "Afnemers" not in html
    assert "consumers" not in told
    assert "Niemand heeft een contract dat nu geldt" in await page(mine, f"/catalogus/{name}")
    assert json.loads(await page(mine, f"/catalogus/{name}.json"))["consumers"] == []
    assert "consumers" not in json.loads(await page(mine, f"/catalogus/{other}.json"))


async def test_each_version_shows_where_it_stands_with_its_days(catalogue: Catalogue) -> None:
    ended, ending = days(deprecated=-90, sunset=-1), days(deprecated=-10, sunset=200)
    for version, info in (
        ("0.4.0", {}), ("1.0.0", ended), ("2.3.0", ending), ("3.0.0", {}), ("4.0.0-beta.1", {}),
    ):  # fmt: skip
        name = await offered(catalogue, described("Levensloop", version, info), "everyone")
    hidden = await offered(catalogue, described("Levensloop", "5.0.0"), DOESBURG)
    html = await page(catalogue.visitor(), f"/catalogus/{name}")
    table = html[html.index('id="versies"') : html.index('id="wijz"')]
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("<tr")[2:]]
    by_version = {row.split(">", 1)[-1].split()[0]: row for row in rows}
    assert set(by_version) == {"0.4.0", "1.0.0", "2.3.0", "3.0.0", "4.0.0-beta.1"}
    assert hidden not in table
    assert "Ontwerp" in by_version["0.4.0"]
    assert "Ontwerp" in by_version["4.0.0-beta.1"]
    assert "Actief geen einde aangekondigd" in by_version["3.0.0"]
    assert "Gestopt op" in by_version["1.0.0"]
    assert "Stopt op" in by_version["2.3.0"]
    for info, version in ((ended, "1.0.0"), (ending, "2.3.0")):
        own = table[: table.index("</tbody>")].split(f">{version}</a>")[1].split("</tr>")[0]
        assert all(f'datetime="{day}"' in own for day in info.values()), version
    wrong = described("Fout einde", info=days(deprecated=10, sunset=5))
    name = await offered(catalogue, wrong, "everyone")
    assert "Het einde is niet goed aangekondigd" in await page(
        catalogue.visitor(), f"/catalogus/{name}"
    )


def _one_operation(*more: str) -> dict[str, Any]:
    """An API that is reached by a contract and takes fields; with ``more`` paths beside it."""
    answer = {"type": "object", "properties": {"uitkering": {"type": "object", "properties": {
        "soort": {"type": "string", "description": "Welke uitkering het is."}}}}}  # fmt: skip
    document: dict[str, Any] = described(
        f"Proef {len(more)}",
        info={"x-gebruik": {"toegang": "contract",
                            "fsc": {"peerId": registers.WEESP, "service": registers.SERVICE}}},
    )  # fmt: skip
    asked = {
        "parameters": [{"name": "fields", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "Gevonden", "content": {
            "application/json": {"schema": answer}}}},
    }  # fmt: skip
    document["paths"] = {
        path: {"get": {**asked, "operationId": path.strip("/")}} for path in ("/zoek", *more)
    }
    document["servers"] = [{"url": "https://api.weesp.example/v1"}]
    return document


async def test_an_api_with_one_operation_is_tried_from_its_page_by_a_field(
    catalogue: Catalogue,
) -> None:
    database, writer = catalogue.database, LogWriter(catalogue.deps.settings, "proef")
    rooms = Rooms(**{name: await database.pool(room) for name, room in ROOMS.items()})
    snapshot = Snapshot(registers.weesp())

    async def in_force() -> Snapshot:
        return snapshot

    async def halves(_: Sequence[Crossing]) -> Sequence[Half]:
        return []

    lines = Lines(writer=writer, controller=Oin(registers.WEESP), keys={}, space="", version="0")
    trying = Trying(outway="", key=str, rooms=rooms, snapshot=in_force, halves=halves, lines=lines)
    deps = replace(catalogue.deps, trying=trying)
    app: Any = make_app(routes(deps), AppShape(title="landschap", version="0", headers={}))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=catalogue.address, follow_redirects=False
    )
    name = await offered(catalogue, _one_operation(), "everyone")
    many = await offered(catalogue, _one_operation("/haal"), "everyone")
    visitor = await catalogue.employee()
    cookies = visitor.cookies[catalogue.address.partition("//")[2]]
    place = f"/catalogus/{name}/proef/zoek"

    def fields(html: str) -> list[str]:
        return re.findall(rf'href="{place}\?veld=([^"]+)"', html)

    async with client:
        anybody = (await client.get(f"/catalogus/{name}")).text
        assert f'href="{place}"' in anybody
        assert fields(anybody) == ["uitkering.soort"]
        assert "Welke uitkering het is." in anybody
        # A link leads to the form that exists, behind a login.
        assert (await client.get(f"{place}?veld=uitkering.soort")).status_code == 303
        client.cookies.update(cookies)
        ours = (await client.get(f"/catalogus/{name}")).text
        assert fields(ours) == list(registers.FIELDS)
        form = (await client.get(f"{place}?veld=uitkering.soort")).text
        chosen = re.findall(r'<input[^>]*name="veld"[^>]*checked[^>]*>', form)
        assert ['value="uitkering.soort"' in each for each in chosen] == [True]
        # With a choice of operations one chooses first.
        choice = (await client.get(f"/catalogus/{many}")).text
    assert "proef" not in re.sub(r"(?i)proef \d|proef-\d", "", choice)
    assert "Gegevens die u kunt vragen" not in choice
