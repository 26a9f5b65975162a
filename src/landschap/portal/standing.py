# SPDX-License-Identifier: EUPL-1.2
"""What a person can say and said, of all organisations together: one card per purpose and receiver.

An organisation that does not answer now is on the card by what it told last that can be said there;
how it stands is then not known, unless something is on its way to it.
Source: experience, P9 and P11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from landschap.purposes.model import Text


class Stand(StrEnum):
    """How a consent stands at one organisation."""

    GIVEN = "gegeven"
    WITHDRAWN = "ingetrokken"
    NOTHING = "niets"
    UNKNOWN = "onbekend"
    ON_THE_WAY = "onderweg"
    REFUSED = "geweigerd"


class Words(Protocol):
    """The same words in both languages."""

    @property
    def nl(self) -> str:
        """In Dutch."""

    @property
    def en(self) -> str:
        """In English."""


class ToldChoice(Protocol):
    """A consent as an organisation tells of it."""

    @property
    def doel(self) -> str:
        """The purpose."""

    @property
    def naam(self) -> Words:
        """Its name."""

    @property
    def uitleg(self) -> Words:
        """What it is."""

    @property
    def ontvanger(self) -> str:
        """Who gets the data."""

    @property
    def gegevens(self) -> tuple[str, ...]:
        """Which kinds of data."""

    @property
    def geldt(self) -> bool | None:
        """Whether it is given; None when nothing was said."""

    @property
    def sinds(self) -> datetime | None:
        """Since when."""


class Brought(Protocol):
    """A statement on its way, or brought."""

    @property
    def peer(self) -> str:
        """To whom."""

    @property
    def kind(self) -> str:
        """Of which kind."""

    @property
    def about(self) -> str:
        """The purpose."""

    @property
    def receiver(self) -> str:
        """For whom a consent is."""

    @property
    def holds(self) -> bool:
        """True when it was given."""

    @property
    def said_at(self) -> datetime:
        """When it was said."""

    @property
    def outcome(self) -> str:
        """What it did there."""

    @property
    def settled_at(self) -> datetime | None:
        """When it was brought; None while it is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One organisation that has the data, and how the consent stands there."""

    peer: str
    stand: Stand
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One consent: for a purpose and a receiver, at every organisation that has the data."""

    purpose: str
    label: Text
    definition: Text
    receiver: str
    groups: tuple[str, ...]
    holders: tuple[Holder, ...]

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.purpose} {self.receiver}"

    @property
    def can_give(self) -> bool:
        """True when it is not given everywhere."""
        return any(each.stand is not Stand.GIVEN for each in self.holders)

    @property
    def can_withdraw(self) -> bool:
        """True unless it is certain that it is given nowhere."""
        certain = (Stand.NOTHING, Stand.WITHDRAWN)
        return any(each.stand not in certain for each in self.holders)

    @property
    def is_given(self) -> bool:
        """True when it is given somewhere."""
        return any(each.stand is Stand.GIVEN for each in self.holders)


def cards_of(
    told: Mapping[str, Sequence[ToldChoice] | None],
    known: Mapping[str, Sequence[ToldChoice]],
    sent: Iterable[Brought],
) -> list[Card]:
    """The cards in order of the purpose's name.

    ``told`` is what each organisation tells now, None for one that does not answer; ``known`` what
    it told last that one can choose; ``sent`` is newest first.
    """
    latest: dict[tuple[str, str, str], Brought] = {}
    for each in sent:
        if each.kind == "toestemming":
            latest.setdefault((each.peer, each.about, each.receiver), each)
    shown: dict[tuple[str, str], list[ToldChoice]] = {}
    holders: dict[tuple[str, str], list[Holder]] = {}
    for peer in sorted({*told, *known}):
        now = told.get(peer)
        for choice in known.get(peer, ()) if now is None else now:
            key = (choice.doel, choice.ontvanger)
            shown.setdefault(key, []).append(choice)
            last = latest.get((peer, *key))
            holders.setdefault(key, []).append(_holder(peer, choice, last, is_told=now is not None))
    made = [_card(key, every, holders[key]) for key, every in shown.items()]
    return sorted(made, key=lambda one: (one.label.nl, one.receiver))


def _holder(peer: str, choice: ToldChoice, last: Brought | None, *, is_told: bool) -> Holder:
    if last is not None and last.settled_at is None:
        return Holder(peer=peer, stand=Stand.ON_THE_WAY, since=last.said_at)
    if last is not None and last.outcome in ("geweigerd", "verlopen"):
        told_at = choice.sinds if is_told else None
        # What was said there since, in another portal, counts more than what did not arrive.
        if told_at is None or told_at <= last.said_at:
            return Holder(peer=peer, stand=Stand.REFUSED, since=last.said_at)
    if not is_told:
        return Holder(peer=peer, stand=Stand.UNKNOWN)
    if choice.geldt is None:
        return Holder(peer=peer, stand=Stand.NOTHING)
    stand = Stand.GIVEN if choice.geldt else Stand.WITHDRAWN
    return Holder(peer=peer, stand=stand, since=choice.sinds)


def _card(key: tuple[str, str], every: Sequence[ToldChoice], holders: Sequence[Holder]) -> Card:
    first = every[0]
    groups = {group for each in every for group in each.gegevens}
    return Card(
        purpose=key[0],
        receiver=key[1],
        label=Text(nl=first.naam.nl, en=first.naam.en),
        definition=Text(nl=first.uitleg.nl, en=first.uitleg.en),
        groups=tuple(sorted(groups)),
        holders=tuple(holders),
    )
