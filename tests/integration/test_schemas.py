# SPDX-License-Identifier: EUPL-1.2
"""Messages held against an XML Schema, in and out; schemas read from one folder and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.integration.other_rig import asked, declared, door, values
from tests.integration.stuf_rig import QUESTION, SOURCE, SUZANNE, Broker, running_broker
from tests.integration.stuf_schemas import SAID, write_schemas
from tests.integration.test_notices_in import ALL, FIELDS, MAPPING, NO_VALUE, one
from tests.integration.test_notices_in import SAID as PERSON
from tests.integration.test_notices_in import message as notice
from tests.integration.test_notices_out import OUT
from tests.ports import free_port

from landschap.integration.access import SchemaFiles
from landschap.integration.conforming import Conformity
from landschap.integration.connectors.notices import read_schemas
from landschap.integration.connectors.opening import client_session
from landschap.integration.connectors.soap import SoapConnector
from landschap.integration.connectors.xml_schema import InvalidSchema, read_conformity
from landschap.integration.mistakes import DeclarationError
from landschap.integration.rows import Reason, SourceFailed
from landschap.integration.stuf.mapping import parse_mapping
from landschap.integration.stuf.messages import INVALID, StufFault, read_notice
from landschap.integration.stuf.writing import Told, lk01

FILES = SchemaFiles(folder="stuf", file="bg0310/berichten.xsd")


@pytest.fixture
def held(tmp_path: Path) -> Conformity:
    """The schemas, read."""
    write_schemas(tmp_path)
    return read_conformity(FILES, tmp_path)


# Questions and answers.
@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    """A broker that is asked."""
    async with running_broker() as made:
        yield made


async def ask(
    broker: Broker, folder: Path, key: str, *columns: str, question: str = QUESTION
) -> list[dict[str, object]]:
    write_schemas(folder)
    (folder / "npsLv01.xml").write_text(question)
    hosts = {"makelaar.test": f"127.0.0.1:{broker.port}"}
    async with client_session(hosts) as session:
        made = door(declared(f"{SOURCE}    {SAID}\n"), folder, session=session, hosts=hosts)
        assert isinstance(made, SoapConnector)
        return values(await made.rows(asked(key, columns=columns)))


async def test_a_question_and_an_answer_as_the_schema_says_pass(
    broker: Broker, tmp_path: Path
) -> None:
    found = await ask(broker, tmp_path, SUZANNE, "naam", "geboren", "adres")
    assert [row["naam"] for row in found] == ["Moulin & Zn"]


async def test_a_question_that_is_not_as_the_schema_says_is_not_sent(
    broker: Broker, tmp_path: Path
) -> None:
    wrong = QUESTION.replace("{moment}", "vandaag")
    with capture_logs() as told, pytest.raises(SourceFailed) as caught:
        await ask(broker, tmp_path, SUZANNE, "naam", question=wrong)
    assert caught.value.reason is Reason.BROKEN
    assert broker.heard == []
    assert "stuf:tijdstipBericht: CVC_PATTERN_VALID" in str(told)
    assert "vandaag" not in str(told)


async def test_a_key_that_the_schema_does_not_allow_is_nobody(
    broker: Broker, tmp_path: Path
) -> None:
    assert await ask(broker, tmp_path, "geen-nummer", "naam") == []
    assert broker.heard == []


@pytest.mark.parametrize(
    "inner",
    [
        "<bg:onbekend>1</bg:onbekend>",  # an element that no schema knows
        "<bg:geboortedatum>gisteren</bg:geboortedatum>",
    ],
)
async def test_an_answer_that_is_not_as_the_schema_says_is_none(
    broker: Broker, tmp_path: Path, inner: str
) -> None:
    broker.known[SUZANNE] = (
        f'<bg:object stuf:entiteittype="NPS">{{bsn}}{inner}'
        "</bg:object>"
    )  # fmt: skip
    said = broker.about

    def about(root: object) -> str:  # what the scope does not name too: a broker that errs
        text = said(root)
        return text if "onbekend" in text or "onbekend" not in inner else text.replace(
            "</bg:object>", f"{inner}</bg:object>"
        )  # fmt: skip

    broker.about = about  # type: ignore[method-assign]
    with capture_logs() as told, pytest.raises(SourceFailed) as caught:
        await ask(broker, tmp_path, SUZANNE, "naam", "geboren")
    assert caught.value.reason is Reason.UNREADABLE
    assert "soap_answer_not_conform" in str(told)
    assert "gisteren" not in str(told)
    assert SUZANNE not in str(told)


# Notices.
def test_a_notice_that_is_not_as_the_schema_says_is_a_fault_with_its_place(
    held: Conformity,
) -> None:
    mapping = parse_mapping(MAPPING, "brp.yaml", ALL)
    taken = read_notice(notice("T", one(PERSON, "20240101")), mapping, held)
    assert taken.values["naam"] == "Moulin"
    emptied = PERSON.replace("<bg:geboortedatum>19851201</bg:geboortedatum>", NO_VALUE)
    assert (
        read_notice(notice("T", one(emptied, "20240101")), mapping, held).values["geboren"] is None
    )
    wrong = one(PERSON.replace("<bg:inp.bsn>", "<bg:inp.bsn>x"), "20240101")
    with pytest.raises(StufFault) as caught:
        read_notice(notice("T", wrong), mapping, held)
    assert caught.value.code == INVALID
    assert "bg:inp.bsn: CVC_PATTERN_VALID" in caught.value.details
    assert "x9" not in caught.value.details
    # Without a schema only what is needed is looked at.
    assert read_notice(notice("T", wrong), mapping).object_id == "p1"


@pytest.mark.parametrize("kind", ["T", "W", "C", "V"])
def test_what_we_tell_is_as_the_schema_says(held: Conformity, kind: str) -> None:
    mapping = parse_mapping(OUT, "brp.yaml", ALL)
    content = {"burgerservicenummer": SUZANNE, "naam": "Moulin", "geboren": "1985-12-00"}
    told = Told(
        mutation=kind, object_id="p1", begin=date(2024, 1, 1),
        before=None if kind == "T" else content,
        after=None if kind == "V" else content,
    )  # fmt: skip
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert held.of_message(lk01(told, mapping, FIELDS, "r1", now)) is None
    too_long = lk01(told, mapping, FIELDS, "r" * 41, now)
    wrong = held.of_message(too_long)
    assert wrong is not None
    assert any("referentienummer" in place for place in wrong.places)


def test_a_mapping_names_its_schemas(tmp_path: Path) -> None:
    mapping = parse_mapping(f"{MAPPING}{SAID}\n", "brp.yaml", ALL)
    assert mapping.schema == FILES
    with pytest.raises(DeclarationError, match="schema"):
        read_schemas(tmp_path, {"x": mapping})
    write_schemas(tmp_path)
    assert set(read_schemas(tmp_path, {"x": mapping, "y": replace(mapping, schema=None)})) == {"x"}
    outside = SAID.replace("bg0310/", "../")
    with pytest.raises(DeclarationError, match="must be a path inside"):
        parse_mapping(f"{MAPPING}{outside}\n", "brp.yaml", ALL)


# Where schemas come from.
@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.1:{port}/gml.xsd", "No such file"),
        ("../../../buiten.xsd", "outside the folder"),
        ("file:///etc/hostname", "outside the folder"),
        ("weg.xsd", "No such file"),
    ],
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, location: str, words: str) -> None:
    write_schemas(tmp_path)
    (tmp_path / "buiten.xsd").write_text('<schema xmlns="http://www.w3.org/2001/XMLSchema"/>')
    file = tmp_path / "stuf" / FILES.file
    named = location.format(port=free_port())
    file.write_text(file.read_text().replace("../0301/stuf0301.xsd", named))
    with pytest.raises(InvalidSchema, match=words):
        read_conformity(FILES, tmp_path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    core = tmp_path / "stuf/0301/stuf0301.xsd"
    core.rename(tmp_path / "elders.xsd")
    core.symlink_to(tmp_path / "elders.xsd")
    with pytest.raises(InvalidSchema, match="outside the folder"):
        read_conformity(FILES, tmp_path)


def test_an_entity_of_a_schema_is_not_read(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    (tmp_path / "geheim.txt").write_text("xs:int")
    file = tmp_path / "stuf" / FILES.file
    file.write_text(
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/geheim.txt">]>'
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="x" type="&e;"/></xs:schema>'
    )
    with pytest.raises(InvalidSchema):
        read_conformity(FILES, tmp_path)
