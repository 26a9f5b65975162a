# SPDX-License-Identifier: EUPL-1.2
"""Weesp's logical source on a real database, with the supplier's system as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

import landschap.cli.demo
from landschap.integration.model import Declaration
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import by_transaction
from landschap.platform.ids import uuid7
from landschap.purposes.model import HISTORY
from landschap.purposes.permit import HEADER, Permit, seal

WEESP = Path(landschap.cli.demo.__file__).parent / "data" / "weesp"
DATA = WEESP / "gegevens"
DECLARATION = WEESP / "bronnen" / "woon-en-uitkeringssituatie.yaml"
SERVICE = "woon-en-uitkeringssituatie"
ACTIVITY = "https://weesp.test/register/verwerkingsactiviteiten/inlichtingen-bijstand"
PEER = "00000099000000003000"
GRANT = "$1$4$" + "A" * 86
API_KEY = "proefsleutel-van-de-leverancier"
# An official fictitious person of the BRP test set.
SUZANNE = "999993653"
TRACE = "0af7651916cd43dd8448eb211c80319c"
ALL_FIELDS = (
    "burgerservicenummer",
    "uitkering.soort",
    "uitkering.norm",
    "uitkering.bedragPerMaand",
    "uitkering.status",
    "adres.straat",
    "adres.huisnummer",
    "adres.huisletter",
    "adres.postcode",
    "adres.woonplaats",
    "woning.oppervlakte",
    "woning.gebruiksdoel",
    "pand.identificatie",
    "pand.bouwjaar",
    "pand.status",
)


def patient(declaration: Declaration) -> Declaration:
    """The same, with time enough on a busy machine."""
    sources = {name: replace(each, timeout_ms=40_000) for name, each in declaration.sources.items()}
    return replace(declaration, budget_ms=50_000, sources=sources)


@dataclass
class Supplier:
    """The supplier's system, started and stopped by the test."""

    folder: Path
    address: str
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, delay_ms: int = 0) -> None:
        """Start it and wait until it answers."""
        key = self.folder / "leverancier.key"
        key.write_text(API_KEY)
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "landschap.cli.demo.supplier",
                "--listen", self.address,
                "--data", str(DATA / "bag" / "panden.csv"),
                "--key-file", str(key),
                "--delay-ms", str(delay_ms),
            ]
        )  # fmt: skip
        for _ in range(200):
            try:
                self.health()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the supplier's system did not start")

    def stop(self) -> None:
        """Stop it when it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def health(self) -> dict[str, Any]:
        """What it tells about itself: how often it was asked, and the last question."""
        with urllib.request.urlopen(f"http://{self.address}/health", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@dataclass
class Asker:
    """Asks as the Inway would hand it over: with a permit sealed for this very question."""

    client: httpx.AsyncClient
    permit_key: bytes
    service: str = SERVICE
    permits: list[Permit] = field(default_factory=list)
    delegator: str = ""
    history: tuple[str, ...] = HISTORY
    beside: dict[str, Any] = field(default_factory=dict)

    async def ask(
        self,
        body: Mapping[str, Any] | bytes,
        *,
        query: str = "",
        permitted: Iterable[str] = ALL_FIELDS,
        searchable: Iterable[str] = ("burgerservicenummer",),
        headers: Mapping[str, str] | None = None,
        permit: str | None = None,
    ) -> httpx.Response:
        """One question; ``permit`` replaces the header as it is."""
        target = f"/{self.service}/v1/_zoek" + (f"?{query}" if query else "")
        sealed = self.seal(target, permitted, searchable) if permit is None else permit
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(
            target,
            content=content,
            headers={"Content-Type": "application/json", HEADER: sealed, **(headers or {})},
        )

    def seal(self, target: str, fields: Iterable[str], searchable: Iterable[str]) -> str:
        """The permit for one target."""
        made = Permit(
            transaction_id=uuid7(),
            service=self.service,
            method="POST",
            target=target,
            peer=PEER,
            purpose="https://doelen.landschap.example/id/recht-op-bijstand-vaststellen",
            policy="inlichtingen",
            snapshot="sha256-" + "0" * 64,
            activity=ACTIVITY,
            activity_version=1,
            fields=tuple(fields),
            searchable=tuple(searchable),
            expires_at=datetime.now(UTC) + timedelta(seconds=20),
            grant_hash=GRANT,
            delegator=self.delegator,
            history=self.history,
            **self.beside,
        )
        self.permits.append(made)
        return seal(made, self.permit_key)


async def records_of(world: Any, asker: Asker) -> list[Record]:
    """What the log holds about the last question."""
    pool = await world.database.pool("logboek")
    return await by_transaction(pool, asker.permits[-1].transaction_id)


async def lines_of(world: Any, asker: Asker) -> list[dict[str, Any]]:
    """The processing lines of the last question."""
    found = await records_of(world, asker)
    return [record.content() for record in found if record.columns.kind == Kind.LINE]
