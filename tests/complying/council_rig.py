# SPDX-License-Identifier: EUPL-1.2
"""A quarter in which something of everything happened, enough to be told or just too little."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from tests.complying.comply_rig import Organisation
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.log_rig import OTHER, PEER, line

from landschap.console.council.store.incidents import Step, note_incident, note_step
from landschap.console.council.store.outages import seen
from landschap.logboek.accounts import quarter_of
from landschap.logboek.disclosure import Matter, PostLift
from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft
from landschap.logboek.store.holds import put_hold
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, say
from landschap.vocabulary.ijson import JsonValue

NOW = datetime.now(UTC)
SOON = NOW + timedelta(hours=1)
QUARTER = next(
    name
    for number in (1, 2, 3, 4)
    for name in [f"{SOON.year}-Q{number}"]
    if quarter_of(name)[0] <= SOON < quarter_of(name)[1]
)


BEGIN = quarter_of(QUARTER)[0]
# How long ago two breaches were found: the first was told in time, the second never.
BREACHES = (timedelta(days=5), timedelta(days=4))
OUTAGE = timedelta(minutes=30)


def within(age: timedelta) -> bool:
    """Whether something of so long ago is in the quarter: not in its first days."""
    return NOW - age >= BEGIN


def somebody(name: str) -> bytes:
    """The pseudonym of somebody of whom nobody knows who it is."""
    return hashlib.sha256(name.encode()).digest()[:16]


async def happened(organisation: Organisation) -> None:
    """Uses, refusals, consents, a report of a wrong value, a breach, holds, a broken log."""
    await organisation.register()
    await organisation.log([
        *(line(subject=somebody(f"veel-{number}"), activity=ACTIVITY) for number in range(12)),
        *(line(subject=somebody(f"weinig-{number}"), peer=OTHER) for number in range(7)),
        *(_refused("case_missing") for _ in range(11)),
        *(_refused("policy_none") for _ in range(3)),
    ])  # fmt: skip
    purposes = await organisation.database.pool("purposes")
    for number in range(12):
        await say(purposes, _consent(number, holds=True))
    for number in range(4):
        await say(purposes, _consent(number, holds=False))
    await _reported(organisation)
    await _asked(organisation)
    console = await organisation.database.pool("console")
    for age, step in zip(BREACHES, (Step.AUTHORITY, None), strict=True):
        breach = uuid7()
        words = "een brief aan de verkeerde persoon"
        await note_incident(console, breach, found_at=NOW - age, words=words, by="fg")
        if step:
            at = NOW - age + timedelta(hours=10)
            await note_step(console, breach, step, at=at, words="gemeld per formulier", by="fg")
    for moment in (NOW - OUTAGE, NOW - OUTAGE + timedelta(minutes=2), NOW):
        await seen(console, moment)
    officers = await organisation.database.pool("logboek", role="landschap_disclosure")
    people, review = ("fg", "cz"), NOW.date() + timedelta(days=30)
    await put_hold(
        officers, Matter(ACTIVITY), "d", people, "onderzoek loopt", review, PostLift.SHOW
    )
    await organisation.run(
        "INSERT INTO console.verification (verification_id, asked_at, ended_at, total, outcome)"
        " VALUES ($1, $2, $2, 40, $3), ($4, $2, $2, 40, $5)",
        *(uuid7(), NOW, json.dumps({"intact": True, "harms": 0})),
        *(uuid7(), json.dumps({"intact": False, "harms": 2})),
    )


def _refused(code: str) -> Draft:
    response: dict[str, JsonValue] = {"decision": False, "context": {"code": code}}
    entry = AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=NOW,
        body={"adl.core.request": {}, "adl.core.response": response},
    )
    return refused_draft(entry, service="proef")


def _consent(number: int, *, holds: bool) -> Statement:
    return Statement(
        kind=Kind.CONSENT,
        subject=somebody(f"inwoner-{number}"),
        about="https://doelen.landschap.example/id/x",
        holds=holds,
        author="balie",
        receiver=PEER,
    )


async def _asked(organisation: Organisation) -> None:
    """Eleven requests for access of five weeks ago were allowed and not answered; ten were."""
    at, later = NOW - timedelta(days=35), NOW - timedelta(days=34)
    for number in range(21):
        question = uuid7()
        await organisation.run(
            "INSERT INTO console.person_question (question_id, at, subject, name, case_number,"
            " reason, pseudonyms, key_ids) VALUES ($1, $2, 'fg', 'F. Groen', 'Z-1',"
            " 'verzoek om inzage', $3, '{1}')",
            *(question, at, [somebody(f"vrager-{number}")]),
        )
        await organisation.run(
            "INSERT INTO console.person_answer (question_id, at, subject, name, allowed, words)"
            " VALUES ($1, $2, 'fg2', 'G. Rood', true, 'mag')",
            *(question, later),
        )
        if number >= 11:
            await organisation.run(
                "INSERT INTO console.person_closing (question_id, at, subject, name)"
                " VALUES ($1, $2, 'fg', 'F. Groen')",
                *(question, later),
            )


async def _reported(organisation: Organisation) -> None:
    """Eleven reports of a wrong value that wait for more than a month, one since yesterday."""
    for number in range(12):
        at = NOW - (timedelta(days=1) if number == 11 else timedelta(days=40))
        await organisation.run(
            "INSERT INTO registers.report (report_id, object_type, object_id, paths, since,"
            " explanation, peer, transaction_id, reported_at) VALUES ($1, 'bag.pand', $2,"
            " '{bouwjaar}', '2020-01-01', 'klopt niet', $3, $4, $5)",
            *(uuid7(), f"p{number}", PEER, uuid7(), at),
        )
    await organisation.run(
        "INSERT INTO registers.hold (hold_id, register, rule_id, reason, placed_by, placed_at)"
        " VALUES ($1, 'bag', 'r1', 'rechtszaak', 'fg', $2)",
        *(uuid7(), NOW - timedelta(days=100)),
    )
