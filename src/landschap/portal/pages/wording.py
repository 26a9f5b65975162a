# SPDX-License-Identifier: EUPL-1.2
"""A use in the reader's language: the words that the list, the page, the table and JSON share."""

from __future__ import annotations

from dataclasses import dataclass

from landschap.gateway.uses.line import LOOKS
from landschap.logboek.payloads import Outcome
from landschap.platform.web import N_, Language, Site
from landschap.platform.web.language import capital
from landschap.portal.twins import UseWords
from landschap.portal.uses import Party, Use, Who
from landschap.portal.words import GROUPS
from landschap.purposes.model import Text

OUTCOMES = {
    Outcome.DELIVERED: ("success", N_("Gegeven")),
    Outcome.PARTIAL: ("warning", N_("Deels gegeven")),
    Outcome.REFUSED: ("warning", N_("Geweigerd: niets gegeven")),
    Outcome.NOTHING_FOUND: ("inactive", N_("Niets gevonden")),
    Outcome.FAILED: ("danger", N_("Mislukt: niets gegeven")),
    Outcome.CANCELLED: ("inactive", N_("Gestopt: niets gegeven")),
}
"""The badge of each outcome: its kind and its words."""

BY_LAW = N_("Gebruik op grond van de wet")
_MANY_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for uses in one language.

    ``about`` is the name of the person represented, empty when people read about themselves.
    """

    site: Site
    language: Language
    about: str = ""

    def say(self, text: str, **values: object) -> str:
        """Words from the catalogue."""
        return self.site.say(self.language, text, **values)

    def text(self, text: Text) -> str:
        """Words of the register."""
        return text.nl if self.language is Language.NL else text.en

    def party(self, party: Party) -> str:
        """An organisation by name, else by its number."""
        return party.name or self.say(N_("Organisatie %(number)s"), number=party.number)

    def who(self, use: Use) -> str:
        """Who used it."""
        if use.is_generic:
            return self.say(N_("Dat mogen wij niet zeggen"))
        if use.who is Who.MANDATED:
            return self.say(N_("De gemachtigde") if self.about else N_("Uw gemachtigde"))
        if use.who is Who.AT_DESK:
            return self.say(N_("Een medewerker aan de balie"))
        if use.who is not Who.SELF:
            return self.party(use.actor)
        if self.about:
            return self.say(N_("%(name)s zelf"), name=self.about)
        return self.say(N_("U zelf"))

    def recorders(self, use: Use) -> str:
        """Whose logs told it."""
        return ", ".join(self.party(each) for each in use.recorders)

    def groups(self, use: Use) -> str:
        """The groups of data in one phrase: ``uw adres en uw uitkering``."""
        words = [self.say(group) for group in use.groups]
        if not words or len(words) > _MANY_GROUPS:
            return self.say(N_("gegevens over u"))
        if len(words) == 1:
            return words[0]
        first, last = ", ".join(words[:-1]), words[-1]
        return self.say(N_("%(first)s en %(last)s"), first=first, last=last)

    def why(self, use: Use) -> str:
        """What it was for."""
        if use.is_generic:
            return self.say(BY_LAW)
        if use.who in LOOKS:
            at_uses = use.groups == (GROUPS["gebruik"],)
            own = N_("Om de eigen gegevens te zien")
            if use.who is Who.AT_DESK:
                own = N_("Om te helpen met wat aan de balie gevraagd is")
            return self.say(N_("Om te zien wie gegevens gebruikte") if at_uses else own)
        return self.text(use.activity.why) if use.activity else use.said

    def title(self, use: Use) -> str:
        """The name of what was done, for the head of a case and the choice in the filter."""
        if use.is_generic:
            return self.say(BY_LAW)
        return self.text(use.activity.name) if use.activity else use.said

    def allowed_because(self, use: Use) -> str:
        """Why it is allowed; empty when the register of that day does not say."""
        if use.is_generic:
            return self.say(N_("De wet stond dit gebruik toe. Meer mogen wij er niet over zeggen."))
        return self.text(use.activity.ground) if use.activity else ""

    def headline(self, use: Use) -> str:
        """What happened, in one sentence without a full stop."""
        if use.is_generic:
            return self.say(BY_LAW)
        who, what = self.who(use), self.groups(use)
        values = {"who": who, "what": what}
        if use.who in (Who.SELF, Who.AT_DESK) and use.groups != (GROUPS["gebruik"],):
            return self.say(N_("%(who)s bekeek %(what)s"), **values)
        if use.who is Who.SELF and not self.about:
            return self.say(N_("U keek wie uw gegevens gebruikte"))
        if use.who in LOOKS:
            return self.say(N_("%(who)s keek wie gegevens gebruikte"), who=who)
        if use.who is Who.WE_ASKED_THEM and use.holder is not None:
            holder = self.party(use.holder)
            return self.say(N_("%(who)s vroeg %(what)s op bij %(holder)s"), holder=holder, **values)
        if use.who is Who.THEY_ASKED_US:
            return self.say(N_("%(who)s vroeg %(what)s op"), **values)
        return self.say(N_("%(who)s gebruikte %(what)s"), **values)

    def badge(self, use: Use) -> tuple[str, str]:
        """The kind of the badge and its words."""
        kind, words = OUTCOMES[use.outcome]
        return kind, self.say(words)

    def of(self, use: Use) -> UseWords:
        """All short words of one use, for its twins."""
        return UseWords(
            who=self.who(use),
            on_behalf_of=self.party(use.delegator) if use.delegator else "",
            what=capital(self.groups(use)),
            why=self.why(use),
            allowed_because=self.allowed_because(use),
            outcome=self.badge(use)[1],
            written_by=self.recorders(use),
        )
