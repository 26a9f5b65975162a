# SPDX-License-Identifier: EUPL-1.2
"""``landschap source``, the examples beside a declaration, and the schema for editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.integration.small import TEXT, small
from tests.integration.source_rig import DECLARATION

from landschap.cli.source import source
from landschap.integration.declaration import parse_declaration
from landschap.integration.examples import parse_examples
from landschap.integration.mistakes import DeclarationError
from landschap.integration.schema import schema

EXAMPLES = DECLARATION.with_name("woon-en-uitkeringssituatie.voorbeeld.yaml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(source, list(arguments))


def test_check_says_that_all_is_well() -> None:
    done = run("check", str(DECLARATION))
    assert done.exit_code == 0
    assert "7 sources, 17 fields, 6 examples; columns exist" in done.stdout
    assert json.loads(run("check", str(DECLARATION), "--json").stdout)["mistakes"] == []


def test_check_tells_every_mistake_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "bron.yaml"
    text = TEXT.replace("postcode: {uit: [adressen", "postcode: {uit: [adresen")
    file.write_text(text.replace("zet_om: [geheel_getal]", "zet_on: [geheel_getal]"))
    done = run("check", str(file))
    line = text[: text.index("[adresen")].count("\n") + 1
    assert done.exit_code == 1
    assert f"{file}:{line}: velden.postcode.uit:" in done.stderr
    assert "did you mean adressen?" in done.stderr
    assert "did you mean zet_om?" in done.stderr
    told = json.loads(run("check", str(file), "--json").stdout)["mistakes"]
    assert [one["nearest"] for one in told][:2] == ["adressen", "zet_om"]


def test_explain_draws_what_is_asked_and_what_is_not() -> None:
    done = run("explain", str(DECLARATION), "--fields", "uitkering.soort")
    assert done.exit_code == 0
    assert "1 of 17 fields, 2 of 7 sources, 2 stages" in done.stdout
    assert "not asked: adressen, panden, straten, woningen, woonplaatsen" in done.stdout
    assert run("explain", str(DECLARATION), "--fields", "uitkering.sort").exit_code == 2


def test_list_names_the_sources_behind_each() -> None:
    done = run("list", str(DECLARATION.parent))
    assert "woon-en-uitkeringssituatie 1.0.0: Woon- en uitkeringssituatie" in done.stdout
    assert "uitkeringen  register uitkeringen.uitkering  (Gemeente Weesp)" in done.stdout
    told = json.loads(run("list", str(DECLARATION.parent), "--json").stdout)
    assert [len(each["velden"]) for each in told] == [10, 17]


def test_list_of_an_empty_folder_is_not_found(tmp_path: Path) -> None:
    assert run("list", str(tmp_path)).exit_code == 3


@pytest.mark.case("S-39")
def test_the_examples_of_the_demo_give_the_expected_answers() -> None:
    done = run("test", str(DECLARATION))
    assert done.exit_code == 0, done.stdout
    assert "6 of 6 examples" in done.stdout


ELSEWHERE = sorted((DECLARATION.parent.parent / "bronnen-elders").glob("*.yaml"))


@pytest.mark.parametrize(
    "file", [f for f in ELSEWHERE if "voorbeeld" not in f.name], ids=lambda f: f.stem
)
def test_the_declarations_of_other_systems_are_right_and_each_has_examples(file: Path) -> None:
    done = run("check", str(file))
    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("3 examples; columns exist\n")
    done = run("test", str(file))
    assert done.exit_code == 0, done.stdout
    assert "3 of 3 examples" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("postcode: 1384CA, woonplaats: Weesp}", "postcode: 1384CB, woonplaats: Weesp}",
         "/resultaten/0/adres/postcode: '1384CA', expected '1384CB'"),
        ("reden: onbereikbaar", "reden: te_laat",
         "/ontbreekt/0/reden: 'onbereikbaar', expected 'te_laat'"),
        ("/0/pand/1/bouwjaar: {bron: panden}", "/0/pand/1/bouwjaar: {bron: woningen}",
         "/herkomst/0/pand/1/bouwjaar: bron is 'panden', expected 'woningen'"),
        ("[{bouwjaar: 1920}, {bouwjaar: null}]", "[{bouwjaar: 1920}]",
         "/resultaten/0/pand:"),
    ],
)  # fmt: skip
def test_an_answer_that_differs_is_told_by_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in EXAMPLES.read_text()
    (tmp_path / DECLARATION.name).write_text(DECLARATION.read_text())
    (tmp_path / EXAMPLES.name).write_text(EXAMPLES.read_text().replace(old, new, 1))
    done = run("test", str(tmp_path / DECLARATION.name))
    assert done.exit_code == 1
    assert told in done.stdout


def test_a_declaration_without_examples_is_not_called_tested(tmp_path: Path) -> None:
    (tmp_path / "bron.yaml").write_text(TEXT)
    assert run("test", str(tmp_path / "bron.yaml")).exit_code == 3


def test_mistakes_in_examples_are_told_like_those_in_a_declaration() -> None:
    text = """\
voorbeelden:
  - naam: fout
    vraag: {sleutel: "1", velden: [postkode], geldigOp: gisteren}
    bronnen: {adresen: [], panden: stuk}
    antwoord: {resultaat: []}
"""
    with pytest.raises(DeclarationError) as caught:
        parse_examples(text, "x.yaml", small())
    assert {(one.line, one.nearest) for one in caught.value.mistakes} >= {
        (3, "postcode"), (3, ""), (4, "adressen"), (4, ""), (5, "resultaten"),
    }  # fmt: skip


# --- the schema says what the reader reads --------------------------------------------------


def keys_of(part: Mapping[str, Any]) -> set[str]:
    return set(part.get("properties", {})) | {
        key for choice in part.get("oneOf", ()) for key in choice.get("properties", {})
    }


def test_the_schema_knows_every_key_of_the_demo_and_of_the_tests() -> None:
    known: Any = schema()
    top = known["properties"]
    for text in (DECLARATION.read_text(), TEXT):
        written = yaml.safe_load(text)
        assert set(written) <= set(top)
        for one in written["bronnen"].values():
            assert set(one) <= keys_of(top["bronnen"]["additionalProperties"])
        for one in written["koppelingen"]:
            assert set(one) <= keys_of(top["koppelingen"]["items"])
        for one in written["velden"].values():
            assert set(one) <= keys_of(top["velden"]["additionalProperties"])


@pytest.mark.parametrize("kind", ["register", "rest", "database", "bestand", "soap"])
def test_the_reader_reads_every_key_of_a_source_in_the_schema(kind: str) -> None:
    choices: Any = schema()["properties"]["bronnen"]["additionalProperties"]["oneOf"]  # type: ignore[index,call-overload]  # JSON
    (choice,) = [one for one in choices if one["properties"]["soort"]["const"] == kind]
    sample = {
        "soort": kind, "register": "r", "objecttype": "o", "sleutels": "[id]", "bronhouder": "A",
        "tijd": "geldig", "timeout_ms": "5", "url": "'http://a.test/x/{id}'", "stapel": "1",
        "gelijktijdig": "1", "records": "r", "velden_parameter": "f",
        "geheim": "{kop: K, bestand: b}", "periode": "{begin: b, eind: e, registratie: r}",
        "klok": "bron", "hoogstens_bytes": "1000", "outway": "{contract: woz, doel: d}",
        "verbinding": "brp.dsn", "tabel": "brp.personen", "verbindingen": "2", "pad": "a.csv",
        "vorm": "csv", "csv": "{scheiding: ';', aanhaling: \"'\", codering: utf-8}", "blad": "B",
        "handeling": "h", "vraag": "v.xml", "naamruimten": "{a: 'urn:a'}",
        "kolommen": "{id: 'a:id', dag: {pad: 'a:dag', soort: stuf_datum}}",
        "tls": "{vertrouwt: ca.pem, certificaat: c.pem, sleutel: k.pem}", "volledig": "true",
        "oauth": "{url: 'http://a.test/token', klant: k, bestand: b, bereik: r}",
        "volgende": "next", "bladzijden": "3", "schema": "{map: xsd, bestand: antwoord.xsd}",
        "opslag": "{adres: 'https://opslag.test', emmer: levering, sleutel: opslag.toml}",
    }  # fmt: skip
    if kind == "soap":
        sample["url"] = "http://a.test/x"
    members = ", ".join(f"{key}: {sample[key]}" for key in choice["properties"])
    text = (
        f"logische_bron: x\nversie: 1.0.0\nsleutel: id\nbronnen: {{a: {{{members}}}}}\n"
        "wortel: {bron: a, op: id}\nvelden: {id: {uit: [a.id]}}\n"
    )
    assert parse_declaration(text, "x.yaml").sources["a"].holder == "A"
