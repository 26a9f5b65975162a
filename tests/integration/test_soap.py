# SPDX-License-Identifier: EUPL-1.2
"""A SOAP service as a source: StUF-BG 3.10 questions about persons, to a server that reads them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from tests.integration.other_rig import asked, declared, door, values
from tests.integration.stuf_rig import (
    BG,
    BRAM,
    ENVELOPE,
    QUESTION,
    SOURCE,
    STUF,
    SUZANNE,
    Broker,
    running_broker,
)

from landschap.integration.access import SoapAccess
from landschap.integration.connectors.opening import client_session
from landschap.integration.connectors.soap import SoapConnector
from landschap.integration.mistakes import DeclarationError
from landschap.integration.rows import Reason, SourceFailed
from landschap.integration.soap import InvalidTemplate, read_template


@pytest.fixture(scope="module")
async def broker() -> AsyncIterator[Broker]:
    """The broker, running."""
    async with running_broker() as made:
        yield made


@pytest.fixture
async def reached(broker: Broker, tmp_path: Path) -> AsyncIterator[SoapConnector]:
    """The door to the broker."""
    (tmp_path / "npsLv01.xml").write_text(QUESTION)
    broker.answer = None
    hosts = {"makelaar.test": f"127.0.0.1:{broker.port}"}
    session = client_session(hosts)
    made = door(declared(SOURCE), tmp_path, session=session, hosts=hosts)
    assert isinstance(made, SoapConnector)
    yield made
    await session.close()


async def reason_of(reached: SoapConnector, key: str, *columns: str) -> Reason:
    with pytest.raises(SourceFailed) as caught:
        await reached.rows(asked(key, columns=columns))
    return caught.value.reason


async def test_a_person_is_asked_and_read_by_the_paths_of_the_declaration(
    broker: Broker, reached: SoapConnector
) -> None:
    columns = ["naam", "geboren", "overleden", "adres"]
    (row,) = await reached.rows(asked(SUZANNE, columns=columns))
    assert dict(row.values) == {
        "naam": "Moulin & Zn",
        "geboren": "1985-12-00",
        "overleden": None,
        "adres": "0457200000000001",
    }
    assert (row.id, row.begin) == (SUZANNE, "2010-01-01")
    headers = broker.heard[-1][0]
    assert headers["SOAPAction"] == f'"{BG}/npsLv01"'
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    sent = broker.last
    assert sent.findtext(f".//{{{STUF}}}peiltijdstipMaterieel") == "20261130"
    assert re.fullmatch("[0-9]{14}", sent.findtext(f".//{{{STUF}}}tijdstipBericht"))
    assert re.fullmatch("[0-9a-f]{16}", sent.findtext(f".//{{{STUF}}}referentienummer"))
    assert b"landschap" not in etree.tostring(sent)


async def test_only_what_is_needed_stands_in_the_scope_of_the_question(
    broker: Broker, reached: SoapConnector
) -> None:
    await reached.rows(asked(SUZANNE, columns=["naam"]))
    assert broker.scope() == {"inp.bsn", "geslachtsnaam"}
    await reached.rows(asked(SUZANNE, columns=["postcode"]))
    assert broker.scope() == {"inp.bsn", "verblijfsadres", "aoa.postcode"}


async def test_each_key_is_a_question_and_who_is_not_there_is_no_row(
    broker: Broker, reached: SoapConnector
) -> None:
    before = len(broker.heard)
    rows = await reached.rows(asked(SUZANNE, BRAM, "999999990", columns=["naam"]))
    assert values(rows) == [{"naam": "Moulin & Zn"}, {"naam": "Bakker"}]
    assert len(broker.heard) == before + 3


async def test_a_key_never_becomes_an_element(broker: Broker, reached: SoapConnector) -> None:
    odd = "</bg:inp.bsn><bg:x/>&{sleutel}"
    assert await reached.rows(asked(odd, columns=["naam"])) == []
    assert broker.last.findtext(f".//{{{BG}}}gelijk/{{{BG}}}inp.bsn") == odd


async def test_a_key_that_xml_can_not_hold_is_nobody_and_asks_nothing(
    broker: Broker, reached: SoapConnector
) -> None:
    before = len(broker.heard)
    assert await reached.rows(asked("99\x0099", columns=["naam"])) == []
    assert len(broker.heard) == before


async def test_a_value_that_is_kept_from_us_is_a_refusal_and_not_empty(
    reached: SoapConnector,
) -> None:
    assert values(await reached.rows(asked(BRAM, columns=["naam"]))) == [{"naam": "Bakker"}]
    assert await reason_of(reached, BRAM, "geboren") is Reason.REFUSED


def enveloped(inner: str) -> bytes:
    return f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


WRONG_PERSON = (
    f'<bg:npsLa01 xmlns:bg="{BG}"><bg:antwoord><bg:object><bg:inp.bsn>{BRAM}</bg:inp.bsn>'
    "</bg:object></bg:antwoord></bg:npsLa01>"
)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, enveloped('<f:Fault xmlns:f="x"/>'), Reason.REFUSED),
        (200, enveloped('<f:Fo02Bericht xmlns:f="x"/>'), Reason.REFUSED),
        (403, b"", Reason.REFUSED),
        (503, b"", Reason.UNREACHABLE),
        (302, b"", Reason.UNREACHABLE),
        (200, b"<html/>", Reason.UNREADABLE),
        (200, enveloped(""), Reason.UNREADABLE),
        (200, b'<!DOCTYPE a [<!ENTITY b "c">]>' + enveloped("<a/>"), Reason.UNREADABLE),
        (200, b"<a>" * 100_000, Reason.UNREADABLE),
        (200, b"x" * 1_000_001, Reason.TOO_LARGE),
        (200, enveloped(WRONG_PERSON), Reason.UNREADABLE),
    ],
)
async def test_what_is_no_answer_is_a_reason(
    broker: Broker, reached: SoapConnector, status: int, body: bytes, reason: Reason
) -> None:
    broker.answer = status, body
    assert await reason_of(reached, SUZANNE, "naam") is reason


def access() -> SoapAccess:
    found = declared(SOURCE).sources["bron"].access
    assert isinstance(found, SoapAccess)
    return found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{sleutel}", "999993653", "nowhere says {sleutel}"),
        ("{dag}", "{vandaag}", "{vandaag} is no place; there are sleutel, dag"),
        ('kolom="naam"', 'kolom="achternaam"', "'achternaam' is no column of the source"),
        ("</soap:Body>", "", "is no XML"),
        ("<?xml", "<!DOCTYPE x><?xml", "is no XML"),
        (ENVELOPE, "urn:x", "must be a SOAP Envelope"),
    ],
)
def test_a_template_that_can_not_be_used_is_told(old: str, new: str, words: str) -> None:
    with pytest.raises(InvalidTemplate, match=re.escape(words)):
        read_template(QUESTION.replace(old, new).encode(), access())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('naam: "bg:geslachtsnaam"', 'naam: "bg:geslachtsnaam["', "is no XPath"),
        ('naam: "bg:geslachtsnaam"', 'naam: "xx:geslachtsnaam"', "Undefined namespace prefix"),
        ('naam: "bg:geslachtsnaam"', 'naam: "document(1)"', "is no XPath"),
        ("soort: stuf_datum", "soort: stufdatum", "'stufdatum' does not exist"),
        (
            "http://makelaar.test/stuf",
            "http://makelaar.test/{bsn}",
            "the key goes into the message",
        ),
        ('      bsn: "bg:inp.bsn"\n', "", "column of bron 'bsn' does not exist"),
    ],
)
def test_a_mistake_in_the_declaration_is_told(old: str, new: str, words: str) -> None:
    assert old in SOURCE
    with pytest.raises(DeclarationError) as caught:
        declared(SOURCE.replace(old, new))
    assert words in str(caught.value)


def test_two_keys_of_a_soap_source_are_told() -> None:
    with pytest.raises(DeclarationError, match="asked by the one key in its message"):
        declared(SOURCE, column="bsn, adres")


def test_a_template_is_never_changed_by_a_question() -> None:
    template = read_template(QUESTION.encode(), access())
    facts = {"sleutel": SUZANNE, "dag": "20261130", "moment": "1", "referentie": "2"}
    first = template.message(["naam"], facts)
    assert template.message(["naam"], facts) == first
    assert template.columns == {"naam", "geboren", "overleden", "adres", "postcode"}
    assert replace(template).message(["geboren"], facts) != first
