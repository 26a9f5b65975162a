# SPDX-License-Identifier: EUPL-1.2
"""Explaining one question from certificate to line, and every error code."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from tests.conftest import Database
from tests.fsc import fsc_rig
from tests.logboek.log_rig import pseudonym
from tests.purposes import registers as r

import landschap
from landschap.cli.explain import error_rows, explain
from landschap.cli.verify import LOG_READER
from landschap.fsc import store as fsc_store
from landschap.gateway import recording
from landschap.gateway.tracing.explained import Explained, words_of
from landschap.gateway.tracing.store import explain_transaction
from landschap.gateway.usage.store import Rooms
from landschap.logboek.drafts import line_draft, permitted_draft, refused_draft
from landschap.logboek.payloads import AdlEntry, FscEntry, LineEntry, Outcome
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes import store as purpose_store
from landschap.purposes.bound import PROPERTY
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.declaration import Claims, sign
from landschap.purposes.reasons import REASONS
from landschap.purposes.replay import question_of, replay
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue

TWO = purpose_store.Signers(author="J. de Vries", approver="A. Bakker")
SUPPLIER = "00000099000000004000"
KEY = ec.generate_private_key(ec.SECP256R1())


def request_of(question: Question, grant_hash: str, now: datetime) -> dict[str, JsonValue]:
    """What an Inway records of a question."""
    claims = Claims(
        issuer=question.organisation,
        audience=r.WEESP,
        issued_at=now,
        expires_at=now + timedelta(seconds=60),
        jti=uuid4(),
        purpose=question.purpose,
        legal_bases=question.legal_bases or (),
        action=question.action,
        service=question.service,
        grant_hash=grant_hash,
        trace_id=new_trace_id(),
    )
    return {
        "subject": {
            "type": "fsc-peer",
            "id": question.organisation,
            "properties": {"loa": question.loa, "role": ""},
        },
        "action": {"name": question.action},
        "resource": {
            "type": "service",
            "id": question.service,
            "properties": {"fields": list(question.fields or ())},
        },
        "context": {
            "purpose": question.purpose,
            "grant_hash": grant_hash,
            "declaration": sign(claims, KEY, "thumbprint"),
        },
    }


@dataclass
class House:
    """One organisation with its log, its register and one contract."""

    rooms: Rooms
    writer: LogWriter
    snapshot: Snapshot
    grant_hash: str

    async def ask(self, question: Question, *, line: bool = True) -> UUID:
        """Record a question as the door and the service do; gives the transaction id."""
        now, transaction, trace = datetime.now(UTC), uuid7(), new_trace_id()
        decision = decide(question, self.snapshot, now)
        refusal = None if decision.allow else decision.refusal()
        response: dict[str, JsonValue] = recording.permission(decision)
        if refusal is not None:
            context = {"code": refusal.code, "missing": refusal.missing, "owner": refusal.owner}
            response = {"decision": False, "context": context}
        adl = AdlEntry(
            trace_id=trace,
            span_id=new_span_id(),
            at=now,
            transaction_id=transaction,
            references={"adl.core.policies": {"landschap": self.snapshot.version}},
            body={
                "adl.core.request": request_of(question, self.grant_hash, now),
                "adl.core.response": response,
            },
        )
        if refusal is not None:
            draft = refused_draft(adl, peer=question.organisation, service=question.service)
            await self.writer.append([draft])
            return transaction
        fsc = FscEntry(
            transaction_id=transaction,
            direction="incoming",
            grant_hash=self.grant_hash,
            outway_peer_id=r.DOESBURG,
            service_peer_id=r.WEESP,
            service_name=question.service,
            created_at=now,
        )
        await self.writer.append([permitted_draft(fsc, adl)])
        if line:
            await self.writer.append([self.line(trace, transaction, now)])
        return transaction

    def line(self, trace: bytes, transaction: UUID, now: datetime) -> Draft:
        entry = LineEntry(
            trace_id=trace,
            span_id=new_span_id(),
            name="Verstrekken",
            started_at=now,
            ended_at=now,
            controller=r.WEESP,
            outcome=Outcome.DELIVERED,
            system="landschap",
            activity=r.ACTIVITY,
            subject=pseudonym(),
            subject_type="https://weesp.example/register/pseudoniem/bsn/1",
            key_id=1,
            direction="incoming",
            peer=r.DOESBURG,
            transaction_id=transaction,
            data_groups=("adres", "uitkering"),
        )
        return line_draft(entry, now=now, service=r.SERVICE)

    async def told(self, identifier: UUID) -> Explained:
        found = await explain_transaction(self.rooms, identifier, datetime.now(UTC))
        assert found is not None
        return found


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    rooms = Rooms(
        log=await database.pool("logboek", role=LOG_READER),
        purposes=await database.pool("purposes"),
        fsc=await database.pool("fsc"),
    )
    own = fsc_rig.own_peer(fsc_rig.Authority(), r.WEESP)
    tree = fsc_rig.content(
        fsc_rig.connection_grant(
            r.DOESBURG,
            r.WEESP,
            "a" * 64,
            service=r.SERVICE,
            properties={PROPERTY: r.BOUND.as_property()},
        )
    )
    contract = fsc_rig.contract(tree)
    async with rooms.fsc.acquire() as connection, connection.transaction():
        await fsc_store.propose(connection, own, contract, datetime.now(UTC))
    await purpose_store.save_register(rooms.purposes, r.weesp(), TWO, based_on="")
    snapshot, _ = await purpose_store.current_snapshot(rooms.purposes)
    writer = LogWriter(database.settings, "decider")
    await writer.start()
    yield House(rooms, writer, snapshot, contract.connections[0][0].value)
    await writer.close()


def words(explained: Explained) -> str:
    return "\n".join(words_of(explained))


@pytest.mark.case("S-32")
async def test_a_permitted_question_is_explained_from_certificate_to_line(house: House) -> None:
    transaction = await house.ask(r.question())
    explained = await house.told(transaction)
    told = words(explained)
    for part in (
        str(transaction),
        "a" * 64,
        f"may call {r.SERVICE}",
        "now: ",
        r.ASSISTANCE,
        "(version 1)",
        "Participatiewet, artikel 64",
        "permitted, by bijstand-doesburg@1",
        house.snapshot.version,
        "asked: adres.straat, uitkering.soort",
        "R12 ok",
        "lane decider",
        ": proved",
        "delivered: adres, uitkering",
        "Wij geven gegevens.",
    ):
        assert part in told, part
    assert "NOT PROVED" not in told
    assert "DIFFERS" not in told
    body = explained.as_json()
    assert json.loads(json.dumps(body)) == body
    assert len(explained.records) == 2
    assert all(record.proved for record in explained.records)


async def test_the_trace_finds_the_same(house: House) -> None:
    transaction = await house.ask(r.question())
    by_transaction = await house.told(transaction)
    by_trace = await house.told(UUID(by_transaction.trace_id))
    assert by_trace.as_json() | {"id": ""} == by_transaction.as_json() | {"id": ""}


async def test_a_refusal_tells_the_missing_link_and_who_can_add_it(house: House) -> None:
    transaction = await house.ask(r.question(fields=("adres.straat", "woning.m2")))
    records = await house.rooms.log.fetch("SELECT trace_id FROM logboek.record")
    explained = await house.told(UUID(bytes=records[0]["trace_id"]))
    told = words(explained)
    assert "refused, fields_excess" in told
    assert "missing: permission for the fields woning.m2" in told
    assert f"who can add it: the privacy officers of {r.WEESP}" in told
    assert explained.trace_id in told
    assert words(await house.told(transaction)) == told.replace(
        str(UUID(explained.trace_id)), str(transaction)
    )


@pytest.mark.case("S-32", "A55")
async def test_an_old_decision_is_explained_by_the_register_of_its_day(house: House) -> None:
    transaction = await house.ask(r.question())
    renamed = tuple(
        replace(p, version=2, definition=r.text("Iets anders.")) if p.uri == r.ASSISTANCE else p
        for p in r.weesp().purposes
    )
    later = replace(
        r.weesp(r.policy("bijstand-doesburg", version=2, field_set="links@1")), purposes=renamed
    )
    await purpose_store.save_register(
        house.rooms.purposes, later, TWO, based_on=house.snapshot.version
    )
    told = words(await house.told(transaction))
    assert "(version 1)" in told
    assert "Iets anders." not in told
    assert "DIFFERS" not in told

    decision = (await house.told(transaction)).decisions[0]
    now = datetime.now(UTC)
    again = replay(
        decision.request, decision.response, bound=r.BOUND, snapshot=Snapshot(later), at=now
    )
    assert again is not None
    assert again.differences[0] == "decision: True -> False"


async def test_a_record_that_was_changed_is_told(house: House, database: Database) -> None:
    transaction = await house.ask(r.question())
    owner = await database.administrator()
    await owner.execute("UPDATE logboek.record SET service = 'iets-anders' WHERE kind = 1")
    await owner.close()
    assert "NOT PROVED" in words(await house.told(transaction))


async def test_nothing_is_explained_of_what_the_log_does_not_hold(house: House) -> None:
    assert await explain_transaction(house.rooms, uuid7(), datetime.now(UTC)) is None


def test_a_recorded_question_is_read_back_whole() -> None:
    question = r.question(search=())
    request = request_of(question, "$1$3$" + "a" * 86, r.NOW)
    found = question_of(request, r.BOUND, r.WEESP)
    assert found is not None
    assert replace(found, require_bound=True) == question
    assert question_of({"context": {}}, None, r.WEESP) is None


def test_a_recorded_question_for_another_is_read_back_for_that_other() -> None:
    asked = replace(r.question(), organisation=SUPPLIER)
    request = request_of(asked, "$1$3$" + "a" * 86, r.NOW)
    context = request["context"]
    assert isinstance(context, dict)
    found = question_of(
        request | {"context": context | {"delegator": r.DOESBURG}}, r.BOUND, r.WEESP
    )
    assert found is not None
    assert (found.organisation, found.delegatee) == (r.DOESBURG, SUPPLIER)
    own = {"subject": {"type": "application", "id": "zaaksysteem"}}
    outway = question_of(
        request | own | {"context": context | {"delegator": r.DOESBURG}}, r.BOUND, SUPPLIER
    )
    assert outway is not None
    assert (outway.organisation, outway.delegatee) == (r.DOESBURG, SUPPLIER)


def test_a_decision_for_another_is_the_same_when_taken_again() -> None:
    question = replace(r.question(), delegatee=SUPPLIER)
    snapshot = Snapshot(r.weesp(r.policy("voor-doesburg", delegable=True)))
    decision = decide(question, snapshot, r.NOW)
    assert decision.allow
    recorded = request_of(replace(question, organisation=SUPPLIER), "$1$3$" + "a" * 86, r.NOW)
    context = recorded["context"]
    assert isinstance(context, dict)
    again = replay(
        recorded | {"context": context | {"delegator": r.DOESBURG}},
        recording.permission(decision),
        bound=r.BOUND,
        snapshot=snapshot,
        at=r.NOW,
    )
    assert again is not None
    assert again.differences == ()


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_has_its_row_with_the_same_status(code: str) -> None:
    assert error_rows()[code][0] == str(REASONS[code].status)


def test_every_code_in_the_program_has_its_row() -> None:
    source = Path(landschap.__file__).parent
    wanted = re.compile(
        r'code="([A-Za-z_]+)"'
        r'|"(ERROR_CODE_[A-Z_]+|TRANSACTION_LOG_WRITE_ERROR|[A-Z]+_LOG_RECORD_ID)"'
        r'|_refuse\(\s*"([a-z_]+)"|_refusal\(\s*"([a-z_]+)"'
    )
    codes = {
        next(filter(None, match))
        for path in sorted(source.rglob("*.py"))
        for match in wanted.findall(path.read_text(encoding="utf-8"))
    }
    assert len(codes) > 60
    assert not codes - error_rows().keys(), sorted(codes - error_rows().keys())


def test_the_command_explains_a_code_and_guesses_a_misspelt_one() -> None:
    run = CliRunner().invoke
    done = run(explain, ["policy_none"])
    assert done.exit_code == 0
    assert "HTTP 403" in done.output
    assert "privacy officers" in done.output
    told = json.loads(run(explain, ["declaration_expired", "--json"]).output)
    assert (told["code"], told["status"]) == ("declaration_expired", "401")
    wrong = run(explain, ["policy_non"])
    assert wrong.exit_code == 3
    assert "Did you mean policy_none?" in wrong.output
