# SPDX-License-Identifier: EUPL-1.2
"""Reports between organisations: what is signed, what is read, and what is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import own_peer_of

from landschap.fsc import jws
from landschap.fsc.own import OwnPeer
from landschap.gateway.saying.question import write
from landschap.gateway.saying.report import (
    TYPE,
    Brought,
    BroughtFile,
    Doubt,
    Reported,
    ToldReport,
    ToldReports,
    body_of,
    read,
    read_form,
    read_told,
    sign,
)
from landschap.gateway.saying.statement import verify
from landschap.platform.ids import uuid7
from landschap.registers.source_holder import faults_of_source, source_holder
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

WEESP, DOESBURG = "00000099000000001000", "00000099000000002000"
NOW = datetime.now(UTC).replace(microsecond=0)
SAID = Reported(
    issuer=DOESBURG, audience=WEESP, subject="999993653", level="hoog",
    authenticated_at=NOW - timedelta(minutes=2), said_at=NOW, jti=uuid7(), report=uuid7(),
    doubt=Doubt(
        register="postadressen", type="postadres", object_id="P1", path="huisnummer",
        since=date(2020, 1, 1), proposed="14", explanation="Zo is het.", files=("0" * 64,),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnPeer:
    folder: Path = tmp_path_factory.mktemp("anker")
    anchor = Anchor(folder, "anker")
    leaf = anchor.leaf("doesburg", DOESBURG, "Gemeente Doesburg", "manager.doesburg.test")
    return own_peer_of(leaf, anchor, "https://inway.doesburg.test:8443")


def checked(said: Reported, us: OwnPeer, **given: Any) -> str:
    """The detail of a refusal; empty for a report that counts."""
    found = read(sign(said, us))
    assert not isinstance(found, Refusal)
    about = {"peer": DOESBURG, "own": WEESP, "now": NOW, **given}
    told = verify(found, us.signer.certificate.key, **about)
    assert isinstance(told, Refusal) or told == said
    return told.detail if isinstance(told, Refusal) else ""


def test_a_report_and_its_withdrawal_are_what_was_signed(own: OwnPeer) -> None:
    assert checked(SAID, own) == ""
    assert checked(dataclasses.replace(SAID, doubt=None), own) == ""
    assert "another organisation than brings" in checked(SAID, own, peer=WEESP)
    assert "meant for another" in checked(SAID, own, own=DOESBURG)
    assert "more than 30 days ago" in checked(SAID, own, now=NOW + timedelta(days=31))
    assert "future" in checked(SAID, own, now=NOW - timedelta(hours=1))
    old = dataclasses.replace(SAID, authenticated_at=NOW - timedelta(hours=13))
    assert "login" in checked(old, own)


@pytest.mark.parametrize(
    "change",
    [
        {"soort": "vraag"}, {"kenmerk": ""}, {"register": "x" * 256}, {"toelichting": " "},
        {"sinds": "ooit"}, {"sub": "123456789"}, {"bewijs": ["00"]}, {"bewijs": ["0" * 64] * 4},
        {"voorstel": "x" * 501}, {"acr": ""}, {"extra": 1}, {"aud": "weesp"},
        {"soort": "intrekking"}, {"melding": "1"},
    ],
)  # fmt: skip
def test_what_has_another_form_is_no_report(own: OwnPeer, change: Mapping[str, Any]) -> None:
    payload = dict(jws.parse(sign(SAID, own)).payload)
    signer = own.signer
    made = jws.sign({**payload, **change}, signer.key, signer.certificate.thumbprint, kind=TYPE)
    assert isinstance(read(made), Refusal)
    other = jws.sign(payload, signer.key, signer.certificate.thumbprint, kind="anders+jwt")
    assert isinstance(read(other), Refusal)


def test_no_value_stands_in_a_refusal_of_what_is_brought() -> None:
    for body in (b"", b"[]", b'{"melding": 1}', b'{"melding": "a", "geheim": 999993653}'):
        found = read_form(body, Brought)
        assert isinstance(found, Refusal)
        assert "999993653" not in found.detail
    file = BroughtFile(melding=uuid7(), naam="a.pdf", inhoud="AAAA")
    assert read_form(write(file), BroughtFile) == file
    assert body_of(file) == b"\0\0\0"
    assert body_of(msgspec.structs.replace(file, inhoud="geen base64")) is None


def test_a_decision_has_a_moment_and_a_reason() -> None:
    waiting = ToldReport(melding=uuid7(), nummer="M-1", stand="in behandeling", ontvangen=NOW)
    decided = msgspec.structs.replace(waiting, stand="ongegrond", besloten=NOW, reden="Het klopt.")
    for each in (waiting, decided):
        assert read_told(write(each), ToldReport) == each
    wrong = (
        msgspec.structs.replace(decided, reden=" "),
        msgspec.structs.replace(decided, besloten=None),
        msgspec.structs.replace(waiting, besloten=NOW),
        msgspec.structs.replace(waiting, stand="misschien"),
        msgspec.structs.replace(decided, reden="x" * 2001),
    )
    for each in wrong:
        with pytest.raises(InvalidValue):
            read_told(write(ToldReports(meldingen=(each,))), ToldReports)


def test_who_holds_the_source_stands_with_the_copy() -> None:
    given: dict[str, JsonValue] = {
        "oin": DOESBURG,
        "naam": "Gemeente Doesburg",
        "adres": "Postbus 100",
    }
    head: dict[str, JsonValue] = {"klok": "bron", "bronhouder": given}
    assert list(faults_of_source(head)) == []
    found = source_holder(given)
    assert found is not None
    assert (found.oin, found.name, found.address) == (DOESBURG, "Gemeente Doesburg", "Postbus 100")
    assert source_holder(None) is None
    wrong = {**given, "oin": "1", "naam": "", "adress": "x"}
    told = [each.pointer for each in faults_of_source({"klok": "eigen", "bronhouder": wrong})]
    assert told == [
        "/bronhouder", "/bronhouder/oin", "/bronhouder/naam", "/bronhouder/adress",
    ]  # fmt: skip
    assert [each.pointer for each in faults_of_source({**head, "bronhouder": "x"})] == [
        "/bronhouder"
    ]
