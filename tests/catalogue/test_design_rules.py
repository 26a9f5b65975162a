# SPDX-License-Identifier: EUPL-1.2
"""The design rules, one change to a sound description at a time."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import UnreadableDocument, read_document
from landschap.catalogue.findings import Finding, Mode
from landschap.catalogue.rules import RULES
from landschap.catalogue.scoring import score_of

BASELINE = yaml.safe_load((Path(__file__).parent / "baseline.yaml").read_text(encoding="utf-8"))
Change = Callable[[Any], None]
OFFICIAL, STRICT = Mode.OFFICIAL, Mode.STRICT


def found(change: Change | None = None, mode: Mode = OFFICIAL) -> list[Finding]:
    document = copy.deepcopy(BASELINE)
    if change is not None:
        change(document)
    raw = yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()
    return check(read_document(raw), mode, structures())


def codes(change: Change | None = None, mode: Mode = OFFICIAL) -> list[str]:
    return [each.code.removeprefix("nlgov:") for each in found(change, mode)]


def put(*path: Any) -> Change:
    """Put the last of these at the place that the others name."""
    *steps, key, value = path

    def change(document: Any) -> None:
        for step in steps:
            document = document[step]
        document[key] = value

    return change


def leave_out(*path: Any) -> Change:
    *steps, key = path

    def change(document: Any) -> None:
        for step in steps:
            document = document[step]
        del document[key]

    return change


def path_named(name: str, **members: Any) -> Change:
    def change(document: Any) -> None:
        document["paths"][name] = {"get": copy.deepcopy(members.get("get", FREE)), **{
            key: value for key, value in members.items() if key != "get"
        }}  # fmt: skip

    return change


FREE = {
    "responses": {
        "200": {
            "description": "Goed.",
            "headers": {"API-Version": {"schema": {"type": "string"}}},
        }
    }
}
GET, POST = ("paths", "/vergunningen", "get"), ("paths", "/vergunningen", "post")
OK = (*GET, "responses", "200")
_400 = "/paths/~1vergunningen/post/responses/400"
PROBLEM = ("components", "schemas", "Probleem", "properties")
HELD = ("components", "schemas", "Vergunning", "properties")


@pytest.mark.case("api-1")
@pytest.mark.parametrize("mode", [OFFICIAL, STRICT])
@pytest.mark.parametrize("version", ["3.0.1", "3.0.2", "3.1.0"])
def test_a_sound_description_has_no_findings_and_full_marks(mode: Mode, version: str) -> None:
    told = found(put("openapi", version), mode)
    assert told == []
    assert score_of(told) == 100


EXPECTED: list[tuple[Change, list[tuple[str, str]]]] = [
    (leave_out("info", "contact"), [("info-contact", "/info")]),
    *(
        (leave_out("info", "contact", name), [("info-contact-fields-exist", "/info/contact")])
        for name in ("email", "name", "url")
    ),
    (path_named("/camelCasePad"), [("paths-kebab-case", "/paths/~1camelCasePad")]),
    (path_named("/pad-met-streepjes"), []),
    (
        path_named("/suffix-slash/"),
        [("path-keys-no-trailing-slash", "/paths/~1suffix-slash~1")],
    ),
    (path_named("/_zoek"), []),
    (path_named("/_zoek/"), [("path-keys-no-trailing-slash", "/paths/~1_zoek~1")]),
    *(
        (
            put(*GET, "parameters", 0, "name", name),
            [("query-keys-camel-case",
              "/paths/~1vergunningen/get/parameters/0/name")],
        )
        for name in (
            "kebab-case", "_startMetUnderscore", "9startMetGetal", "snake_case",
            "UpperCamelCase",
        )
    ),
    (put("info", "version", "1.2"), [("semver", "/info/version")]),
    (put("info", "version", "1.0.1_incorrect"), [("semver", "/info/version")]),
    (put("info", "version", "1.0.1-rc.1"), []),
    (put("servers", []), [("oas3-api-servers", "/servers")]),
    (leave_out("servers"), [("oas3-api-servers", "")]),
    *(
        (put(*OK, "headers", {name: {"schema": {"type": "string"}}}), [])
        for name in ("Api-Version", "Api-version", "api-version", "API-version")
    ),
    (
        put(*OK, "headers", {"X-Version": {"schema": {"type": "string"}}}),
        [("missing-version-header", "/paths/~1vergunningen/get/responses/200/headers")],
    ),
    (
        leave_out(*OK, "headers"),
        [("missing-header", "/paths/~1vergunningen/get/responses/200")],
    ),
    (
        put(*POST, "responses", "400", {"description": "x", "content": {
            "application/json": {"schema": {"type": "object"}}}}),
        [("use-problem-schema", "/paths/~1vergunningen/post/responses/400/content")],
    ),
    (
        put(*POST, "responses", "400", {"description": "x", "content": {
            "application/problem+json": {"schema": {"type": "object", "properties": {
                "status": {"type": "integer"}, "title": {"type": "string"}}}}}}),
        [("problem-schema-members",
          f"{_400}/content/application~1problem+json/schema/properties")],
    ),
    (put(*PROBLEM, "bron", {"type": "string"}), []),
    (
        leave_out(*GET, "responses", "400"),
        [("problem-invalid-input", "/paths/~1vergunningen/get/responses")],
    ),
    (
        leave_out(*POST, "responses", "400"),
        [("problem-invalid-input", "/paths/~1vergunningen/post/responses")],
    ),
    *(
        (
            put(*HELD, name, {"type": "string", "format": "date-time"}),
            [("use-date-instead-of-datetime",
              f"/components/schemas/Vergunning/properties/{name}/format")],
        )
        for name in (
            "date", "datum", "geboorteDatum", "birthDate", "expiration_date", "expiration_Date",
        )
    ),
    (
        put(*HELD, "geboorteDatum", {"type": "string"}),
        [("specify-format-for-date-and-time",
          "/components/schemas/Vergunning/properties/geboorteDatum")],
    ),
    (
        put(*HELD, "begin", {"type": "string", "format": "date-time-local"}),
        [("date-time-ensure-timezone",
          "/components/schemas/Vergunning/properties/begin/format")],
    ),
    (
        put(*HELD, "begin", {"type": "string", "format": "time"}),
        [("time-without-timezone", "/components/schemas/Vergunning/properties/begin/format")],
    ),
    (put("openapi", "2.0"), [("unrecognized-format", ""), ("openapi3", "/openapi")]),
    (
        leave_out("openapi"),
        [("openapi-root-exists", ""), ("unrecognized-format", "")],
    ),
    (
        put(*GET, "operationId", "vraagAan"),
        [("operation-operationId-unique", "/paths/~1vergunningen/post/operationId")],
    ),
    (
        put("tags", [{"name": "a"}, {"name": "a", "description": "x"}]),
        [("openapi-tags-uniqueness", "/tags/1/name")],
    ),
    (path_named("/zaken/{id}"), [("path-params", "/paths/~1zaken~1{id}/get")]),
    (
        put("servers", 0, "url", "https://{plaats}.example/v1"),
        [("oas3-server-variables", "/servers/0")],
    ),
    (
        put("servers", 0, "url", "https://api.example/parkeren"),
        [("include-major-version-in-uri", "/servers/0/url")],
    ),
    (put("servers", 0, "url", "http://api.example/v1"), [("servers-use-https", "/servers/0/url")]),
    (
        put("components", "schemas", "kleineLetter", {"type": "object"}),
        [("schema-camel-case", "/components/schemas/kleineLetter")],
    ),
    (
        put(*POST, "requestBody", "content", "application/json", "example", {}),
        [("oas3-valid-media-example",
          "/paths/~1vergunningen/post/requestBody/content/application~1json/example")],
    ),
    (
        put(*HELD, "kenteken", {"type": "string", "example": 5}),
        [("oas3-valid-schema-example",
          "/components/schemas/Vergunning/properties/kenteken/example")],
    ),
    (
        put(*GET, "responses", "404", {"$ref": "#/components/responses/Weg"}),
        [("invalid-ref", "/paths/~1vergunningen/get/responses/404/$ref")],
    ),
    (leave_out("info", "title"), [("oas3-schema", "/info")]),
]  # fmt: skip
CHANGES = [change for change, _ in EXPECTED]


@pytest.mark.case("api-2")
@pytest.mark.parametrize(("change", "expected"), EXPECTED)
def test_one_change_gives_exactly_these_codes_at_these_places(
    change: Change, expected: list[tuple[str, str]]
) -> None:
    told = [(each.code.removeprefix("nlgov:"), pointer(each)) for each in found(change)]
    assert told == expected


def pointer(finding: Finding) -> str:
    return "".join(f"/{s.replace('~', '~0').replace('/', '~1')}" for s in finding.path)


@pytest.mark.case("api-3")
def test_a_range_of_responses_is_looked_at_strictly_only() -> None:
    def change(document: Any) -> None:
        responses = document["paths"]["/vergunningen"]["get"]["responses"]
        responses["2XX"] = {"description": "Goed."}

    assert codes(change) == []
    assert codes(change, STRICT) == ["missing-header"]


@pytest.mark.case("api-4")
def test_a_parameter_of_a_path_is_looked_at_strictly_only() -> None:
    parameter = {"name": "foo-bar", "in": "query", "schema": {"type": "string"}}
    change = put("paths", "/vergunningen", "parameters", [parameter])
    assert codes(change) == []
    assert codes(change, STRICT) == ["query-keys-camel-case"]


@pytest.mark.case("api-5")
def test_a_path_with_summary_in_its_name_misleads_the_official_linter() -> None:
    change = path_named("/summary-reports", summary="Overzichten")
    assert codes(change) == ["http-methods"]
    assert codes(change, STRICT) == []


@pytest.mark.case("api-6")
@pytest.mark.parametrize("mode", [OFFICIAL, STRICT])
def test_a_moment_is_not_called_a_day(mode: Mode) -> None:
    moment = {"type": "string", "format": "date-time"}
    assert codes(put(*HELD, "creationDateTime", moment), mode) == ["use-date-instead-of-datetime"]
    assert codes(put(*HELD, "tijdstipAanmaak", moment), mode) == []


@pytest.mark.case("api-7")
def test_a_name_that_a_standard_gives_is_allowed_strictly() -> None:
    named = [*GET, "parameters", 0, "name"]
    assert codes(put(*named, "bbox-crs"), STRICT) == []
    assert codes(put(*named, "foo-crs"), STRICT) == ["query-keys-camel-case"]


@pytest.mark.case("api-8")
def test_a_minor_version_in_the_address_passes_the_official_linter_only() -> None:
    change = put("servers", 0, "url", "https://api.example/parkeren/v1.2")
    assert codes(change) == []
    assert codes(change, STRICT) == ["include-major-version-in-uri"]


@pytest.mark.case("api-9")
@pytest.mark.parametrize("mode", [OFFICIAL, STRICT])
def test_a_circle_of_references_ends_and_is_told_of_once(mode: Mode) -> None:
    def change(document: Any) -> None:
        schemas = document["components"]["schemas"]
        schemas["Knoop"] = {
            "type": "object",
            "properties": {
                "eindDatum": {"type": "string", "format": "date-time"},
                "volgende": {"$ref": "#/components/schemas/Knoop"},
            },
        }
        schemas["Vergunning"]["properties"]["knoop"] = {"$ref": "#/components/schemas/Knoop"}

    assert codes(change, mode) == ["use-date-instead-of-datetime"]


@pytest.mark.case("api-10")
def test_members_of_a_problem_behind_all_of_are_looked_at_strictly_only() -> None:
    def change(document: Any) -> None:
        schemas = document["components"]["schemas"]
        schemas["Deel"] = {"type": "object", "properties": {"status": {"type": "integer"}}}
        schemas["Probleem"] = {"allOf": [{"$ref": "#/components/schemas/Deel"}]}

    assert codes(change) == []
    assert codes(change, STRICT) == ["problem-schema-members"]


BREACHES: list[Change] = [
    put("openapi", "2.0"),
    put("servers", 0, "url", "https://api.example/parkeren"),
    leave_out("info", "contact", "email"),
    put("info", "version", "1"),
    leave_out(*OK, "headers"),
    path_named("/summary-reports", summary="x"),
    path_named("/a /"),
]


@pytest.mark.case("api-11")
@pytest.mark.parametrize(("failing", "score"), [(3, 63), (5, 38), (7, 13)])
def test_the_score_counts_groups_and_rounds_half_up(failing: int, score: int) -> None:
    def change(document: Any) -> None:
        for each in BREACHES[:failing]:
            each(document)

    assert score_of(found(change)) == score


@pytest.mark.case("api-11")
def test_eight_failing_groups_leave_nothing() -> None:
    def change(document: Any) -> None:
        for each in BREACHES[1:]:
            each(document)
        document["openapi"] = ""

    told = found(change)
    told += [Finding(line=1, path=("openapi",), code="nlgov:openapi3", message="")]
    assert score_of(told) == 0


@pytest.mark.case("api-12")
def test_warnings_leave_the_score_alone() -> None:
    told = found(put("components", "schemas", "kleineLetter", {"type": "object"}))
    assert [each.code for each in told] == ["nlgov:schema-camel-case"]
    assert score_of(told) == 100


def bomb() -> bytes:
    levels = "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]\n" for n in range(1, 12))
    return f"openapi: 3.0.2\nb0: &b0 [{'x, ' * 10}x]\n{levels}".encode()


@pytest.mark.case("api-13")
def test_a_bomb_of_aliases_is_refused_soon_and_by_name() -> None:
    filler = b"".join(b"k%d: waarde\n" % number for number in range(700_000))
    for raw in (bomb() + filler[:10_000_000], bomb()):
        begun = time.process_time()
        with pytest.raises(UnreadableDocument) as refused:
            read_document(raw)
        assert refused.value.code == "aliases"
        # The case names a second; work is counted, as other programs run beside this one.
        assert time.process_time() - begun < 1.0


def test_a_value_that_holds_itself_is_refused_by_name() -> None:
    with pytest.raises(UnreadableDocument) as refused:
        read_document(b"openapi: 3.0.2\na: &a [*a]\n")
    assert refused.value.code == "aliases"


@pytest.mark.parametrize(
    "text", ["\U0001f600", "a\\\U0001f600", "\\ud83d\\ude00", "\\\\ud83d\\ude00"]
)
def test_json_that_writes_a_sign_as_two_escapes_is_read_as_it_is(text: str) -> None:
    document = {"openapi": "3.0.3", "info": {"title": text}}
    assert read_document(json.dumps(document).encode()).value == document


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff\xfe", "not_utf8"),
        (b"[1, 2]", "no_object"),
        (b"just words", "no_object"),
        (b"", "no_object"),
        (b"a: [1, 2", "syntax"),
        (b"a: " + b"[" * 300 + b"]" * 300, "too_deep"),
        (b"? [a]\n: b", "syntax"),
        (b"%not yaml", "syntax"),
    ],
)
def test_what_can_not_be_read_is_refused_by_name(raw: bytes, code: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        read_document(raw)
    assert refused.value.code == code


def test_values_are_read_as_json_has_them() -> None:
    document = read_document(b'{"a": 2020-01-01, "b": no, "c": 010, "d": 1.5, "e": "1", "f": ~}')
    assert document.value == {"a": "2020-01-01", "b": "no", "c": 10, "d": 1.5, "e": "1", "f": None}


def test_a_key_that_stands_twice_is_told_with_its_line() -> None:
    document = read_document(b"openapi: 3.0.2\ninfo: {}\ninfo: {}\n")
    told = check(document, STRICT)
    assert ("parser", 3) in [(each.code, document.line_of(each.path) + 1) for each in told]


def test_every_code_has_a_rule_with_its_why_and_how() -> None:
    source = Path(check.__code__.co_filename).parent
    text = "".join(path.read_text(encoding="utf-8") for path in source.glob("*_rules.py"))
    for code in RULES:
        assert code in text or code in ("parser", "oas3-schema") or "example" in code
        assert RULES[code].why
        assert RULES[code].mend


def test_a_reference_to_elsewhere_is_a_finding_and_not_a_request() -> None:
    change = put(*HELD, "elders", {"$ref": "http://127.0.0.1:1/geheim.json#/x"})
    assert codes(change, STRICT) == ["invalid-ref"]
