# SPDX-License-Identifier: EUPL-1.2
"""Words of the catalogue and titles of models, in the language of a request."""

from __future__ import annotations

from dataclasses import dataclass

from landschap.platform.web import Language, Site
from landschap.registers.models import ObjectType, Register
from landschap.registers.telling import title_of


@dataclass(frozen=True, slots=True)
class Titles:
    """Titles in one language."""

    site: Site
    language: Language

    def say(self, text: str, **values: object) -> str:
        """Words of the catalogue."""
        return self.site.say(self.language, text, **values)

    def of(self, thing: Register | ObjectType) -> str:
        """The title a model gives."""
        return thing.title if self.language is Language.NL else thing.title_en

    def path(self, kind: ObjectType, path: str) -> str:
        """The title of a value."""
        return title_of(kind, path, str(self.language))
