# SPDX-License-Identifier: EUPL-1.2
"""What tests of open data share: a register that is open for a part, and the application."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from tests.registers.rig import annotated
from tests.throwaway import Database

from landschap.logboek.store import LogWriter
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.web import Site, read_static_files
from landschap.registers import store
from landschap.registers.api import Deps
from landschap.registers.describing import About
from landschap.registers.models import Register, Registers, parse_register
from landschap.registers.open.api.accounts import AccountsDesk
from landschap.registers.open.api.app import OpenDeps, Uses, open_app
from landschap.registers.open.api.processing import ProcessingDesk
from landschap.registers.open.api.sharing import SharingDesk
from landschap.registers.open.api.standards import StandardsDesk
from landschap.registers.open.dcat import Publisher
from landschap.registers.open.pages import site_shape
from landschap.registers.open.terms import Terms
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.schemas import DIALECT
from landschap.registers.standards.client import standards_of
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import DOUBT_PREFIX, Kind

TIMES = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
FREE = {"x-open": True, **TIMES}
LICENCE = "http://creativecommons.org/publicdomain/zero/1.0/deed.nl"
PUBLISHER = Publisher(
    uri="https://identifier.overheid.nl/tooi/id/gemeente/gm9999",
    name="Proefdorp",
    email="data@proefdorp.example",
    url="https://proefdorp.example",
)
NO_TERMS = Terms()
STATIC = read_static_files()
SECRET = "Geheim-7391"
"""A value of every closed property: it must not be found in anything that leaves."""


def _type(title: str, collection: str, *, free: bool, **members: object) -> dict[str, object]:
    return {
        "$schema": DIALECT, "title": title, "x-titel-en": title, "type": "object",
        "description": f"{title} van de proef.",
        "additionalProperties": False, "required": [], "x-collectie": collection,
        "x-identificatie": "nummer", "x-versie": "1.0.0", "x-open": free,
        "properties": {
            "nummer": annotated(pattern="^[a-z0-9]+$", **({"x-open": True} if free else {})),
            **members,
        },
    }  # fmt: skip


def half_open() -> Register:
    """Permits (open, with a closed applicant and note), streets (open), cases (closed)."""
    schemas: Any = {
        "vergunning": {
            **_type(
                "Vergunning", "vergunningen", free=True,
                soort=annotated(**FREE, **{"x-zoekbaar": True}),
                status=annotated(**FREE),
                ligtAan=annotated(**FREE, **{"x-verwijst-naar": "straat"}),
                zaak=annotated(**FREE, **{"x-verwijst-naar": "zaak"}),
                aanvrager=annotated(
                    **TIMES, **{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend"}
                ),
                notitie=annotated(**TIMES, **{"x-zoekbaar": True, "x-groep": "intern"}),
            ),
            "x-hvd-categorie": "geospatial",
        },
        "straat": _type("Straat", "straten", free=True, naam=annotated(**FREE),
                        beheerder=annotated(**TIMES)),
        "zaak": _type("Zaak", "zaken", free=False, inhoud=annotated(**TIMES)),
    }  # fmt: skip
    return parse_register({"naam": "proef", "titel": "Proef", "klok": "eigen"}, schemas, "proef")


@dataclass
class Open:
    """Asks the open data of one organisation, without login."""

    client: httpx.AsyncClient
    pool: asyncpg.Pool
    register: Register
    uses: Uses
    folder: Path
    app: Any

    def addresses(self, **values: str) -> list[str]:
        """Every address that is answered with GET, its parameters filled in."""
        from litestar import Litestar

        inner = self.app
        while not isinstance(inner, Litestar):
            inner = inner._app
        found = []
        for path, handlers in inner.route_handler_method_map.items():
            if "GET" in {str(name) for name in handlers}:
                filled = re.sub(r"\{(\w+)(?::\w+)?\}", lambda each: values.get(each[1], "x"), path)
                found.append(filled)
        return sorted(found)

    async def get(self, path: str, /, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def write(
        self, name: str, object_id: str, content: dict[str, Any] | None, *,
        begin: str = "2020-01-01", group: str = "",
    ) -> None:  # fmt: skip
        """One assertion; a group that ends in ``!`` is doubt."""
        kind = self.register.types[name]
        group = group or kind.name
        group = f"{DOUBT_PREFIX}{group.rstrip('!')}" if group.endswith("!") else group
        draft = Draft(
            period=Period(date.fromisoformat(begin), OPEN), kind=Kind.CHANGE, content=content,
            group=group, source={"document": SECRET, "reden": SECRET},
        )  # fmt: skip
        act = Act(
            register=self.register, transaction_id=uuid7(),
            entries=[Entry(type=kind, object_id=object_id, draft=draft)],
        )  # fmt: skip
        done = await store.write(self.pool, act)
        assert isinstance(done, Written), done

    async def fill(self) -> None:
        """Two permits along a street, with everything closed filled in."""
        await self.write("straat", "s1", {"naam": "Breedstraat", "beheerder": SECRET})
        await self.write("zaak", "z1", {"inhoud": SECRET})
        for number, soort in (("v1", "kap"), ("v2", "bouw")):
            await self.write("vergunning", number, {
                "soort": soort, "status": "verleend", "ligtAan": "s1", "zaak": "z1",
                "aanvrager": SECRET,
            })  # fmt: skip
            await self.write("vergunning", number, {"notitie": SECRET}, group="intern")
            await self.write(
                "vergunning", number, {"kenmerken": ["aanvrager", "soort"]}, group="vergunning!"
            )


async def open_of(
    database: Database,
    register: Register,
    terms: Terms = NO_TERMS,
    processing: ProcessingDesk | None = None,
    sharing: SharingDesk | None = None,
    accounts: AccountsDesk | None = None,
) -> AsyncIterator[Open]:
    """The application over a fresh database."""
    settings = database.settings
    pool = await database.pool("registers")
    await store.prepare(pool, register)
    writer = LogWriter(settings, "web")
    await writer.start()
    deps = Deps(
        registers=Registers({register.name: register}),
        pool=pool,
        log=writer,
        controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"),
        pseudonym_key=secret_key(settings, "pseudonym"),
        about=About(
            version="1.0.0", organisation="Proefdorp", address="https://data.proefdorp.example",
            email="data@proefdorp.example", url="https://proefdorp.example",
        ),
    )  # fmt: skip
    uses = Uses(pool)
    folder = settings.paths.data / "open"
    folder.mkdir(parents=True, exist_ok=True)
    given = OpenDeps(
        data=deps, uses=uses, requests_per_day=5, folder=folder, licence=LICENCE,
        terms={register.name: terms}, publisher=PUBLISHER, static=STATIC,
        site=Site(settings, STATIC, site_shape("1.0.0", tells_processing=processing is not None)),
        web="https://proefdorp.example", processing=processing, sharing=sharing,
        standards=StandardsDesk(
            standards=partial(standards_of, settings.path.parent), pool=pool, shared=sharing
        ) if sharing else None,
        accounts=accounts,
    )  # fmt: skip
    app = open_app(given)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
    async with (
        uses.kept(),
        httpx.AsyncClient(transport=transport, base_url="http://open") as client,
    ):
        yield Open(
            client=client, pool=pool, register=register, uses=uses, folder=folder, app=app
        )  # fmt: skip
    await writer.close()
