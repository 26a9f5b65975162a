# SPDX-License-Identifier: EUPL-1.2
"""What a person says in one portal is obeyed by the next call at another organisation."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair
from tests.gateway.saying_rig import SHOWING, SUZANNE, Saying, fields_in, saying
from tests.portal.portal_rig import SUBSTANTIAL
from tests.registers.notice_rig import until

from landschap.fsc.certificates import PeerCertificate
from landschap.gateway.saying import question as forms
from landschap.gateway.saying.client import receipt_of
from landschap.gateway.saying.proof import show, signed_by
from landschap.gateway.saying.statement import Said, sign
from landschap.gateway.saying.store.requests import State, end_request, requests_of
from landschap.gateway.saying.store.sealing import seal_statement
from landschap.gateway.saying.store.sent import Sent, keep_sent, sent_by
from landschap.gateway.saying.worker import bring_due
from landschap.platform import postgres
from landschap.platform.ids import uuid7
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, consents_of, said_of, say

pytestmark = pytest.mark.long
ANOTHER = "999990196"


@pytest.fixture(scope="module")
async def rig(whole_pair: Pair) -> AsyncIterator[Saying]:
    """Everything runs; Weesp was asked once, so that the tokens are there."""
    async with saying(whole_pair) as made:

        async def told() -> bool:
            page = await made.page(await made.session("999990627"))
            return "Wij kunnen nu niet alles laten zien" not in page

        await until(told, 60)

        async def answers() -> bool:
            return (await made.call())[1] == "consent_missing"

        await until(answers, 60)
        yield made


@pytest.mark.case("S-22")
async def test_the_next_call_obeys_a_consent_and_its_withdrawal_said_elsewhere(
    rig: Saying,
) -> None:
    session = await rig.session()
    assert await rig.call() == (403, "consent_missing")
    await rig.choose(session, "geef")
    assert await rig.call() == (200, "Suzanne")
    assert "U vindt het goed" in await rig.page(session)
    await rig.choose(session, "trek-in")
    assert await rig.call() == (403, "consent_withdrawn")
    # Said twice it is said once; both sides have every line, and nobody's number.
    before = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP)])
    await rig.choose(session, "trek-in")
    after = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP)])
    assert [each.holds for each in after] == [True, False]
    assert after == before
    there, here = await rig.lines(WEESP), await rig.lines(DOESBURG)
    named = "Inwoner zegt in een ander portaal iets over het gebruik"
    assert sum(each["name"] == named for each in there) == 2
    brought = [each for each in here if each["name"].startswith("Inwoner zegt een andere")]
    assert [each["outcome"] for each in brought] == ["delivered", "delivered"]
    assert SUZANNE not in f"{there}{here}"


async def test_the_receipt_is_shown_signed_there_and_checked_by_anybody(rig: Saying) -> None:
    session = await rig.session("999993483")
    await rig.choose(session, "geef")
    page = await rig.page(session)
    (number,) = re.findall(r"/toestemmingen/bewijs/([0-9a-f-]{36})", page)
    answer = await rig.portal.get(f"/toestemmingen/bewijs/{number}", headers=session)
    proof = answer.json()["bewijs"]
    assert signed_by(proof, rig.pair.weesp.own)
    assert not signed_by(proof, rig.pair.doesburg.own)
    shown = show(proof)
    assert shown is not None
    assert (shown.issuer, shown.about, shown.state) == (WEESP, ASSISTANCE, "given")
    assert shown.check == f"http://weesp.test/bewijs/{number}"
    other = await rig.session(ANOTHER)
    refused = await rig.portal.get(f"/toestemmingen/bewijs/{number}", headers=other)
    assert refused.status_code == 404


async def test_who_is_away_is_told_when_it_is_back(rig: Saying) -> None:
    bsn = "999992727"
    session = await rig.session(bsn)
    await rig.choose(session, "geef")
    pools: Any = rig.pair.weesp
    assert pools.carrier is not None
    await _refuse_lines(rig, away=True)
    try:
        await rig.choose(session, "trek-in")
        page = await rig.page(session)
        assert "Wij blijven het brengen" in page
        (last, *_) = await sent_by(rig.voice.pool, rig.subject(DOESBURG, bsn))
        assert (last.outcome, last.settled_at, last.attempts) == ("onderweg", None, 1)
        assert last.sealed is not None
        assert bsn.encode() not in last.sealed
    finally:
        await _refuse_lines(rig, away=False)
    await rig.voice.pool.execute("UPDATE statement_sent SET next_at = now()")

    async def brought() -> bool:
        await bring_due(rig.voice)
        (last, *_) = await sent_by(rig.voice.pool, rig.subject(DOESBURG, bsn))
        return last.settled_at is not None and last.outcome == "geldt" and last.sealed is None

    await until(brought, 60)
    history = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP, bsn)])
    assert [each.holds for each in history] == [True, False]


async def test_a_receipt_that_the_organisation_did_not_sign_is_not_kept(rig: Saying) -> None:
    bsn = "999990433"
    session = await rig.session(bsn)
    await rig.choose(session, "geef")
    control, voice = rig.deps.control, rig.voice
    assert control is not None
    subject = rig.subject(DOESBURG, bsn)
    (given,) = await sent_by(voice.pool, subject)
    assert (given.outcome, bool(given.proof)) == ("geldt", True)
    statement = sign(_said(bsn, holds=False, said_at=datetime.now(UTC)), rig.pair.doesburg.own)
    sealed = seal_statement(statement, WEESP, voice.seal_keys()[0], bytes(12))
    sent = replace(
        given, statement=uuid7(), holds=False, sealed=sealed, proof="", settled_at=None,
        outcome="onderweg", said_at=datetime.now(UTC),
    )  # fmt: skip
    await keep_sent(voice.pool, [sent])

    async def another(peer: str, thumbprint: str, now: datetime) -> PeerCertificate | None:
        return rig.pair.doesburg.own.certificate

    async def none(peer: str, thumbprint: str, now: datetime) -> PeerCertificate | None:
        return None

    for certificate in (another, none):
        await replace(voice, certificate=certificate).bring([sent], 20)
        (last, *_) = await sent_by(voice.pool, subject)
        assert (last.outcome, last.code, last.proof) == ("onderweg", "receipt_invalid", "")
    await voice.bring([sent], 20)
    (last, *_) = await sent_by(voice.pool, subject)
    assert (last.outcome, bool(last.proof)) == ("geldt", True)


async def _refuse_lines(rig: Saying, *, away: bool) -> None:
    """Weesp's log can not be written, so that it takes nothing; and can again."""
    deed = "REVOKE INSERT ON logboek.record FROM" if away else "GRANT INSERT ON logboek.record TO"
    await rig.pair.weesp.administrator.execute(f"{deed} landschap_logboek")


async def test_what_was_said_later_counts_whichever_comes_first(rig: Saying) -> None:
    bsn = "999990688"
    now = datetime.now(UTC)
    later = _said(bsn, holds=False, said_at=now)
    earlier = _said(bsn, holds=True, said_at=now - timedelta(minutes=5))
    first = _said(bsn, holds=True, said_at=now - timedelta(minutes=9))
    assert (await _bring(rig, first))[1]["stand"] == "geldt"
    assert (await _bring(rig, later))[1]["stand"] == "geldt"
    overtaken = (await _bring(rig, earlier))[1]
    assert overtaken["stand"] == "achterhaald"
    shown = show(overtaken["bewijs"])
    assert shown is not None
    assert (shown.state, shown.outcome, shown.said_at) == ("given", "achterhaald", earlier.said_at)
    # It is the receipt of this statement, and of no other one.
    sent = Sent(
        statement=earlier.jti, peer=WEESP, subject=rig.subject(DOESBURG, bsn), key_id=1,
        kind=Kind.CONSENT.value, about=ASSISTANCE, receiver=DOESBURG, holds=True, said_at=now,
        trace_id=bytes(16),
    )  # fmt: skip
    body = json.dumps(overtaken).encode()
    assert receipt_of(sent, body) is not None
    wrong: tuple[dict[str, Any], ...] = (
        {"peer": DOESBURG}, {"holds": False}, {"receiver": WEESP}, {"kind": "bezwaar"},
    )  # fmt: skip
    assert [receipt_of(replace(sent, **each), body) for each in wrong] == [None] * len(wrong)
    bodies: tuple[object, ...] = ({**overtaken, "bewijs": "geen"}, {**overtaken, "stand": "x"}, [])
    for changed in bodies:
        assert receipt_of(sent, json.dumps(changed).encode()) is None
    # The same statement again is the same receipt, and another one under its number is refused.
    again, once = await _bring(rig, first), await _bring(rig, first)
    assert again == once
    other = replace(first, said_at=now - timedelta(minutes=8))
    assert (await _bring(rig, other))[1]["code"] == "statement_changed"
    history = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP, bsn)])
    assert [each.holds for each in history] == [True, False]


async def test_two_statements_under_one_number_at_once_do_one_thing(rig: Saying) -> None:
    bsn = "999991905"
    given = _said(bsn, holds=True, said_at=datetime.now(UTC))
    changed = replace(given, holds=False, said_at=given.said_at + timedelta(seconds=1))
    answers = await asyncio.gather(*(_bring(rig, each) for each in (given, changed, given)))
    told = [body.get("stand") or body["code"] for _, body in answers]
    assert set(told) == {"geldt", "statement_changed"}
    history = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP, bsn)])
    assert [each.holds for each in history] == [told[0] == "geldt"]
    # Brought again it is an attempt that was refused, and nothing else.
    before = await rig.lines(WEESP, bsn)
    late = changed if told[0] == "geldt" else given
    assert (await _bring(rig, late))[1]["code"] == "statement_changed"
    lines = await rig.lines(WEESP, bsn)
    assert len(lines) == len(before) + 1
    assert _refusals(lines) == _refusals(before) + 1


def _refusals(lines: Sequence[dict[str, Any]]) -> int:
    return sum(each["outcome"] == "refused" for each in lines)


async def test_a_statement_that_is_not_sure_is_refused_and_each_attempt_is_a_line(
    rig: Saying,
) -> None:
    bsn = "999990846"
    now = datetime.now(UTC)
    said = _said(bsn, holds=True, said_at=now)
    attempts = {
        "statement_audience": replace(said, audience=DOESBURG),
        "statement_level": replace(said, level="http://eidas.europa.eu/LoA/low"),
        "statement_expired": replace(
            said, said_at=now - timedelta(days=31), authenticated_at=now - timedelta(days=31)
        ),
        "statement_unreadable": replace(said, said_at=now + timedelta(minutes=5)),
    }
    for code, attempt in attempts.items():
        assert await _code(rig, attempt) == (403, code)
    signed = sign(said, rig.pair.weesp.own)
    assert (await _send(rig, signed))[1]["code"] == "statement_unreadable"
    refused = [each for each in await rig.lines(WEESP, bsn) if each["outcome"] == "refused"]
    assert len(refused) == len(attempts) + 1
    assert await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP, bsn)]) == []
    about_nothing = replace(said, about="https://doelen.example/id/onbekend")
    assert (await _bring(rig, about_nothing))[1]["stand"] == "niet-van-toepassing"


@pytest.fixture
async def by_law(rig: Saying) -> AsyncIterator[None]:
    """Seeing persons rests on a task in law while the test runs: there is no consent to give."""
    await rig.need()

    async def told() -> bool:
        return await rig.call() == (200, "Suzanne")

    await until(told, 60)
    yield
    await _lift(rig)
    await rig.need("toestemming")


async def test_an_objection_that_comes_after_its_withdrawal_is_overtaken(
    rig: Saying, by_law: None
) -> None:
    bsn, now = "999993665", datetime.now(UTC)
    objection = replace(
        _said(bsn, holds=True, said_at=now - timedelta(minutes=5)),
        kind=Kind.OBJECTION, receiver="", at_once=True, reason="ik ben bedreigd",
    )  # fmt: skip
    withdrawal = replace(objection, jti=uuid7(), holds=False, said_at=now, at_once=False, reason="")
    assert (await _bring(rig, withdrawal))[1]["stand"] == "niet-van-toepassing"
    assert (await _bring(rig, objection))[1]["stand"] == "achterhaald"
    who = rig.subject(WEESP, bsn)
    assert await said_of(rig.pair.weesp.pools.purposes, [who]) == {}
    again = replace(objection, jti=uuid7(), said_at=now + timedelta(seconds=1))
    assert (await _bring(rig, again))[1]["stand"] == "ontvangen"


async def _lift(rig: Saying) -> None:
    """Nothing stands against the use of Suzanne's data at Weesp any more."""
    pool, who = rig.pair.weesp.pools.purposes, rig.subject(WEESP)
    for each in (await said_of(pool, [who])).get(who, ()):
        if each.kind is not Kind.CONSENT and each.holds:
            await say(
                pool,
                Statement(
                    kind=each.kind, subject=who, about=each.about, holds=False, author="proef"
                ),
            )


@pytest.mark.case("S-22")
@pytest.mark.parametrize(
    ("right", "code"), [("bezwaar", "objection_upheld"), ("beperking", "processing_restricted")]
)
async def test_what_is_upheld_elsewhere_stops_the_next_call_and_meanwhile_when_asked(
    rig: Saying, by_law: None, right: str, code: str
) -> None:
    session = await rig.session()
    page = await rig.page(session, "/toestemmingen")
    # Where the ground is law there is no switch, and why.
    assert 'name="waarvoor"' not in page
    assert "Hier kiest u niet, de wet doet dat" in page
    assert "Participatiewet" in page
    page = await rig.page(session, f"/rechten/{right}")
    form = {
        **fields_in(page), "waarvoor": ASSISTANCE, "uitleg": "ik ben bedreigd", "meteen": "ja",
        "stap": "verstuur",
    }  # fmt: skip
    assert await rig.call() == (200, "Suzanne")
    answer = await rig.portal.post(f"/rechten/{right}", data=form, headers=session)
    assert answer.status_code == 303
    assert await rig.call() == (403, "processing_restricted")
    page = await rig.page(session, "/rechten")
    assert "Tot het besluit worden uw gegevens hiervoor niet gebruikt" in page
    for owner, side in ((WEESP, rig.pair.weesp), (DOESBURG, rig.pair.doesburg)):
        await _uphold(rig, owner, side, right)
    assert await rig.call() == (403, code)
    page = await rig.page(session, "/rechten")
    # Once by each of the two that were asked.
    assert page.count(f"uw situatie weegt zwaarder, {right}") == 2
    assert "In behandeling" not in page


async def _uphold(rig: Saying, owner: str, side: Any, right: str) -> None:
    """An officer of this organisation upholds what was asked last."""
    gateway = await postgres.pool(side.settings, "gateway", size=1)
    try:
        request, *_ = await requests_of(gateway, rig.subject(owner))
        assert (request.asked.via, request.asked.right.value) == (DOESBURG, right)
        assert request.asked.at_once
        assert SHOWING in request.asked.activities
        await end_request(
            gateway,
            side.pools.purposes,
            request,
            State.GRANTED,
            "fg",
            f"uw situatie weegt zwaarder, {right}",
        )
    finally:
        await gateway.close()


def _said(bsn: str, *, holds: bool, said_at: datetime) -> Said:
    return Said(
        issuer=DOESBURG, audience=WEESP, subject=bsn, level=SUBSTANTIAL,
        authenticated_at=said_at - timedelta(minutes=1), said_at=said_at, jti=uuid7(),
        kind=Kind.CONSENT, about=ASSISTANCE, holds=holds, receiver=DOESBURG,
    )  # fmt: skip


async def _bring(rig: Saying, said: Said) -> tuple[int, dict[str, Any]]:
    return await _send(rig, sign(said, rig.pair.doesburg.own))


async def _code(rig: Saying, said: Said) -> tuple[int, str]:
    status, body = await _bring(rig, said)
    return status, body.get("code", "")


async def _send(rig: Saying, compact: str) -> tuple[int, dict[str, Any]]:
    """Bring a statement through the Outway, as the portal does."""
    (grant,) = await rig.voice.others()
    headers = {
        "Content-Type": "application/json", "X-Api-Key": rig.pair.key,
        "Fsc-Grant-Hash": grant.grant_hash.value, "Doelbinding": ASSISTANCE,
        "Handeling": forms.SAY,
    }  # fmt: skip
    body = forms.write(forms.Brought(uiting=compact))
    async with rig.voice.insight.session.put(
        f"{rig.voice.insight.outway}{forms.STATEMENT_PATH}", data=body, headers=headers
    ) as answer:
        return answer.status, await answer.json(content_type=None)
