# SPDX-License-Identifier: EUPL-1.2
"""Two who keep persons, and a municipality that asks both: all three run, with contracts between.

Weesp keeps its own residents. The national provision (verzonnen, a test OIN) keeps the persons of
all, and supplies by authorisation decree. Doesburg asks through its Outway, over mutual TLS. The
persons are official fictitious ones of the BRP test set, from the demo's extract.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.gateway.gateway_rig import Anchor, Caller
from tests.gateway.gateway_scene import DOESBURG, GROUP, WEESP
from tests.gateway.pair_rig import SIGNERS, Side, frame, open_side, place, serve_manager
from tests.gateway.serving_rig import registers_of, serve_register
from tests.ports import free_port
from tests.registers.rig import WEESP as DEMO
from tests.throwaway import TEMPLATE, Cluster

from landschap.fsc import store as fsc_store
from landschap.fsc.contracts import read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind
from landschap.fsc.store import token_rows
from landschap.gateway import store
from landschap.gateway.services import Service
from landschap.logboek.records import Record
from landschap.platform.keys import make_secret_keys
from landschap.platform.settings import PostgresSettings, Settings, load_settings
from landschap.platform.sockets import app_socket
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.files import parse_register
from landschap.purposes.store import current_snapshot, save_register
from landschap.registers import client
from landschap.registers import store as registers
from landschap.vocabulary.problems import Refusal

NATIONAL = "00000099000000005000"
NAMES = {
    "weesp": (WEESP, "Gemeente Weesp (verzonnen organisatie)"),
    "landelijk": (NATIONAL, "Landelijke voorziening personen (verzonnen organisatie)"),
    "doesburg": (DOESBURG, "Gemeente Doesburg (verzonnen organisatie)"),
}
PURPOSE = "https://doelen.example/id/bijstand"
TASK, DUTY = "eu-gdpr:A6-1-e", "eu-gdpr:A6-1-c"
BOUND = Bound.of(purposes=(PURPOSE,), legal_bases=(TASK, DUTY))
SERVICE = Service(name="inwoners", upstream="landschap", methods={"POST": "raadplegen"})
SEEN = ("naam.geslachtsnaam", "geboortedatum")

_WORDS = '{ nl = "Woorden.", en = "Words." }'
_LIST = f"""
[[stelsel]]
uri = "https://doelen.example/lijst"
titel = {_WORDS}
uitgever = "{NATIONAL}"
rang = 1
[[doel]]
uri = "{PURPOSE}"
stelsel = "https://doelen.example/lijst"
versie = 1
naam = {_WORDS}
omschrijving = {_WORDS}
status = "actief"
geldig_vanaf = 2026-01-01
"""


def ground(code: str) -> str:
    """A legal ground and an activity on it."""
    return f"""
[[grondslag]]
id = "wet"
code = "{code}"
wet = "BWBR0033715"
wet_naam = "Wet basisregistratie personen"
artikel = "3.2"
tekst = {_WORDS}
[[activiteit]]
uri = "https://register.example/activiteiten/personen"
versie = 1
naam = {_WORDS}
wat = {_WORDS}
waarvoor = {_WORDS}
waarom_mag_dit = {_WORDS}
doel = "{PURPOSE}"
grondslagen = ["wet"]
betrokkenen = ["inwoners"]
bewaartermijn = "P20Y"
bewaartermijn_logboek = "P20Y"
"""


def service(provider: str) -> str:
    """The service with persons of one of the two, and what may be seen of it."""
    return f"""
[[dienst]]
naam = "inwoners"
aanbieder = "{provider}"
velden = ["inwonernummer", "burgerservicenummer", "naam.voornamen", "naam.geslachtsnaam", "geboortedatum", "nummeraanduiding"]
zoekvelden = ["burgerservicenummer", "nummeraanduiding"]
persoonsgegevens = true
[[veldenset]]
id = "personen-{provider}"
versie = 1
aanbieder = "{provider}"
dienst = "inwoners"
velden = ["burgerservicenummer", "naam.geslachtsnaam", "geboortedatum", "nummeraanduiding"]
zoekvelden = ["burgerservicenummer", "nummeraanduiding"]
"""


def policy(provider: str, asker: str, grounds: str, more: str = "") -> str:
    """Who may see persons of this provider, on which grounds."""
    return f"""
[[beleidsregel]]
id = "personen-{provider}"
versie = 1
werking = "toestaan"
doel = "{PURPOSE}"
organisaties = ["{asker}"]
aanbieder = "{provider}"
dienst = "inwoners"
handelingen = ["raadplegen"]
veldenset = "personen-{provider}@1"
grondslagen = {grounds}
activiteit = "https://register.example/activiteiten/personen"
geldig_vanaf = 2026-01-01
uitleg = {_WORDS}
{more}
"""


def decree(receiver: str, *, until: str = "2126-01-01") -> str:
    """The authorisation decree under which the national provision supplies, and to whom."""
    return f"""
[[autorisatiebesluit]]
id = "bijstand-gemeenten"
kenmerk = "2026-0000123456"
ontvangers = ["{receiver}"]
dienst = "inwoners"
geldig_vanaf = 2026-01-01
geldig_tot = {until}
zoekvelden = ["burgerservicenummer"]
personen = [{{ pad = "geboortedatum", op = "lt", waarde = "1990-01-01" }}]
"""


REGISTERS = {
    # Weesp supplies others by duty alone: its ground is the law that obliges it.
    "weesp": _LIST + ground(DUTY) + service(WEESP) + policy(WEESP, DOESBURG, f'["{DUTY}"]'),
    "doesburg": _LIST
    + ground(TASK)
    + "".join(
        service(each) + policy(each, "*own", f'["{TASK}"]') for each in (WEESP, NATIONAL)
    ),
}  # fmt: skip


def national(the_decree: str) -> str:
    """The register of the national provision, under this decree."""
    under = 'autorisatiebesluit = "bijstand-gemeenten"'
    grounds = f'["{DUTY}", "{TASK}"]'
    return (
        _LIST + ground(DUTY) + service(NATIONAL) + the_decree
        + policy(NATIONAL, DOESBURG, grounds, under)
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Doesburg's application gets, and the transaction by which both logs know it."""

    status: int
    body: dict[str, Any]
    transaction: str

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body.get("code", ""))


@dataclass(kw_only=True)
class Country:
    """The three, and how Doesburg asks the two others."""

    sides: dict[str, Side]
    outway: Caller
    key: str = ""
    grants: dict[str, str] = field(default_factory=dict)

    async def ask(self, whom: str, value: str, *, by: str = "burgerservicenummer") -> Answer:
        """Doesburg's application asks for a person."""
        headers = {
            "X-Api-Key": self.key, "Fsc-Grant-Hash": self.grants[whom], "Doelbinding": PURPOSE,
            "Content-Type": "application/json",
        }  # fmt: skip
        target = f"/inwoners/v1/inwoners/_zoek?fields={','.join(SEEN)}"
        status, told, body = await asyncio.to_thread(
            self.outway.ask, target, method="POST", headers=headers,
            body=json.dumps({by: value}).encode(),
        )  # fmt: skip
        transaction = told["fsc-transaction-id"]
        return Answer(status=status, body=json.loads(body), transaction=transaction)

    async def log_of(self, name: str, answer: Answer) -> list[Record]:
        """What one of the three keeps of a question."""
        return await self.sides[name].records(answer.transaction)

    async def decide_by(self, name: str, register: str) -> None:
        """Two people put a register in force at one of the three; nobody tells its decider."""
        side = self.sides[name]
        before, _ = await current_snapshot(side.pools.purposes)
        based_on = before.version if before.register.services else ""
        made = parse_register({"register.toml": register}, NAMES[name][0])
        await save_register(side.pools.purposes, made, SIGNERS, based_on=based_on)


@asynccontextmanager
async def running_country(cluster: Cluster, folder: Path, anchor: Anchor) -> AsyncIterator[Country]:
    """All three, with contracts, and the persons in the registers of two."""
    ports = {name: {door: free_port() for door in ("manager", "inway", "outway")} for name in NAMES}
    async with AsyncExitStack() as stack:
        sides = {}
        for name in NAMES:
            sides[name] = await _side(stack, cluster, _settings(folder, name, anchor, ports), name)
        outway = Caller("127.0.0.1", ports["doesburg"]["outway"])
        country = Country(sides=sides, outway=outway)
        for name, register in {**REGISTERS, "landelijk": national(decree(DOESBURG))}.items():
            await country.decide_by(name, register)
        asker, now = sides["doesburg"], datetime.now(UTC)
        country.key = await store.add_application(asker.pools.gateway, "zaaksysteem", now)
        for name in ("weesp", "landelijk"):
            await _offer(stack, country, name)
        await token_rows.want_tokens(asker.pools.fsc, list(country.grants.values()), now)
        await asker.take_effect()
        assert asker.carrier is not None
        stack.push_async_callback(asyncio.to_thread, asker.stop_carrier)
        # The first question has the token fetched; after that the carrier knows the Inway.
        for name in country.grants:
            await country.ask(name, "999990688")
        await asker.take_effect()
        yield country


async def _offer(stack: AsyncExitStack, country: Country, name: str) -> None:
    """One of the two serves its persons, and has a contract with Doesburg."""
    side, asker = country.sides[name], country.sides["doesburg"]
    now = datetime.now(UTC)
    await store.apply_services(side.pools.gateway, (SERVICE,), now)
    content = _contract(NAMES[name][0], asker)
    contract = read_contract(content, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    country.grants[name] = contract.connections[0][0].value
    for where in (side, asker):
        for signer in (side.own, asker.own):
            await place(where, contract, signer, Kind.ACCEPT)
    peer = fsc_store.Peer(
        peer_id=side.own.peer_id, name=side.own.name,
        manager_address=side.settings.addresses.manager, announced_at=now, seen_at=now,
    )  # fmt: skip
    await fsc_store.save_peer(asker.pools.fsc, peer)
    await _serve_persons(stack, side)
    await serve_manager(stack, side)
    await side.take_effect()
    stack.push_async_callback(asyncio.to_thread, side.stop_carrier)


def _contract(provider: str, asker: Side) -> dict[str, Any]:
    data = {
        "type": "GRANT_TYPE_SERVICE_CONNECTION",
        "outway": {
            "peer_id": DOESBURG,
            "identification": {
                "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                "public_key_thumbprint": asker.own.certificate.key_thumbprint,
            },
        },
        "service": {"type": "SERVICE_TYPE_SERVICE", "peer_id": provider, "name": "inwoners"},
        "properties": {PROPERTY: BOUND.as_property()},
    }
    return {**frame(), "grants": [{"data": data}]}


async def _serve_persons(stack: AsyncExitStack, side: Side) -> None:
    """Its register, with the persons of the demo's extract."""
    pool = await registers_of(stack, side)
    register = client.read_models(DEMO / "registers").by_name["inwoners"]
    await registers.prepare(pool, register)
    extract = client.read_extract(register, DEMO / "gegevens" / "inwoners.jsonl")
    async for _ in registers.load(pool, register, extract):
        pass
    await serve_register(stack, side, register, pool, [app_socket(side.settings, "services")])


async def _side(stack: AsyncExitStack, cluster: Cluster, settings: Settings, name: str) -> Side:
    database = f"country_{name}_{uuid4().hex[:8]}"
    await cluster.run(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    stack.push_async_callback(cluster.run, f"DROP DATABASE {database} WITH (FORCE)")
    shutil.copytree(
        cluster.settings.paths.secrets / "postgres", settings.paths.secrets / "postgres"
    )
    make_secret_keys(settings)
    settings = replace(settings, postgres=PostgresSettings(dsn=cluster.dsn(database)))
    return await open_side(stack, settings, "decider-0")


def _settings(
    folder: Path, name: str, anchor: Anchor, ports: dict[str, dict[str, int]]
) -> Settings:
    place_of = folder / name[0]
    place_of.mkdir(parents=True)
    oin, words = NAMES[name]
    leaf = anchor.leaf(f"land-{name}", oin, words, f"manager.{name}.test", f"inway.{name}.test")
    (place_of / "organisation.crt").write_bytes(leaf.certificate_file.read_bytes())
    (place_of / "organisation.key").write_bytes(leaf.key_file.read_bytes())
    (place_of / "organisation.key").chmod(0o600)
    (place_of / "anchor.crt").write_bytes(anchor.file.read_bytes())
    (place_of / "r").mkdir()
    doors = ("outway",) if name == "doesburg" else ("manager", "inway")
    listen = "\n".join(f'{door} = "127.0.0.1:{ports[name][door]}"' for door in doors)
    hosts = "\n".join(
        f'"{door}.{each}.test" = "127.0.0.1"' for each in NAMES for door in ("manager", "inway")
    )
    toml = place_of / "organisation.toml"
    toml.write_text(f"""
[organisation]
oin = "{oin}"
name = "{words}"
group_id = "{GROUP}"
fictitious = true
[identity]
certificate = "organisation.crt"
key = "organisation.key"
trust_anchors = ["anchor.crt"]
[paths]
run = "r"
[listen]
{listen}
[addresses]
manager = "https://manager.{name}.test:{ports[name]["manager"]}"
inway = "https://inway.{name}.test:{ports[name]["inway"]}"
[directory]
peer_id = "00000099000000009000"
manager_address = "https://manager.gids.test:8443"
[network]
allow_private = true
[network.hosts]
{hosts}
[nginx]
workers = 1
""")
    return load_settings(toml, {})
