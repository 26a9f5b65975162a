# SPDX-License-Identifier: EUPL-1.2
"""StUF notices in: an Lk01 becomes assertions, once; Bv03 when taken, Fo03 when not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree
from tests.integration.stuf_rig import BG, ENVELOPE, STUF
from tests.registers.rig import annotated, made_up
from tests.registers.test_api import SUZANNE, Asker
from tests.throwaway import Database

from landschap.integration.connectors.notices import read_mappings
from landschap.integration.mistakes import DeclarationError
from landschap.integration.stuf.api import routes
from landschap.integration.stuf.mapping import NoticeMapping, ValueKind, as_value, parse_mapping
from landschap.integration.stuf.messages import StufFault, read_notice
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import LivingKeys
from landschap.registers import api as register_api
from landschap.registers.api import changing
from landschap.registers.api.desk import Desk
from landschap.registers.models import Registers

PEOPLE = made_up(
    naam=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "gewoon"}),
    burgerservicenummer=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend",
                                     "x-onderwerp": "bsn"}),
    geboren=annotated(format="date", **{"x-persoonsgegeven": "gewoon"}),
    geheim=annotated(type="boolean", **{"x-persoonsgegeven": "gewoon"}),
)  # fmt: skip
FIELDS = ("nummer", "naam", "burgerservicenummer", "geboren", "geheim")
MAPPING = f"""\
kennisgevingen: personen-uit-brp
register: proef
objecttype: persoon
entiteit: NPS
naamruimten: {{bg: "{BG}", stuf: "{STUF}"}}
identificatie: "@stuf:sleutelVerzendend"
begin: "stuf:tijdvakGeldigheid/stuf:beginGeldigheid"
velden:
  burgerservicenummer: "bg:inp.bsn"
  naam: "bg:geslachtsnaam"
  geboren: {{pad: "bg:geboortedatum", soort: stuf_datum}}
  geheim: {{pad: "bg:inp.indicatieGeheim", soort: ja_nee}}
"""
ALL = Registers({"proef": PEOPLE})
PATH = "/proef-bijhouden/v1/_stuf/personen-uit-brp"
SAID = (
    f"<bg:inp.bsn>{SUZANNE}</bg:inp.bsn><bg:geslachtsnaam>Moulin</bg:geslachtsnaam>"
    "<bg:geboortedatum>19851201</bg:geboortedatum>"
)
NO_VALUE = '<bg:geboortedatum xsi:nil="true" stuf:noValue="geenWaarde"/>'


def one(said: str, begin: str, key: str = "p1", entity: str = "NPS") -> str:
    since = f"<stuf:tijdvakGeldigheid><stuf:beginGeldigheid>{begin}</stuf:beginGeldigheid></stuf:tijdvakGeldigheid>"
    return (
        f'<bg:object stuf:entiteittype="{entity}" stuf:sleutelVerzendend="{key}">'
        f"{said}{since if begin else ''}</bg:object>"
    )


NUMBERS = count(1)


def message(kind: str, *objects: str, number: str | None = None, code: str = "Lk01") -> bytes:
    number = f"n{next(NUMBERS)}" if number is None else number
    return (
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:bg="{BG}" xmlns:stuf="{STUF}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body><bg:npsLk01>'
        f"<bg:stuurgegevens><stuf:berichtcode>{code}</stuf:berichtcode>"
        "<stuf:zender><stuf:organisatie>BRP</stuf:organisatie>"
        "<stuf:applicatie>Burgerzaken</stuf:applicatie></stuf:zender>"
        "<stuf:ontvanger><stuf:organisatie>Weesp</stuf:organisatie></stuf:ontvanger>"
        f"<stuf:referentienummer>{number}</stuf:referentienummer>"
        "<stuf:tijdstipBericht>20261130120000</stuf:tijdstipBericht>"
        "<stuf:entiteittype>NPS</stuf:entiteittype></bg:stuurgegevens>"
        f"<bg:parameters><stuf:mutatiesoort>{kind}</stuf:mutatiesoort>"
        "<stuf:indicatorOvername>V</stuf:indicatorOvername></bg:parameters>"
        f"{''.join(objects)}</bg:npsLk01></s:Body></s:Envelope>"
    ).encode()


@pytest.fixture(scope="module")
async def sender(module_database: Database) -> AsyncIterator[Asker]:
    """Sends notices as a permitted organisation; reads the register too."""
    settings = module_database.settings
    log = LogWriter(settings, "web")
    await log.start()
    pool = await module_database.pool("registers")
    deps = register_api.Deps(
        registers=ALL, pool=pool, log=log, controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"), pseudonym_key=secret_key(settings, "pseudonym"),
        line_key=LivingKeys(settings).newest,
    )  # fmt: skip
    mapping = parse_mapping(MAPPING, "brp.yaml", ALL)
    taking = routes(Desk(deps), {mapping.name: mapping})
    app = make_app([*taking, *register_api.routes(deps)], AppShape(title="proef", version="1.0.0"))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
    async with httpx.AsyncClient(transport=transport, base_url="http://dienst") as client:
        yield Asker(
            client=client, permit_key=deps.permit_key, pool=pool,
            log_pool=await module_database.pool("logboek"), log=log, register=PEOPLE,
        )  # fmt: skip
    await log.close()


async def send(sender: Asker, body: bytes, **permit: Any) -> httpx.Response:
    given = {"service": "proef-bijhouden", "fields": FIELDS, **permit}
    path = given.pop("path", PATH)
    return await sender.send(
        "POST", path, body=body, headers={"Content-Type": "text/xml; charset=utf-8"}, **given
    )


def code_of(answer: httpx.Response) -> tuple[str, str]:
    """The message that came back, and its code or the number that it answers."""
    root = etree.fromstring(answer.content)
    (found,) = root.iter(f"{{{STUF}}}Bv03Bericht", f"{{{STUF}}}Fo03Bericht")
    head = found.find(f"{{{STUF}}}stuurgegevens")
    code = head.findtext(f"{{{STUF}}}berichtcode")
    if code == "Bv03":
        assert answer.status_code == 200
        assert head.findtext(f"{{{STUF}}}ontvanger/{{{STUF}}}applicatie") == "Burgerzaken"
        return code, head.findtext(f"{{{STUF}}}crossRefnummer")
    assert answer.status_code == 500
    assert root.find(f".//{{{ENVELOPE}}}Fault/detail/{{{STUF}}}Fo03Bericht") is not None
    body = found.find(f"{{{STUF}}}body")
    return code, f"{body.findtext(f'{{{STUF}}}code')} {body.findtext(f'{{{STUF}}}details')}"


async def history(sender: Asker, key: str) -> list[dict[str, Any]]:
    answer = await sender.send("GET", f"/proef/v1/personen/{key}/voorkomens", fields=FIELDS)
    return [
        {name: value for name, value in item.items() if name in FIELDS}
        | {"van": item["historie"]["beginGeldigheid"]}
        for item in answer.json().get("items", ())
    ]


async def test_what_another_system_tells_is_in_the_register_with_its_history(sender: Asker) -> None:
    assert await history(sender, "p1") == []
    answer = await send(sender, message("T", one(SAID, "20200101"), number="r1"))
    assert code_of(answer) == ("Bv03", "r1"), answer.text
    (line,) = await sender.lines()
    assert line["landschap"]["outcome"] == "delivered"
    assert SUZANNE not in str(line)
    old, new = one("", ""), one("<bg:geslachtsnaam>Moulin-de Wit</bg:geslachtsnaam>", "20220601")
    assert code_of(await send(sender, message("W", old, new, number="r2")))[0] == "Bv03"
    secret = one(f"{NO_VALUE}<bg:inp.indicatieGeheim>J</bg:inp.indicatieGeheim>", "20230101")
    assert code_of(await send(sender, message("W", old, secret, number="r3")))[0] == "Bv03"
    right = one("<bg:geslachtsnaam>Moulin de Wit</bg:geslachtsnaam>", "20220601")
    assert code_of(await send(sender, message("C", old, right, number="r4")))[0] == "Bv03"
    whole = {"nummer": "p1", "burgerservicenummer": SUZANNE}
    assert await history(sender, "p1") == [
        {**whole, "naam": "Moulin-de Wit", "geheim": True, "van": "2023-01-01"},
        {**whole, "naam": "Moulin de Wit", "geboren": "1985-12-01", "van": "2022-06-01"},
        {**whole, "naam": "Moulin", "geboren": "1985-12-01", "van": "2020-01-01"},
    ]
    rows = await sender.pool.fetch("SELECT bron FROM registers.assertion WHERE object_id = 'p1'")
    assert "StUF Lk01 BRP/Burgerzaken r4" in str(rows[-1]["bron"])


async def test_a_notice_that_comes_again_is_done_once(sender: Asker) -> None:
    body = message("T", one(SAID, "20200101", "p2"), number="zelfde")
    assert [code_of(await send(sender, body))[0] for _ in range(3)] == ["Bv03"] * 3
    assert len(await history(sender, "p2")) == 1
    other = message("T", one(SAID, "20210101", "p3"), number="zelfde")
    code, why = code_of(await send(sender, other))
    assert (code, "another notice was taken under this" in why) == ("Fo03", True)
    assert await history(sender, "p3") == []
    # The same number of another organisation is another notice.
    assert code_of(await send(sender, other, peer="00000099000000003000"))[0] == "Bv03"


@pytest.mark.parametrize("differs", [True, False])
async def test_two_notices_of_one_moment_under_one_number_are_compared(
    sender: Asker, monkeypatch: pytest.MonkeyPatch, differs: bool
) -> None:
    both, really = asyncio.Barrier(2), changing.carry_out

    async def together(*given: Any, **more: Any) -> Any:
        async with asyncio.timeout(40):
            await both.wait()  # each has seen that nothing was taken under the number
        return await really(*given, **more)

    monkeypatch.setattr(changing, "carry_out", together)
    number, key = f"samen-{differs}", f"samen{differs:d}"
    first = message("T", one(SAID, "20240101", key), number=number)
    other = one(SAID.replace("Moulin", "Mouillon"), "20240101", f"{key}ander")
    second = message("T", other, number=number) if differs else first
    answers = await asyncio.gather(send(sender, first), send(sender, second))
    codes = sorted(code_of(answer) for answer in answers)
    if not differs:
        assert codes == [("Bv03", number)] * 2
        return
    assert codes[0] == ("Bv03", number)
    assert codes[1][1] == "StUF055 another notice was taken under this referentienummer"


OLD = one("", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html/>", "StUF055 is no SOAP Envelope"),
        (b"<a>" * 100_000, "StUF055 is no XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + message("T", one(SAID, "20200101")), "DOCTYPE"),
        (message("T", one(SAID, "20200101"), number=""), "needs a referentienummer"),
        (message("T", one(SAID, "20200101"), code="Lk02"), "is no Lk01"),
        (message("T", one(SAID, "20200101", entity="VES")), "another entity than NPS"),
        (message("X", one(SAID, "20200101")), "needs a mutatiesoort"),
        (message("W", one(SAID, "20200101")), "must hold 2 objects"),
        (message("T"), "must hold 1 objects"),
        (message("T", one(SAID, "20200101", "")), "names no object at @stuf:sleutelVerzendend"),
        (message("T", one(SAID, "")), "names no day at stuf:tijdvakGeldigheid"),
        (message("T", one(SAID, "20201399")), "begins on a day that is none"),
        (message("T", one(SAID.replace(SUZANNE, "123456789"), "20200101")), "(/inhoud/burger"),
        (message("T", one(SAID, "20210101")), "geschiedenis.overlap"),
        (message("T", one(SAID, "20200101", "P/1")), "identification"),
        (message("T", one(SAID.replace("19851201", "x"), "20200101")), "holds a date that is none"),
        (
            message("T", one("<bg:inp.indicatieGeheim>?</bg:inp.indicatieGeheim>", "20200101")),
            "holds something else than ja_nee for geheim",
        ),
        (
            message("T", one(NO_VALUE.replace("geenWaarde", "nietGeautoriseerd"), "20200101")),
            "a value that is withheld",
        ),
        (message("W", OLD, one(SAID, "20200101", "weg"), number="w"), "StUF058 there is no such"),
        (message("V", one("", "20200101"), number="v"), "a removal (mutatiesoort V) is not"),
    ],
)  # fmt: skip
async def test_what_is_no_notice_of_ours_is_a_fault_and_writes_nothing(
    sender: Asker, body: bytes, words: str
) -> None:
    before = await sender.pool.fetchval("SELECT count(*) FROM registers.assertion")
    code, why = code_of(await send(sender, body))
    assert code == "Fo03"
    assert words in why
    assert SUZANNE not in why
    assert await sender.pool.fetchval("SELECT count(*) FROM registers.assertion") == before


async def test_without_the_right_to_write_nothing_is_written(sender: Asker) -> None:
    body = message("T", one(SAID, "20200101", "p9"), number="geen-recht")
    other = await send(sender, body, service="proef")
    assert (other.status_code, other.json()["code"][:6]) == (403, "permit")
    code, why = code_of(await send(sender, body, fields=("nummer", "naam")))
    assert (code, "burgerservicenummer" in why) == ("Fo03", True)
    assert await history(sender, "p9") == []
    gone = await send(sender, body, path=PATH.replace("uit-brp", "uit-niets"))
    assert gone.status_code == 404
    large = await send(sender, b" " * 1_000_001)
    assert large.status_code == 413


# --- the file that says what is taken ------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("register: proef", "register: proff", "register 'proff' does not exist"),
        ("objecttype: persoon", "objecttype: mens", "object type 'mens' does not exist"),
        ("  naam:", "  achternaam:", "property 'achternaam' does not exist"),
        ('"bg:inp.bsn"', '"xx:inp.bsn"', "Undefined namespace prefix"),
        ("soort: ja_nee", "soort: janee", "'janee' does not exist"),
        ("entiteit: NPS\n", "", "entiteit"),
    ],
)
def test_a_mistake_in_the_file_is_told(old: str, new: str, words: str) -> None:
    assert old in MAPPING
    with pytest.raises(DeclarationError, match=words):
        parse_mapping(MAPPING.replace(old, new), "brp.yaml", ALL)


def test_all_files_are_read_and_a_name_stands_once(tmp_path: Path) -> None:
    assert read_mappings(tmp_path / "kennisgevingen", ALL) == {}
    (tmp_path / "a.yaml").write_text(MAPPING)
    assert list(read_mappings(tmp_path, ALL)) == ["personen-uit-brp"]
    (tmp_path / "b.yaml").write_text(MAPPING)
    with pytest.raises(DeclarationError, match="stands in another file too"):
        read_mappings(tmp_path, ALL)


def test_a_removal_ends_the_object_when_the_file_says_so() -> None:
    ends = parse_mapping(MAPPING + "verwijdering: beeindigen\n", "brp.yaml", ALL)
    assert isinstance(ends, NoticeMapping)
    notice = read_notice(message("V", one("", "20240101")), ends)
    assert (notice.mutation, notice.object_id, str(notice.begin)) == ("V", "p1", "2024-01-01")
    with pytest.raises(StufFault):
        read_notice(message("V", OLD, OLD), ends)


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("-3", -3), ("+7", 7), ("1.50", 1.5), (".5", 0.5)]
)
def test_a_number_is_read_as_xml_writes_it(text: str, value: float) -> None:
    assert as_value(text, ValueKind.NUMBER) == value


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "1e999", "٣", "1,5", "--1", ".", "9" * 17])
def test_what_is_no_number_of_xml_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        as_value(text, ValueKind.NUMBER)
