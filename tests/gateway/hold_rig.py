# SPDX-License-Identifier: EUPL-1.2
"""A supplier's service behind Weesp's Inway, with the application that cuts and records between."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from tests.gateway.gateway_rig import Anchor, Leaf, Party, http_answer, start_party
from tests.gateway.gateway_scene import WEESP, register
from tests.gateway.pair_rig import Pair

from landschap.gateway import store
from landschap.gateway.holding.api import HoldApp, HoldDeps
from landschap.gateway.holding.api.recording import Pseudonyms
from landschap.gateway.holding.api.served import ServedServices
from landschap.gateway.holding.api.upstream import Surroundings
from landschap.gateway.services import Service, read_service
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.logboek.records import Kind
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.keys import PermitKeys, secret_key
from landschap.platform.pseudonym_keys import LivingKeys, rotate_pseudonym_key
from landschap.platform.sockets import app_socket, listening
from landschap.purposes.persons.store import said_of
from landschap.purposes.rows import RowCondition

SUZANNE = "999993653"
JAN = "999990627"
DECLARED = """
name = "uitkeringen"
upstream = "{upstream}/api"
recording = "hold"
headers = ["Accept-Crs"]

[hold]
form = "json"
paths = ["/v1/_zoek", "/v1/personen", "/v1/personen/{{bsn}}"]
records = ["/_embedded/personen/*", ""]
persons = ["bsn"]
free = ["?page"]
keep = ["/totaal"]
ignore = ["/_links"]
{more}

[velden]
bsn = "/burgerservicenummer"
uitkering.soort = "/uitkering/soort"
uitkering.norm = "/uitkering/norm"
adres.straat = "/adres/straat"

[zoeken]
bsn = ["?bsn", "/burgerservicenummer"]

[limits]
answer_bytes = 20000
answer_seconds = 2
concurrent = 2
{access}
"""
ACCESS = """
[access]
header = "X-Api-Key"
secret_file = "leverancier.key"
certificate = "organisation.crt"
key = "leverancier-client.key"
trust_anchors = "anchor.crt"
"""


@dataclass(kw_only=True)
class Held:
    """The pair, the supplier behind it, and what the application counts."""

    pair: Pair
    supplier: Party
    metrics: CollectorRegistry
    policy: dict[str, Any] = field(default_factory=lambda: {"rows": ()})
    version: int = 3

    async def declare(self, text: str) -> None:
        """Put this declaration of the supplier's service in force."""
        read = read_service(text)
        assert isinstance(read, Service), read
        weesp = self.pair.weesp
        await store.apply_services(weesp.pools.gateway, [read], datetime.now(UTC))
        await weesp.take_effect()

    async def permit_rows(self, *rows: RowCondition, **more: Any) -> None:
        """Two people put a policy with these row conditions in force, if it is another."""
        wanted = {"rows": rows, **more}
        if wanted == self.policy:
            return
        self.policy, self.version = wanted, self.version + 1
        made = register(WEESP)
        policies = tuple(
            replace(each, version=self.version, **wanted) if each.service == "uitkeringen" else each
            for each in made.policies
        )
        await self.pair.weesp.change_register(replace(made, policies=policies))

    async def ask(self, target: str, method: str = "GET", **more: Any) -> tuple[int, Any, Any]:
        """Ask through both doors; the body as JSON when it is that."""
        status, headers, body = await self.pair.ask(target, method, **more)
        is_json = "json" in headers.get("content-type", "") and method != "HEAD"
        return status, headers, json.loads(body) if is_json and body else body

    async def records(self, headers: dict[str, str]) -> list[Any]:
        """What Weesp's log holds besides the record of the door itself."""
        found = await self.pair.weesp.records(headers["fsc-transaction-id"])
        return [each.content() for each in found if each.columns.kind != Kind.FSC]

    async def told(self, headers: dict[str, str]) -> tuple[list[str], set[str]]:
        """Outcomes of the lines, and the persons they are about (as pseudonyms)."""
        lines = [each for each in await self.records(headers) if "ldv" in each]
        persons = {each["ldv"]["attributes"].get("dpl.core.data_subject_id") for each in lines}
        return [each["landschap"]["outcome"] for each in lines], persons - {None}

    def pseudonym(self, number: str) -> str:
        """How this person stands in Weesp's log."""
        settings = self.pair.weesp.settings
        (_, key), controller = LivingKeys(settings).newest(), settings.organisation.oin
        return as_subject_id(subject_pseudonym(key, controller, "bsn", number))

    def figure(self, name: str, **labels: str) -> float:
        """A figure of the application now."""
        return self.metrics.get_sample_value(name, labels) or 0.0


def person(number: str = SUZANNE, **more: Any) -> dict[str, Any]:
    """A person as the supplier tells of one: more than anybody may see."""
    return {
        "burgerservicenummer": number,
        "uitkering": {"soort": "PW", "norm": 1200.5},
        "adres": {"straat": "Achterstraat"},
        "_links": {"self": {"href": f"/personen/{number}"}},
        **more,
    }


def answer(value: Any, status: int = 200, **headers: str) -> bytes:
    """An answer of the supplier in JSON."""
    told = {"Content-Type": "application/json"}
    told |= {name.replace("_", "-"): each for name, each in headers.items()}
    return http_answer(status, told, json.dumps(value).encode())


@asynccontextmanager
async def running_hold(pair: Pair, anchor: Anchor, supplier: Leaf) -> AsyncIterator[Held]:
    """The supplier over mutual TLS, and the application on its socket."""
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(supplier.certificate_file, supplier.key_file)
    server_tls.load_verify_locations(anchor.file)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    settings = pair.weesp.settings
    (settings.paths.secrets / "leverancier.key").write_text("geheim\n")
    # Lines are of a later key than what was said of persons, as in an organisation of some years.
    rotate_pseudonym_key(settings)
    own_key = (settings.path.parent / "organisation.key").read_bytes()
    (settings.paths.secrets / "leverancier-client.key").write_bytes(own_key)
    async with AsyncExitStack() as stack:
        party = start_party(tls=server_tls)
        stack.callback(party.stop)
        pool = await postgres.pool(settings, "gateway", size=2)
        stack.push_async_callback(pool.close)
        writer = LogWriter(settings, "web")
        await writer.start()
        stack.push_async_callback(writer.close)
        around = Surroundings(
            folder=settings.path.parent,
            secrets=settings.paths.secrets,
            hosts={"uitkeringen.leverancier.test": "127.0.0.1"},
            longest=30,
        )
        metrics = CollectorRegistry()
        app = HoldApp(
            HoldDeps(
                services=ServedServices(pool, around),
                log=writer,
                pseudonyms=Pseudonyms(
                    key=secret_key(settings, "pseudonym"),
                    controller=settings.organisation.oin,
                    space="https://weesp.example/pseudoniem",
                    line_key=LivingKeys(settings).newest,
                ),
                permit_keys=PermitKeys(settings),
                persons=partial(said_of, pair.weesp.pools.purposes),
                metrics=metrics,
            )
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="none",
                log_config=None,
                timeout_graceful_shutdown=10,
                ws="none",
                lifespan="on",
            )
        )
        place = app_socket(settings, "hold")
        served = asyncio.create_task(server._serve(sockets=[listening(place)]))
        place.chmod(0o666)

        async def stop() -> None:
            server.should_exit = True
            await served

        stack.push_async_callback(stop)
        while not server.started:  # noqa: ASYNC110  # uvicorn gives no event
            await asyncio.sleep(0.01)
        yield Held(pair=pair, supplier=party, metrics=metrics)


def declared(held: Held, *, more: str = "") -> str:
    """The usual declaration of the supplier's service."""
    port = held.supplier.address.rpartition(":")[2]
    upstream = f"https://uitkeringen.leverancier.test:{port}"
    return DECLARED.format(upstream=upstream, more=more, access=ACCESS)
