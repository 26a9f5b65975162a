# SPDX-License-Identifier: EUPL-1.2
"""What changed between two descriptions of an API, and what of it breaks who calls it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.catalogue.test_design_rules import BASELINE, GET, HELD, POST, Change, leave_out, put

from landschap.catalogue.changes import Weight, is_new_major, major_of
from landschap.catalogue.changes.comparing import changes_between
from landschap.catalogue.documents import Document, read_document
from landschap.cli import roof

BREAKING, TELL, FITS = Weight.BREAKING, Weight.TELL, Weight.FITS
PERMIT = ("components", "schemas", "Vergunning")
OUT = ("components", "schemas", "Antwoord")


def written(document: Any) -> str:
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return text


def base() -> Any:
    """The sound description, in which what comes out has a schema of its own."""
    document = copy.deepcopy(BASELINE)
    document["components"]["schemas"]["Antwoord"] = copy.deepcopy(
        document["components"]["schemas"]["Vergunning"]
    )
    found = document["paths"]["/vergunningen"]["get"]["responses"]["200"]
    found["content"]["application/json"]["schema"]["items"]["$ref"] = (
        "#/components/schemas/Antwoord"
    )
    return document


def read(document: Any) -> Document:
    return read_document(written(document).encode())


def told(change: Change, before: Change | None = None) -> list[tuple[Weight, str]]:
    old = base()
    if before is not None:
        before(old)
    new = copy.deepcopy(old)
    change(new)
    return [(each.weight, each.message) for each in changes_between(read(old), read(new))]


KEY = {"name": "soort", "in": "query", "schema": {"type": "string", "maxLength": 20}}


def with_enum(*path: str) -> Change:
    return put(*path, "properties", "soort", {"type": "string", "enum": ["bewoner", "bezoek"]})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (leave_out(*POST), [(BREAKING, "post /vergunningen is gone")]),
        (put("paths", "/zones", {"get": {}}), [(FITS, "get /zones is new")]),
        (leave_out(*GET, "parameters", 0), [(BREAKING, "the parameter geldigOp is gone")]),
        (put(*GET, "parameters", 0, "required", True),
         [(BREAKING, "the parameter geldigOp is now required")]),
        (put(*GET, "parameters", 0, "schema", "type", "integer"),
         [(BREAKING, "type string became integer")]),
        (leave_out(*GET, "responses", "400"), [(BREAKING, "the response 400 is gone")]),
        (put(*GET, "responses", "404", {"description": "x"}), [(TELL, "the response 404 is new")]),
        (leave_out(*GET, "responses", "200", "headers"),
         [(BREAKING, "the header API-Version is gone")]),
        (put(*GET, "responses", "200", "content", {}),
         [(BREAKING, "the form application/json is gone")]),
        (put(*POST, "requestBody", "required", True), [(BREAKING, "the body is now required")]),
        (leave_out(*POST, "requestBody"), [(BREAKING, "no body is taken any more")]),
        (put("security", [{"sleutel": []}]),
         [(BREAKING, "security (none) became sleutel []"),
          (BREAKING, "security (none) became sleutel []")]),
        # What goes in.
        (put(*HELD, "zone", {"type": "string"}), [(FITS, "the member zone is new")]),
        (leave_out(*HELD, "ingangsdatum"), [(BREAKING, "the member ingangsdatum is gone")]),
        (put(*PERMIT, "required", ["kenteken", "ingangsdatum"]),
         [(BREAKING, "the member ingangsdatum is now required")]),
        (put(*PERMIT, "required", []), [(FITS, "the member kenteken is no longer required")]),
        (put(*HELD, "kenteken", "maxLength", 8), [(BREAKING, "maxLength (none) became 8")]),
        (put(*HELD, "kenteken", "pattern", "^[A-Z]"),
         [(BREAKING, "pattern (none) became '^[A-Z]'")]),
        (put(*HELD, "ingangsdatum", "format", "date-time"),
         [(BREAKING, "format date became date-time")]),
        # What comes out.
        (put(*OUT, "properties", "zone", {"type": "string"}), [(FITS, "the member zone is new")]),
        (leave_out(*OUT, "properties", "kenteken"), [(BREAKING, "the member kenteken is gone")]),
        (put(*OUT, "required", []), [(TELL, "the member kenteken is no longer required")]),
        (put(*OUT, "properties", "kenteken", "maxLength", 8), [(FITS, "maxLength (none) became 8")]),
        # Words are no change.
        (put("info", "title", "Anders"), []),
        (put(*GET, "summary", "Anders"), []),
    ],
)  # fmt: skip
def test_one_change_is_told_with_what_it_means(
    change: Change, expected: list[tuple[Weight, str]]
) -> None:
    assert told(change) == expected


@pytest.mark.parametrize(
    ("where", "values", "expected"),
    [
        (PERMIT, ["bewoner"], [(BREAKING, "the value 'bezoek' is gone")]),
        (PERMIT, ["bewoner", "bezoek", "zorg"], [(FITS, "the value 'zorg' is new")]),
        (OUT, ["bewoner"], [(FITS, "the value 'bezoek' is gone")]),
        (OUT, ["bewoner", "bezoek", "zorg"], [(TELL, "the value 'zorg' is new")]),
    ],
)
def test_values_that_are_listed_count_by_which_way_they_go(
    where: tuple[str, ...], values: list[str], expected: list[tuple[Weight, str]]
) -> None:
    assert told(put(*where, "properties", "soort", "enum", values), with_enum(*where)) == expected


def test_a_new_parameter_breaks_only_when_it_is_required() -> None:
    def added(**more: Any) -> Change:
        def change(document: Any) -> None:
            document["paths"]["/vergunningen"]["get"]["parameters"].append({**KEY, **more})

        return change

    assert told(added()) == [(FITS, "the parameter soort is new")]
    assert told(added(required=True)) == [(BREAKING, "the parameter soort is new and required")]


def test_the_name_of_a_parameter_in_a_path_is_nobody_elses_business() -> None:
    def one(name: str) -> Change:
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        return put("paths", f"/zones/{{{name}}}", {"get": {"parameters": [parameter]}})

    old, new = base(), base()
    one("nummer")(old)
    one("zone")(new)
    assert changes_between(read(old), read(new)) == []


def test_schemas_that_hold_themselves_are_compared_once() -> None:
    circle = put(*PERMIT, "properties", "vorige", {"$ref": "#/components/schemas/Vergunning"})
    longer = put(*HELD, "kenteken", "maxLength", 8)
    assert told(longer, circle) == [(BREAKING, "maxLength (none) became 8")]


@pytest.mark.parametrize(
    ("old", "new", "later"),
    [("1.4.2", "2.0.0", True), ("1.4.2", "1.5.0", False), ("2.0.0", "1.0.0", False),
     ("1.0.0", "een", False), ("", "1.0.0", False)],
)  # fmt: skip
def test_only_a_later_first_number_is_a_new_major(old: str, new: str, later: bool) -> None:
    assert is_new_major(old, new) is later
    assert major_of("v3") == 3


@pytest.mark.case("api-38")
def test_what_breaks_needs_a_new_major_and_each_break_is_listed(tmp_path: Path) -> None:
    old, new = base(), base()
    leave_out(*POST)(new)
    leave_out(*OUT, "properties", "kenteken")(new)
    put("paths", "/zones", {"get": {}})(new)
    for name, document in (("old", old), ("new", new)):
        (tmp_path / f"{name}.yaml").write_text(written(document), encoding="utf-8")
    files = [str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")]
    refused = CliRunner().invoke(roof, ["api", "diff", *files])
    assert refused.exit_code == 1
    assert "breaking: post /vergunningen is gone" in refused.output
    assert "breaking: the member kenteken is gone" in refused.output
    assert "at /components/schemas/Antwoord/properties/kenteken" in refused.output
    assert "2 changes break who calls it, and 1.0.0 is no later major version" in refused.output
    new["info"]["version"] = "2.0.0"
    (tmp_path / "new.yaml").write_text(written(new), encoding="utf-8")
    allowed = CliRunner().invoke(roof, ["api", "diff", "--json", *files])
    assert allowed.exit_code == 0, allowed.output
    found = json.loads(allowed.output)
    assert (found["breaking"], found["refused"], len(found["changes"])) == (2, False, 3)


def test_the_same_document_twice_has_no_changes(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(written(base()), encoding="utf-8")
    done = CliRunner().invoke(roof, ["api", "diff", str(file), str(file)])
    assert (done.exit_code, done.output) == (0, "nothing changed to who calls it\n")
