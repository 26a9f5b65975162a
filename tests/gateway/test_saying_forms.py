# SPDX-License-Identifier: EUPL-1.2
"""What another organisation answers: read whole, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from landschap.gateway.insight.client import code_in
from landschap.gateway.saying.question import Standing, read_answer
from landschap.vocabulary.identifiers import InvalidValue

WORDS = {"nl": "Bijstand", "en": "Assistance"}
CHOICE = {
    "doel": "https://doel.example/1", "naam": WORDS, "uitleg": WORDS, "ontvanger": "1",
    "geldt": True, "sinds": "2026-11-30T12:00:00Z",
}  # fmt: skip
REQUEST = {
    "kenmerk": "1", "recht": "bezwaar", "over": "https://doel.example/1", "stand": "ontvangen",
    "ontvangen": "2026-11-30T12:00:00Z", "uiterlijk": "2026-12-30",
}  # fmt: skip


def told(choice: dict[str, Any], request: dict[str, Any]) -> Standing:
    answer = {"keuzes": [{**CHOICE, **choice}], "verzoeken": [{**REQUEST, **request}]}
    return read_answer(json.dumps(answer).encode(), Standing)


def test_a_standing_is_read_and_what_is_not_known_in_it_is_passed_over() -> None:
    standing = told({"meer": 1}, {"meer": 1})
    assert standing.keuzes[0].geldt
    assert standing.verzoeken[0].recht == "bezwaar"
    assert told({"geldt": None, "sinds": None}, {}).keuzes[0].sinds is None


@pytest.mark.parametrize(
    ("choice", "request_"),
    [
        ({"sinds": "2026-11-30T12:00:00"}, {}),
        ({"sinds": "9999-12-31T23:59:59Z"}, {}),
        ({"sinds": None}, {}),
        ({"geldt": None}, {}),
        ({}, {"ontvangen": "2026-11-30T12:00:00"}),
        ({}, {"ontvangen": "0001-01-01T00:00:00Z"}),
        ({}, {"recht": "iets"}),
        ({"doel": "a\x00"}, {}),
    ],
)
def test_a_standing_that_no_page_can_show_is_none(
    choice: dict[str, Any], request_: dict[str, Any]
) -> None:
    with pytest.raises(InvalidValue):
        told(choice, request_)


def test_a_standing_without_an_end_is_none() -> None:
    with pytest.raises(InvalidValue):
        read_answer(b'{"meer":' + b"[" * 900_000, Standing)
    assert code_in(b"[" * 900_000) == ""
    assert code_in(b'{"code":"statement_level"}') == "statement_level"
