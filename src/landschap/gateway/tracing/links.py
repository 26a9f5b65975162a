# SPDX-License-Identifier: EUPL-1.2
"""A question as a chain of organisations, and every link of it with what shows that it holds.

Only our own content is in it. Of another organisation there is what our record says of it, and
whether its half agrees. What nobody could look at is told as not seen, never as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from landschap.fsc.states import Kind as SignatureKind
from landschap.gateway.tracing.chains import declared_by
from landschap.gateway.tracing.explained import Explained, ExplainedContract
from landschap.gateway.tracing.halves import Crossing, Half, Word, crossings_of
from landschap.purposes.chain_review import Declared, review
from landschap.purposes.chain_review import Word as ChainWord
from landschap.vocabulary.ijson import JsonValue


class State(StrEnum):
    """Whether a link holds: looked at and well, or wrong; or not to be seen from here."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNSEEN = "unseen"


class What(StrEnum):
    """What a link joins."""

    RECORD = "record"
    HALF = "half"
    CONTRACT = "contract"
    DELEGATION = "delegation"
    CHAIN = "chain"


class Part(StrEnum):
    """What an organisation did in the question."""

    BEFORE = "before"
    ASKED = "asked"
    ON_BEHALF = "on behalf"
    ANSWERED = "answered"
    PASSED_ON = "passed on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link; ``who`` is the organisation it is about, ``detail`` an identifier or a reason."""

    what: What
    state: State
    who: str
    detail: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        told: dict[str, JsonValue] = {"what": self.what.value, "state": self.state.value}
        return {**told, "who": self.who, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An organisation in the chain, from the one that began it to the one that answered."""

    part: Part
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One question followed: who was in it, and every link."""

    explained: Explained
    crossings: Sequence[Crossing]
    halves: Sequence[Half]
    nodes: Sequence[Node]
    links: Sequence[Link]

    @property
    def is_whole(self) -> bool:
        """True when every link was looked at and holds."""
        return all(each.state is State.HOLDS for each in self.links)

    @property
    def is_broken(self) -> bool:
        """True when a link does not hold."""
        return any(each.state is State.BROKEN for each in self.links)

    def as_json(self) -> dict[str, JsonValue]:
        """For a program: our own content, and of others only what was found."""
        return {
            **self.explained.as_json(),
            "organisations": [{"part": e.part.value, "who": e.who} for e in self.nodes],
            "halves": [each.as_json() for each in self.halves],
            "links": [each.as_json() for each in self.links],
            "whole": self.is_whole,
            "broken": self.is_broken,
        }


def followed(own: str, explained: Explained, halves: Sequence[Half]) -> Followed:
    """The chain with its links; ``halves`` are those of the crossings, in their order."""
    records = [each.record for each in explained.records]
    crossings = crossings_of(records)
    declared = declared_by(own, records)
    contracts = {each.grant_hash: each for each in explained.contracts}
    return Followed(
        explained=explained,
        crossings=crossings,
        halves=halves,
        nodes=tuple(_nodes(own, crossings, declared)),
        links=(
            *_record_links(own, explained),
            *(_half_link(each) for each in halves),
            *_contract_links(crossings, contracts),
            *_chain_links(own, declared),
        ),
    )


def _record_links(own: str, explained: Explained) -> Iterator[Link]:
    for each in explained.records:
        state = State.HOLDS if each.proved else State.BROKEN
        yield Link(what=What.RECORD, state=state, who=own, detail=str(each.record.record_id))


_HALF_STATES = {
    Word.EQUAL: State.HOLDS,
    Word.DIFFERS: State.BROKEN,
    Word.MISSING: State.BROKEN,
    Word.NOT_ASKED: State.UNSEEN,
}


def _half_link(half: Half) -> Link:
    detail = half.why or ", ".join(half.differing)
    return Link(what=What.HALF, state=_HALF_STATES[half.word], who=half.peer, detail=detail)


def _contract_links(
    crossings: Iterable[Crossing], contracts: dict[str, ExplainedContract]
) -> Iterator[Link]:
    """The contract of each crossing, signed by who was in it and by who let another act."""
    seen = set()
    for crossing in crossings:
        grant = crossing.grant_hash
        if not grant or grant in seen:
            continue
        seen.add(grant)
        contract = contracts.get(grant)
        signed = {
            each.peer_id.value
            for each in (contract.signatures if contract else ())
            if each.kind is SignatureKind.ACCEPT
        }
        parties = [(What.CONTRACT, crossing.source), (What.CONTRACT, crossing.destination)]
        parties += [(What.DELEGATION, each) for each in crossing.delegators]
        for what, who in parties:
            state = State.HOLDS if who in signed else State.BROKEN
            if contract is None:
                state = State.UNSEEN
            yield Link(what=what, state=state, who=who, detail=grant)


def _chain_links(own: str, declared: Sequence[Declared]) -> Iterator[Link]:
    """Of declarations that follow from another: what our own log shows of the one before.

    That the asker made the first one is no matter of logs: the door verified its signature.
    """
    for each in review(list(declared), [own]):
        if each.about.claims.follows is None and each.word is ChainWord.UNSEEN:
            continue
        state = State.HOLDS
        if each.word.is_harm:
            state = State.BROKEN
        elif each.word is ChainWord.UNSEEN:
            state = State.UNSEEN
        yield Link(what=What.CHAIN, state=state, who=each.whom, detail=each.what)


def _nodes(own: str, crossings: Iterable[Crossing], declared: Iterable[Declared]) -> Iterator[Node]:
    before = [each.claims.follows.issuer for each in declared if each.claims.follows]
    every: list[Node] = [Node(part=Part.BEFORE, who=each) for each in before if each != own]
    incoming = [each for each in crossings if each.is_incoming]
    outgoing = [each for each in crossings if not each.is_incoming]
    for each in incoming:
        every.append(Node(part=Part.ASKED, who=each.source))
        every += [Node(part=Part.ON_BEHALF, who=who) for who in each.delegators]
    if incoming:
        every.append(Node(part=Part.PASSED_ON if outgoing else Part.ANSWERED, who=own))
    elif outgoing:
        every.append(Node(part=Part.ASKED, who=own))
    for each in outgoing:
        every += [Node(part=Part.ON_BEHALF, who=who) for who in each.delegators]
        every.append(Node(part=Part.ANSWERED, who=each.destination))
    # Somebody who is already told of as asker or answerer was not only before us.
    known = {each.who for each in every if each.part is not Part.BEFORE}
    told = set()
    for node in every:
        if node.part is Part.BEFORE and node.who in known:
            continue
        if (node.part, node.who) not in told:
            told.add((node.part, node.who))
            yield node
