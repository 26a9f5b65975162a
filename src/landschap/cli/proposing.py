# SPDX-License-Identifier: EUPL-1.2
"""What a person writes when proposing a contract, made into a grant with its purpose bound.

Purposes and field sets are named as the register names them; a name that is unknown is refused
with the nearest known one, because a contract can not be changed after it was signed.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from landschap.catalogue.access.listing import sets_of
from landschap.cli.agreement import Desk
from landschap.cli.delegating import Mandate
from landschap.fsc.areas import Area
from landschap.fsc.client.listed import listed_field_sets
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.field_sets import PROPERTY as FIELD_SETS
from landschap.fsc.field_sets import NamedFieldSet, choose, read_named
from landschap.fsc.grants import MemberRole
from landschap.fsc.proposals import (
    Asked,
    ConnectionAsked,
    MembershipAsked,
    PublicationAsked,
    Terms,
    proposed_content,
)
from landschap.gateway.store import offered_services
from landschap.platform.ids import uuid7
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.model import ACTIONS, LEGAL_BASES
from landschap.vocabulary.identifiers import InvalidValue, PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import AMSTERDAM, parse_day

DEFAULT_TERM = timedelta(days=365)
_KEYS = ("purposes", "legal_bases", "actions", "field_set", "onward")


class NotFound(click.ClickException):
    """What was named does not exist here."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The purpose bound as it was typed, or as it stands in a file."""

    purposes: tuple[str, ...] = ()
    legal_bases: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    field_set: str = ""
    onward: bool = False


def read_purpose_file(path: Path) -> Wishes:
    """The bound in a TOML file with the keys `_KEYS`.

    Raises BadParameter.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.BadParameter(f"{path} can not be read: {error}") from None
    unknown = [key for key in told if key not in _KEYS]
    if unknown:
        raise click.BadParameter(f"{path}: {_unknown('key', unknown[0], _KEYS)}")
    lists = {key: told.get(key, []) for key in _KEYS[:3]}
    for key, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise click.BadParameter(f"{path}: {key} is a list of texts")
    field_set = told.get("field_set", "")
    if not isinstance(field_set, str):
        raise click.BadParameter(f"{path}: field_set is a text")
    onward = told.get("onward", False)
    if not isinstance(onward, bool):
        raise click.BadParameter(f"{path}: onward is true or false")
    return Wishes(
        field_set=field_set, onward=onward, **{key: tuple(value) for key, value in lists.items()}
    )


def read_until(text: str | None, now: datetime) -> datetime:
    """The end of a contract: the beginning of that day here; a year from now when not given.

    Raises BadParameter.
    """
    if text is None:
        return (now + DEFAULT_TERM).replace(microsecond=0)
    try:
        day = parse_day(text)
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None
    end = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)
    if end <= now:
        raise click.BadParameter(f"{text} lies in the past")
    return end


async def proposal(
    desk: Desk, provider: PeerId, service: str, wishes: Wishes, mandate: Mandate, until: datetime
) -> Contract:
    """The contract in which an outway asks for a service, or a directory lists one.

    Raises ClickException, ProblemError.
    """
    asks, offers = mandate.asks, mandate.offers
    asked: Asked
    if mandate.directory is not None:
        if wishes != Wishes():
            raise click.UsageError("a publication has no purpose; leave --purpose and the like out")
        asked = PublicationAsked(
            provider=provider,
            service=service,
            directory=mandate.directory,
            delegator=asks.delegator,
            properties=_listed(desk, provider, service) | mandate.properties(),
        )
    else:
        bound = await _bound(desk, provider, service, wishes)
        asked = ConnectionAsked(
            outway=mandate.outway or desk.own.peer_id,
            key_thumbprint=mandate.outway_key or desk.own.certificate.key_thumbprint,
            provider=provider,
            service=service,
            delegator=asks.delegator,
            service_delegator=offers.delegator,
            properties=bound | mandate.properties(),
        )
    made = _contract(desk, asked, until)
    if desk.own.peer_id not in made.participants:
        raise click.UsageError(f"{desk.own.name} stands nowhere in this contract")
    return made


def membership(desk: Desk, area: Area, role: MemberRole, until: datetime) -> Contract:
    """The contract in which we become a member of a Regulated Area. Raises ProblemError."""
    asked = MembershipAsked(
        member=desk.own.peer_id, role=role, administrator=area.administrator, area=area.name
    )
    return _contract(desk, asked, until)


async def publication(
    desk: Desk, service: str, directory: PeerId | None, until: datetime
) -> Contract:
    """The contract in which a directory lists our service. Raises ClickException, ProblemError."""
    offered = await offered_services(desk.gateway)
    if service not in offered:
        raise NotFound(_unknown("service", service, offered))
    settings = desk.settings
    place = directory or (settings.directory.peer_id if settings.directory else desk.own.peer_id)
    asked = PublicationAsked(
        provider=desk.own.peer_id,
        service=service,
        directory=place,
        properties=_listed(desk, desk.own.peer_id, service),
    )
    return _contract(desk, asked, until)


def _listed(desk: Desk, provider: PeerId, service: str) -> dict[str, JsonValue]:
    """The field sets of a service, as its publication tells them."""
    told: list[JsonValue] = [each.as_json() for each in _own_sets(desk, provider, service)]
    return {FIELD_SETS: told} if told else {}


async def _bound(
    desk: Desk, provider: PeerId, service: str, wishes: Wishes
) -> dict[str, JsonValue]:
    if wishes == Wishes():
        return {}
    if not wishes.purposes or not wishes.legal_bases:
        raise click.BadParameter("a purpose needs a legal basis, and the other way round")
    bound = Bound.of(
        purposes=tuple(_purpose(desk, each) for each in wishes.purposes),
        legal_bases=tuple(_one_of("legal basis", e, LEGAL_BASES) for e in wishes.legal_bases),
        actions=tuple(_one_of("action", e, ACTIONS) for e in wishes.actions or ("raadplegen",)),
        onward=wishes.onward,
    )
    if wishes.field_set:
        chosen = await _field_set(desk, provider, service, wishes.field_set)
        bound = replace(bound, field_set=chosen.key, field_set_digest=chosen.digest)
    return {PROPERTY: bound.as_property()}


def _purpose(desk: Desk, name: str) -> str:
    known = {uri.rpartition("/")[2]: uri for uri in desk.snapshot.purposes}
    if name in desk.snapshot.purposes:
        return name
    if name in known:
        return known[name]
    raise NotFound(_unknown("purpose", name, known))


def _one_of(word: str, name: str, known: Iterable[str]) -> str:
    if name in known:
        return name
    raise click.BadParameter(_unknown(word, name, known))


async def _field_set(desk: Desk, provider: PeerId, service: str, wanted: str) -> NamedFieldSet:
    """The provider's field set: as typed with its digest, from our register, or as listed."""
    try:
        named = read_named(wanted)
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None
    own = _own_sets(desk, provider, service)
    found = named or choose(own, wanted)
    if found is not None:
        return found
    listed = await listed_field_sets(desk.settings, desk.own, provider, service)
    found = choose(listed, wanted)
    if found is None:
        known = [each.key for each in (*own, *listed)]
        raise NotFound(_unknown("field set", wanted, known))
    return found


def _own_sets(desk: Desk, provider: PeerId, service: str) -> list[NamedFieldSet]:
    """The field sets of a service in our own register; without provider they are our own."""
    return sets_of(desk.snapshot, desk.own.peer_id, provider, service)


def _contract(desk: Desk, asked: Asked, until: datetime) -> Contract:
    terms = Terms(
        profile=desk.own.profile,
        group_id=desk.own.group_id,
        iv=uuid7(),
        created_at=desk.now,
        not_before=desk.now,
        not_after=until,
    )
    read = read_contract(proposed_content(terms, asked), desk.own.profile)
    if isinstance(read, Refusal):
        raise ProblemError(read)
    return read


def _unknown(word: str, name: str, known: Iterable[str]) -> str:
    there = sorted(known)
    near = difflib.get_close_matches(name, there, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no {word} {name!r}.{hint} Known: {', '.join(there) or 'none'}."
