# SPDX-License-Identifier: EUPL-1.2
"""The log as applications and residents meet it by the older municipal standard."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.reading_rig import PERSON, Reading, reading_log
from tests.throwaway import Database

from landschap.gateway.store import add_application
from landschap.logboek.records import Record
from landschap.logboek.store import by_trace
from landschap.platform.logboek_settings import VngSettings

BASE = "/verwerkingenlogging/v1"
ACTIONS, OBJECTS = f"{BASE}/verwerkingsacties", f"{BASE}/verwerkte-objecten"
RIGHTS = {
    "zaaksysteem": ("create:normal",),
    "portaal": ("read:normal",),
    "recherche": ("create:confidential", "update:confidential"),
    "regie": ("update:normal",),
}
EMPLOYEE, SOURCE = "medewerker-4711", "Databank Publiekszaken"


def action(**changes: Any) -> dict[str, Any]:
    """One lawful action of now about one person; a member that is set to None is left out."""
    made: dict[str, Any] = {
        "actieNaam": "Zoeken personen",
        "handelingNaam": "Intake",
        "verwerkingNaam": "Huwelijk",
        "verwerkingId": str(uuid4()),
        "verwerkingsactiviteitUrl": ACTIVITY,
        "vertrouwelijkheid": "Normaal",
        "systeem": "FooBarApp v2.1",
        "gebruiker": EMPLOYEE,
        "gegevensbron": SOURCE,
        "tijdstip": datetime.now(UTC).isoformat(),
        "verwerkteObjecten": [person()],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def person(number: str = PERSON, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "objecttype": "Persoon",
        "soortObjectId": "BSN",
        "objectId": number,
        "betrokkenheid": "Getuige",
        "verwerkteSoortenGegevens": [{"soortGegeven": "adres"}, {"soortGegeven": "naam"}],
    }
    return made | changes


@dataclass
class Municipal:
    """The log, with the keys of the applications by name."""

    reading: Reading
    keys: dict[str, str]

    @property
    def client(self) -> httpx.AsyncClient:
        return self.reading.client

    async def pool(self) -> asyncpg.Pool:
        return await self.reading.parts.pool("logboek")

    async def post(self, body: Any, by: str = "zaaksysteem", **headers: str) -> httpx.Response:
        who = {"X-Api-Key": self.keys[by], **headers}
        return await self.client.post(ACTIONS, json=body, headers=who)

    async def created(self, by: str = "zaaksysteem", **changes: Any) -> dict[str, Any]:
        answer = await self.post(action(**changes), by)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def patch(self, processing: str, body: Any, by: str = "regie") -> httpx.Response:
        return await self.client.patch(
            ACTIONS, params={"verwerkingId": processing}, json=body,
            headers={"X-Api-Key": self.keys[by]},
        )  # fmt: skip

    def asked(self, number: str = PERSON, **changes: str) -> dict[str, str]:
        today = datetime.now(UTC).date()
        return {
            "objecttype": "persoon",
            "soortObjectId": "BSN",
            "objectId": number,
            "beginDatum": (today - timedelta(days=1)).isoformat(),
            "eindDatum": (today + timedelta(days=2)).isoformat(),
            **changes,
        }

    async def told(
        self, asked: dict[str, str], where: str = OBJECTS, number: str = PERSON
    ) -> list[dict[str, Any]]:
        who = self.reading.resident(number)
        answer = await self.client.get(where, params=asked, headers=who)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["count"] == len(found["results"])
        results: list[dict[str, Any]] = found["results"]
        return results

    async def kept(self, action_id: str) -> list[Record]:
        """All that the log holds of an action's trace."""
        pool = await self.pool()
        trace = await pool.fetchval(
            "SELECT trace_id FROM logboek.vng_action WHERE action_id = $1", UUID(action_id)
        )
        return await by_trace(pool, trace)

    async def rows(self, table: str) -> str:
        """All that stands in a table, as text."""
        pool = await self.pool()
        found = await pool.fetch(f"SELECT t::text AS row FROM {table} AS t")
        return "\n".join(row["row"] for row in found)


@asynccontextmanager
async def municipal_log(database: Database) -> AsyncIterator[Municipal]:
    contact = {"email": "privacy@proefdorp.example", "url": "https://proefdorp.example"}
    organisation = dataclasses.replace(database.settings.organisation, contact=contact)
    rights = VngSettings(applications=RIGHTS)
    async with reading_log(database, vng=rights, organisation=organisation) as reading:
        gateway = await reading.parts.pool("gateway")
        keys = {
            name: await add_application(gateway, name, datetime.now(UTC))
            # Of whom nothing is said as well.
            for name in ("stil", *RIGHTS)
            if name != "portaal"
        }
        yield Municipal(reading, {"portaal": reading.key, **keys})
