# SPDX-License-Identifier: EUPL-1.2
"""Cutting answers, without anything running: XML, what hides in it, and what a mapping may say."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.gateway_scene import WEESP, register

from landschap.gateway.holding import json_form, xml_form
from landschap.gateway.holding.fitting import misfits
from landschap.gateway.holding.model import Hold
from landschap.gateway.holding.places import answer_shapes, question_shape
from landschap.gateway.holding.questions import Raw, Understood, is_of_form, understand
from landschap.gateway.holding.trimming import Cut, Unreadable
from landschap.gateway.services import Service, read_service
from landschap.purposes.rows import RowCondition
from landschap.purposes.snapshot import Snapshot

STUF = "http://www.egem.nl/StUF/StUF0301"
BG = "http://www.egem.nl/StUF/sector/bg/0310"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ANSWER = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- gemaakt voor 999993653 -->
<s:Envelope xmlns:s="{SOAP}" xmlns:xsi="{XSI}"><s:Header><geheim>x</geheim></s:Header><s:Body>
  <bg:npsLa01 xmlns:bg="{BG}" xmlns:StUF="{STUF}">
    <bg:stuurgegevens><StUF:berichtcode>La01</StUF:berichtcode></bg:stuurgegevens>
    <bg:antwoord>
      <bg:object StUF:entiteittype="NPS" StUF:sleutelVerzendend="999993653">
        <bg:inp.bsn>999993653</bg:inp.bsn>
        <bg:geslachtsnaam>Moulin</bg:geslachtsnaam>
        <bg:voornamen xsi:nil="true" StUF:noValue="waardeOnbekend"/>
        <bg:verblijfsadres><bg:wpl.woonplaatsNaam>Weesp</bg:wpl.woonplaatsNaam>
          <bg:aoa.huisnummer>9</bg:aoa.huisnummer></bg:verblijfsadres>
      </bg:object>
      <bg:object StUF:entiteittype="NPS">
        <bg:inp.bsn>999990627</bg:inp.bsn><bg:geslachtsnaam>Maassen</bg:geslachtsnaam>
        <bg:verblijfsadres><bg:aoa.huisnummer>41</bg:aoa.huisnummer></bg:verblijfsadres>
      </bg:object>
    </bg:antwoord>
  </bg:npsLa01></s:Body></s:Envelope>""".encode()
TO_ANSWER = "/s:Envelope/s:Body/bg:npsLa01"
XML = Hold(
    form="xml",
    paths=("/StUF",),
    records=(f"{TO_ANSWER}/bg:antwoord/bg:object",),
    persons=("bsn",),
    fields={
        "bsn": ("/bg:inp.bsn",),
        "naam.geslachtsnaam": ("/bg:geslachtsnaam",),
        "naam.voornamen": ("/bg:voornamen",),
        "naam.waarom": ("/bg:voornamen/@StUF:noValue",),
        "adres.huisnummer": ("/bg:verblijfsadres/bg:aoa.huisnummer",),
        "soort": ("/@StUF:entiteittype",),
    },
    keep=(f"{TO_ANSWER}/bg:stuurgegevens/StUF:berichtcode",),
    ignore=("/s:Envelope/s:Header",),
    namespaces={"s": SOAP, "bg": BG, "StUF": STUF},
)


def cut_xml(*permitted: str, rows: tuple[RowCondition, ...] = (), body: bytes = ANSWER) -> Any:
    cut = Cut(permitted=frozenset(permitted), persons=frozenset({"bsn"}), rows=rows)
    return xml_form.cut_answer(body, answer_shapes(XML), cut).decode(), cut


def test_xml_keeps_prefixes_and_gives_the_permitted_fields_alone() -> None:
    text, cut = cut_xml("naam.geslachtsnaam", "soort")
    assert "<bg:geslachtsnaam>Moulin</bg:geslachtsnaam>" in text
    assert 'StUF:entiteittype="NPS"' in text
    assert "<StUF:berichtcode>La01</StUF:berichtcode>" in text
    for secret in ("999993653", "999990627", "Weesp", "geheim", "huisnummer", "voornamen"):
        assert secret not in text, secret
    assert cut.numbers == ["999993653", "999990627"]
    # The key of the sender and the town were declared by nobody.
    assert (cut.left, cut.stopped) == (2, 2)


def test_xml_that_says_there_is_no_value_says_so_when_it_is_permitted() -> None:
    text, _ = cut_xml("naam.voornamen", "naam.waarom")
    assert 'xsi:nil="true"' in text
    assert 'StUF:noValue="waardeOnbekend"' in text
    assert "noValue" not in cut_xml("naam.voornamen")[0]


def test_xml_is_compared_with_a_number_as_a_number() -> None:
    row = RowCondition(path="adres.huisnummer", op="lt", values=("10",))
    text, cut = cut_xml("naam.geslachtsnaam", rows=(row,))
    assert "Moulin" in text
    assert "Maassen" not in text
    assert (cut.left, cut.removed, cut.numbers) == (1, 1, ["999993653"])
    # What is told outside the records could tell of those that went.
    assert "berichtcode" not in text


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><lolz>&b;</lolz>"""


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        BOMB.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
        BOMB.decode().encode("utf-16-le"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?><x>\xe9</x>',
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b"<x>&undeclared;</x>",
        b"<x>",
        b"",
        b"<x/><y/>",
        b"<a>" * 5000 + b"</a>" * 5000,
        b'<x a="1" a="2"/>',
        b"{}",
        ANSWER.replace(b"<bg:geslachtsnaam>Moulin", b"<bg:geslachtsnaam><b>Moulin</b>"),
    ],
)
def test_xml_that_hides_something_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable) as told:
        cut_xml("naam.geslachtsnaam", body=body)
    assert "Moulin" not in str(told.value)


def test_xml_comment_within_a_number_hides_nobody() -> None:
    body = ANSWER.replace(b"<bg:inp.bsn>999993653", b"<bg:inp.bsn>9999<!-- x -->93653")
    assert cut_xml("soort", body=body)[1].numbers == ["999993653", "999990627"]


JSON = Hold(
    form="json",
    paths=("/personen/{bsn}", "/zoek/{*}"),
    records=("/_embedded/personen/*", ""),
    persons=("bsn", "partner.bsn"),
    fields={
        "bsn": ("/bsn",),
        "naam": ("/naam",),
        "partner.bsn": ("/partners/*/bsn",),
        "codes": ("/codes/*", "/code~1x"),
    },
    searches={"bsn": ("?bsn", "/persoon/bsn")},
    free=("/soort",),
)


def cut_json(value: Any, *permitted: str, rows: tuple[RowCondition, ...] = ()) -> Any:
    cut = Cut(permitted=frozenset(permitted), persons=frozenset(JSON.persons), rows=rows)
    body = json_form.cut_answer(json.dumps(value).encode(), answer_shapes(JSON), cut)
    return json.loads(body), cut


def test_json_lists_and_pointers_with_odd_names_are_followed() -> None:
    value = {
        "bsn": "1", "partners": [{"bsn": "2", "naam": "x"}], "codes": ["a", "b"], "code/x": 1,
    }  # fmt: skip
    found, cut = cut_json(value, "codes")
    assert found == {"codes": ["a", "b"], "code/x": 1}
    assert sorted(cut.numbers) == ["1", "2"]
    assert cut.stopped == 1


def test_json_member_that_is_called_as_the_sign_for_items_is_no_item() -> None:
    found, cut = cut_json({"codes": {"*": "geheim"}, "bsn": "1"}, "codes")
    assert found == {}
    assert cut.stopped == 1


@pytest.mark.parametrize(
    "value",
    [
        {"naam": {"voornaam": "x"}}, {"naam": ["x"]}, {"partners": "x"}, {"codes": [["x"]]},
        {"_embedded": {"personen": ["x"]}}, [1], "x",
    ],
)  # fmt: skip
def test_json_of_another_shape_is_not_guessed_at(value: Any) -> None:
    with pytest.raises(Unreadable):
        cut_json(value, "naam", "codes")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["bsn", "naam", "partners", "codes", "_embedded", "personen", "x", "*"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_VALUES, st.sets(st.sampled_from(sorted(JSON.fields))))
def test_nothing_but_permitted_places_is_ever_left(value: Any, permitted: set[str]) -> None:
    try:
        found, _ = cut_json(value, *permitted)
    except Unreadable:
        return
    allowed: dict[str, set[tuple[str, ...]]] = {
        "bsn": {("bsn",)}, "naam": {("naam",)}, "partner.bsn": {("partners", "*", "bsn")},
        "codes": {("codes", "*"), ("code/x",)},
    }  # fmt: skip
    inside = {place for path in permitted for place in allowed[path]}
    inside |= {("_embedded", "personen", "*", *place) for place in inside}
    assert set(_leaves(found)) <= inside


def _leaves(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*way, name))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, (*way, "*"))
    else:
        yield way


def understood(target: str, body: bytes = b"") -> Any:
    raw = Raw(method="POST", target=target, media_type="application/json", body=body)
    return understand(raw, JSON, question_shape(JSON))


def test_question_is_understood_in_path_query_and_body() -> None:
    found = understood("/zoek/alles?bsn=1,2", b'{"persoon": {"bsn": 3}, "soort": "x"}')
    assert isinstance(found, Understood)
    assert found.facts == {"bsn": ["1", "2", "3"]}
    assert understood("/personen/%31").facts == {"bsn": ["1"]}


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("/zoek/x", b'{"achternaam": "x"}', "question_undeclared"),
        ("/zoek/x", b'{"persoon": {"bsn": {"of": 1}}}', "request_invalid"),
        ("/zoek/x", b"{", "request_invalid"),
        ("/zoek/x?bsN=1", b"", "query_unknown"),
        ("/zoek/x?%62sn=1&bsn=2", b"", "query_twice"),
        ("/zoek//", b"", "not_found"),
        ("/zoek/%2e%2e", b"", "not_found"),
        ("/zoek/a%2Fb", b"", "not_found"),
        ("/personen/", b"", "not_found"),
    ],
)
def test_question_that_holds_more_than_was_declared_is_refused(
    target: str, body: bytes, code: str
) -> None:
    assert understood(target, body).code == code


@pytest.mark.parametrize(
    ("media_type", "form", "fits"),
    [
        ("application/json", "json", True),
        ("application/hal+json; charset=UTF-8", "json", True),
        ('Application/JSON;charset="utf-8"', "json", True),
        ("application/json; charset=latin-1", "json", False),
        ("text/json", "json", False),
        ("application/jsonp", "json", False),
        ("", "json", False),
        ("text/xml;charset=utf-8", "xml", True),
        ("application/soap+xml", "xml", True),
        ("text/html", "xml", False),
    ],
)
def test_media_types(media_type: str, form: str, fits: bool) -> None:
    assert is_of_form(media_type, form) is fits


DECLARED = """
name = "uitkeringen"
upstream = "https://leverancier.test:443/api"
recording = "hold"
[hold]
form = "json"
paths = ["/personen/{bsn}"]
persons = ["bsn"]
[velden]
bsn = "/bsn"
uitkering.soort = "/soort"
"""


def mistakes(text: str) -> str:
    found = read_service(text)
    assert isinstance(found, list), found
    return "\n".join(map(str, found))


def test_short_declaration_of_a_held_service() -> None:
    found = read_service(DECLARED)
    assert isinstance(found, Service)
    assert found.permit
    assert (found.upstream, found.base) == ("https://leverancier.test:443", "/api")
    assert found.hold == Hold(
        form="json",
        paths=("/personen/{bsn}",),
        records=("",),
        persons=("bsn",),
        fields={"bsn": ("/bsn",), "uitkering.soort": ("/soort",)},
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("[velden]", "[velde]", "velde: unknown key; did you mean velden?"),
        ("[velden]", "[velde]", "velden: is missing: without a place per field"),
        ('persons = ["bsn"]', 'persons = ["bns"]', "'bns' is not in [velden]; did you mean bsn?"),
        ("{bsn}", "{bns}", "'bns' is not in [velden]; did you mean bsn?"),
        ('persons = ["bsn"]', "", "hold.persons: is missing"),
        ("paths =", "path =", "hold.path: unknown key; did you mean paths?"),
        ('form = "json"', 'form = "yaml"', "hold.form: one of json, xml"),
        ('"/soort"', '"soort"', "does not begin with /"),
        ('"/soort"', '"/bsn"', "/bsn is named for something else too"),
        ('"/soort"', '"/bsn/soort"', "goes on below a place that is a value itself"),
        ('"/soort"', '"/a~2b"', "no JSON Pointer"),
        ('"/soort"', '""', "the whole is not a single value"),
        ('"/soort"', "3", "a place, or a list of places"),
        ('form = "json"', 'form = "xml"', "hold.records: a record in XML is an element"),
        ("[hold]", "websocket = true\n[hold]", "only for a service without personal data"),
        ("[hold]", "events = true\n[hold]", "an answer is read whole"),
        ("[hold]", 'protocol = "http/2"\n[hold]', "an answer is read whole"),
        ("[hold]", "permit = false\n[hold]", "the service itself never gets it"),
        ("[hold]", 'declaration = "none"\n[hold]', "without personal data"),
        ("[hold]", 'headers = ["If-None-Match"]\n[hold]', "has no meaning for an answer that is"),
        ("[hold]", "limits = {body_bytes = 0}\n[hold]", "with hold a number from 1"),
        ("[hold]", "limits = {answer_bytes = 0}\n[hold]", "a whole number from 1 to"),
        ("[hold]", "limits = {concurent = 0}\n[hold]", "did you mean concurrent?"),
        ("[hold]", '[access]\nheader = "X-Key"\n[hold]', "header and secret_file go together"),
        ("[hold]", '[access]\nkey = "x"\n[hold]', "certificate and key go together"),
        ("[hold]", '[zoeken]\nbns = "?bsn"\n[hold]', "did you mean bsn?"),
        ('"https://leverancier.test:443/api"', '"landschap"', "write their lines themselves"),
        ('recording = "hold"', 'recording = "self"', 'only with recording = "hold"'),
    ],
)  # fmt: skip
def test_declaration_that_can_not_be_held_to_is_refused(
    before: str, after: str, words: str
) -> None:
    assert words in mistakes(DECLARED.replace(before, after))


def test_mapping_that_does_not_fit_the_register_names_the_nearest_field() -> None:
    snapshot = Snapshot(register(WEESP))
    hold = dataclasses.replace(
        JSON,
        paths=("/personen/{bsn}",),
        persons=("bsn",),
        fields={"bsn": ("/bsn",), "uitkering.sort": ("/soort",), "woning.m2": ("/m2",)},
        searches={"woning.m2": ("?m2",)},
    )
    told = "\n".join(misfits("uitkeringen", hold, snapshot))
    assert "velden.uitkering.sort is no field of this service in the register; did you mean" in told
    assert "uitkering.soort" in told
    assert "woning.m2 is in a path or in [zoeken], but no field to search by" in told
    policies = tuple(
        dataclasses.replace(each, rows=(RowCondition(path="adres.straat", op="exists"),))
        for each in snapshot.register.policies
    )
    made = Snapshot(dataclasses.replace(snapshot.register, policies=policies))
    assert "condition on adres.straat, without a place" in "\n".join(
        misfits("uitkeringen", hold, made)
    )
    assert misfits("elders", hold, snapshot) == []


def test_example_of_the_manual_is_a_declaration() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "offer-a-service.md"
    _, _, rest = page.read_text().partition("# services/uitkeringen.toml\n")
    found = read_service(rest.partition("```")[0])
    assert isinstance(found, Service), found
    assert found.hold is not None
    assert found.hold.access.key == "koppelvlak.key"
