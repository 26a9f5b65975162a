# SPDX-License-Identifier: EUPL-1.2
"""Two languages: Dutch is the source, English a full translation.

A page's address tells its language: ``/gebruik`` is Dutch, ``/en/gebruik`` the same in English; no
cookie remembers it. Catalogues are ``locale/en.po`` of each room that has pages; they are read when
a process starts, so no compiled file can lag behind its source.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from importlib.resources.abc import Traversable

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from markupsafe import Markup

from landschap.vocabulary.times import AMSTERDAM, as_utc_text


class Language(StrEnum):
    """A language pages are shown in."""

    NL = "nl"
    EN = "en"

    @property
    def prefix(self) -> str:
        """What stands before each path in this language."""
        return "" if self is Language.NL else f"/{self}"

    @property
    def other(self) -> Language:
        """The language the switch in the header leads to."""
        return Language.EN if self is Language.NL else Language.NL


def split_path(path: str) -> tuple[Language, str]:
    """The language of an address and the path without it: ``/en/gebruik`` is en, ``/gebruik``."""
    if path == "/en" or path.startswith("/en/"):
        return Language.EN, path[3:] or "/"
    return Language.NL, path


def in_language(language: Language, path: str) -> str:
    """The address of a path in a language; the English start page is ``/en``."""
    if language is Language.EN and (path == "/" or path.startswith("/?")):
        return language.prefix + path[1:]
    return language.prefix + path


def translations(language: Language, catalogues: Iterable[Traversable]) -> NullTranslations:
    """The words of all rooms in one language; Dutch words are the source themselves."""
    if language is Language.NL:
        return NullTranslations()
    merged: Translations | None = None
    for path in catalogues:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=str(language))
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found = Translations(compiled)
        merged = found if merged is None else merged.merge(found)
    return merged or NullTranslations()


def day_words(day: date, language: Language) -> str:
    """``24 november 2026``, ``24 November 2026``."""
    return format_date(day, "d MMMM y", locale=str(language))


def short_day_words(day: date, language: Language) -> str:
    """``24 nov 2026``, ``24 Nov 2026``: for drawings."""
    return format_date(day, "d MMM y", locale=str(language)).replace(".", "")


def clock_words(moment: datetime, language: Language) -> str:
    """``14.05 uur`` and ``14:05``, by the clock in the Netherlands."""
    local = moment.astimezone(AMSTERDAM)
    if language is Language.NL:
        return f"{local.hour}.{local.minute:02} uur"
    return f"{local.hour}:{local.minute:02}"


def moment_words(moment: datetime, language: Language) -> str:
    """Day and clock in one line."""
    day = day_words(moment.astimezone(AMSTERDAM).date(), language)
    return f"{day}, {clock_words(moment, language)}"


def day_element(day: date, language: Language) -> Markup:
    """The day as ``<time>``."""
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), day_words(day, language))


def clock_element(moment: datetime, language: Language) -> Markup:
    """The clock as ``<time>``."""
    words = clock_words(moment, language)
    return Markup('<time datetime="{}">{}</time>').format(as_utc_text(moment), words)


def moment_element(moment: datetime, language: Language) -> Markup:
    """Day and clock as ``<time>``."""
    words = moment_words(moment, language)
    return Markup('<time datetime="{}">{}</time>').format(as_utc_text(moment), words)


def two_line_element(moment: datetime, language: Language) -> Markup:
    """Day, and under it the clock, as one ``<time>``."""
    day = day_words(moment.astimezone(AMSTERDAM).date(), language)
    return Markup('<time datetime="{}">{}<br>{}</time>').format(
        as_utc_text(moment), day, clock_words(moment, language)
    )


def moment_day_element(moment: datetime, language: Language) -> Markup:
    """The Dutch day of a moment as ``<time>``."""
    return day_element(moment.astimezone(AMSTERDAM).date(), language)


def capital(text: str) -> str:
    """The words as the beginning of a sentence; other capitals stay."""
    return text[:1].upper() + text[1:]
