# SPDX-License-Identifier: EUPL-1.2
"""What visitors of the console do in more than one test, and what they find there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.console.console_rig import (
    BURGERZAKEN,
    Console,
)
from tests.portal.visiting import Seen, Visitor

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import uses_of
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.reports import Report
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

PAND = "/console/register/bag/panden/0424100000002206"
RESIDENT = "/console/register/inwoners/inwoners"
SIEBRAND = "999990688"


async def records_of(console: Console, bsn: str) -> list[dict[str, Any]]:
    """The lines about a person in the log, newest first."""
    deps = console.deps.registers
    subject = subject_pseudonym(deps.pseudonym_key, deps.controller, "bsn", bsn)
    now = datetime.now(UTC)
    pool = await console.database.pool("logboek")
    found = await uses_of(pool, [subject], now - timedelta(days=1), now + timedelta(days=1), 500)
    return [dict(record.content()) for record in found]


async def siebrand(console: Console) -> str:
    """The address of Siebrand's page."""
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    found = await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)
    match = re.search(rf'href="({RESIDENT}/W[0-9]+)"', found.text)
    assert match is not None, found.text
    return match[1]


async def search(visitor: Visitor, where: str, value: str, by: str = "burgerservicenummer") -> Seen:
    """Send the search form."""
    page = await visitor.get(where)
    form = {"token": visitor.token(page), "waarmee": by, "waarde": value}
    return await visitor.post(f"{where}/zoek", form)


async def placed(console: Console) -> None:
    """Two buildings beside each other."""
    registers = console.deps.registers
    kind = registers.registers.type("bag", "pand")
    entries = [
        Entry(type=kind, object_id=f"045710000000000{n}", draft=_building(n)) for n in (1, 2)
    ]
    act = Act(register=registers.registers.by_name["bag"], transaction_id=uuid7(), entries=entries)
    await store.write(registers.pool, act)


def _building(number: int) -> Draft:
    west, south = 132_000.0 + 30 * (number - 1), 480_000.0
    ring = [[west, south], [west + 20, south], [west + 20, south + 10], [west, south + 10], [west, south]]  # fmt: skip
    return Draft(
        period=Period(datetime(2020, 1, 1, tzinfo=UTC).date()),
        kind=Kind.REGISTRATION,
        group="pand",
        source={"document": "B-1"},
        source_registered_at=datetime(2020, 1, 2, tzinfo=UTC),
        content={
            "oorspronkelijkBouwjaar": 2000,
            "status": "Pand in gebruik",
            "geconstateerd": False,
            "geometrie": {"type": "Polygon", "coordinates": [ring]},
        },
    )


async def reported(console: Console, object_id: str) -> str:
    """A report that waits; gives the address of its page."""
    registers = console.deps.registers
    kind = registers.registers.type("bag", "pand")
    report = Report(
        report_id=uuid7(), type_key=kind.key, object_id=object_id,
        paths=("oorspronkelijkBouwjaar",), since=datetime(2011, 2, 9, tzinfo=UTC).date(),
        explanation="Op de gevel staat 1911.", peer="00000099000000003000",
        reported_at=datetime.now(UTC),
    )  # fmt: skip
    register = registers.registers.by_name["bag"]
    await store.report(registers.pool, register, kind, report, uuid7())
    return f"/console/terugmeldingen/bag/{report.report_id}"
