# SPDX-License-Identifier: EUPL-1.2
"""What may stand in a declaration, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.small import TEXT, small
from tests.integration.source_rig import DECLARATION, WEESP

from landschap.integration.access import RestAccess
from landschap.integration.connectors.opening import read_declaration, read_declarations
from landschap.integration.mistakes import DeclarationError
from landschap.registers.client import read_models
from landschap.vocabulary.mistakes import Mistake


def mistakes_of(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(DeclarationError) as caught:
        small(text)
    return caught.value.mistakes


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_demo_declaration_fits_its_information_models() -> None:
    found = read_declarations(WEESP / "bronnen", read_models(WEESP / "registers"))
    assert list(found) == ["aanvrager-en-woning", "woon-en-uitkeringssituatie"]
    assert len(found["aanvrager-en-woning"].fields) == 10
    assert len(found["woon-en-uitkeringssituatie"].fields) == 17


def test_a_column_that_the_information_model_lacks_is_told_with_the_nearest(tmp_path: Path) -> None:
    text = DECLARATION.read_text().replace("uit: [adressen.postcode]", "uit: [adressen.postkode]")
    (tmp_path / "bron.yaml").write_text(text)
    with pytest.raises(DeclarationError) as caught:
        read_declarations(tmp_path, read_models(WEESP / "registers"))
    (mistake,) = caught.value.mistakes
    assert mistake.key == "velden.adres.postcode"
    assert mistake.nearest == "postcode"


def test_all_mistakes_come_at_once_in_order_of_line() -> None:
    text = changed("sleutel: nummeraanduiding", "sluetel: nummeraanduiding")
    text = text.replace("adressen.postcode", "adresen.postcode").replace("een}", "eentje}", 1)
    told = mistakes_of(text)
    assert {one.key for one in told} == {
        "sluetel", "sleutel", "velden.postcode.uit", "koppelingen[0].aantal",
    }  # fmt: skip
    assert [one.line for one in told] == sorted(one.line for one in told)
    nearest = {one.key: one.nearest for one in told}
    assert nearest["sluetel"] == "sleutel"
    assert nearest["velden.postcode.uit"] == "adressen"


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("aantal: veel}", "aantal: een}", "velden.bewoners.lijst", "aantal: veel"),
        ("{uit: [adressen.postcode]}", "{uit: [personen.naam]}", "velden.postcode.uit", "list"),
        ("van: verblijf.pand", "van: panden.id", "koppelingen[1]", "circle"),
        ("naar: verblijf.adres", "naar: verblijf.huis", "koppelingen[0].naar", "key of verblijf"),
        ("naam: verblijf, van", "naam: huis, van", "koppelingen[0].naam", "verblijf"),
        ("[geheel_getal]", "[heel_getal]", "velden.woning.oppervlakte.zet_om[0]", "conversion"),
        ("[geheel_getal]", "[deel]", "velden.woning.oppervlakte.zet_om[0]", "argument"),
        ("[geheel_getal]", "[{deel: [3, 1]}]", "velden.woning.oppervlakte.zet_om[0].deel", "first"),
        ("?id={id}", "", "bronnen.panden.url", "one key in braces"),
        ("http://panden.test/", "ftp://panden.test/", "bronnen.panden.url", "http"),
        ("stapel: 2", "stapel: veel", "bronnen.panden.stapel", "whole number"),
        ("tijd: geldig", "tijd: altijd", "bronnen.panden.tijd", "does not exist"),
        ("bronhouder: B", "bronhouder: 12", "bronnen.panden.bronhouder", "quotes"),
        ("bronhouder: B", "houder: B", "bronnen.panden.houder", "does not exist"),
        ("wint: nieuwste", "wint: oudste", "velden.woning.nieuwste.wint", "nieuwste"),
        ("[panden.status, verblijf.status], wint: nieuwste", "[panden.status], wint: nieuwste",
         "velden.woning.nieuwste.wint", "more than one source"),
        ("postcode: {", "woning: {", "velden.woning.oppervlakte", "already a field"),
        ("soort: bsn", "soort: bns", "betrokkene.soort", "bsn"),
        ("op: id}", "op: postcode}", "wortel.op", "key of adressen"),
        ("versie: 1.0.0", "versie: 1", "versie", "quotes"),
        ("versie: 1.0.0", "versie: '1'", "versie", "three numbers"),
        ("aantal: een, verplicht: true", "aantal: een, splits: '|'", "koppelingen[1].splits", "veel"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_key_and_says_what_to_do(
    old: str, new: str, key: str, words: str
) -> None:
    told = mistakes_of(changed(old, new))
    matching = [one for one in told if one.key == key]
    assert matching, [str(one) for one in told]
    assert any(words in str(one) for one in matching), [str(one) for one in matching]


def test_a_source_that_no_link_reaches_is_told_at_its_own_line() -> None:
    text = changed(
        "  - {naam: personen, van: adressen.id, naar: personen.adres, aantal: veel}\n", ""
    )
    told = [one for one in mistakes_of(text) if one.key == "bronnen.personen"]
    assert told[0].line == line_of(text, "personen:")


def test_a_source_behind_our_own_outway_names_its_contract_and_perhaps_a_purpose() -> None:
    by_contract = "    outway: {contract: 00000099000000003000/panden}\n    bronhouder: B"
    access = small(changed("    bronhouder: B", by_contract)).sources["panden"].access
    assert isinstance(access, RestAccess)
    assert (access.contract, access.purpose) == ("00000099000000003000/panden", "")
    narrower = by_contract.replace("panden}", "panden, doel: https://doelen.example/id/smal}")
    access = small(changed("    bronhouder: B", narrower)).sources["panden"].access
    assert isinstance(access, RestAccess)
    assert access.purpose == "https://doelen.example/id/smal"
    for wrong, words in (
        ("outway: {doel: https://doelen.example/id/smal}", "contract"),
        ("outway: {contract: een contract}", "name of a connection"),
        ("outway: {contract: panden, zaak: x}", "zaak"),
    ):
        told = mistakes_of(changed("    bronhouder: B", f"    {wrong}\n    bronhouder: B"))
        assert any(words in str(one) for one in told), [str(one) for one in told]


def test_a_list_inside_a_list_is_refused() -> None:
    text = changed(
        "naam: {uit: [personen.naam]}", "kinderen: {lijst: personen, velden: {naam: {uit: [a.b]}}}"
    )
    assert any("can not hold a list" in one.message for one in mistakes_of(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a: [1", "not YAML"),
        ("a: &x 1\nb: *x\n", "anchors"),
        ("versie: 1.0.0\nversie: 1.0.0\n", "stands twice"),
        ("- a\n", "mapping"),
        ("x" * 400_001, "characters"),
    ],
)
def test_yaml_is_read_strictly(text: str, words: str) -> None:
    assert any(words in str(one) for one in mistakes_of(text))


def test_what_yaml_would_turn_into_something_else_stays_text() -> None:
    text = changed(
        "{uit: [adressen.postcode]}",
        "{uit: [adressen.postcode], zet_om: [{code: {no: nee, 0057: acht, 2021-01-01: dag}}]}",
    )
    codes = small(text).fields["postcode"].conversions[0].codes
    assert codes == {"no": "nee", "0057": "acht", "2021-01-01": "dag"}


def test_a_file_that_is_not_there_is_a_mistake_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="can not be read"):
        read_declaration(tmp_path / "weg.yaml")


def test_two_files_may_not_declare_one_source(tmp_path: Path) -> None:
    for name in ("een.yaml", "twee.yaml"):
        (tmp_path / name).write_text(TEXT)
    with pytest.raises(DeclarationError, match="another file"):
        read_declarations(tmp_path)
