# SPDX-License-Identifier: EUPL-1.2
"""Which right can be used where: every cell of the table, and when an answer is due."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from landschap.purposes.model import LegalBasis, Text
from landschap.purposes.rights import (
    Ground,
    Outcome,
    Registry,
    Right,
    Subject,
    best_of,
    due_on,
    grounds_of,
    register_of,
    verdict_of,
)

# Per right one letter per ground a to f: kan (K), anders (A), kan niet (N).
ORDINARY = {
    Right.ACCESS: "KKKKKK",
    Right.CORRECTION: "KKKKKK",
    Right.ERASURE: "KKNKNK",
    Right.RESTRICTION: "KKKKKK",
    Right.PORTABILITY: "KKNNNN",
    Right.OBJECTION: "ANNNKK",
    Right.HUMAN: "KKAAAK",
}
BY_LAW = {
    Registry.BRP: {
        Right.ACCESS: "K", Right.CORRECTION: "A", Right.ERASURE: "N", Right.RESTRICTION: "A",
        Right.OBJECTION: "A",
    },
    Registry.BAG: {Right.CORRECTION: "A"},
    Registry.PUBLIC: {
        Right.ACCESS: "A", Right.CORRECTION: "A", Right.ERASURE: "N", Right.RESTRICTION: "N",
        Right.OBJECTION: "N",
    },
}  # fmt: skip
ARTICLES = {
    Right.ACCESS: "15", Right.CORRECTION: "16", Right.ERASURE: "17", Right.RESTRICTION: "18",
    Right.PORTABILITY: "20", Right.OBJECTION: "21", Right.HUMAN: "22",
}  # fmt: skip
LETTER = {"K": Outcome.POSSIBLE, "A": Outcome.OTHER, "N": Outcome.NOT}


def expected(right: Right, ground: Ground, register: Registry, subject: Subject) -> Outcome:
    if subject is Subject.COMPANY:
        return Outcome.OTHER if right is Right.CORRECTION else Outcome.NOT
    special = BY_LAW.get(register, {}).get(right)
    return LETTER[special or ORDINARY[right]["abcdef".index(ground.value)]]


@pytest.mark.parametrize("right", Right)
def test_every_cell_has_its_outcome_its_article_and_words_in_two_languages(right: Right) -> None:
    for ground, register, subject in product(Ground, Registry, Subject):
        cell = verdict_of(right, ground, register, subject)
        where = (right, ground, register, subject)
        assert cell.outcome is expected(*where), where
        assert cell.article.startswith(("AVG artikel ", "UAVG artikel ", "Wet BRP artikel ",
                                        "Wet BAG artikel ", "Handelsregisterwet 2007 ")), where  # fmt: skip
        assert cell.words.nl.endswith("."), where
        assert cell.words.en.endswith("."), where
        if register is Registry.OWN and subject is Subject.PERSON:
            wanted = (
                "7 lid 3"
                if (right, ground) == (Right.OBJECTION, Ground.CONSENT)
                else ARTICLES[right]
            )
            assert f"artikel {wanted}" in cell.article, where


def basis(code: str, law: str = "") -> LegalBasis:
    return LegalBasis(id=code, code=code, law=law, law_name="", article="", text=Text(nl="", en=""))


def test_a_use_is_judged_by_its_grounds_and_by_the_law_of_its_register() -> None:
    task, special = basis("eu-gdpr:A6-1-e"), basis("eu-gdpr:A9-2-g")
    assert grounds_of([task, special, task]) == (Ground.PUBLIC_TASK,)
    assert grounds_of([basis("eu-gdpr:A6-1-a-explicit-consent")]) == (Ground.CONSENT,)
    assert register_of([task]) is Registry.OWN
    objection = best_of(Right.OBJECTION, [task], Subject.PERSON)
    assert objection is not None
    assert objection.outcome is Outcome.POSSIBLE
    of_persons = [basis("eu-gdpr:A6-1-e", "BWBR0033715")]
    objection = best_of(Right.OBJECTION, of_persons, Subject.PERSON)
    assert objection is not None
    assert objection.article == "Wet BRP artikel 2.59"
    # Of two grounds the one that leaves most to the person; of none nothing is said.
    both = best_of(
        Right.ERASURE, [basis("eu-gdpr:A6-1-c"), basis("eu-gdpr:A6-1-a")], Subject.PERSON
    )
    assert both is not None
    assert both.outcome is Outcome.POSSIBLE
    assert best_of(Right.ERASURE, [special], Subject.PERSON) is None


@pytest.mark.parametrize(
    ("asked", "once", "extended"),
    [
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
        (date(2027, 1, 31), date(2027, 2, 28), date(2027, 4, 30)),
        (date(2027, 10, 5), date(2027, 11, 5), date(2028, 1, 5)),
        (date(2028, 1, 30), date(2028, 2, 29), date(2028, 4, 30)),
    ],
)
def test_an_answer_is_due_in_a_month_and_two_more_when_that_was_told(
    asked: date, once: date, extended: date
) -> None:
    assert due_on(asked) == once
    assert due_on(asked, extended=True) == extended
