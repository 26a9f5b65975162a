# SPDX-License-Identifier: EUPL-1.2
"""The scope of a breach: exactly the persons and fields that went over the grants concerned."""

from __future__ import annotations

import csv
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc.fsc_rig import connection_grant, content
from tests.fsc.fsc_rig import contract as make_contract
from tests.fsc.test_known_grants import ASKER, Desk
from tests.logboek.log_rig import (
    GRANT,
    OTHER,
    OWN,
    PEER,
    SERVICE,
    line,
    pseudonym,
    refused,
)
from tests.logboek.test_log_commands import run

from landschap.cli.deskwork import short_name
from landschap.cli.incident import incident
from landschap.logboek import incidents
from landschap.logboek.drafts import permitted_draft
from landschap.logboek.forms import Moment, Ready, form_of
from landschap.logboek.incidents import Scope, Seen, TooMuch, Touched, due
from landschap.logboek.notices import draft_notice, hours_left
from landschap.logboek.payloads import AdlEntry, FscEntry, Outcome
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter, incident_scope
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.ijson import JsonValue

_SECOND = "999990019"
_ELSEWHERE = "$1$4$" + "B" * 86


def _carried(moment: Moment, grant: str, peer: str) -> Draft:
    """A question that a decision let through, with what it showed where deciders write it."""
    fsc = FscEntry(
        transaction_id=moment.transaction_id,
        direction="incoming",
        grant_hash=grant,
        outway_peer_id=peer,
        service_peer_id=OWN,
        service_name=SERVICE,
        created_at=moment.at,
    )
    response: dict[str, JsonValue] = {
        "decision": True,
        "context": {"visible": ["uitkering.soort", "adres.postcode"]},
    }
    adl = AdlEntry(
        trace_id=moment.trace_id,
        span_id=moment.span_id,
        at=moment.at,
        transaction_id=moment.transaction_id,
        body={"adl.core.response": response},
    )
    return permitted_draft(fsc, adl)


def _kept_once(moment: Moment, grant: str, peer: str) -> Ready:
    """The same as `_carried`, as deciders write it nearly always: what is the same is kept once."""
    form = form_of(
        lambda each: _carried(each, grant, peer), has_parent=False, has_declaration=False
    )
    made = form.fill(moment)
    assert made is not None
    return made


async def _write(writer: LogWriter, grant: str = GRANT) -> None:
    """Three questions on the grant: one person, another twice in one, and one that told nobody.

    And what is not of it: another grant, another peer, a refusal, an answer that held nothing.
    """
    for number, (one, peer, persons, outcome) in enumerate(
        (
            (grant, PEER, ["999993653"], Outcome.DELIVERED),
            (grant, PEER, [_SECOND, "999993653"], Outcome.PARTIAL),
            (grant, PEER, [], Outcome.DELIVERED),
            (grant, PEER, ["999991929"], Outcome.NOTHING_FOUND),
            (_ELSEWHERE, PEER, ["999992570"], Outcome.DELIVERED),
            (grant, OTHER, ["999992582"], Outcome.DELIVERED),
        )
    ):
        transaction, now = uuid7(), datetime.now(UTC)
        moment = Moment(now, new_trace_id(), new_span_id(), None, transaction)
        carried = _carried if number % 2 else _kept_once
        await writer.append(
            [carried(moment, one, peer)]
            + [
                line(
                    transaction_id=transaction,
                    subject=pseudonym(each),
                    peer=peer,
                    outcome=outcome,
                    delegator="00000099000000008000",
                )
                for each in persons
            ]
        )
    await writer.append([refused(), line(subject=pseudonym("999992582"))])


async def test_exactly_the_persons_of_one_grant_and_peer(database: Any, writer: LogWriter) -> None:
    await _write(writer)
    pool, now = await database.pool("logboek"), datetime.now(UTC)
    period = (now - timedelta(days=3), now + timedelta(minutes=1))
    steps: list[int] = []
    scope = await incident_scope(pool, *period, grants=[GRANT], peers=[PEER], progress=steps.append)
    title, *rows = scope.table()
    assert title == incidents.COLUMNS
    assert {(row[4], row[8]) for row in rows} == {
        (as_subject_id(pseudonym("999993653")), "2"),
        (as_subject_id(pseudonym(_SECOND)), "1"),
    }
    for row in rows:
        assert row[:4] == (OWN, PEER, "00000099000000008000", SERVICE)
        assert row[5:8] == ("1", "adres uitkering", "adres.postcode uitkering.soort")
    body = scope.body()
    assert (body["persons"], body["questions"], body["questionsWithoutPersons"]) == (2, 4, 1)
    assert body["fields"] == {"adres.postcode": 4, "uitkering.soort": 4}
    assert body["perController"] == [
        {
            "controller": OWN,
            "receiver": PEER,
            "onBehalfOf": "00000099000000008000",
            "service": SERVICE,
            "persons": 2,
            "uses": 3,
        }
    ]
    assert steps == [1, 2, 3, 4]


async def test_a_period_alone_is_all_that_was_carried_and_nothing_outside_it(
    database: Any, writer: LogWriter
) -> None:
    await _write(writer)
    pool, now = await database.pool("logboek"), datetime.now(UTC)
    everything = await incident_scope(pool, now - timedelta(hours=1), now + timedelta(minutes=1))
    assert (everything.persons(), everything.questions.carried) == (4, 6)
    earlier = await incident_scope(pool, now - timedelta(days=9), now - timedelta(hours=1))
    assert (earlier.persons(), earlier.questions.carried) == (0, 0)
    none = await incident_scope(pool, now - timedelta(hours=1), now, grants=[])
    assert none.persons() == 0


def test_what_stretches_find_of_one_person_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "MAX_ROWS", 1)
    scope, noon = Scope(), datetime(2026, 11, 2, 12, tzinfo=UTC)
    person = Touched(
        controller=OWN,
        receiver=PEER,
        on_behalf_of="",
        service=SERVICE,
        subject=bytes(16),
        key_id=None,
        data_groups=("adres",),
        fields=("b", "c"),
    )
    scope.add(person, Seen(2, noon, noon))
    scope.add(person, Seen(1, noon - timedelta(hours=1), noon - timedelta(hours=1)))
    [_, row] = scope.table()
    assert row[5:] == ("", "adres", "b c", "3", "2026-11-02T11:00:00Z", "2026-11-02T12:00:00Z")
    with pytest.raises(TooMuch):
        scope.add(Touched(**{**_members(person), "key_id": 2}), Seen(1, noon, noon))


def _members(row: Touched) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_the_clock_of_the_authority_runs_seventy_two_hours() -> None:
    found = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert due(found) == datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert hours_left(found, found + timedelta(hours=71, minutes=59)) == 0
    assert hours_left(found, found + timedelta(hours=73)) == -1
    late = draft_notice(
        Scope(), discovered=found, now=found + timedelta(hours=80), period=(found, found)
    )
    assert "8 uur te laat: noem de reden" in late


async def test_the_command_finds_what_a_stolen_certificate_reached(
    database: Any, tmp_path: Path
) -> None:
    desk = Desk(await database.pool("fsc"))
    thumbprint = desk.asker.certificate.key_thumbprint
    grant = connection_grant(ASKER, desk.provider.peer_id.value, thumbprint, service=SERVICE)
    contract = make_contract(content(grant))
    await desk.sign(contract, desk.asker, desk.provider)
    await desk.sign(desk.contract(SERVICE), desk.asker, desk.provider)
    writer = LogWriter(database.settings, "proef-0")
    await writer.start()
    [(grant_hash, _)] = contract.connections
    await _write(writer, grant_hash.value)
    transaction = uuid7()
    moment = Moment(datetime.now(UTC), new_trace_id(), new_span_id(), None, transaction)
    told = line(transaction_id=transaction, subject=pseudonym(_SECOND), peer=ASKER)
    await writer.append([_carried(moment, grant_hash.value, ASKER), told])
    await writer.close()
    stolen, listed = tmp_path / "stolen.crt", tmp_path / "list.csv"
    leaf = desk.asker.certificate.x509
    stolen.write_bytes(leaf.public_bytes(Encoding.PEM))
    found = await run(
        database, incident, "scope", "--certificate", str(stolen), "--to", str(listed), "--json",
        "--discovered", "2026-11-02T09:00:00Z",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    body = json.loads(found.stdout)
    assert (body["persons"], body["questions"]) == (2, 2)
    assert body["noticeDue"] == "2026-11-05T09:00:00Z"
    assert "2 personen volgens het logboek" in body["notice"]
    rows = list(csv.DictReader(listed.read_text().splitlines()))
    assert {(row["subject"], row["receiver"]) for row in rows} == {
        (as_subject_id(pseudonym(each)), ASKER) for each in (_SECOND, "999992582")
    }
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600
    for name in (contract.hash.value, short_name(contract.hash.value)):
        by_contract = await run(database, incident, "scope", "--contract", name)
        assert "2 persons in 2 questions that were carried" in by_contract.stdout
    for name in ("", "$", "$1$1$abc"):
        too_many = await run(database, incident, "scope", "--contract", name)
        assert too_many.exit_code == 2
        assert "at least 8 characters" in too_many.stderr
    unknown = await run(database, incident, "scope", "--certificate", "0" * 64)
    assert unknown.exit_code == 3
