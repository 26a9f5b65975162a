# SPDX-License-Identifier: EUPL-1.2
"""Words of the console's catalogue where there is no page: for a command, for a document."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from landschap.platform.web.language import Language, translations

if TYPE_CHECKING:
    from babel.support import NullTranslations

_PACKAGES = ("landschap.platform.web", "landschap.console")


class Words:
    """Says words of the catalogue in one language, as `Site.say` does."""

    def __init__(self, language: Language) -> None:
        self._words = _catalogue(language)

    def __call__(self, text: str, **values: object) -> str:
        """The words, with what they name filled in."""
        found = self._words.gettext(text)
        return found % values if values else found


@cache
def _catalogue(language: Language) -> NullTranslations:
    return translations(language, [files(each) / "locale" / "en.po" for each in _PACKAGES])
