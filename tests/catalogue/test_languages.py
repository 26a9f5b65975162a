# SPDX-License-Identifier: EUPL-1.2
"""The same question in other languages and programs: it runs, whatever a stranger wrote in it."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalogue.installing import from_pip
from tests.catalogue.test_our_descriptions import OPENAPI

from landschap.catalogue.criteria import criteria_of
from landschap.catalogue.documents import read_document
from landschap.catalogue.pages.reference import LANGUAGES
from landschap.catalogue.reading import outline_of, read_operation
from landschap.catalogue.reading.calling import Call, Header, call_of
from landschap.catalogue.reading.collections import as_bruno, as_postman
from landschap.catalogue.reading.languages import as_csharp, as_java, as_javascript
from landschap.catalogue.reading.outline import member, servers_of, table
from landschap.catalogue.reading.through_kit import through_kit

NASTY = 'a"b\\u0022 \\" `${x}` {{y}}\n\t\u2028\x01 é\U0001f600 */ "); //'


class Notebook(BaseHTTPRequestHandler):
    heard: list[dict[str, Any]] = []  # noqa: RUF012 - one notebook for all questions

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.heard.append({
            "path": self.path, "method": self.command, "body": self.rfile.read(size).decode(),
            **{name.lower(): value for name, value in self.headers.items()},
        })  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST  # noqa: N815 - the server's own name

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Notebook)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()
    thread.join(40)


def call(address: str, body: str = "") -> Call:
    headers = [
        Header("Accept", "application/json"), Header("X-Vreemd", 'a"b\\u0022$`'),
        Header("X-Api-Key", "", "API_KEY"), Header("Authorization", "Bearer ", "TOKEN"),
    ]  # fmt: skip
    if body:
        headers.append(Header("Content-Type", "application/json"))
    method = "POST" if body else "GET"
    return Call(method=method, address=f"{address}/x?a=%22", headers=headers, body=body)


def program(folder: Path, language: str, text: str) -> list[str]:
    """How the text is run; skips where the language is not there."""
    words: dict[str, list[str]] = {
        "curl": ["bash", "-c", text], "Python": [sys.executable, "-I", "-c", text],
        "JavaScript": ["node", "-e", text], "Java": ["java", "Question.java"],
    }  # fmt: skip
    needed = {"curl": "curl", "JavaScript": "node", "Java": "javac"}.get(language, "python3")
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not on this machine")
    (folder / "Question.java").write_text(text)
    return words[language]


@pytest.mark.parametrize(
    "language",
    ["curl", "Python", "JavaScript", pytest.param("Java", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("body", ["", json.dumps({"naam": NASTY})])
def test_a_question_arrives_the_same_from_each_language(
    server: str, tmp_path: Path, language: str, body: str
) -> None:
    Notebook.heard.clear()
    text = LANGUAGES[language](call(server, body))
    done = subprocess.run(
        program(tmp_path, language, text), cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False, env={"PATH": "/usr/bin:/bin", "API_KEY": "k", "TOKEN": "t"},
    )  # fmt: skip
    assert done.returncode == 0, (text, done.stderr)
    assert done.stdout.strip() == "{}"
    (heard,) = Notebook.heard
    assert (heard["path"], heard["body"]) == ("/x?a=%22", body)
    assert heard["method"] == ("POST" if body else "GET")
    assert (heard["x-api-key"], heard["authorization"]) == ("k", "Bearer t")
    assert heard["x-vreemd"] == 'a"b\\u0022$`'


@pytest.fixture(scope="module")
def csharp() -> Iterator[Callable[[str], Any]]:
    """The root of the tree that a parser of C# makes of a program: none of its words is run."""
    home = str(from_pip(Path(__file__).parent / "parsers", "parsers"))
    sys.path.append(home)
    try:
        parser = import_module("tree_sitter")
        grammar = import_module("tree_sitter_c_sharp")
        made = parser.Parser(parser.Language(grammar.language()))
        yield lambda program: made.parse(program.encode()).root_node
    finally:
        sys.path.remove(home)


@pytest.mark.long
def test_an_example_in_csharp_is_one_program_by_the_grammar(csharp: Callable[[str], Any]) -> None:
    text = as_csharp(call("http://x", json.dumps({"naam": NASTY})))
    assert csharp(text.replace("using var answer", "using var")).has_error  # the parser looks
    assert not csharp(text).has_error, text
    calls = [node.text.decode() for node in _nodes(csharp(text), "invocation_expression")]
    assert [each for each in calls if "SendAsync" in each] == ["client.SendAsync(question)"]
    strings = [node.text.decode() for node in _nodes(csharp(text), "string_literal")]
    assert json.loads(json.loads(next(each for each in strings if "naam" in each))) == {
        "naam": NASTY
    }


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(OPENAPI.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_of_public_descriptions_are_programs_in_csharp(
    csharp: Callable[[str], Any], path: Path
) -> None:
    value = read_document(path.read_bytes()).value
    entries = [each for group in outline_of(value).groups for each in group.entries]
    assert entries
    server = next(iter(servers_of(value)), "")
    schemes = table(member(member(value, "components"), "securitySchemes"))
    for entry in entries:
        operation = read_operation(value, entry.slug)
        assert operation is not None
        text = as_csharp(call_of(operation, server, criteria_of(value), schemes))
        assert not csharp(text).has_error, text


def _nodes(root: Any, kind: str) -> list[Any]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found += [node] if node.type == kind else []
        waiting += node.children
    return found


@given(st.text())
def test_no_text_gets_out_of_its_string(text: str) -> None:
    """In C# too, that is not run here: each string of the program reads back as it was."""
    made = Call(method="POST", address="http://x", headers=[Header("A", text)], body=text or "x")
    for language in (as_csharp, as_java, as_javascript):
        program_text = language(made)
        assert program_text.isascii()
        strings = re.findall(r'"(?:[^"\\\n]|\\.)*"', program_text)
        assert [json.loads(each) for each in strings].count(text) >= 1
        rest = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', program_text)
        assert rest == re.sub(
            r'"(?:[^"\\\n]|\\.)*"',
            '""',
            language(Call(method="POST", address="http://x", headers=[Header("A", "")], body="x")),
        )


def test_the_first_question_is_copied_whole_into_a_shell_and_a_program() -> None:
    body = {"burgerservicenummer": "999993653", NASTY: [None, True]}
    made = Call(
        method="POST", address="http://x/v1/_zoek';$(reboot)?a=%22", headers=[],
        body=json.dumps(body),
    )  # fmt: skip
    line, program_text, text = through_kit("uitkeringen", "bijstand", ["a.b", "c"], made)
    words = shlex.split(line)
    path = "/v1/_zoek';$(reboot)?a=%22"
    # The number of a person is in a file, and not in the history of a shell.
    assert words == [
        "landschap", "call", f"uitkeringen{path}", "--purpose", "bijstand",
        "--field", "a.b", "--field", "c", "--data", "@vraag.json",
    ]  # fmt: skip
    assert json.loads(text) == body
    [asking] = [each for each in ast.walk(ast.parse(program_text)) if isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)]  # fmt: skip
    assert [ast.literal_eval(each) for each in asking.args] == ["uitkeringen", path]
    assert {each.arg: ast.literal_eval(each.value) for each in asking.keywords} == {
        "purpose": "bijstand", "fields": ["a.b", "c"], "json": body,
    }  # fmt: skip
    line, program_text, text = through_kit("dienst", "", [], call("http://x"))
    assert text == ""
    assert line == "landschap call 'dienst/x?a=%22'"
    assert "ask('dienst', '/x?a=%22')" in program_text
    assert "--method PUT" in through_kit("d", "", [], replace(made, method="PUT"))[0]
    assert through_kit("d", "", [], None)[0] == "landschap call d/PAD"


def test_a_collection_of_postman_has_each_question_and_no_secret() -> None:
    made: Any = as_postman(
        "Parkeren", [("Zoek", call("https://x.nl", "{}")), ("Haal", call("https://x.nl"))]
    )
    assert made["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert [each["name"] for each in made["item"]] == ["Zoek", "Haal"]
    request = made["item"][0]["request"]
    assert request["url"] == {"raw": "https://x.nl/x?a=%22"}
    assert request["body"] == {"mode": "raw", "raw": "{}"}
    assert {"key": "X-Api-Key", "value": "{{API_KEY}}"} in request["header"]
    assert {"key": "Authorization", "value": "Bearer {{TOKEN}}"} in request["header"]
    assert made["variable"] == [{"key": "API_KEY", "value": ""}, {"key": "TOKEN", "value": ""}]


def test_a_collection_of_bruno_is_not_ended_by_what_a_stranger_wrote() -> None:
    wild = "Zoek }\nmeta {\n  name: x ../../etc"
    files = as_bruno("Parkeren", [(wild, call("https://x.nl", '{\n}\n"a": {{b}}'))])
    assert json.loads(files["bruno.json"])["name"] == "Parkeren"
    (name,) = (each for each in files if each.startswith("001-"))
    assert re.fullmatch(r"001-[A-Za-z0-9._-]+\.bru", name)
    text = files[name]
    # Each block is closed by the only brace at the begin of a line.
    assert text.count("\n}") == len(re.findall(r"^[a-z:]+ \{$", text, re.MULTILINE)) == 4
    assert "  url: https://x.nl/x?a=%22" in text
    assert "X-Api-Key: {{API_KEY}}" in text
    assert files["environments/eigen.bru"] == "vars:secret [\n  API_KEY,\n  TOKEN\n]\n"
