# SPDX-License-Identifier: EUPL-1.2
"""A client kit in another language: compiled by its own compiler, and asking through the Outway."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.catalogue.installing import SCRIPTS, from_npm, from_pip
from tests.catalogue.test_languages import Notebook, server
from tests.catalogue.test_our_descriptions import OPENAPI

from landschap.catalogue.kits import JAVA, TYPESCRIPT, added, generator_settings, kit_of
from landschap.cli import roof

__all__ = ["server"]

PUBLIC = sorted(each.stem for each in OPENAPI.glob("*.yaml"))
MIME = Path("/usr/share/java/httpmime.jar")
PINNED = Path(__file__).parent / "kits"
PURPOSE = "https://doelen.example/id/bouwtoezicht"
NASTY = 'a"b\\u0022 \\" `${x}` {{y}}\n\té \U0001f600 */ "); //'


def described(**info: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Panden", "version": "1.2.0",
            "x-gebruik": {"fsc": {"peerId": "00000099000000002000", "service": "panden"},
                          "doelen": [PURPOSE]},
            **info,
        },
        "servers": [{"url": "https://weesp.example/panden/v1"}],
        "paths": {"/panden/{nummer}": {"get": {
            "operationId": "haalPand",
            "parameters": [{"name": "nummer", "in": "path", "required": True,
                            "schema": {"type": "string"}}],
            "responses": {"200": {"description": "Het pand", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Pand"}}}}},
        }}},
        "components": {"schemas": {"Pand": {"type": "object", "properties": {
            "status": {"type": "string"}, "bouwjaar": {"type": "integer"}}}}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def generator() -> Path:
    """The generator, of the pinned version."""
    if shutil.which("java") is None:
        pytest.skip("java is not on this machine")
    return from_pip(PINNED, "kit-generator") / "openapi_generator_cli" / "openapi-generator.jar"


def made(language: str, document: Any, folder: Path, *more: str) -> dict[str, Any]:
    """Make a kit as it is typed; what was told as JSON."""
    source = folder / "openapi.json"
    source.write_text(json.dumps(document))
    command = ["api", "kit", language, str(source), "--out", str(folder / "kit"), "--json", *more]
    done = CliRunner().invoke(roof, command)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def run(*command: str, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_leads_outside_is_not_followed_but_told() -> None:
    document = described()
    shapes = document["components"]["schemas"]
    shapes["Pand"]["properties"] |= {
        "adres": {"$ref": "https://other.example/a.yaml#/Adres"},
        "eigenaar": {"$ref": "../geheim.yaml"},
        "$ref": {"type": "string"},  # a field that is called so
    }
    shapes["Soort"] = {"type": "object", "discriminator": {"propertyName": "s", "mapping": {
        "a": "Pand", "b": "#/components/schemas/Pand", "c": "file:///etc/passwd"}}}  # fmt: skip
    document["paths"]["/panden/{nummer}"]["get"]["responses"]["200"]["links"] = {
        "meer": {"operationRef": "http://127.0.0.1/x"}
    }
    kit = kit_of(TYPESCRIPT, document)
    assert list(kit.away) == [
        "../geheim.yaml", "file:///etc/passwd", "http://127.0.0.1/x",
        "https://other.example/a.yaml#/Adres",
    ]  # fmt: skip
    text = json.dumps(kit.document)
    assert "example/a.yaml" not in text
    assert "geheim" not in text
    assert "passwd" not in text
    assert "127.0.0.1" not in text
    kept = kit.document
    assert isinstance(kept, dict)
    assert kept["components"]["schemas"]["Soort"]["discriminator"]["mapping"] == {
        "a": "Pand", "b": "#/components/schemas/Pand",
    }  # fmt: skip
    assert kept["components"]["schemas"]["Pand"]["properties"]["$ref"] == {"type": "string"}
    assert "https://other.example/a.yaml#/Adres" in added(kit)["README.md"]


def test_what_a_generator_would_copy_into_a_program_as_it_is_is_left_out() -> None:
    """A name that begins as an extension does stays; a field called as a word is a field."""
    document, evil = described(), "EVIL"
    document["paths"]["/panden/{nummer}"]["get"] |= {
        "x-operation-extra-annotation": evil, "x-java-import": [evil],
    }  # fmt: skip
    pand = document["components"]["schemas"]["Pand"]
    pand |= {"x-class-extra-annotation": evil, "x-implements": [evil], "$id": "https://e.example/"}
    pand["properties"] |= {
        "x-naam": {"type": "string", "x-setter-extra-annotation": evil},
        "properties": {"type": "object", "x-field-extra-annotation": evil},
        "discriminator": {"$ref": "file:///etc/passwd"},
        "enum": {"type": "string"},
    }
    document["components"]["schemas"]["x-Soort"] = {
        "enum": ["a"], "x-enum-varnames": [evil], "oneOf": [{"$ref": "#/components/schemas/Pand"}],
        "discriminator": {"propertyName": "s", "x-soort": evil},
    }  # fmt: skip
    kit = kit_of(JAVA, document)
    kept: Any = kit.document
    told = json.dumps(kept)
    assert evil not in told
    assert "e.example" not in told
    assert "passwd" not in told
    assert list(kit.away) == ["file:///etc/passwd"]
    assert set(kept["components"]["schemas"]["Pand"]["properties"]) == {
        "status", "bouwjaar", "x-naam", "properties", "discriminator", "enum",
    }  # fmt: skip
    assert kept["components"]["schemas"]["x-Soort"]["discriminator"] == {
        "propertyName": "s", "mapping": {"Pand": "#/components/schemas/Pand"},
    }  # fmt: skip


def test_a_field_with_words_of_its_own_is_of_the_type_it_names() -> None:
    """A type by its own name stays one, and a part that asks something stays a part."""
    document = described()
    shapes = document["components"]["schemas"]
    dated = {"$ref": "#/components/schemas/Datum"}
    shapes |= {
        "Datum": {"type": "string", "format": "date"},
        "Verbouwd": {"allOf": [{"$ref": "#/components/schemas/Pand"}]},
    }
    shapes["Pand"]["properties"] |= {
        "gesloopt": {"allOf": [dated, {"example": "2026-01-01"}], "description": "De dag."},
        "gebouwd": {"allOf": [dated, {"const": None}]},
        "bekend": {"allOf": [dated], "nullable": True},
        "nummer": {"type": "string", "readOnly": True},
        "readOnly": {"type": "boolean"},
    }
    for language in (TYPESCRIPT, JAVA):
        kept: Any = kit_of(language, document).document
        fields = kept["components"]["schemas"]["Pand"]["properties"]
        assert fields["gesloopt"] == dated
        assert fields["gebouwd"] == {"allOf": [dated, {"const": None}]}
        assert fields["bekend"] == {"allOf": [dated], "nullable": True}
        assert fields["readOnly"] == {"type": "boolean"}
        # In Java whoever builds on a shape could not reach such a field.
        assert ("readOnly" in fields["nummer"]) == (language == TYPESCRIPT)
        assert kept["components"]["schemas"]["Verbouwd"] == shapes["Verbouwd"]


@pytest.mark.parametrize("language", [TYPESCRIPT, JAVA])
def test_a_text_of_a_stranger_is_a_string_in_the_program_and_a_line_in_the_page(
    language: str,
) -> None:
    evil = '"; System.exit(1); // «package» `x`\n# Kop <script>'
    gebruik = {"fsc": {"peerId": "00000099000000002000", "service": evil}, "doelen": [evil]}
    kit = kit_of(language, described(title=evil, version="1,a=b", **{"x-gebruik": gebruik}))
    files = dict(added(kit))
    page = files.pop("README.md")
    [program] = files.values()
    assert json.dumps(kit.contract) in program
    assert kit.contract not in program.replace(json.dumps(kit.contract), "")
    assert "<script" not in page
    assert "\n# Kop" not in page
    # The generator's settings hold nothing of a stranger's but a name in plain letters.
    assert kit.name == "system-exit-1-package-x-kop-script"
    assert kit.version == "0.0.0"
    assert "1,a=b" not in json.dumps(generator_settings(kit))


def test_a_kit_is_not_laid_over_what_is_there_nor_made_by_what_is_no_generator(
    tmp_path: Path,
) -> None:
    source = tmp_path / "openapi.json"
    source.write_text(json.dumps(described()))
    (tmp_path / "kit").mkdir()
    words = ["api", "kit", "java", str(source), "--out", str(tmp_path / "kit")]
    done = CliRunner().invoke(roof, words)
    assert done.exit_code == 1
    assert "is there already" in str(done.exception)
    (tmp_path / "kit").rmdir()
    done = CliRunner().invoke(roof, [*words, "--generator", str(source)])
    assert done.exit_code == 1
    assert "made no kit" in str(done.exception) or "no Java here" in str(done.exception)
    # Nothing half is left.
    assert [each.name for each in tmp_path.iterdir()] == ["openapi.json"]


@pytest.fixture
def asked(server: str) -> Iterator[str]:
    Notebook.heard.clear()
    yield server
    Notebook.heard.clear()


def heard(path: str) -> None:
    """The server got one question, with contract and purpose by name."""
    [question] = Notebook.heard
    assert question["path"] == path
    assert {
        name: question[name] for name in ("fsc-grant-alias", "doelbinding", "x-api-key", "zaak")
    } == {
        "fsc-grant-alias": "panden", "doelbinding": PURPOSE, "x-api-key": "sleutel",
        "zaak": "Z-2026-1",
    }  # fmt: skip


@pytest.mark.long
def test_a_kit_in_typescript_is_compiled_and_asks_with_contract_and_purpose(
    generator: Path, asked: str, tmp_path: Path
) -> None:
    told = made(TYPESCRIPT, described(title=NASTY, description=NASTY), tmp_path,
                "--generator", str(generator))  # fmt: skip
    assert told["contract"] == "panden"
    kit = tmp_path / "kit"
    (kit / "src" / "program.ts").write_text(
        """
        import { Configuration, DefaultApi, type Pand } from './index.js';
        import { throughOutway } from './outway.js';
        declare const process: { argv: string[] };
        const api = new DefaultApi(new Configuration(throughOutway({
            address: process.argv[2]!, key: 'sleutel', purpose: process.argv[3]!,
            caseNumber: 'Z-2026-1',
        })));
        api.haalPand({ nummer: '0363 100' }).then((pand: Pand) => console.log(JSON.stringify(pand)));
        """
    )
    tsc = from_npm(PINNED, "kit-compiler") / "tsc"
    node = str(SCRIPTS / "node")
    run(node, str(tsc.resolve()), "--strict", "-p", "tsconfig.json", cwd=kit)
    said = run(node, "dist/program.js", asked, PURPOSE, cwd=kit)
    assert json.loads(said) == {}
    heard("/panden/v1/panden/0363%20100")


@pytest.mark.long
def test_a_kit_in_java_is_compiled_and_asks_with_contract_and_purpose(
    generator: Path, asked: str, tmp_path: Path
) -> None:
    if shutil.which("javac") is None:
        pytest.skip("javac is not on this machine")
    made(JAVA, described(description=NASTY), tmp_path, "--generator", str(generator))
    kit, classes = tmp_path / "kit", tmp_path / "classes"
    program = kit / "src/main/java/Program.java"
    program.write_text(
        """
        import landschap.kit_panden.Outway;
        import landschap.kit_panden.api.DefaultApi;
        public class Program {
            public static void main(String[] given) throws Exception {
                var outway = new Outway(given[0], "sleutel").purpose(given[1]).caseNumber("Z-2026-1");
                System.out.println(new DefaultApi(outway.client()).haalPand("0363 100").getStatus());
            }
        }
        """
    )
    sources = [str(each) for each in kit.rglob("*.java")]
    # The generator's jar bears Jackson, the one thing that a kit in Java needs.
    run("javac", "-nowarn", "-d", str(classes), "-cp", str(generator), *sources, cwd=kit)
    path = f"{classes}{os.pathsep}{generator}"
    assert run("java", "-cp", path, "Program", asked, PURPOSE, cwd=kit).strip() == "null"
    heard("/panden/v1/panden/0363%20100")


@pytest.mark.long
def test_the_generator_asks_nobody_anything(generator: Path, asked: str, tmp_path: Path) -> None:
    document = described()
    document["components"]["schemas"]["Pand"]["properties"]["adres"] = {"$ref": f"{asked}/x.json"}
    told = made(TYPESCRIPT, document, tmp_path, "--generator", str(generator))
    assert told["leftOpen"] == [f"{asked}/x.json"]
    assert Notebook.heard == []


@pytest.mark.long
@pytest.mark.parametrize("name", PUBLIC)
def test_kits_in_typescript_of_public_descriptions_are_compiled(
    generator: Path, name: str, tmp_path: Path
) -> None:
    tsc = from_npm(PINNED, "kit-compiler") / "tsc"
    command = ["api", "kit", TYPESCRIPT, str(OPENAPI / f"{name}.yaml"), "--out",
               str(tmp_path / "kit"), "--generator", str(generator)]  # fmt: skip
    done = CliRunner().invoke(roof, command)
    assert done.exit_code == 0, done.output
    run(str(SCRIPTS / "node"), str(tsc.resolve()), "--noEmit", "-p", "tsconfig.json",
        cwd=tmp_path / "kit")  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", PUBLIC)
def test_kits_in_java_of_public_descriptions_are_compiled(
    generator: Path, name: str, tmp_path: Path
) -> None:
    if shutil.which("javac") is None:
        pytest.skip("javac is not on this machine")
    command = ["api", "kit", JAVA, str(OPENAPI / f"{name}.yaml"), "--out", str(tmp_path / "kit"),
               "--generator", str(generator)]  # fmt: skip
    done = CliRunner().invoke(roof, command)
    assert done.exit_code == 0, done.output
    sources = [str(each) for each in (tmp_path / "kit").rglob("*.java")]
    if any("http.entity.mime" in Path(each).read_text() for each in sources) and not MIME.exists():
        pytest.skip("a kit that sends forms needs httpmime (Debian's libhttpmime-java)")
    path = os.pathsep.join([str(generator), str(MIME)])
    run("javac", "-nowarn", "-proc:none", "-d", str(tmp_path / "c"), "-cp", path, *sources,
        cwd=tmp_path)  # fmt: skip
