# SPDX-License-Identifier: EUPL-1.2
"""Bring the English catalogues up to date with the Dutch words in templates and pages.

New words are added without translation, words that are gone are dropped; a test fails while one
is untranslated. Run after a change of words: ``.venv/bin/python tools/words.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from landschap.console import times
from landschap.gateway.tracing.words import STEP_WORDS
from landschap.logboek.disclosure import GROUNDS
from landschap.portal.filters import NOT_A_DAY, TURNED_AROUND
from landschap.portal.words import all_words

SOURCE = Path(__file__).resolve().parent.parent / "src" / "landschap"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
# Rooms with pages, and words they have outside of marked strings.
CATALOGUES: dict[str, frozenset[str]] = {
    "platform/web": frozenset(),
    "portal": frozenset({*all_words(), NOT_A_DAY, TURNED_AROUND}),
    "forms": frozenset(),
    "registers/open": frozenset(),
    "catalogue": STEP_WORDS,
    "console": frozenset(
        {times.NOT_A_DAY, times.NOT_A_MOMENT, times.LATER, *GROUNDS.values(), *STEP_WORDS}
    ),
}
_HEADER = b"# SPDX-License-Identifier: EUPL-1.2\n# The English words of the pages here.\n\n"


def words_of(room: str) -> Iterator[str | tuple[str, str]]:
    """Every word a room shows: one, or one with its plural."""
    options = {"**.html": {"trimmed": "true"}}
    for _, _, message, _, _ in extract_from_dir(
        SOURCE / room, method_map=METHODS, options_map=options, keywords=KEYWORDS
    ):
        yield message if isinstance(message, str) else (message[0], message[1])
    yield from sorted(CATALOGUES[room])


def current(room: str) -> Catalog:
    """The catalogue as it stands; an empty one when there is none yet."""
    path = SOURCE / room / "locale" / "en.po"
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def renewed(room: str) -> Catalog:
    """The catalogue with exactly the words the room shows, translated as far as they were."""
    old = current(room)
    made = Catalog(locale="en")
    for word in words_of(room):
        known = old.get(word if isinstance(word, str) else word[0])
        made.add(word, known.string if known else None)
    return made


def main() -> int:
    """Write the catalogues; tells how many words wait for a translation."""
    waiting = 0
    for room in CATALOGUES:
        catalogue = renewed(room)
        path = SOURCE / room / "locale" / "en.po"
        with path.open("wb") as file:
            file.write(_HEADER)
            write_po(file, catalogue, sort_output=True, width=99, omit_header=True)
        empty = [each for each in catalogue if each.id and not all(_strings(each.string))]
        waiting += len(empty)
        print(f"words: {room}: {len(catalogue)} words, {len(empty)} without translation")
    return 1 if waiting else 0


def _strings(translated: object) -> tuple[str, ...]:
    return translated if isinstance(translated, tuple) else (str(translated or ""),)


if __name__ == "__main__":
    sys.exit(main())
