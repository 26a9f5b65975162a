# SPDX-License-Identifier: EUPL-1.2
"""A logical source of Weesp behind its Inway: two registers of the demo, joined per person."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from tests.gateway.pair_rig import Side
from tests.gateway.serving_rig import registers_of, serve_routes
from tests.integration.source_rig import DATA
from tests.integration.source_rig import WEESP as DEMO

from landschap.gateway import store
from landschap.gateway.services import LANDSCHAP, Service
from landschap.integration.api import Deps, routes
from landschap.integration.connectors.opening import Surroundings, open_doors
from landschap.integration.declaration import parse_declaration
from landschap.logboek.store import LogWriter
from landschap.platform.keys import secret_key
from landschap.platform.sockets import app_socket
from landschap.purposes.persons.store import said_of
from landschap.registers.client import read_extract, read_models
from landschap.registers.models import Registers
from landschap.registers.store import load, prepare

LANE = "bronnen"
_DECLARATION = """\
logische_bron: uitkeringen
versie: 1.0.0
titel: Uitkeringen van een inwoner
sleutel: bsn
betrokkene: {uit: inwoners.burgerservicenummer, soort: bsn}
bronnen:
  inwoners:
    soort: register
    register: inwoners
    objecttype: inwoner
    sleutels: [burgerservicenummer]
    bronhouder: Gemeente Weesp
  uitkeringen:
    soort: register
    register: uitkeringen
    objecttype: uitkering
    sleutels: [burgerservicenummer]
    bronhouder: Gemeente Weesp
wortel: {bron: inwoners, op: burgerservicenummer}
koppelingen:
  - naam: uitkeringen
    van: inwoners.burgerservicenummer
    naar: uitkeringen.burgerservicenummer
    aantal: veel
velden:
  bsn: {uit: [inwoners.burgerservicenummer], zet_om: [tekst]}
  uitkering:
    lijst: uitkeringen
    volgorde: soort
    velden:
      soort: {uit: [uitkeringen.soort], zet_om: [tekst]}
      norm: {uit: [uitkeringen.norm], zet_om: [tekst]}
"""


async def serve_source(stack: AsyncExitStack, side: Side) -> None:
    """Fill the registers, and answer `uitkeringen` as the services of this side do."""
    pool = await registers_of(stack, side)
    models = read_models(DEMO / "registers").by_name
    registers = Registers({name: models[name] for name in ("inwoners", "uitkeringen")})
    for name, register in registers.by_name.items():
        await prepare(pool, register)
        extract = read_extract(register, DATA / f"{name}.jsonl")
        async for _ in load(pool, register, extract):
            pass
    declaration = parse_declaration(_DECLARATION, "uitkeringen.yaml")
    settings = side.settings
    log = LogWriter(settings, LANE)
    await log.start()
    stack.push_async_callback(log.close)
    deps = Deps(
        declarations={declaration.name: declaration},
        doors={
            declaration.name: open_doors(declaration, Surroundings(pool=pool, registers=registers))
        },
        log=log,
        controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"),
        pseudonym_key=secret_key(settings, "pseudonym"),
        persons=partial(said_of, side.pools.purposes),
    )
    await serve_routes(stack, routes(deps), [app_socket(settings, "services")])
    service = Service(
        name=declaration.name, upstream=LANDSCHAP, base=f"/{declaration.name}", permit=True
    )
    await store.apply_services(side.pools.gateway, (service,), datetime.now(UTC))
    await side.take_effect()
