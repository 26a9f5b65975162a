# SPDX-License-Identifier: EUPL-1.2
"""A followed question as a page shows it: names for numbers, words for states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.gateway.tracing.explained import ExplainedDecision, grant_of
from landschap.gateway.tracing.halves import Crossing, Half
from landschap.gateway.tracing.links import Followed, Link, Node, State, What
from landschap.logboek.records import Kind, Record
from landschap.platform.web import N_
from landschap.purposes.replay import Replay, replay
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue

PARTS: Mapping[str, str] = {
    "before": N_("Begon de vraag"),
    "asked": N_("Vroeg"),
    "on behalf": N_("Namens"),
    "answered": N_("Bron"),
    "passed on": N_("Vroeg door"),
}
LINKS: Mapping[What, str] = {
    What.RECORD: N_("Regel in ons logboek"),
    What.HALF: N_("Andere helft van de vraag"),
    What.CONTRACT: N_("Handtekening onder het contract"),
    What.DELEGATION: N_("Handtekening onder de volmacht"),
    What.CHAIN: N_("Verklaring in de keten"),
}
STATES: Mapping[State, tuple[str, str]] = {
    State.HOLDS: ("success", N_("Klopt")),
    State.BROKEN: ("danger", N_("Klopt niet")),
    State.UNSEEN: ("warning", N_("Niet na te gaan")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNode:
    """An organisation in the chain, with what is known of its part."""

    part: str
    who: str
    name: str
    is_own: bool
    state: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """One link in words."""

    what: str
    name: str
    state: tuple[str, str]
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page: everything here is our own, or a finding about the half of another."""

    followed: Followed
    nodes: Sequence[ShownNode]
    links: Sequence[ShownLink]
    allowed: bool | None
    first: datetime
    halves: Sequence[tuple[Crossing, Half]]
    counted: tuple[int, int]

    def name(self, who: str) -> str:
        """The name of an organisation, else its number."""
        return self.followed.explained.names.get(who, who)

    @property
    def records(self) -> Sequence[Record]:
        """Our records, oldest first."""
        return [each.record for each in self.followed.explained.records]


def shown_of(found: Followed, own: str) -> Shown:
    """What the page shows of a followed question."""
    explained = found.explained
    decisions = explained.decisions
    links = [_link(found, each) for each in found.links]
    held = sum(each.state is State.HOLDS for each in found.links)
    return Shown(
        followed=found,
        nodes=[_node(found, each, own) for each in found.nodes],
        links=links,
        allowed=all(each.allowed for each in decisions) if decisions else None,
        first=min(each.record.columns.at for each in explained.records),
        halves=list(zip(found.crossings, found.halves, strict=True)),
        counted=(held, len(links)),
    )


def replayed_now(
    found: Followed, decision: ExplainedDecision, snapshot: Snapshot, now: datetime
) -> Replay | None:
    """The same question decided on the register of now; None when it was not decided on a purpose.

    What persons said since then is not looked at: nothing is asked or read.
    """
    bounds = {each.grant_hash: each.bound for each in found.explained.contracts}
    record = next(
        e.record for e in found.explained.records if str(e.record.record_id) == decision.record_id
    )
    grant = grant_of(record)
    return replay(
        decision.request,
        decision.response,
        bound=bounds.get(grant),
        snapshot=snapshot,
        at=now,
        require_bound=grant in bounds,
    )


def kind_of(record: Record) -> str:
    """The kind of a record, for the table."""
    return KINDS[Kind(record.columns.kind)]


KINDS: Mapping[Kind, str] = {
    Kind.FSC: N_("transactie"),
    Kind.ADL: N_("besluit"),
    Kind.INTENT: N_("voornemen"),
    Kind.LINE: N_("verwerking"),
}


def reasons_of(decision: ExplainedDecision) -> Mapping[str, JsonValue]:
    """Code, why, what is missing and who can add it, of a refusal; empty for a permission."""
    if decision.allowed:
        return {}
    return {
        key: decision.context.get(key)
        for key in ("code", "detail", "missing", "owner")
        if decision.context.get(key)
    }


def _link(found: Followed, link: Link) -> ShownLink:
    names = found.explained.names
    return ShownLink(
        what=LINKS[link.what],
        name=names.get(link.who, link.who),
        state=STATES[link.state],
        detail=link.detail,
    )


def _node(found: Followed, node: Node, own: str) -> ShownNode:
    return ShownNode(
        part=PARTS[node.part.value],
        who=node.who,
        name=found.explained.names.get(node.who, node.who),
        is_own=node.who == own,
        state=STATES[_state_of(found, node.who, own)],
    )


def _state_of(found: Followed, who: str, own: str) -> State:
    """The worst of what is known of an organisation; without anything it is not seen."""
    about = {each.state for each in found.links if each.who == who}
    if who != own and not about - {State.HOLDS} and about:
        return State.HOLDS
    for state in (State.BROKEN, State.UNSEEN):
        if state in about:
            return state
    return State.HOLDS if about else State.UNSEEN


LOOKS: Mapping[str, str] = {
    "spoor": N_("Spoor van één vraag"),
    "bundel": N_("Bewijsbundel gemaakt"),
    "vraag": N_("Persoonsvraag gesteld"),
    "toegestaan": N_("Persoonsvraag goedgekeurd"),
    "beantwoord": N_("Persoonsvraag beantwoord"),
    "geweigerd": N_("Persoonsvraag afgekeurd"),
    "persoon": N_("Gebruik van één persoon"),
    "inzage": N_("Inzagebestand gemaakt"),
    "controle": N_("Logboek nagerekend"),
    "balie": N_("Verantwoording van de balie"),
}
