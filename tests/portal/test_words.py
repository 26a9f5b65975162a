# SPDX-License-Identifier: EUPL-1.2
"""Two languages, nothing missing; Dutch that is easy to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from tools import words

from landschap.platform.web import language as web
from landschap.platform.web.language import Language, in_language, split_path

ROOT = Path(__file__).resolve().parents[2]

ROOMS = sorted(words.CATALOGUES)
PLACEHOLDER = re.compile(r"%\(([a-z_]+)\)s")


def messages(room: str) -> list[Message]:
    return [each for each in words.current(room) if each.id]


def ids(each: Message) -> tuple[str, ...]:
    return each.id if isinstance(each.id, tuple) else (str(each.id),)


@pytest.mark.parametrize("room", ROOMS)
def test_the_catalogue_holds_exactly_the_words_that_are_shown(room: str) -> None:
    shown = {each if isinstance(each, str) else each[0] for each in words.words_of(room)}
    assert {ids(each)[0] for each in messages(room)} == shown
    assert len(shown) > 20


@pytest.mark.parametrize("room", ROOMS)
def test_every_word_has_its_english(room: str) -> None:
    missing = [
        ids(each)[0]
        for each in messages(room)
        if each.fuzzy or not all(words._strings(each.string))
    ]
    assert missing == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_translation_has_the_places_of_its_source(room: str) -> None:
    for each in messages(room):
        source = {place for text in ids(each) for place in PLACEHOLDER.findall(text)}
        for text in words._strings(each.string):
            assert set(PLACEHOLDER.findall(text)) == source, ids(each)


def test_dutch_sentences_are_short() -> None:
    """Level B1: at most fifteen words on average, and none over twenty."""
    sentences = [
        sentence
        for room in ROOMS
        for each in messages(room)
        for sentence in re.split(r"(?<=[.?!:])\s+", ids(each)[0])
        if len(sentence.split()) > 3
    ]
    lengths = {sentence: len(sentence.split()) for sentence in sentences}
    assert sum(lengths.values()) / len(lengths) <= 15
    assert {s: n for s, n in lengths.items() if n > 20} == {}


def test_days_and_clocks_are_written_as_people_write_them() -> None:
    winter = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert web.moment_words(winter, Language.NL) == "24 november 2026, 14.05 uur"
    assert web.moment_words(winter, Language.EN) == "24 November 2026, 14:05"
    assert web.moment_words(summer, Language.NL) == "2 juli 2026, 0.30 uur"
    assert 'datetime="2026-11-24T13:05:00Z"' in web.moment_element(winter, Language.NL)
    assert "2 juli 2026" in web.moment_day_element(summer, Language.NL)


@pytest.mark.parametrize(
    ("dutch", "english"),
    [
        ("/", "/en"),
        ("/gebruik", "/en/gebruik"),
        ("/gebruik?van=1-1-2026", "/en/gebruik?van=1-1-2026"),
    ],
)
def test_an_address_tells_its_language(dutch: str, english: str) -> None:
    assert in_language(Language.EN, dutch) == english
    assert in_language(Language.NL, dutch) == dutch
    path = english.split("?", maxsplit=1)[0]
    assert split_path(path) == (Language.EN, dutch.split("?", maxsplit=1)[0])
    assert split_path(dutch) == (Language.NL, dutch)


def test_a_path_that_only_begins_like_a_language_is_dutch() -> None:
    assert split_path("/enkel") == (Language.NL, "/enkel")
