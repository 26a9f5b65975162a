# SPDX-License-Identifier: EUPL-1.2
"""A permission that can never apply is told with why, and may be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.purposes import registers as r

from landschap.purposes.checks import check_register
from landschap.purposes.model import Decree, Policy, Register, Validity
from landschap.purposes.never import never_applying
from landschap.purposes.rows import CALLER, RowCondition

PLACE = "adres.plaats"
ENDED = Validity(since=date(2020, 1, 1), until=date(2025, 1, 1))
DECREE = Decree(
    id="besluit", reference="2026-1", receivers=(r.DOESBURG,), provider=r.WEESP,
    service=r.SERVICE, valid=r.SINCE_2026, searchable=("bsn",), persons=(),
)  # fmt: skip


def row(op: str, *values: str) -> RowCondition:
    return RowCondition(path=PLACE, op=op, values=values)


def told(register: Register) -> list[str]:
    """What is told of a register that has no mistakes."""
    assert check_register(register) == []
    return [each.message for each in never_applying(register)]


def with_decree(**changes: object) -> Register:
    decree = replace(DECREE, **changes)  # type: ignore[arg-type]  # the test names the fields
    return r.weesp(r.policy("p", decree="besluit"), decrees=(decree,))


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (r.weesp(r.policy("p"), r.prohibition("v", purpose="*", organisations=("*",))),
         "the prohibition v covers it"),
        (with_decree(receivers=(r.STRANGER,)), "the decree besluit names none"),
        (with_decree(valid=ENDED), "the decree besluit is in force at other times"),
        (r.weesp(r.policy("p", rows=(row("eq", "Weesp"), row("in", "Doesburg", "Utrecht")))),
         "no object meets all conditions on adres.plaats"),
        (r.weesp(r.policy("p", rows=(row("eq", "Weesp"), row("ne", "Weesp")))), "no object"),
        (r.weesp(r.policy("p", rows=(row("in", "5", "7"), row("gt", "9")))), "no object"),
        (r.weesp(r.policy("p", valid=ENDED)), "its purpose https://doelen.example/id/bijstand"),
    ],
)  # fmt: skip
def test_what_can_never_apply_is_told_with_why(register: Register, words: str) -> None:
    (message,) = told(register)
    assert message.startswith("can never apply: ")
    assert words in message


@pytest.mark.parametrize(
    "policy",
    [
        r.policy("p"),
        r.policy("p", rows=(row("in", "Weesp", "Muiden"), row("ne", "Muiden"))),
        r.policy("p", rows=(row("in", "5", "70"), row("lt", "9"))),
        r.policy("p", rows=(row("eq", CALLER), row("eq", "Weesp"))),
        r.policy("p", rows=(row("gt", "2020"), row("lt", "2021"), row("exists"))),
    ],
)
def test_what_may_apply_to_something_is_not_told(policy: Policy) -> None:
    ban = r.prohibition("v", organisations=(r.STRANGER,))
    assert told(r.weesp(policy, ban)) == []


def test_a_period_in_which_no_version_of_the_activity_holds_is_told() -> None:
    one = r.weesp(r.policy("p", valid=Validity(since=date(2026, 1, 1), until=date(2026, 2, 1))))
    later = Validity(since=date(2026, 6, 1))
    activities = tuple(replace(each, valid=later) for each in one.activities)
    (message,) = told(replace(one, activities=activities))
    assert "no version of its activity https://weesp.example/activiteiten/verstrekken" in message
