# SPDX-License-Identifier: EUPL-1.2
"""A subscription to the changes of a register: who, where to, and about what.

All given filters must hold. Nothing is sent before the place of delivery said that it wants to be
told (`handshake` of the worker), and nothing after the right to ask has ended.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents Subscriptions API, in Dutch words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from landschap.registers.models import Register
from landschap.registers.notices import types_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text

MAX_PER_READER = 20
FSC_PREFIX = "fsc:"


class State(StrEnum):
    """How far a subscription is."""

    ASKED = "aangevraagd"
    ACTIVE = "actief"
    PAUSED = "gepauzeerd"
    ENDED = "beeindigd"


# To go on means to be asked again: a place of delivery may have changed its mind meanwhile.
ACTIONS = {"_pauzeer": State.PAUSED, "_hervat": State.ASKED, "_beeindig": State.ENDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """About what: object types, and of these some acts, groups and objects; empty is all.

    ``acts`` are written as ``bag.pand/WIJZIGING``; ``groups``, as ``bag.pand/pand``, are those of
    which the reader may read something: of the others it is not told that they changed.
    """

    type_keys: tuple[str, ...]
    acts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked: ``sink`` is ``fsc:SERVICE[/PATH]`` or an https address, ``since`` a
    number.
    """

    sink: str
    filters: Filters
    reference: str = ""
    since: int | None = None
    bundled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as it is kept.

    Every assertion up to ``position`` was sent, waits as a notice, or does not concern it.
    ``next_try_at`` is when its place of delivery is tried again, ``failing_since`` since when that
    does not answer. ``rate`` is how many requests a minute it takes; None when it did not say.
    ``duty``: nobody asked for it; we must tell who received what was corrected since.
    """

    subscription_id: UUID
    register: str
    peer: str
    purpose: str
    policy: str
    wanted: Wanted
    position: int
    state: State
    reason: str
    failures: int
    failing_since: datetime | None
    next_try_at: datetime
    last_success_at: datetime | None
    rate: int | None
    created_at: datetime
    duty: bool = False

    def as_json(self, register: Register) -> dict[str, JsonValue]:
        """The subscription as its reader sees it."""
        told: dict[str, JsonValue] = {
            "abonnement": str(self.subscription_id),
            "bestemming": destination(self.wanted.sink),
            "filters": _filters_as_json(register, self.wanted.filters),
            "bundelen": self.wanted.bundled,
            "status": self.state.value,
            "positie": self.position,
            "tijdstipAanvraag": as_utc_text(self.created_at),
        }
        if self.wanted.reference:
            told["referentie"] = self.wanted.reference
        if self.reason:
            told["reden"] = self.reason
        if self.last_success_at is not None:
            told["tijdstipLaatsteAflevering"] = as_utc_text(self.last_success_at)
        return told


def destination(sink: str) -> dict[str, JsonValue]:
    """A place of delivery as it is asked for."""
    if not sink.startswith(FSC_PREFIX):
        return {"soort": "adres", "adres": sink}
    service, path = service_and_path(sink)
    own: dict[str, JsonValue] = {} if path == usual_path(service) else {"pad": path}
    return {"soort": "fsc", "dienst": service, **own}


def service_and_path(sink: str) -> tuple[str, str]:
    """The service of a place of delivery ``fsc:SERVICE/PATH``, and where in it is delivered."""
    service, slash, path = sink.removeprefix(FSC_PREFIX).partition("/")
    return service, f"/{path}" if slash else usual_path(service)


def usual_path(service: str) -> str:
    """Where an inbox like ours stands in a service."""
    return f"/{service}/v1/gebeurtenissen"


def too_many(limit: int) -> Refusal:
    """The reader has as many subscriptions as it may have."""
    return Refusal(
        code="abonnement.te-veel",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        title="Too many subscriptions",
        detail=f"An organisation has at most {limit} subscriptions to a register; end one first.",
        missing="room for another subscription",
        owner="the organisation that asks",
    )


def on_behalf() -> Refusal:
    """A subscription goes on after the question, so it is asked for by who is told."""
    return Refusal(
        code="abonnement.namens-ander",
        status=HTTPStatus.FORBIDDEN,
        title="A subscription is one's own",
        detail="Who asks on behalf of another can not subscribe for it: the other asks itself.",
        missing="a contract of the organisation that is to be told",
        owner="the organisation on whose behalf is asked",
    )


def ended_already() -> Refusal:
    """What has ended is not held or taken up again."""
    return Refusal(
        code="abonnement.beeindigd",
        status=HTTPStatus.CONFLICT,
        title="This subscription has ended",
        detail="A subscription ends for good; ask for a new one. With vanaf it begins where this "
        "one stopped.",
        missing="a subscription that has not ended",
        owner="the organisation that asks",
    )


NOT_FOUND = Refusal(
    code="niet-gevonden",
    status=HTTPStatus.NOT_FOUND,
    title="There is no such subscription",
    detail="No subscription of yours has this identification.",
)


def _filters_as_json(register: Register, filters: Filters) -> dict[str, JsonValue]:
    kinds = [kind for kind in register.types.values() if kind.key in filters.type_keys]
    told: dict[str, JsonValue] = {"collecties": [kind.collection for kind in kinds]}
    if filters.acts:
        told["types"] = [
            name
            for kind in kinds
            for act, name in types_of(kind).items()
            if f"{kind.key}/{act}" in filters.acts
        ]
    if filters.objects:
        told["identificaties"] = list(filters.objects)
    return told
