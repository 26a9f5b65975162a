# SPDX-License-Identifier: EUPL-1.2
"""What one of our own people took: by the account that asked, after two people decided to look."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from tests.logboek.log_rig import GRANT, OWN, PEER, SERVICE, line, pseudonym
from tests.logboek.test_log_commands import run
from tests.throwaway import Database

from landschap.cli.incident import incident
from landschap.logboek.drafts import permitted_draft, refused_draft
from landschap.logboek.payloads import AdlEntry, FscEntry
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Draft, Kind
from landschap.logboek.store import LogWriter, incident_scope, latest
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.ijson import JsonValue

USER = "medewerker-17"
WHY = ("--reason", "wachtwoord gestolen", "--author", "A. de Wit", "--approver", "B. Jansen")


def _asked(subject: JsonValue, *, decision: bool = True) -> AdlEntry:
    return AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=datetime.now(UTC),
        transaction_id=uuid7(),
        body={
            "adl.core.request": {"subject": subject, "action": {"name": "raadplegen"}},
            "adl.core.response": {
                "decision": decision, "context": {"visible": ["adres.postcode"]},
            },
        },
    )  # fmt: skip


def _by_application(user: str, bsn: str) -> list[Draft]:
    """A question to another organisation, and the line with which the application accounts."""
    adl = _asked({"type": "application", "id": "zaaksysteem", "properties": {"user": user}})
    assert adl.transaction_id is not None
    fsc = FscEntry(
        transaction_id=adl.transaction_id, direction="outgoing", grant_hash=GRANT,
        outway_peer_id=OWN, service_peer_id=PEER, service_name=SERVICE, created_at=adl.at,
    )  # fmt: skip
    about = line(
        transaction_id=adl.transaction_id, subject=pseudonym(bsn), peer=PEER, direction="outgoing"
    )
    return [permitted_draft(fsc, adl), about]


def _in_the_console(user: str, bsn: str, *, decision: bool = True) -> list[Draft]:
    adl = _asked({"type": "employee", "id": user}, decision=decision)
    about = line(
        transaction_id=adl.transaction_id, subject=pseudonym(bsn), peer=None, direction="own"
    )
    return [refused_draft(adl, service="inwoners"), about]


@pytest.fixture
async def asked(database: Database) -> Database:
    writer = LogWriter(database.settings, "proef-0")
    await writer.start()
    await writer.append(_by_application(USER, "999993653"))
    await writer.append(_in_the_console(USER, "999990019"))
    # Not that account's: another's, one of the same name as an application, one that was refused.
    await writer.append(_by_application("medewerker-1", "999990688"))
    await writer.append(_in_the_console("medewerker-170", "999992582"))
    application = _asked({"type": "application", "id": USER})
    await writer.append([refused_draft(application, service="inwoners")])
    await writer.append(_in_the_console(USER, "999992570", decision=False))
    await writer.close()
    return database


async def test_exactly_what_one_account_asked(asked: Database) -> None:
    pool, now = await asked.pool("logboek"), datetime.now(UTC)
    scope = await incident_scope(
        pool, now - timedelta(hours=1), now + timedelta(minutes=1), user=USER
    )
    _, *rows = scope.table()
    assert {(row[1], row[4], row[7]) for row in rows} == {
        (OWN, as_subject_id(pseudonym("999993653")), "adres.postcode"),
        (OWN, as_subject_id(pseudonym("999990019")), "adres.postcode"),
    }
    assert (scope.questions.carried, scope.questions.without_persons) == (2, 0)
    by_others = await incident_scope(pool, now - timedelta(hours=1), now + timedelta(minutes=1))
    assert by_others.questions.carried == 2, "the console is no door"


async def test_two_decide_to_look_and_the_log_has_it_first(asked: Database, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    found = await run(asked, incident, "scope", "--user", USER, *WHY, "--to", str(listed), "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["persons"] == 2
    assert len(list(csv.DictReader(listed.read_text().splitlines()))) == 2
    [look] = await latest(
        await asked.pool("logboek"), since=datetime.now(UTC) - timedelta(minutes=5), limit=1,
        kind=Kind.ADL,
    )  # fmt: skip
    content: Any = look.content()
    request = content["adl"]["body"]["adl.core.request"]
    assert request["subject"] == {"type": "officer", "id": "A. de Wit"}
    assert request["context"]["user"] == USER
    assert request["context"]["approvedBy"] == "B. Jansen"
    assert request["context"]["reason"] == "wachtwoord gestolen"
    # A look at looks is no use by that account.
    again = await run(asked, incident, "scope", "--user", USER, *WHY, "--json")
    assert json.loads(again.stdout)["questions"] == 2


@pytest.mark.parametrize(
    "given",
    [
        ("--user", USER),
        ("--user", USER, *WHY[:4]),
        ("--user", USER, *WHY[:4], "--approver", "a. de wit"),
        ("--user", USER, "--reason", "kort", *WHY[2:]),
        ("--user", USER, "--reason", "gekeken bij 999993653", *WHY[2:]),
        WHY,
    ],
)
async def test_who_is_alone_or_gives_no_reason_sees_nothing(
    asked: Database, given: tuple[str, ...]
) -> None:
    result = await run(asked, incident, "scope", *given)
    assert result.exit_code == click.UsageError.exit_code
    assert "persons" not in result.stdout
    found = await latest(
        await asked.pool("logboek"), since=datetime.now(UTC) - timedelta(minutes=5), limit=50
    )
    assert not any(b"inzien-logboek" in each.payload for each in found)
