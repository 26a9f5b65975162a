# SPDX-License-Identifier: EUPL-1.2
"""Emergency access: limited, with a reason, on every page, told and judged; it opens no purpose."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.console.acts import PAND, RESIDENT, SIEBRAND, records_of, search
from tests.console.confidential_rig import MARKED, PAGE
from tests.console.console_rig import BIJSTAND, BURGERZAKEN, CASE, Console
from tests.portal.visiting import Seen, Visitor

from landschap.console import store
from landschap.logboek.store import by_transaction

HERE = "/console/noodtoegang"
WHY = "Brand in de Hoogstraat, bewoners moeten nu worden gevonden"


async def take(visitor: Visitor, role: str = "medewerker-burgerzaken", reason: str = WHY) -> Seen:
    """Send the form of emergency access."""
    page = await visitor.get(HERE)
    return await visitor.post(HERE, {"token": visitor.token(page), "rol": role, "reden": reason})


async def used_by(console: Console, subject: str) -> store.Used:
    """The last use by one employee."""
    every = [e for e in await store.emergencies(console.deps.pool) if e.subject == subject]
    return max(every, key=lambda each: each.begun_at)


async def test_without_a_role_one_comes_no_further_than_the_first_page(console: Console) -> None:
    visitor = await console.visit("piket")
    start = await visitor.get("/console")
    assert "Uw rol geeft geen toegang tot de console" in start.text
    for path in ("/console/register", PAND, f"{PAND}/json", "/console/verwerkingen",
                 "/console/doel", "/console/terugmeldingen"):  # fmt: skip
        page = await visitor.get(path)
        assert page.status == 403, path
        assert "emergency_needed" in page.text
    assert (await visitor.get(HERE)).status == 200


async def test_with_a_reason_one_gets_the_role_and_every_page_says_so(console: Console) -> None:
    visitor = await console.visit("piket")
    assert (await take(visitor)).status == 303
    await console.choose(visitor, BURGERZAKEN)
    found = await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)
    match = re.search(rf'href="({RESIDENT}/W[0-9]+)"', found.text)
    assert match is not None
    for path in ("/console", HERE, "/console/doel", "/console/register", match[1], PAND,
                 "/console/verwerkingen", "/console/terugmeldingen", f"{RESIDENT}/W99999"):  # fmt: skip
        page = await visitor.get(path)
        assert WHY in page.text, path
        assert "U werkt als medewerker-burgerzaken, tot " in page.text, path
    assert "You work as medewerker-burgerzaken" in (await visitor.get(f"/en{PAND}")).text


async def test_each_look_is_recorded_with_the_reason(console: Console) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    await console.choose(visitor, BURGERZAKEN)
    before = len(await records_of(console, SIEBRAND))
    found = await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)
    assert found.status == 200
    used = await used_by(console, "piket")
    [look] = await store.looks_of(console.deps.pool, used.emergency_id)
    assert (look.allowed, look.purpose, look.case_number) == (True, BURGERZAKEN, CASE)
    decided = await decision(console, look.transaction_id)
    assert decided["context"]["emergency"] == {
        "id": str(used.emergency_id), "role": "medewerker-burgerzaken", "reason": WHY,
    }  # fmt: skip
    assert "medewerker-burgerzaken" in decided["subject"]["properties"]["roles"]
    # And the resident has a line like of any other look.
    assert len(await records_of(console, SIEBRAND)) == before + 1


async def decision(console: Console, transaction_id: UUID) -> dict[str, Any]:
    """What was asked, as the log has it."""
    pool = await console.database.pool("logboek")
    found = [dict(each.content()) for each in await by_transaction(pool, transaction_id)]
    [adl] = [each["adl"] for each in found if "adl" in each]
    request: dict[str, Any] = json.loads(json.dumps(adl))["body"]["adl.core.request"]
    return request


async def test_it_opens_nothing_that_no_purpose_opens(console: Console) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    chosen = await console.choose(visitor, BIJSTAND)
    assert chosen.status == 400  # the role that was taken has no policy for this purpose
    await console.choose(visitor, BURGERZAKEN)
    page = await visitor.get("/console/register/uitkeringen/uitkeringen")
    assert page.status == 403
    assert "policy_none" in page.text
    # What the mark guards stays masked.
    assert "Afgeschermd: geheimhouding" in (await visitor.get(f"{PAGE}/{MARKED}")).text
    used = await used_by(console, "piket")
    looks = await store.looks_of(console.deps.pool, used.emergency_id)
    assert [each.allowed for each in looks] == [False, True]


async def test_a_role_beside_ones_own_is_taken_the_same_way(console: Console) -> None:
    visitor = await console.visit("beheerder")
    assert (await console.choose(visitor, BURGERZAKEN)).status == 400
    await take(visitor)
    assert (await console.choose(visitor, BURGERZAKEN)).status == 303


@pytest.mark.parametrize(
    ("role", "reason", "words"),
    [
        ("medewerker-burgerzaken", "", "Schrijf op waarom"),
        ("medewerker-burgerzaken", "te kort", "Schrijf op waarom"),
        ("medewerker-burgerzaken", "x" * 501, "Schrijf op waarom"),
        ("medewerker-burgerzaken", f"spoed voor {SIEBRAND}, nu", "nummer van een persoon"),
        ("gegevensbeheerder", WHY, "Kies welke rol"),
        ("privacy-officer", WHY, "Kies welke rol"),
        ("", WHY, "Kies welke rol"),
    ],
)
async def test_without_a_fitting_role_and_reason_nothing_begins(
    console: Console, role: str, reason: str, words: str
) -> None:
    visitor = await console.visit("piket")
    before = len(await store.emergencies(console.deps.pool))
    page = await take(visitor, role, reason)
    assert page.status == 400
    assert words in page.text
    assert len(await store.emergencies(console.deps.pool)) == before
    assert (await visitor.get("/console/register")).status == 403


async def test_who_may_not_use_it_can_not(console: Console) -> None:
    visitor = await console.visit("consulent")
    page = await visitor.get(HERE)
    assert "Noodtoegang kan voor u niet" in page.text
    refused = await take(visitor)
    assert refused.status == 403


async def test_it_ends_at_its_time_and_when_one_stops_it(console: Console) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    assert (await visitor.get("/console/register")).status == 200
    page = await visitor.get(HERE)
    await visitor.post(f"{HERE}/stop", {"token": visitor.token(page)})
    assert (await visitor.get("/console/register")).status == 403
    assert (await used_by(console, "piket")).ended_by == "piket"

    soon = datetime.now(UTC) + timedelta(seconds=1)
    await take(visitor)
    await shorten(console, visitor, soon)
    while datetime.now(UTC) < soon:
        assert datetime.now(UTC) < soon + timedelta(seconds=2)
        await visitor.get("/console")
    assert (await visitor.get("/console/register")).status == 403
    assert WHY not in (await visitor.get("/console")).text


async def shorten(console: Console, visitor: Visitor, until: datetime) -> None:
    """The session's own knowledge of the end, moved to the front."""
    import msgspec

    from landschap.console.known import Known
    from landschap.platform.web.sessions import change_session, resume_session

    token = visitor.cookies[console.address.removeprefix("http://")]["__Host-console"]
    deps = console.deps
    session = await resume_session(deps.pool, deps.session_key, token, Known)
    assert session is not None
    assert session.known.emergency is not None
    ends = msgspec.structs.replace(session.known.emergency, until=until.timestamp())
    known = msgspec.structs.replace(session.known, emergency=ends)
    await change_session(deps.pool, deps.session_key, session.hash, known)


async def test_privacy_officers_are_told_and_see_who_why_and_what(console: Console) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    await visitor.get(PAND)
    used = await used_by(console, "piket")
    officer = await console.visit("fg")
    assert "noodtoegang gebruikt zonder oordeel" in (await officer.get("/console")).text
    assert f"{HERE}/{used.emergency_id}" in (await officer.get(HERE)).text
    page = (await officer.get(f"{HERE}/{used.emergency_id}")).text
    for words in ("P. Iket", "piketdienst", WHY, "Loopt nu", "bag.pand", "getoond"):
        assert words in page, words
    # Nobody else sees them.
    other = await console.visit("beheerder")
    assert (await other.get(f"{HERE}/{used.emergency_id}")).status == 403
    assert "P. Iket" not in (await other.get(HERE)).text
    # The officer ends it, and it is over with the next click.
    await officer.post(
        f"{HERE}/{used.emergency_id}",
        {"token": officer.token(await officer.get(HERE)), "stop": "ja"},
    )
    assert (await visitor.get("/console/register")).status == 403


async def test_a_use_is_judged_once_by_another(console: Console) -> None:
    visitor = await console.visit("fg2")
    await take(visitor)
    used = await used_by(console, "fg2")
    path = f"{HERE}/{used.emergency_id}"
    form = {"token": visitor.token(await visitor.get(path)), "terecht": "ja", "woorden": "ik zelf"}
    assert "Een andere privacy officer oordeelt" in (await visitor.get(path)).text
    assert (await visitor.post(path, form)).status == 409
    officer = await console.visit("fg")
    form = {"token": officer.token(await officer.get(path))}
    assert (await officer.post(path, form)).status == 400
    form |= {"terecht": "nee", "woorden": "Een collega was er"}
    assert (await officer.post(path, form)).status == 303
    assert (await officer.post(path, form)).status == 409
    judged = await store.emergency(console.deps.pool, used.emergency_id)
    assert judged is not None
    assert (judged.was_right, judged.reviewed_by) == (False, "F. Groen")
    assert "Een collega was er" in (await officer.get(path)).text


async def test_what_was_written_of_it_can_not_be_changed(console: Console) -> None:
    await take(await console.visit("piket"))
    for table in ("emergency", "emergency_look", "emergency_end", "emergency_review"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET emergency_id = NULL"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await console.deps.pool.execute(statement)


async def test_no_record_no_access(console: Console) -> None:
    visitor = await console.visit("piket")
    connection = await console.database.administrator()
    await connection.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        page = await take(visitor)
    finally:
        await connection.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
        await connection.close()
    assert page.status == 503
    assert (await visitor.get("/console/register")).status == 403
