# SPDX-License-Identifier: EUPL-1.2
"""Parameters: taken out of files, put back with values of another, and never more than a value."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml

from landschap.packages.manifest import Described
from landschap.packages.parameters import (
    KINDS,
    Parameter,
    Value,
    fault_of,
    filled,
    places_in,
    taken_out,
    values_for,
)

TEXT = """# Van Gemeente Weesp, en van niemand anders.
leden = ["00000099000000003000", "00000099000000005000"]
aanbieder = "00000099000000002000"
uri = "https://register.weesp.example/activiteiten/a"
titel = "Gemeente Weesp geeft"
nummer = "100000099000000002000"
"""


def parameter(name: str, kind: str, value: Value) -> Parameter:
    return Parameter(name=name, kind=kind, meaning="proef", value=value)


OURS = [
    parameter("eigen", "oin", "00000099000000002000"),
    parameter("vragers", "oins", ("00000099000000003000", "00000099000000005000")),
    parameter("adres", "uri", "https://register.weesp.example"),
    parameter("naam", "text", "Gemeente Weesp"),
]


def test_values_become_places_and_places_values() -> None:
    text, used = taken_out(TEXT, OURS)
    assert used == {"eigen", "vragers", "adres", "naam"} == places_in(text)
    assert "Weesp" not in text
    assert "weesp" not in text
    assert 'nummer = "100000099000000002000"' in text, "a piece of a longer number is no value"
    assert filled(text, {each.name: each.value for each in OURS}) == TEXT


def test_a_list_takes_any_number_and_gives_its_first_where_one_is_expected() -> None:
    text = 'leden = ["$(vragers)"]\norganisatie = "$(vragers)"\n'
    values: dict[str, Value] = {"vragers": ("1" * 20, "2" * 20, "3" * 20)}
    assert tomllib.loads(filled(text, values)) == {
        "leden": ["1" * 20, "2" * 20, "3" * 20],
        "organisatie": "1" * 20,
    }
    assert (
        json.loads(filled('{"a": "$(vragers)", "b": ["$(vragers)"]}', values))["b"][2] == "3" * 20
    )


def test_a_longer_value_goes_before_one_that_it_holds() -> None:
    parameters = [parameter("kort", "text", "Weesp"), parameter("lang", "text", "Gemeente Weesp")]
    assert taken_out("Gemeente Weesp in Weesp", parameters)[0] == "$(lang) in $(kort)"


HOSTILE = [
    'x"\nwerking = "toestaan', "x', y: z", "a: b", "a #b", "a\nb", "{a}", "[a]", "a, b", "$(eigen)",
    'a"', "a\\", "a\tb", "", " a", "x" * 300, "a\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_value_that_could_write_a_line_of_its_own_is_refused(kind: str, value: str) -> None:
    assert fault_of(kind, [value] if kind == "oins" else value).startswith("must be")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "’s-Hertogenbosch (gemeente)"),
        ("text", "Súdwest-Fryslân"),
        ("address", "https://bron.example:8443/v1"),
        ("address", "10.0.0.1:80"),
        ("address", "http://[::1]:80"),
        ("address", "unix:/run/bron/app.sock"),
        ("uri", "https://register.example"),
        ("file", "leverancier.key"),
        ("oin", "00000099000000002000"),
    ],
)
def test_a_right_value_stays_itself_in_each_language(kind: str, value: str) -> None:
    assert fault_of(kind, value) == ""
    given: dict[str, Value] = {"x": value}
    assert tomllib.loads(filled('a = "$(x)"', given)) == {"a": value}
    assert json.loads(filled('{"a": "$(x)"}', given)) == {"a": value}
    if kind != "oin" and "[" not in value:  # unquoted, YAML reads a number, or a list
        assert yaml.safe_load(filled("a: {b: $(x)}", given)) == {"a": {"b": value}}
    assert yaml.safe_load(filled("a: '$(x)'", given)) == {"a": value}


def test_everything_that_is_missing_or_wrong_is_told_at_once() -> None:
    described = {
        name: Described(kind=kind, meaning="wat het is")
        for name, kind in (("eigen", "oin"), ("vragers", "oins"), ("naam", "text"))
    }
    values, wrong = values_for(described, {"naam": 'x"', "vrager": [], "vragers": "1"})
    assert values == {}
    assert [each.partition(":")[0] for each in wrong] == ["vrager", "eigen", "vragers", "naam"]
    assert "did you mean vragers" in wrong[0]
    assert "is missing: wat het is (an OIN: twenty digits)" in wrong[1]
