# SPDX-License-Identifier: EUPL-1.2
"""Every piece of evidence is green when it is so, and red when it is not or nothing shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.complying.comply_rig import MONTH, NO_RULE, RULES, Organisation
from tests.fsc import fsc_rig
from tests.fsc.test_known_grants import ASKER, PROVIDER, Desk
from tests.gateway.gateway_scene import ASSISTANCE, BASIS
from tests.logboek.hold_rig import TWO, held, held_long_ago
from tests.logboek.log_rig import line, permitted, refused
from tests.registers.disposal_rig import Destroyer

from landschap.cli.complying.asking import State
from landschap.cli.complying.backups import note_backup
from landschap.cli.complying.evidence import EVIDENCE
from landschap.console import store as console
from landschap.console.council.store import incidents
from landschap.console.officers import store as officers
from landschap.fsc.states import Kind
from landschap.logboek.store.holds import lift_hold
from landschap.platform.ids import uuid7
from landschap.platform.oidc_settings import (
    ConsoleOidcSettings,
    OidcSettings,
    PortalOidcSettings,
)
from landschap.platform.siem import outbox
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.store import confidential_activities

SHOWN, FAILED, MISSING = State.SHOWN, State.FAILED, State.MISSING
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ISSUER = "https://login.test"
_REPORTED = """
INSERT INTO registers.report (report_id, object_type, object_id, paths, since, explanation, peer,
    transaction_id, reported_at)
VALUES ($1, 'inwoners.inwoner', 'o1', '{naam}', '2026-01-01', 'is verhuisd', 'x', $1, $2)
"""
LOW, HIGH = "http://eidas.europa.eu/LoA/low", "http://eidas.europa.eu/LoA/high"


@pytest.mark.parametrize(
    "name", sorted(set(EVIDENCE) - {"emergency_reasons", "certificates_valid"})
)
async def test_where_nothing_happened_nothing_is_shown(
    organisation: Organisation, name: str
) -> None:
    assert (await organisation.ask(name)).state is MISSING


async def test_breaches_are_dealt_with_in_three_days(organisation: Organisation) -> None:
    pool = await organisation.database.pool("console")
    found = NOW - 5 * DAY
    first, second = uuid7(), uuid7()
    for each in (first, second):
        await incidents.note_incident(pool, each, found_at=found, words="gestolen laptop", by="fg")
    late = await organisation.ask("breaches_in_time")
    assert (late.state, late.facts["late"]) == (FAILED, 2)
    step = {"words": "afgehandeld", "by": "fg"}
    at = found + 2 * DAY
    assert await incidents.note_step(pool, first, incidents.Step.AUTHORITY, at=at, **step)
    assert (await organisation.ask("breaches_in_time")).facts["late"] == 1
    # Why it need not be told stands where it was closed.
    assert await incidents.note_step(pool, second, incidents.Step.CLOSED, at=at, **step)
    told = await organisation.ask("breaches_in_time")
    assert told.state is SHOWN
    assert told.facts == {"breaches": 2, "toldToAuthority": 1, "late": 0}
    assert (await organisation.ask("breaches_in_time", ago=200 * DAY)).state is MISSING


async def test_reports_of_wrong_values_are_decided_on_in_time(organisation: Organisation) -> None:
    for days in (40, 10):
        await organisation.run(_REPORTED, uuid7(), NOW - days * DAY)
    late = await organisation.ask("corrections_in_time")
    assert (late.state, late.facts) == (FAILED, {"reports": 2, "late": 1, "open": 2})
    await organisation.run("DELETE FROM registers.report WHERE reported_at < $1", NOW - 30 * DAY)
    assert (await organisation.ask("corrections_in_time")).state is SHOWN


async def test_the_log_is_intact_and_signed(organisation: Organisation) -> None:
    await organisation.log([permitted(), refused(), line()])
    assert (await organisation.ask("log_intact")).state is SHOWN
    assert (await organisation.ask("log_anchored", most=1)).state is MISSING
    await organisation.anchor()
    signed = await organisation.ask("log_anchored")
    assert (signed.state, signed.facts["anchors"]) == (SHOWN, 1)
    await organisation.log([line()])
    assert (await organisation.ask("log_anchored", most=1)).state is SHOWN
    assert (await organisation.ask("log_anchored", most=0)).state is FAILED
    await organisation.run("UPDATE logboek.record SET peer = 'x' WHERE pos = 1")
    changed = await organisation.ask("log_intact")
    assert (changed.state, changed.facts["harms"]) == (FAILED, 1)
    assert (await organisation.ask("log_anchored", most=1)).state is FAILED


async def test_refusals_are_counted_by_their_codes(organisation: Organisation) -> None:
    await organisation.log([permitted(), refused(), refused()])
    found = await organisation.ask("refusals_by_code")
    assert (found.state, found.facts["refused"]) == (SHOWN, 2)
    assert "policy_none 2" in found.words
    assert (await organisation.ask("refusals_by_code", ago=60 * DAY)).state is MISSING


@pytest.mark.parametrize(
    ("name", "bare", "filled"),
    [
        ("activities_with_ground", {"legal_bases": ()}, {}),
        ("activities_with_dpia", {"dpia": ""}, {"dpia": "DPIA-2026-4"}),
        ("activities_with_retention", {"retention": ""}, {}),
    ],
)
async def test_each_activity_is_held_against_a_rule(
    organisation: Organisation, name: str, bare: dict[str, object], filled: dict[str, object]
) -> None:
    await organisation.register(**filled)
    assert (await organisation.ask(name)).state is SHOWN
    assert (await organisation.ask(name, ago=60 * DAY)).state is MISSING
    if name == "activities_with_dpia":
        await organisation.register(**bare)
    else:  # Such a register is refused: put there as somebody with the database could.
        await empty(organisation, next(iter(bare)))
    assert (await organisation.ask(name)).state is FAILED


async def empty(organisation: Organisation, field: str) -> None:
    """Empty a field of the activity in the document in force."""
    value = "[]" if field == "legal_bases" else '""'
    await organisation.run(
        "UPDATE purposes.document SET body = convert_to((jsonb_set("
        " convert_from(body, 'UTF8')::jsonb, $1::text[], $2::jsonb))::text, 'UTF8')",
        ["activities", "0", field], value,
    )  # fmt: skip


async def test_what_is_held_back_needs_a_day_of_review(organisation: Organisation) -> None:
    await organisation.register()
    assert (await organisation.ask("held_back_reviewed")).state is SHOWN
    await organisation.register(confidential=True)
    found = await organisation.ask("held_back_reviewed")
    assert (found.state, found.facts["heldBack"], found.facts["undecided"]) == (MISSING, 1, 1)
    [activity] = await confidential_activities(await organisation.database.pool("purposes"))
    officers = await organisation.database.pool("logboek", role="landschap_disclosure")
    owner = await organisation.database.administrator()
    late = await held_long_ago(owner, activity)
    found = await organisation.ask("held_back_reviewed")
    assert (found.state, found.facts["overdue"]) == (FAILED, 1)
    assert activity not in found.words
    assert await lift_hold(officers, late, TWO, "afgerond")
    assert (await organisation.ask("held_back_reviewed")).state is SHOWN
    # What was decided after the period shows nothing of it.
    await organisation.run("UPDATE purposes.adoption SET adopted_at = $1", NOW - DAY)
    earlier = await organisation.ask("held_back_reviewed", ago=MONTH + DAY / 24)
    assert (earlier.state, earlier.facts["overdue"]) == (FAILED, 1)
    await held(officers, activity)
    assert (await organisation.ask("held_back_reviewed")).facts["heldBack"] == 1


async def test_the_register_is_changed_by_two_persons(organisation: Organisation) -> None:
    await organisation.register()
    await organisation.register(dpia="DPIA-2026-4")
    found = await organisation.ask("register_four_eyes")
    assert (found.state, found.facts["changes"]) == (SHOWN, 2)
    await organisation.run("ALTER TABLE purposes.adoption DROP CONSTRAINT two_people")
    await organisation.run("UPDATE purposes.adoption SET approver = upper(author) WHERE number = 2")
    assert (await organisation.ask("register_four_eyes")).state is FAILED
    await organisation.run("UPDATE purposes.adoption SET adopted_at = $1", NOW - 60 * DAY)
    assert (await organisation.ask("register_four_eyes")).state is MISSING


async def test_contracts_are_in_force_and_bound_to_purposes(organisation: Organisation) -> None:
    desk = Desk(await organisation.database.pool("fsc"))
    bound = Bound.of(purposes=(ASSISTANCE,), legal_bases=(BASIS,))
    grant = fsc_rig.connection_grant(
        ASKER, PROVIDER, "a" * 64, properties={PROPERTY: bound.as_property()}
    )
    await desk.sign(fsc_rig.contract(fsc_rig.content(grant)), desk.asker, desk.provider)
    assert (await organisation.ask("contracts_in_force")).facts["inForce"] == 1
    assert (await organisation.ask("contracts_with_purpose")).state is SHOWN
    bare = desk.contract("zonder-doel")
    await desk.sign(bare, desk.asker, desk.provider)
    found = await organisation.ask("contracts_with_purpose")
    assert (found.state, found.facts["withoutPurpose"]) == (FAILED, 1)
    assert "zonder-doel" in found.words
    await desk.sign(bare, desk.provider, kind=Kind.REVOKE)
    assert (await organisation.ask("contracts_with_purpose")).state is SHOWN
    counted = await organisation.ask("contracts_in_force")
    assert (counted.state, counted.facts) == (SHOWN, {"inForce": 1, "ended": 0, "revoked": 1})


async def test_registers_have_rules_and_nothing_is_past_its_term(
    organisation: Organisation,
) -> None:
    benefits = await organisation.registers()
    for name in ("inwoners", "uitkeringen"):
        organisation.rules(name, NO_RULE)
    assert (await organisation.ask("retention_rules")).state is SHOWN
    assert (await organisation.ask("retention_overdue")).state is SHOWN
    organisation.rules("uitkeringen", RULES)
    found = await organisation.ask("retention_overdue")
    assert found.state is FAILED, found
    assert int(found.facts["overdue"]) > 0
    assert (await organisation.ask("transfer_overdue")).state is SHOWN
    organisation.rules("uitkeringen", RULES.replace('"vernietigen"', '"blijvend bewaren"'))
    assert (await organisation.ask("retention_overdue")).state is SHOWN
    waits = await organisation.ask("transfer_overdue")
    assert (waits.state, waits.facts["toTransfer"]) == (FAILED, found.facts["overdue"])
    organisation.rules("uitkeringen", RULES)
    (organisation.settings.path.parent / "registers/inwoners/bewaartermijnen.toml").unlink()
    assert (await organisation.ask("retention_rules")).state is FAILED
    organisation.rules("uitkeringen", NO_RULE)
    assert (await organisation.ask("retention_overdue")).state is MISSING
    made = await Destroyer.of(organisation.database, benefits)
    given = await made.approved(await made.propose(await some(made)))
    assert (await organisation.ask("retention_executed", most=7)).state is MISSING
    assert (await organisation.ask("retention_executed", most=0)).state is FAILED
    await made.execute(given)
    done = await organisation.ask("retention_executed")
    assert (done.state, done.facts["destroyed"]) == (SHOWN, 2)


async def some(made: Destroyer) -> list[str]:
    rows = await made.pool.fetch(
        "SELECT DISTINCT object_id FROM registers.assertion"
        " WHERE object_type = 'uitkeringen.uitkering' ORDER BY 1 LIMIT 2"
    )
    return [row["object_id"] for row in rows]


async def test_emergency_access_is_judged_in_time(organisation: Organisation) -> None:
    unused = await organisation.ask("emergency_reasons")
    assert (unused.state, unused.facts["uses"]) == (SHOWN, 0)
    used = await organisation.emergency(NOW - 3 * DAY)
    assert (await organisation.ask("emergency_reasons", most=7)).state is SHOWN
    assert (await organisation.ask("emergency_reasons", most=1)).state is FAILED
    pool = await organisation.database.pool("console")
    assert await console.review_emergency(
        pool, used.emergency_id, subject="f.groot", name="F. de Groot", was_right=True,
        words="dit klopt", now=NOW - 2.5 * DAY,
    )  # fmt: skip
    assert (await organisation.ask("emergency_reasons", most=1)).state is SHOWN


async def test_access_is_decided_on_within_a_month(organisation: Organisation) -> None:
    pool = await organisation.database.pool("console")

    async def ask_about_somebody(at: datetime) -> officers.PersonQuestion:
        asked = officers.PersonQuestion(
            question_id=uuid7(), at=at, subject="fg", name="F. Groot", case_number="Z-1",
            reason="verzoek om inzage", pseudonyms=(b"p" * 16,), key_ids=(1,),
        )  # fmt: skip
        await officers.ask_about_person(pool, asked)
        return asked

    await ask_about_somebody(NOW - 3 * DAY)
    found = await organisation.ask("access_in_time")
    assert (found.state, found.facts) == (SHOWN, {"questions": 1, "late": 0, "open": 1})
    old = await ask_about_somebody(NOW - 40 * DAY)
    assert (await organisation.ask("access_in_time", ago=20 * DAY)).state is FAILED
    await officers.decide_on_question(
        pool, old.question_id, subject="fg2", name="G. Boom", allowed=True, words="in orde",
        now=NOW - 20 * DAY,
    )  # fmt: skip
    assert (await organisation.ask("access_in_time", ago=20 * DAY)).state is SHOWN


async def test_certificates_do_not_end_soon(organisation: Organisation) -> None:
    assert (await organisation.ask("certificates_valid", most=30)).state is SHOWN
    found = await organisation.ask("certificates_valid", most=120)
    assert found.state is FAILED
    assert "organisation on" in found.words


async def test_logging_in_asks_enough(organisation: Organisation) -> None:
    console = ConsoleOidcSettings(issuer=ISSUER, client_id="c", roles=("balie",))
    portal = PortalOidcSettings(issuer=ISSUER, client_id="p")
    plain = organisation.settings

    async def state(name: str, **oidc: object) -> State:
        organisation.settings = replace(plain, oidc=OidcSettings(**oidc))  # type: ignore[arg-type]
        return (await organisation.ask(name)).state

    assert await state("second_factor", console=console) is SHOWN
    assert await state("second_factor", console=replace(console, minimum_level=LOW)) is FAILED
    weak = replace(console, second_factor=("mfa", "pwd"))
    assert await state("second_factor", console=weak) is FAILED
    assert await state("residents_level", portal=replace(portal, minimum_level=HIGH)) is SHOWN
    assert await state("residents_level", portal=replace(portal, minimum_level=LOW)) is FAILED


async def test_security_events_are_delivered(organisation: Organisation) -> None:
    pool = await organisation.database.pool("platform")
    await organisation.run("INSERT INTO platform.siem_receiver VALUES ('syslog', 0)")
    await outbox.note(pool, "key_used", {}, at=NOW - 2 * DAY)
    assert (await organisation.ask("events_delivered", most=1)).state is FAILED
    assert await outbox.confirm(pool, "syslog", 0, 1)
    assert (await organisation.ask("events_delivered", most=1)).state is SHOWN
    await organisation.run("UPDATE platform.siem_state SET lost = 1")
    assert (await organisation.ask("events_delivered", most=1)).state is FAILED


async def test_a_back_up_is_recent(organisation: Organisation) -> None:
    file = organisation.settings.path
    note_backup(organisation.settings, NOW - 9 * DAY, file)
    assert (await organisation.ask("backup_made", most=7)).state is FAILED
    note_backup(organisation.settings, NOW - 2 * DAY, file)
    found = await organisation.ask("backup_made", most=7)
    assert (found.state, found.facts["backups"]) == (SHOWN, 2)
    path = organisation.settings.paths.data / "backups.jsonl"
    path.write_text('{"at": "2026-11-30T12:00:00"}\n')
    damaged = await organisation.ask("backup_made", most=7)
    assert damaged.state is MISSING
    assert "can not be read" in damaged.words
