# SPDX-License-Identifier: EUPL-1.2
"""One list for the resident: the portal of Weesp also shows what Doesburg recorded, asked live.

Doesburg offers its log to the portals of others, Weesp's officers agree with it, and the case
application of Doesburg accounts for its question in its own log. Nothing is done twice.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import aiohttp

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.keys import key_of
from landschap.cli.demo.landscape import PORTAL_APPLICATION, SUZANNE, Landscape
from landschap.cli.demo.opening import agree, publish, until
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Visitor

SERVICE = "logboek-inzage"
PURPOSE = "https://doelen.landschap.example/id/inzage-geven"
ACTIVITY = "https://register.doesburg.example/activiteiten/aanvraag-bijstand-behandelen"
_RESIDENT = "burger-1"
_ASKED = "Eerdere uitkering opgevraagd"
_JUDGED = "Recht op bijstand beoordeeld"


async def see_both(landscape: Landscape, api_key: str, transaction_id: str) -> Seen:
    """Suzanne's page at Weesp shows what both municipalities recorded."""
    weesp, doesburg = landscape.weesp, landscape.doesburg
    await _agreed(landscape)
    case = await _account(landscape, api_key, transaction_id)
    visitor = Visitor()
    await visitor.log_in(weesp.web_address, _RESIDENT)

    async def answered() -> bool:
        # Weesp's Outway knows Doesburg's Inway a moment after the contract.
        data = json.loads((await visitor.open(f"{weesp.web_address}/gebruik.json")).text)
        return bool(data["gevraagd"]) and not data["geenAntwoord"]

    await until(answered, "an answer of Doesburg's log")
    began = time.monotonic()
    page = await visitor.open(f"{weesp.web_address}/gebruik?alles=ja")
    seconds = round(time.monotonic() - began, 2)
    data = json.loads((await visitor.open(f"{weesp.web_address}/gebruik.json")).text)
    both = [
        sorted(each["naam"] for each in use["opgeschrevenDoor"])
        for use in data["gebruik"]
        if not use["doorUzelf"]
    ]
    own: dict[str, Any] = next((use for use in data["gebruik"] if use["zaak"] == case), {})
    seen: Seen = {
        "asked": [each["naam"] for each in data["gevraagd"]],
        "recorded by Weesp": sum(weesp.name in each for each in both),
        "recorded by Doesburg": sum(doesburg.name in each for each in both),
        "recorded by both, shown once": sum(len(each) > 1 for each in both),
        "what Doesburg said it was for": str(own.get("waarvoor", "")),
        "first page in seconds": seconds,
    }
    demand(bool(seen["recorded by Weesp"]), "no use that Weesp recorded", seen)
    demand(bool(seen["recorded by both, shown once"]), "no use that both recorded", seen)
    demand(bool(own), "the use that Doesburg recorded is not in the list", seen)
    demand(f"Opgeschreven door {doesburg.name}" in page.text, "the page does not say who", seen)
    demand(SUZANNE not in page.text, "a person's number is told", seen)
    return seen


async def _agreed(landscape: Landscape) -> None:
    """Doesburg's officers offer the service, Weesp's propose, a person at Doesburg says yes."""
    weesp, doesburg = landscape.weesp, landscape.doesburg
    await key_of(landscape, weesp, PORTAL_APPLICATION)
    await landschap(landscape.settings_file(doesburg), "service", "apply")
    await publish(landscape, doesburg, SERVICE)
    await agree(
        landscape, weesp, doesburg, "--service", SERVICE, "--purpose", PURPOSE,
        "--legal-basis", "eu-gdpr:A6-1-c", "--field-set", "gebruik-van-de-inwoner",
    )  # fmt: skip


async def _account(landscape: Landscape, api_key: str, transaction_id: str) -> str:
    """The case application writes in Doesburg's log that it asked, and what for; gives the case."""
    doesburg = landscape.doesburg
    told = await landschap(landscape.settings_file(doesburg), "log", "show", transaction_id)
    trace = str(told.answer[0]["traceId"]).replace("-", "")
    case = f"Z-DOESBURG-{secrets.token_hex(3)}"
    lines = [
        _line(
            _ASKED,
            trace,
            {
                "nl.landschap.fsc_transaction_id": transaction_id,
                "dpl.read.nextLogbookId": f"http://{landscape.weesp.logboek}/logboek/v1",
            },
        ),
        _line(_JUDGED, secrets.token_hex(16), {"nl.landschap.processing_id": case}),
    ]
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session,
        session.post(
            f"http://{doesburg.logboek}/logboek/v1/regels",
            json=lines,
            headers={"X-Api-Key": api_key},
        ) as answer,
    ):
        if answer.status != 201:
            raise RuntimeError(f"the log answered {answer.status}: {await answer.text()}")
    return case


def _line(name: str, trace: str, more: dict[str, str]) -> dict[str, Any]:
    """A line about Suzanne, of now."""
    now = time.time_ns() // 1_000_000
    return {
        "trace_id": trace,
        "span_id": secrets.token_hex(8),
        "status": "Unset",
        "name": name,
        "start_time": now - 5,
        "end_time": now,
        "resource": {"attributes": {"service.name": "zaaksysteem"}},
        "attributes": {
            "dpl.core.processing_activity_id": ACTIVITY,
            "dpl.core.data_subject_id": SUZANNE,
            "dpl.core.data_subject_id_type": "BSN",
            **more,
        },
    }
