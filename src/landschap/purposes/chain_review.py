# SPDX-License-Identifier: EUPL-1.2
"""A chain looked at afterwards: what each declaration says of the one before, held against logs.

While a question is on its way nobody sees the declaration before the one it gets: that has another
audience. Its hash stands in the next one, and the logs hold both. So whoever has two of the logs
sees whether the middle told the truth; who has one sees what is claimed, and of whom to ask more.
Source: house algorithm, "Identity replacement and chain"; AVG art. 5 lid 2 (accountability).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from landschap.purposes.chain import digest_of
from landschap.purposes.declaration import Claims, Unverified, read
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A declaration as one log holds it. ``owner`` is the OIN of whose log, ``record`` its id.

    Identifiers of records of one log rise with time.
    """

    owner: str
    side: Literal["made", "received"]
    record: str
    claims: Claims
    digest: str
    permitted: bool = True

    @property
    def depth(self) -> int:
        """Its place in the chain, 0 at the origin."""
        return self.claims.follows.depth if self.claims.follows else 0

    @property
    def origin(self) -> str:
        """The purpose at the origin, as it says."""
        return self.claims.follows.origin if self.claims.follows else self.claims.purpose


class Word(StrEnum):
    """What is found of one thing that a declaration says."""

    CONFIRMED = "confirmed"
    HELD = "held"
    UNSEEN = "not compared"
    DIFFERS = "differs"
    ABSENT = "absent"
    DETACHED = "detached"

    @property
    def is_harm(self) -> bool:
        """True when somebody did not keep to the chain."""
        return self in (Word.DIFFERS, Word.ABSENT, Word.DETACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found; ``whom`` is the organisation whose log was looked in, or is to be asked."""

    word: Word
    about: Declared
    whom: str
    what: str


def declared_in(
    owner: str, record: str, request: Mapping[str, JsonValue], *, permitted: bool
) -> Declared | None:
    """The declaration in a recorded decision, None when there is none that can be read."""
    context, subject = request.get("context"), request.get("subject")
    compact = context.get("declaration") if isinstance(context, Mapping) else None
    if not isinstance(compact, str):
        return None
    unverified = read(compact)
    if not isinstance(unverified, Unverified):
        return None
    own = isinstance(subject, Mapping) and subject.get("type") == "application"
    return Declared(
        owner=owner,
        side="made" if own else "received",
        record=record,
        claims=unverified.claims,
        digest=digest_of(compact),
        permitted=permitted,
    )


def hops_of(declared: Iterable[Declared]) -> list[Declared]:
    """Each declaration once, from the origin down; of two logs the one that made it goes first."""
    ordered = sorted(declared, key=lambda d: (d.depth, d.claims.issued_at, d.side, d.owner))
    return list({each.digest: each for each in reversed(ordered)}.values())[::-1]


def review(declared: Sequence[Declared], logs: Iterable[str]) -> list[Finding]:
    """What the logs say of each declaration of one trace; ``logs`` are the OINs of those at hand.

    A log that is at hand is whole for this trace: what it does not hold was not there.
    """
    held = frozenset(logs)
    found: list[Finding] = []
    for hop in hops_of(declared):
        found += _sent(hop, declared, held)
        found += _before(hop, declared, held)
    return [*found, *_detached(declared, held)]


def _sent(hop: Declared, declared: Sequence[Declared], held: frozenset[str]) -> Iterator[Finding]:
    """Who made it has it, when its log is at hand."""
    issuer = hop.claims.issuer
    if issuer not in held:
        yield Finding(
            word=Word.UNSEEN, about=hop, whom=issuer, what="whether it made this declaration"
        )
    elif any(d.owner == issuer and d.side == "made" for d in declared if d.digest == hop.digest):
        yield Finding(word=Word.CONFIRMED, about=hop, whom=issuer, what="made this declaration")
    else:
        yield Finding(
            word=Word.ABSENT, about=hop, whom=issuer, what="this declaration, which it has to have"
        )


def _before(hop: Declared, declared: Sequence[Declared], held: frozenset[str]) -> Iterator[Finding]:
    """The declaration it follows from, in the log of who made that one and of who received it."""
    follows = hop.claims.follows
    if follows is None:
        return
    places = ((follows.issuer, "made"), (hop.claims.issuer, "received"))
    for owner, side in places:
        what = f"the declaration {follows.jti} that it says it {side}"
        if owner not in held:
            word = Word.UNSEEN
        else:
            named = [d for d in declared if d.digest == follows.digest and d.owner == owner]
            match = next((d for d in named if d.side == side), None)
            word = Word.ABSENT if match is None else Word.CONFIRMED
            if match is not None and (why := _difference(hop, match)):
                word, what = Word.DIFFERS, why
            elif word is Word.CONFIRMED and side == "received":
                # Of its own word only: who asked it has not been heard.
                word = Word.HELD
        yield Finding(word=word, about=hop, whom=owner, what=what)


def _difference(hop: Declared, before: Declared) -> str:
    """In what the declaration before is not what is said of it; empty when it is."""
    follows, claims = hop.claims.follows, before.claims
    if follows is None:
        return ""
    pairs = {
        "who declared": (follows.issuer, claims.issuer),
        "its number": (follows.jti, claims.jti),
        "for whom it was meant": (hop.claims.issuer, claims.audience),
        "its purpose": (follows.purpose, claims.purpose),
        "the purpose at the origin": (follows.origin, before.origin),
        "its place in the chain": (follows.depth, before.depth + 1),
        "its trace": (hop.claims.trace_id, claims.trace_id),
    }
    wrong = [name for name, (said, was) in pairs.items() if said != was]
    return f"said otherwise than declared: {', '.join(wrong)}" if wrong else ""


def _detached(declared: Sequence[Declared], held: frozenset[str]) -> Iterator[Finding]:
    """A question in the trace of one that was received, that says it follows from none."""
    for hop in hops_of(declared):
        issuer = hop.claims.issuer
        if hop.depth or issuer not in held:
            continue
        own = next((d.record for d in declared if d.digest == hop.digest and d.owner == issuer), "")
        # Records are numbered in order of time: one that came later is not what this answers.
        came = [
            d
            for d in declared
            if d.owner == issuer and d.side == "received" and d.permitted and d.record < own
        ]
        if came:
            yield Finding(
                word=Word.DETACHED,
                about=hop,
                whom=issuer,
                what=f"declares to be the origin, but was asked by {came[0].claims.issuer} "
                "in the same trace",
            )
