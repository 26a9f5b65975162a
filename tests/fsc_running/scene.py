# SPDX-License-Identifier: EUPL-1.2
"""What runs, and what its people agreed before the first test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Answer, until
from tests.fsc_running.listening import Listener
from tests.fsc_running.organisations import Organisation, organisation_key
from tests.fsc_running.peers import Authority, Client, Peer, make_peer
from tests.fsc_running.places import (
    ASKER,
    DIRECTORY,
    DOESBURG,
    PROVINCE,
    SERVICE_PORT,
    WEESP,
    Network,
)

from landschap.cli.agreement import open_desk, reach
from landschap.cli.demo.commands import landschap
from landschap.cli.demo.processes import Processes
from landschap.fsc import store
from landschap.fsc.states import Kind
from landschap.purposes.bound import PROPERTY, Bound

PURPOSE = "https://doelen.proef.example/id/pand-nakijken"
BASIS = "eu-gdpr:A6-1-e"
PLAIN, DELEGATED, SILENT, CLOSED = "panden", "panden-namens", "wegen", "archief"
AGREED_SECONDS = 40.0
BOUND: dict[str, Any] = {
    PROPERTY: Bound.of(purposes=(PURPOSE,), legal_bases=(BASIS,)).as_property()
}


def agreements(*sides: str) -> dict[str, Any]:
    """The properties that name the agreement behind a delegation: connection, publication."""
    agreement = {"v": 1, "role": "processor", "reference": "VWO-2026-17", "until": "2126-01-01"}
    return {f"delegation.{side}.agreement": agreement for side in sides}


@dataclass(kw_only=True)
class Scene:
    """The organisations, the service behind Weesp's Inway, and the grants by a name of ours."""

    folder: Path
    network: Network
    processes: Processes
    authority: Authority
    organisations: Mapping[str, Organisation]
    service: Listener
    grants: dict[str, str] = field(default_factory=dict)
    api_key: str = ""
    early_token: str = ""
    _peers: dict[str, Peer] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Organisation:
        return self.organisations[key]

    def peer(self, peer_id: str) -> Peer:
        """A test peer, the same one each time."""
        if peer_id not in self._peers:
            self._peers[peer_id] = self.new_peer(peer_id)
        return self._peers[peer_id]

    def new_peer(self, peer_id: str, **changes: Any) -> Peer:
        """A test peer with a new certificate."""
        authority = changes.pop("authority", self.authority)
        return make_peer(self.folder, authority, self.network.hosts(), peer_id, **changes)

    def as_peer(self, key: str) -> Peer:
        """One of the organisations, asking by hand with its own certificate."""
        organisation = self[key]
        certificate, private = organisation_key(organisation)
        client = Client(
            hosts=self.network.hosts(),
            anchor=self.folder / "anchor.crt",
            certificate=certificate,
            key=private,
            manager_address=organisation.manager,
        )
        return Peer(own=organisation.own, client=client)

    async def ask(self, grant: str, path: str = "/panden/1", **headers: str) -> Answer:
        """A question of Doesburg's application at its Outway, under one of the grants."""
        told = {
            "X-Api-Key": self.api_key,
            "Fsc-Grant-Hash": self.grants[grant],
            "Doelbinding": PURPOSE,
        } | headers
        application = Client(hosts=self.network.hosts(), anchor=self.folder / "anchor.crt")
        return await application.ask("GET", f"{self['doesburg'].outway}{path}", headers=told)

    def doesburg_asks(self, *delegations: str, **changes: str) -> dict[str, Any]:
        """The content in which Doesburg asks; ``delegations`` are backed by an agreement."""
        changes = {"service": PLAIN} | changes
        provider = changes.pop("provider", WEESP)
        key = self["doesburg"].own.certificate.key_thumbprint
        properties = BOUND | agreements(*delegations)
        grant = rig.connection_grant(DOESBURG, provider, key, properties=properties, **changes)
        return rig.content(grant)

    def asking(self, peer: Peer, provider: str = WEESP, **changes: Any) -> dict[str, Any]:
        """The content in which a peer asks for a service, by the key of its certificate."""
        changes = {"service": PLAIN} | changes
        key = peer.own.certificate.key_thumbprint
        return rig.content(rig.connection_grant(peer.peer_id, provider, key, **changes))


async def agree(scene: Scene) -> None:
    """What the officers of the organisations do before the first question is asked."""
    gids, *others = scene.organisations.values()
    await asyncio.gather(_declare(scene), known_to(gids, others))
    scene.early_token = await _token_of_a_peer(scene)
    await asyncio.gather(_publish(scene), _propose(scene))
    await _delegate(scene)
    await until(lambda: _ready(scene), seconds=AGREED_SECONDS)


async def propose(organisation: Organisation, tree: Any) -> str:
    """An officer proposes a contract; gives the hash of its first grant."""
    contract = rig.contract(tree)
    pool = await organisation.pool("fsc")
    async with pool.acquire() as one, one.transaction():
        await store.propose(one, organisation.own, contract, datetime.now(UTC))
    return contract.grants[0].hash.value


async def arrived(organisation: Organisation, tree: Any) -> store.StoredContract:
    """The contract, once the organisation has it."""
    content_hash = rig.contract(tree).hash.value

    async def found() -> store.StoredContract | None:
        return await store.contract(await organisation.pool("fsc"), content_hash)

    there: store.StoredContract = await until(found, seconds=AGREED_SECONDS)
    return there


async def accept(organisation: Organisation, tree: Any) -> None:
    """An officer accepts a contract that has arrived."""
    stored = await arrived(organisation, tree)
    pool = await organisation.pool("fsc")
    async with pool.acquire() as one, one.transaction():
        await store.sign(one, organisation.own, stored, Kind.ACCEPT, datetime.now(UTC))


async def _declare(scene: Scene) -> None:
    """Services are offered, purposes put in force, and an application is admitted."""
    place = f"http://{scene.network.tester}:{SERVICE_PORT}"
    for key, names in (("weesp", (PLAIN, DELEGATED)), ("proefland", (SILENT,))):
        folder = scene[key].folder / "services"
        folder.mkdir()
        for name in names:
            text = _SERVICE.format(name=name, upstream=place)
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    purposes = scene["doesburg"].folder / "doelbinding"
    purposes.mkdir()
    (purposes / "register.toml").write_text(_register(), encoding="utf-8")
    made, *_ = await asyncio.gather(
        landschap(scene["doesburg"].config, "application", "add", "zaaksysteem"),
        landschap(
            scene["doesburg"].config, "apply", "--author", "A. de Wit", "--approver", "B. Jansen",
            "--reason", "proef",
        ),
        landschap(scene["weesp"].config, "service", "apply"),
        landschap(scene["proefland"].config, "service", "apply"),
    )  # fmt: skip
    scene.api_key = made.answer["key"]


async def known_to(directory: Organisation, organisations: Iterable[Organisation]) -> None:
    """Wait until these told the directory where their Managers are."""
    pool = await directory.pool("fsc")
    peers = {each.own.peer_id.value for each in organisations}

    async def known() -> bool:
        return peers <= set(await store.peer_names(pool))

    await until(known, seconds=AGREED_SECONDS)


async def _publish(scene: Scene) -> None:
    """Weesp has two services listed; one of them it offers on behalf of Proefland."""
    await landschap(scene["weesp"].config, "contract", "publish", "--service", PLAIN, "--yes")


async def _propose(scene: Scene) -> None:
    """Doesburg asks for a plain connection with the command, for the others at its desk."""
    doesburg = scene["doesburg"]
    answer = await landschap(
        doesburg.config, "contract", "propose", "--peer", WEESP, "--service", PLAIN,
        "--purpose", PURPOSE, "--legal-basis", BASIS, "--yes",
    )  # fmt: skip
    scene.grants["plain"] = answer.answer["grants"][0]["grantHash"]
    for name, tree in (
        ("silent", scene.doesburg_asks(provider=PROVINCE, service=SILENT)),
        ("closed", scene.doesburg_asks(service=CLOSED)),
    ):
        scene.grants[name] = await propose(doesburg, tree)


async def _delegate(scene: Scene) -> None:
    """Proefland agrees: Doesburg may ask on its behalf, Weesp may offer on its behalf."""
    doesburg, weesp, proefland = scene["doesburg"], scene["weesp"], scene["proefland"]
    publication = rig.content(
        rig.publication_grant(
            WEESP, DIRECTORY, service=DELEGATED, delegator=PROVINCE,
            properties=agreements("publication"),
        )
    )  # fmt: skip
    offered = {"service": DELEGATED, "service_delegator": PROVINCE}
    trees = {
        "for-another": scene.doesburg_asks("connection", delegator=PROVINCE),
        "by-another": scene.doesburg_asks("publication", **offered),
        "both": scene.doesburg_asks("connection", "publication", delegator=PROVINCE, **offered),
    }
    await propose(weesp, publication)
    for name, tree in trees.items():
        scene.grants[name] = await propose(doesburg, tree)
    first, *others = (publication, *trees.values())
    await asyncio.gather(*(accept(proefland, each) for each in others))
    stored = await arrived(proefland, first)
    await landschap(proefland.config, "contract", "accept", stored.contract.hash.value, "--yes")


async def _token_of_a_peer(scene: Scene) -> str:
    """A token taken so early that it has expired when a test looks at it."""
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    assert (await peer.submit(manager, tree)).status == 201
    return await peer.token(manager, rig.contract(tree).grants[0].hash.value)


async def _ready(scene: Scene) -> bool:
    """Doesburg holds a token for every grant that can be called, and nginx knows the Inways."""
    doesburg = scene["doesburg"]
    wanted = {grant for name, grant in scene.grants.items() if name != "closed"}
    held = await store.tokens(await doesburg.pool("fsc"))
    if not wanted <= {each.grant_hash.value for each in held}:
        return False
    async with open_desk(doesburg.settings) as desk:
        return len((await reach(desk)).carried) == 2


_SERVICE = """
name = "{name}"
upstream = "{upstream}"
recording = "intent"
declaration = "none"
permit = false
"""


def _register() -> str:
    """Doesburg's register: what its people and programs may ask, for itself and for Proefland."""
    services = ((WEESP, PLAIN), (WEESP, DELEGATED), (PROVINCE, SILENT))
    return _PURPOSES + "".join(
        _RULES.format(
            provider=provider, service=name, purpose=PURPOSE, basis=BASIS, delegator=PROVINCE
        )
        for provider, name in services
    )


_WORDS = '{ nl = "Een pand nakijken", en = "Looking up a building" }'
_PURPOSES = f"""
[[stelsel]]
uri = "https://doelen.proef.example/id/stelsel"
titel = {_WORDS}
uitgever = "{DIRECTORY}"
rang = 1

[[doel]]
uri = "{PURPOSE}"
stelsel = "https://doelen.proef.example/id/stelsel"
versie = 1
naam = {_WORDS}
omschrijving = {_WORDS}
status = "actief"
geldig_vanaf = 2026-01-01

[[grondslag]]
id = "gemeentewet-108"
code = "{BASIS}"
wet = "BWBR0005416"
wet_naam = "Gemeentewet"
artikel = "108"
tekst = {_WORDS}

[[activiteit]]
uri = "https://register.doesburg.example/activiteiten/pand-nakijken"
versie = 1
naam = {_WORDS}
wat = {_WORDS}
waarvoor = {_WORDS}
waarom_mag_dit = {_WORDS}
doel = "{PURPOSE}"
grondslagen = ["gemeentewet-108"]
betrokkenen = ["eigenaren"]
bewaartermijn = "P1Y"
bewaartermijn_logboek = "P5Y"
"""
_RULES = """
[[dienst]]
aanbieder = "{provider}"
naam = "{service}"
persoonsgegevens = false
velden = ["bouwjaar"]

[[veldenset]]
id = "{service}"
versie = 1
aanbieder = "{provider}"
dienst = "{service}"
velden = ["bouwjaar"]

[[beleidsregel]]
id = "vraagt-{service}"
versie = 1
werking = "toestaan"
doel = "{purpose}"
organisaties = ["*own", "{delegator}"]
delegeerbaar = true
aanbieder = "{provider}"
dienst = "{service}"
handelingen = ["raadplegen"]
veldenset = "{service}@1"
grondslagen = ["{basis}"]
activiteit = "https://register.doesburg.example/activiteiten/pand-nakijken"
geldig_vanaf = 2026-01-01
uitleg = {{ nl = "Een pand nakijken mag.", en = "Looking up a building is allowed." }}
"""
