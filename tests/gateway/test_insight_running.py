# SPDX-License-Identifier: EUPL-1.2
"""A resident's page asks other organisations live: two that run, one of them slow, one down."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP
from tests.gateway.insight_rig import ANOTHER, DEAD, SECRET, SUZANNE, Asking, asking
from tests.gateway.pair_rig import Pair
from tests.logboek.hold_rig import TWO, held
from tests.portal.portal_rig import SUBSTANTIAL
from tests.registers.notice_rig import until

from landschap.gateway.insight.assertion import LIFETIME, Assertion, sign
from landschap.gateway.insight.client import Heard, Wanted
from landschap.gateway.insight.question import PATH, Question, write_question
from landschap.logboek.disclosure import PostLift
from landschap.logboek.payloads import Mandated
from landschap.logboek.records import Record
from landschap.logboek.store.holds import lift_hold
from landschap.platform import postgres
from landschap.platform.ids import new_trace_id, uuid7
from landschap.platform.web.sessions import resume_session
from landschap.portal.known import Known
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.reading import FIRST_SECONDS, PATIENT_SECONDS, book_of
from landschap.vocabulary.mandates import Mandate


@pytest.fixture(scope="module")
async def rig(whole_pair: Pair, group_anchor: Anchor) -> AsyncIterator[Asking]:
    """Everything runs; Weesp was asked once, so that the token is there."""
    async with asking(whole_pair, group_anchor) as made:

        async def told() -> bool:
            body = await document(made, await made.session("999990627"))
            return [each["oin"] for each in body["geenAntwoord"]] == [DEAD]

        await until(told, 60)
        yield made


async def document(rig: Asking, session: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await rig.portal.get(f"/gebruik.json{query}", headers=session)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def own(record: Record) -> dict[str, Any]:
    found = record.content()["landschap"]
    assert isinstance(found, dict)
    return found


async def test_uses_of_both_stand_in_one_list_with_who_wrote_them_down(rig: Asking) -> None:
    here = await rig.write(DOESBURG, ago=timedelta(hours=2))
    there = await rig.write(WEESP, ago=timedelta(hours=1))
    body = await document(rig, await rig.session())
    told = {each["id"]: each["opgeschrevenDoor"][0]["oin"] for each in body["gebruik"]}
    assert (told[str(here)], told[str(there)]) == (DOESBURG, WEESP)
    ids = [each["id"] for each in body["gebruik"]]
    assert ids == sorted(ids, reverse=True)


async def page(rig: Asking, session: dict[str, str], path: str = "/gebruik") -> tuple[int, str]:
    answer = await rig.portal.get(path, headers=session)
    return answer.status_code, answer.text


async def test_an_act_that_both_wrote_down_is_one_use_with_both_names(rig: Asking) -> None:
    trace = new_trace_id()
    ours = await rig.write(DOESBURG, trace_id=trace, direction="outgoing", peer=WEESP)
    theirs = await rig.write(WEESP, trace_id=trace, direction="incoming", peer=DOESBURG)
    body = await document(rig, await rig.session())
    by_id = {each["id"]: each for each in body["gebruik"]}
    assert [each["oin"] for each in by_id[str(ours)]["opgeschrevenDoor"]] == [DOESBURG, WEESP]
    assert str(theirs) not in by_id


async def test_who_is_down_is_named_and_the_rest_is_shown(rig: Asking) -> None:
    use = await rig.write(WEESP)
    status, text = await page(rig, await rig.session(), "/gebruik?alles=ja&wacht=ja")
    assert status == 200
    assert "Het lukt niet bij: Gemeente Verdwenen." in text
    assert f"/gebruik/{WEESP}/{use}" in text
    assert "Opgeschreven door Gemeente Weesp" in text
    assert "Een deel van het gebruik" in text
    assert "wacht=ja" in text


async def test_who_is_slow_is_not_waited_for_and_is_there_when_asked_again(rig: Asking) -> None:
    here, there = await rig.write(DOESBURG), await rig.write(WEESP)
    session = await rig.session()
    rig.free.clear()
    try:
        began = time.monotonic()
        status, text = await page(rig, session, "/gebruik?alles=ja")
        seconds = time.monotonic() - began
        # Weesp is held until this block ends: whoever waited for it would still be waiting.
        assert not rig.free.is_set()
    finally:
        rig.free.set()
    assert (status, seconds < PATIENT_SECONDS) == (200, True)
    assert str(here) in text
    assert str(there) not in text
    assert "Het lukt niet bij: Gemeente Weesp, Gemeente Verdwenen." in text
    found = re.search(r'href="([^"]*wacht=ja)"', text)
    assert found
    _, again = await page(rig, session, found[1].replace("&amp;", "&") + "&alles=ja")
    assert str(there) in again
    assert "Het lukt niet bij: Gemeente Verdwenen." in again


async def test_filters_tables_and_details_reach_over_all(rig: Asking) -> None:
    use = await rig.write(WEESP, processing_id="Z-9", ago=timedelta())
    session = await rig.session()
    only = await document(rig, session, f"?organisatie={WEESP}")
    assert {each["organisatie"]["oin"] for each in only["gebruik"]} == {WEESP}
    table = (await rig.portal.get("/gebruik.csv", headers=session)).text
    assert table.splitlines()[0].endswith(";Opgeschreven door")
    assert any(each.endswith(";Gemeente Weesp") for each in table.splitlines())
    status, text = await page(rig, session, f"/gebruik/{WEESP}/{use}")
    assert (status, "In het register van Gemeente Weesp" in text) == (200, True)
    one = await rig.portal.get(f"/gebruik/{WEESP}/{use}.json", headers=session)
    assert one.json()["id"] == str(use)


async def test_a_use_of_another_person_or_of_nobody_is_not_there(rig: Asking) -> None:
    use = await rig.write(WEESP, bsn=ANOTHER)
    session = await rig.session()
    for path in (
        f"/gebruik/{WEESP}/{use}", f"/gebruik/{WEESP}/{UUID(int=1)}", f"/gebruik/1234/{use}",
        f"/gebruik/{WEESP}/x",
    ):  # fmt: skip
        assert (await page(rig, session, path))[0] == 404, path
    assert str(use) not in (await page(rig, session))[1]


async def test_what_is_held_back_there_is_absent_and_present_once_it_is_lifted(
    rig: Asking,
) -> None:
    session = await rig.session("999990627")
    shown = await rig.write(WEESP, bsn="999990627")
    secret = await rig.write(WEESP, bsn="999990627", activity=SECRET)
    before = await document(rig, session)
    told = [each["id"] for each in before["gebruik"] if not each["doorUzelf"]]
    assert told == [str(shown)]
    assert (await page(rig, session, f"/gebruik/{WEESP}/{secret}"))[0] == 404
    officers = await postgres.pool(
        rig.pair.weesp.settings, "logboek", role="landschap_disclosure", size=1
    )
    try:
        hold = await held(officers, SECRET)
        between = await document(rig, session)
        assert str(secret) not in [each["id"] for each in between["gebruik"]]
        await lift_hold(officers, hold, TWO, "het onderzoek is klaar", PostLift.SHOW)
    finally:
        await officers.close()
    after = await document(rig, session)
    assert str(secret) in [each["id"] for each in after["gebruik"]]


async def test_each_question_is_a_line_at_both_sides_in_one_trace(rig: Asking) -> None:
    person = "999992727"
    await document(rig, await rig.session(person))
    look, *questions = sorted(
        await rig.lines(DOESBURG, person), key=lambda each: own(each)["direction"] == "outgoing"
    )
    assert {each.columns.peer: own(each)["outcome"] for each in questions} == {
        WEESP: "nothing_found", DEAD: "failed",
    }  # fmt: skip
    (there,) = await rig.lines(WEESP, person)
    traces = {each.columns.trace_id for each in (look, *questions, there)}
    assert len(traces) == 1
    assert (there.columns.peer, own(there)["outcome"]) == (DOESBURG, "nothing_found")
    asked = next(each for each in questions if each.columns.peer == WEESP)
    assert asked.columns.transaction_id == there.columns.transaction_id
    # Each has a pseudonym of its own, and neither log holds the number.
    assert look.columns.subject != there.columns.subject
    assert not any(person.encode() in each.payload for each in (look, *questions, there))


async def test_without_a_line_there_nothing_is_told(rig: Asking) -> None:
    person = "999993483"
    await rig.write(WEESP, bsn=person)
    role = "landschap_logboek"
    await rig.pair.weesp.administrator.execute(f"REVOKE INSERT ON logboek.record FROM {role}")
    try:
        body = await document(rig, await rig.session(person))
    finally:
        await rig.pair.weesp.administrator.execute(f"GRANT INSERT ON logboek.record TO {role}")
    assert [each["oin"] for each in body["geenAntwoord"]] == [WEESP, DEAD]
    assert {each["opgeschrevenDoor"][0]["oin"] for each in body["gebruik"]} == {DOESBURG}


def said(rig: Asking, **changed: Any) -> str:
    """An assertion of Doesburg about Suzanne, for Weesp, with what a test changes."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = Assertion(
        issuer=DOESBURG, audience=WEESP, subject=SUZANNE, level=SUBSTANTIAL,
        authenticated_at=now - timedelta(minutes=1), issued_at=now, expires_at=now + LIFETIME,
        jti=uuid7(),
    )  # fmt: skip
    return sign(replace(made, **changed), rig.pair.doesburg.own)


async def ask(rig: Asking, assertion: str, bsn: str = SUZANNE) -> tuple[int, str]:
    """Ask Weesp itself through the Outway; status and code."""
    now = datetime.now(UTC)
    question = Question(
        bsn=bsn, assertion=assertion, since=now - timedelta(days=1), until=now + timedelta(days=1)
    )
    grant = next(each for each in await rig.insight.others() if each.service_peer_id.value == WEESP)
    headers = {
        "Content-Type": "application/json", "X-Api-Key": rig.pair.key,
        "Fsc-Grant-Hash": grant.grant_hash.value, "Doelbinding": ASSISTANCE,
    }  # fmt: skip
    async with rig.insight.session.post(
        f"{rig.outway}{PATH}", data=write_question(question), headers=headers
    ) as answer:
        body = await answer.json(content_type=None)
        return answer.status, body.get("code", "")


async def refused_lines(rig: Asking, bsn: str) -> int:
    return sum(own(each)["outcome"] == "refused" for each in await rig.lines(WEESP, bsn))


async def test_only_the_person_who_logged_in_is_answered_and_each_attempt_is_a_line(
    rig: Asking,
) -> None:
    later = datetime.now(UTC) - timedelta(hours=1)
    attempts = {
        "assertion_subject": said(rig),
        "assertion_audience": said(rig, subject=ANOTHER, audience=DOESBURG),
        "assertion_expired": said(
            rig, subject=ANOTHER, issued_at=later, expires_at=later + LIFETIME,
            authenticated_at=later,
        ),
        "assertion_level": said(
            rig, subject=ANOTHER, level="http://eidas.europa.eu/LoA/low"
        ),
        "assertion_invalid": said(rig, subject=ANOTHER)[:-8] + "AAAAAAAA",
    }  # fmt: skip
    before = await refused_lines(rig, ANOTHER)
    for code, assertion in attempts.items():
        assert await ask(rig, assertion, ANOTHER) == (403, code)
    assert await refused_lines(rig, ANOTHER) == before + len(attempts)
    assert await ask(rig, "", ANOTHER) == (403, "assertion_invalid")


async def test_an_assertion_counts_once(rig: Asking) -> None:
    once = said(rig)
    before = await refused_lines(rig, SUZANNE)
    assert await ask(rig, once) == (200, "")
    assert await ask(rig, once) == (403, "assertion_replayed")
    assert await refused_lines(rig, SUZANNE) == before + 1


PARENT, CHILD = "999990196", "999991905"
MANDATE = Mandate(
    bsn=CHILD, name="Kind van Suzanne", source="https://machtigen.example", reference="M-17",
    services=("logboek-inzage",), until=datetime.now(UTC) + timedelta(days=1),
)  # fmt: skip


async def test_with_a_mandate_the_represented_person_s_uses_are_shown_and_the_look_is_theirs(
    rig: Asking,
) -> None:
    use = await rig.write(WEESP, bsn=CHILD)
    mine = await rig.write(WEESP, bsn=PARENT)
    looks = len(await rig.lines(DOESBURG, PARENT))
    session = await rig.session(PARENT, (MANDATE,), acting_for="M-17")
    status, text = await page(rig, session, "/gebruik?alles=ja&wacht=ja")
    assert status == 200
    assert "U bekijkt gegevens van Kind van Suzanne, namens wie u gemachtigd bent" in text
    assert str(use) in text
    assert str(mine) not in text
    for owner in (DOESBURG, WEESP):
        line = (await rig.lines(owner, CHILD))[-1]
        told = own(line)["mandate"]
        assert (told["source"], told["reference"]) == (MANDATE.source, "M-17")
        assert told["services"] == ["logboek-inzage"]
        # Who acted is known in the portal's own log alone.
        assert ("acting" in told) == (owner == DOESBURG)
    assert len(await rig.lines(DOESBURG, PARENT)) == looks
    # The represented person sees who looked.
    seen = await document(rig, await rig.session(CHILD))
    assert any(each["doorGemachtigde"] for each in seen["gebruik"])
    assert "Uw gemachtigde" in (await page(rig, await rig.session(CHILD)))[1]


@pytest.mark.case("L57")
@pytest.mark.parametrize(
    "mandate",
    [
        structs.replace(MANDATE, services=("vergunningen",)),
        structs.replace(MANDATE, services=()),
        structs.replace(MANDATE, until=datetime.now(UTC) - timedelta(seconds=1)),
    ],
    ids=["another service", "no service", "ended"],
)
async def test_a_mandate_that_lacks_this_service_opens_nothing_and_the_attempt_is_logged(
    rig: Asking, mandate: Mandate
) -> None:
    use = await rig.write(DOESBURG, bsn=CHILD)
    session = await rig.session(PARENT, (mandate,), acting_for="M-17")
    for path in ("/gebruik", f"/gebruik/{use}", "/gebruik.csv", "/gebruik.json"):
        before = await rig.lines(DOESBURG, CHILD)
        status, text = await page(rig, session, path)
        assert status == 403, path
        assert str(use) not in text
        (attempt,) = (await rig.lines(DOESBURG, CHILD))[: -len(before) or None]
        assert own(attempt)["outcome"] == "refused"
        assert own(attempt)["mandate"]["reference"] == "M-17"
    _, text = await page(rig, session)
    assert "Dit mogen wij u hier niet laten zien" in text
    assert "Degene namens wie u kijkt, kan dat zien." in text
    # One's own data is still there, after choosing so.
    assert (await page(rig, session, "/namens"))[0] == 200


async def test_a_mandate_that_the_other_does_not_take_is_refused_there_too(rig: Asking) -> None:
    lacking = Mandated(source="https://machtigen.example", reference="M-18", services=("ander",))
    before = await refused_lines(rig, CHILD)
    assert await ask(rig, said(rig, subject=CHILD, mandate=lacking), CHILD) == (
        403, "mandate_lacks_service",
    )  # fmt: skip
    assert await refused_lines(rig, CHILD) == before + 1
    ended = structs.replace(lacking, until=datetime.now(UTC) - timedelta(seconds=5))
    assert (await ask(rig, said(rig, subject=CHILD, mandate=ended), CHILD))[0] == 403
    covering = structs.replace(lacking, services=("logboek-inzage",))
    assert (await ask(rig, said(rig, subject=CHILD, mandate=covering), CHILD))[0] == 200


async def test_one_chooses_for_whom_to_look_and_only_among_the_own_mandates(rig: Asking) -> None:
    session = await rig.session(PARENT, (MANDATE,))
    _, text = await page(rig, session, "/namens")
    assert "Kind van Suzanne" in text
    found = re.search(r'name="token" value="([^"]+)"', text)
    assert found

    async def choose(wanted: str, token: str = found[1]) -> int:
        form = {"token": token, "mandaat": wanted}
        return (await rig.portal.post("/namens", data=form, headers=session)).status_code

    assert await choose("M-17", "van-elders") == 403
    assert "namens wie u gemachtigd bent" not in (await page(rig, session))[1]
    assert await choose("M-17") == 303
    assert "namens wie u gemachtigd bent" in (await page(rig, session))[1]
    assert await choose("M-999") == 303
    assert "U bekijkt uw eigen gegevens" in (await page(rig, session))[1]


@pytest.mark.long
async def test_of_thirty_organisations_one_is_down_and_one_slow_and_the_first_page_is_in_time(
    rig: Asking,
) -> None:
    """Weesp's service stands for 29, of which one question is never answered."""
    use = await rig.write(WEESP)
    grants = {each.service_peer_id.value: each for each in await rig.insight.others()}
    cookie = (await rig.session())["Cookie"].split("=", 1)[1]
    session = await resume_session(rig.deps.portal_pool, rig.deps.session_key, cookie, Known)
    assert session is not None
    look = await write_look(rig.deps, session)
    now, day = datetime.now(UTC), timedelta(days=1)
    wanted = Wanted(since=now - day, until=now + day)
    lookups, _ = await book_of(rig.deps).lookups()

    async def asked(seconds: float) -> list[Heard]:
        rig.gate.holds_next = True
        thirty = [grants[WEESP]] * 29 + [grants[DEAD]]
        return await rig.insight.ask(thirty, look.person, wanted, look.trace, lookups, seconds)

    began = time.monotonic()
    assert len(await asked(FIRST_SECONDS)) == 30
    assert time.monotonic() - began < 1.0
    answers = [each.answer for each in await asked(PATIENT_SECONDS)]
    told = [[one.id for one in each.uses] for each in answers if each is not None]
    assert len(told) == 28
    assert all(use in each for each in told)
