# SPDX-License-Identifier: EUPL-1.2
"""A register of persons with a confidentiality mark, and policies that oblige: made up."""

from __future__ import annotations

from datetime import UTC, date, datetime

import asyncpg
from tests.registers.rig import annotated

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Register, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.schemas import DIALECT
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

MARKED, OPEN = "k1", "k2"
STREET, FORMER_STREET, POSTCODE = "Nijverheidslaan", "Hoogstraat", "1382LJ"
BSN = {MARKED: "999990688", OPEN: "999990822"}
PAGE = "/console/register/kring/leden"
_FIELDS = [
    "nummer", "bsn", "naam", "geboren", "inkomen", "straat", "postcode", "geheim",
]  # fmt: skip


def circle() -> Register:
    """A register ``kring`` with one type of persons; ``geheim`` is the mark."""
    times = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
    personal = {"x-persoonsgegeven": "gewoon", **times}
    schema = {
        "$schema": DIALECT, "title": "Lid", "x-titel-en": "Member", "type": "object",
        "additionalProperties": False, "required": ["bsn"], "x-collectie": "leden",
        "x-identificatie": "nummer", "x-versie": "1.0.0", "x-onvolledige-datums": False,
        "properties": {
            "nummer": annotated(pattern="^[a-z0-9]+$", **{"x-persoonsgegeven": "gewoon"}),
            "bsn": annotated(
                title="Burgerservicenummer", pattern="^[0-9]{9}$",
                **{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn", "x-zoekbaar": True},
            ),
            "naam": annotated(title="Naam", **{"x-titel-en": "Name"}, **personal),
            "geboren": annotated(title="Geboren", format="date", **{"x-titel-en": "Born"}, **personal),
            "inkomen": annotated(
                title="Inkomen", **{"x-titel-en": "Income", **personal, "type": "integer"}
            ),
            "straat": annotated(title="Straat", **{"x-titel-en": "Street"}, **personal),
            "postcode": annotated(
                title="Postcode", **{"x-titel-en": "Postal code", "x-zoekbaar": True}, **personal
            ),
            "geheim": annotated(title="Geheimhouding", **{"x-titel-en": "Secrecy"}, **personal),
        },
    }  # fmt: skip
    head = {"naam": "kring", "klok": "eigen", "dialect": "standaard"}
    return parse_register(head, {"lid": schema}, "kring")  # type: ignore[dict-item]  # plain JSON


async def fill(pool: asyncpg.Pool, register: Register) -> None:
    """Two members who moved house: one asked for confidentiality after that, one never did."""
    await store.prepare(pool, register)
    kind = register.types["lid"]
    entries = [
        Entry(type=kind, object_id=number, draft=_lived(number, since, street, geheim))
        for number in (MARKED, OPEN)
        for since, street, geheim in (
            (date(2019, 1, 1), FORMER_STREET, "0"),
            (date(2022, 5, 1), STREET, "7" if number == MARKED else "0"),
        )
    ]
    await store.write(pool, Act(register=register, transaction_id=uuid7(), entries=entries))


def _lived(number: str, since: date, street: str, geheim: str) -> Draft:
    moment = datetime(since.year, since.month, since.day, tzinfo=UTC)
    return Draft(
        period=Period(since),
        kind=Kind.REGISTRATION if since.year == 2019 else Kind.CHANGE,
        group="lid",
        source={"document": f"D-{since.year}"},
        source_registered_at=moment,
        content={
            "bsn": BSN[number], "naam": "Zaal" if number == MARKED else "Kierkegaard",
            "geboren": "1985-03-17", "inkomen": 23_456, "straat": street, "postcode": POSTCODE,
            "geheim": geheim,
        },
    )  # fmt: skip


def policies(purposes: dict[str, tuple[str, str, str]]) -> str:
    """The policies on it; ``purposes`` is role -> purpose, activity, what more the policy says."""
    fields = ", ".join(f'"{each}"' for each in _FIELDS)
    head = f"""
[[dienst]]
naam = "kring"
persoonsgegevens = true
velden = [{fields}]
zoekvelden = ["bsn", "postcode"]
geheimhouding = {{ veld = "geheim", afgeschermd = ["straat", "postcode"] }}

[[veldenset]]
id = "kring"
versie = 1
dienst = "kring"
velden = [{fields}]
zoekvelden = ["bsn", "postcode"]
"""
    rules = [
        f"""
[[beleidsregel]]
id = "kring-{role}"
versie = 1
werking = "toestaan"
doel = "{purpose}"
organisaties = ["*own"]
rollen = ["{role}"]
dienst = "kring"
handelingen = ["raadplegen"]
veldenset = "kring@1"
grondslagen = ["eu-gdpr:A6-1-c"]
activiteit = "{activity}"
geldig_vanaf = 2026-01-01
historie = ["materieel", "formeel"]
uitleg = {{ nl = "Voor de proef.", en = "For the trial." }}
{more}
"""
        for role, (purpose, activity, more) in purposes.items()
    ]
    return head + "".join(rules)
