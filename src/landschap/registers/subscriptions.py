# SPDX-License-Identifier: EUPL-1.2
"""A subscription to the changes of a register: who, where to, and about what.

    {"bestemming": {"soort": "fsc", "dienst": "meldingen"},
     "filters": {"collecties": ["panden"], "soorten": ["WIJZIGING"]},
     "referentie": "zaaksysteem"}

All given filters must hold. Nothing is sent before the place of delivery said that it wants to be
told (`handshake` of the worker), and nothing after the right to ask has ended.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents Subscriptions API, in Dutch words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import UUID

from landschap.registers.models import ObjectType, Register
from landschap.registers.notices import PAST_TENSE, names_a_person, types_of
from landschap.registers.refusals import closed_fields, invalid_body
from landschap.registers.schemas import Schema, faults
from landschap.registers.timeline import DOUBT_PREFIX
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text

MAX_OBJECTS = 1000
MAX_PER_READER = 20
_MAX_BODY = 256 * 1024
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
FSC_PREFIX = "fsc:"
# The group under which the history of an object says that it was destroyed.
DESTROYED = "gewist"
_NAMES: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
BODY: Schema = {
    "type": "object",
    "required": ["bestemming"],
    "additionalProperties": False,
    "properties": {
        "bestemming": {
            "type": "object",
            "required": ["soort"],
            "additionalProperties": False,
            "properties": {
                "soort": {"type": "string", "enum": ["fsc", "adres"]},
                "dienst": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{1,98}$"},
                "adres": {"type": "string", "maxLength": 500},
            },
        },
        "filters": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "types": _NAMES,
                "collecties": _NAMES,
                "soorten": _NAMES,
                "identificaties": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_OBJECTS,
                    "items": {"type": "string", "minLength": 1, "maxLength": 200},
                },
            },
        },
        "referentie": {"type": "string", "pattern": "^[\\x20-\\x7E]{0,100}$"},
        "vanaf": {"type": "integer", "minimum": 0},
        "bundelen": {"type": "boolean"},
    },
}


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
    """What was asked: ``sink`` is ``fsc:SERVICE`` or an https address, ``since`` a number."""

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
    if sink.startswith(FSC_PREFIX):
        return {"soort": "fsc", "dienst": sink.removeprefix(FSC_PREFIX)}
    return {"soort": "adres", "adres": sink}


def read_wanted(
    register: Register, body: bytes, permitted: Sequence[str], hosts: Sequence[str]
) -> Wanted | Refusal:
    """What a body asks for; the refusal holds everything that is wrong.

    ``permitted`` are the fields of the permit: what one may read nothing of, one is not told of.
    ``hosts`` are the host names of our own network to which may be delivered without FSC.
    """
    try:
        given = loads(body, max_bytes=_MAX_BODY)
    except InvalidJson as error:
        return invalid_body([("", str(error))])
    wrong = [(fault.pointer, fault.message) for fault in faults(given, BODY)]
    if wrong or not isinstance(given, Mapping):
        return invalid_body(wrong)
    told = given.get("filters", {})
    asked = told if isinstance(told, Mapping) else {}
    sink = _sink(given["bestemming"], hosts, wrong)
    kinds, acts = _about(register, asked, wrong)
    objects = tuple(dict.fromkeys(_texts(asked, "identificaties")))
    if objects and len(kinds) != 1:
        wrong.append(("/filters/identificaties", "needs one collection beside it in collecties"))
    if objects and any(names_a_person(kind) for kind in kinds):
        wrong.append(("/filters/identificaties", "can not be numbers of persons"))
    if wrong:
        return invalid_body(wrong)
    readable = [kind for kind in kinds if _readable(kind, permitted)]
    named = bool(_texts(asked, "collecties") or _texts(asked, "types"))
    closed = [kind.collection for kind in kinds if kind not in readable]
    if closed and (named or not readable):
        return closed_fields(closed, "; of what is not read, no change is told.")
    since = given.get("vanaf")
    return Wanted(
        sink=sink,
        filters=Filters(
            type_keys=tuple(sorted(kind.key for kind in readable)),
            acts=acts,
            groups=_groups(readable, permitted),
            objects=objects,
        ),
        reference=str(given.get("referentie", "")),
        since=since if isinstance(since, int) else None,
        bundled=given.get("bundelen") is True,
    )


def check_address(text: str, hosts: Sequence[str]) -> str:
    """Why nothing can be delivered at this address; empty when it can.

    Only https, and only to a host name that the operators put on the list: an address that a
    reader chooses must not lead into our own network.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if parts.scheme != "https" or not _HOST.fullmatch(host):
        return "must be https://host/path"
    if parts.username is not None or parts.fragment or not text.isascii() or " " in text:
        return "has a user, a fragment or a character that can not stand in it"
    if host not in hosts:
        return (
            f"{host} is not a host to which this organisation delivers without FSC; its operators "
            "can add it to notifications.hosts. Other organisations are reached with soort fsc"
        )
    return ""


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


def _sink(given: JsonValue, hosts: Sequence[str], wrong: list[tuple[str, str]]) -> str:
    told = given if isinstance(given, Mapping) else {}
    service, address = told.get("dienst"), told.get("adres")
    if told.get("soort") == "fsc":
        if not service or address:
            wrong.append(("/bestemming", "of soort fsc has a dienst, and no adres"))
        return f"{FSC_PREFIX}{service}"
    if not address or service:
        wrong.append(("/bestemming", "of soort adres has an adres, and no dienst"))
        return ""
    why = check_address(str(address), hosts)
    if why:
        wrong.append(("/bestemming/adres", why))
    return str(address)


def _about(
    register: Register, asked: Mapping[str, JsonValue], wrong: list[tuple[str, str]]
) -> tuple[list[ObjectType], tuple[str, ...]]:
    """The object types and the acts (empty: all) that the filters leave together."""
    kinds = {kind.collection: kind for kind in register.types.values()}
    names = {name: f"{kind.key}/{act}" for kind in kinds.values() for act, name in _acts(kind)}
    for key, known in (("collecties", kinds), ("types", names), ("soorten", PAST_TENSE)):
        wrong += [
            (f"/filters/{key}/{place}", f"there is no {name[:80]}{did_you_mean(name, known)}")
            for place, name in enumerate(_texts(asked, key))
            if name not in known
        ]
    if wrong:
        return [], ()
    collections = _texts(asked, "collecties") or tuple(kinds)
    acts, wanted = _texts(asked, "soorten"), {names[name] for name in _texts(asked, "types")}
    left = [
        pair
        for pair in names.values()
        if (not wanted or pair in wanted)
        and (not acts or pair.partition("/")[2] in acts)
        and any(pair.startswith(f"{kinds[each].key}/") for each in collections)
    ]
    if not left:
        wrong.append(("/filters", "leave nothing: all that are given must hold"))
    told = [kind for kind in kinds.values() if any(p.startswith(f"{kind.key}/") for p in left)]
    return told, tuple(sorted(left)) if wanted or acts else ()


def _acts(kind: ObjectType) -> Iterator[tuple[str, str]]:
    yield from types_of(kind).items()


def _readable(kind: ObjectType, permitted: Sequence[str]) -> set[str]:
    """The groups of which the permit holds something; the id alone is no content."""
    return {
        prop.group
        for prop in kind.content_properties()
        if any(kind.leaves(path) & kind.leaves(prop.name) for path in permitted)
    }


def _groups(kinds: Sequence[ObjectType], permitted: Sequence[str]) -> tuple[str, ...]:
    """The groups that may be told of, with doubt about them; none when that is all of them."""
    if all(_readable(kind, permitted) == set(kind.groups) for kind in kinds):
        return ()
    names = [
        f"{kind.key}/{prefix}{group}"
        for kind in kinds
        for group in _readable(kind, permitted)
        for prefix in ("", DOUBT_PREFIX)
    ]
    return tuple(sorted([*names, *(f"{kind.key}/{DESTROYED}" for kind in kinds)]))


def _texts(asked: Mapping[str, JsonValue], key: str) -> tuple[str, ...]:
    found = asked.get(key)
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def _filters_as_json(register: Register, filters: Filters) -> dict[str, JsonValue]:
    kinds = [kind for kind in register.types.values() if kind.key in filters.type_keys]
    told: dict[str, JsonValue] = {"collecties": [kind.collection for kind in kinds]}
    if filters.acts:
        told["types"] = [
            name
            for kind in kinds
            for act, name in _acts(kind)
            if f"{kind.key}/{act}" in filters.acts
        ]
    if filters.objects:
        told["identificaties"] = list(filters.objects)
    return told
