# SPDX-License-Identifier: EUPL-1.2
"""``landschap call``: what it says of what can not be asked, and when nobody answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from landschap.cli import roof
from landschap.platform.trouble import Trouble

NOBODY = ("--outway", "http://127.0.0.1:9")


def test_nobody_answers() -> None:
    away = CliRunner().invoke(roof, ["call", "uitkeringen/v1", *NOBODY, "--json"])
    assert (away.exit_code, json.loads(away.stdout)["status"]) == (5, 0)
    assert "gave no answer" in away.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("uitkeringen",), "SERVICE/PATH"),
        (("s/p", "--data", "{"), "no JSON"),
        (("s/p", "--data", "[" * 100_000), "no JSON"),
        (("s/p", "--data", "@/bestaat/niet"), "can not be read"),
        (("s/p", "--data", "@{large}"), "larger than"),
    ],
)
def test_wrong_use_is_told(words: tuple[str, ...], why: str, tmp_path: Path) -> None:
    large = tmp_path / "groot.json"
    large.write_text("1" * 1_000_001)
    told = [each.replace("{large}", str(large)) for each in words]
    done = CliRunner().invoke(roof, ["call", *told, *NOBODY])
    assert (done.exit_code, why in done.stderr) == (2, True), done.stderr


def test_the_number_of_a_person_in_an_address_stops_it() -> None:
    done = CliRunner().invoke(roof, ["call", "s/personen/999993653", *NOBODY])
    assert isinstance(done.exception, Trouble)
    assert "number of a person" in str(done.exception)
