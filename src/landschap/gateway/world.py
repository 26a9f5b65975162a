# SPDX-License-Identifier: EUPL-1.2
"""Everything a decision rests on, as one frozen value with its indexes.

A world is built anew when ``platform.epoch`` rises and is never changed after. A decision names
the epoch of its world; the log refuses a record that was decided in an older one, so a change of
policy or contract works at once without a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from landschap.fsc.connections import ConnectionGrant, HeldToken
from landschap.fsc.delegation import Delegation, first_refusal
from landschap.fsc.keys import PublicKey
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import State
from landschap.fsc.tokens import bound_certificate
from landschap.gateway.plan import peer_upstream_name, service_upstream_name
from landschap.gateway.services import Service
from landschap.gateway.users import Employees
from landschap.purposes.authzen.voice import Voice
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.cedar import CedarVeto, read_veto
from landschap.purposes.needs import Approval
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A service behind the Inway; ``blocked`` says why it may not be called, or is empty.

    ``veto`` holds the rules of its own that only forbid.
    """

    service: Service
    upstream: str
    blocked: str = ""
    veto: CedarVeto | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Who else must agree with what leaves by the Outway: another decision point, and own rules.

    ``cedar`` is the text of the rules, ``veto`` what was read from it; ``blocked`` says why they
    can not be used, or is empty.
    """

    voice: Voice | None = None
    cedar: str = ""
    veto: CedarVeto | None = None
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection grant with its purpose bound and its delegations, read once."""

    grant: ConnectionGrant
    hash: str
    bound: Bound | None
    bound_refusal: Refusal | None
    delegations: tuple[Delegation, ...] = ()

    @property
    def provider(self) -> str:
        """The peer that offers the service."""
        return self.grant.service_peer_id.value

    @property
    def delegator(self) -> str:
        """For whom the outway asks; empty when for its own organisation."""
        return _value(self.grant.delegator_peer_id)

    @property
    def publication_delegator(self) -> str:
        """For whom the service is offered; empty when for the provider itself."""
        return _value(self.grant.service_delegator_peer_id)

    def delegation_refusal(self, now: datetime) -> Refusal | None:
        """None while every delegation in the grant rests on an agreement that holds."""
        return first_refusal(self.delegations, now) if self.delegations else None

    def state_at(self, now: datetime) -> str:
        """The state of its contract in a word; what was valid when it was read may have ended."""
        state = self.grant.state
        ended = state is State.VALID and not self.grant.valid_at(now)
        return State.EXPIRED.value if ended else state.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token we hold, the upstream of the Inway it is for, and the certificate it is bound to."""

    text: str
    upstream: str
    expires_at: datetime
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application of our own that may use the Outway: by a key, or by a certificate."""

    name: str
    key_digest: bytes | None = None
    certificate_thumbprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the rooms hold, as they gave it; `build_world` indexes it.

    ``known`` are connections of an earlier world: what was made of the same grant is used again.
    """

    epoch: int
    own: OwnPeer
    snapshot: Snapshot
    services: tuple[Service, ...] = ()
    grants: tuple[ConnectionGrant, ...] = ()
    known: Mapping[str, Connection] = field(default_factory=dict)
    tokens: tuple[HeldToken, ...] = ()
    applications: tuple[Application, ...] = ()
    employees: Employees | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    marked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cases: frozenset[str] | None = None
    approvals: Sequence[Approval] = ()
    departed: Mapping[str, float] = field(default_factory=dict)
    engines: Engines = field(default_factory=Engines)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What one organisation holds to be true at one epoch; ``me`` is its own Peer ID.

    ``engines`` must agree with what leaves by the Outway.
    ``services`` are those that this Inway offers. ``incoming`` and ``outgoing`` are by grant hash,
    ``aliases`` by what an application may say instead of a hash, ``hosts`` by the host name it may
    ask instead of saying so, ``keys`` by the digest of an API key. ``marked`` are activities
    against which a restriction or objection of somebody stands, ``cases`` those that are open
    (None: cases are not known here), ``approvals`` by purpose, case and who asks. ``departed``
    tells up to when the tokens of who left or logged out are void.
    """

    epoch: int
    own: OwnPeer
    own_keys: Mapping[str, PublicKey]
    snapshot: Snapshot
    services: Mapping[str, Offered]
    incoming: Mapping[str, Connection]
    outgoing: Mapping[str, Connection]
    aliases: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, tuple[str, ...]]
    tokens: Mapping[tuple[str, str], Token]
    keys: Mapping[bytes, Application]
    certificates: Mapping[str, Application]
    policy_roles: Mapping[str, tuple[str, ...]]
    employees: Employees | None
    me: str
    marked: Mapping[str, frozenset[str]] = {}
    cases: frozenset[str] | None = None
    approvals: Mapping[tuple[str, str, str], Approval] = {}
    departed: Mapping[str, float] = {}
    engines: Engines = Engines()


def build_world(found: Found) -> World:
    """Index what was found. Source: house decision: effect at once."""
    own = found.own
    me = own.peer_id.value
    connections = [_connection(each, found.known) for each in found.grants]
    outgoing = {each.hash: each for each in connections if each.grant.outway_peer_id.value == me}
    aliases = _aliases(outgoing.values())
    declared = _declared(found.aliases, aliases, outgoing)
    return World(
        epoch=found.epoch,
        own=own,
        own_keys={
            each.thumbprint: each.key
            for each in (own.certificate, own.signer.certificate, *own.former)
        },
        snapshot=found.snapshot,
        services={
            each.name: _offered(each, found.snapshot)
            for each in found.services
            if each.offered_at(own.inway_address)
        },
        incoming={each.hash: each for each in connections if each.provider == me},
        outgoing=outgoing,
        aliases={**aliases, **declared},
        hosts={name.lower(): hashes for name, hashes in declared.items()},
        tokens=held_tokens(found.tokens),
        keys={a.key_digest: a for a in found.applications if a.key_digest},
        certificates={
            a.certificate_thumbprint: a for a in found.applications if a.certificate_thumbprint
        },
        policy_roles={p.id: p.roles for p in found.snapshot.register.policies},
        employees=found.employees,
        me=me,
        marked=found.marked,
        cases=found.cases,
        # Of two approvals of one use the one that ends last stands last.
        approvals={(a.purpose, a.case, a.asked_by): a for a in found.approvals},
        departed=found.departed,
        engines=_ready(found.engines, found.snapshot),
    )


def held_tokens(tokens: Iterable[HeldToken]) -> Mapping[tuple[str, str], Token]:
    """Tokens by grant hash and the certificate they are bound to.

    Each has the upstream that `carrier_plan` made for its Inway.
    """
    every = (
        (
            held.grant_hash.value,
            Token(
                text=held.token,
                upstream=inway_upstream(held.inway_address),
                expires_at=held.expires_at,
                certificate=bound_certificate(held.token),
            ),
        )
        for held in tokens
    )
    return {(grant_hash, token.certificate): token for grant_hash, token in every}


def inway_upstream(address: str) -> str:
    """The name of the upstream for an Inway address such as ``https://inway.example:443``."""
    parts = urlsplit(address)
    return peer_upstream_name(parts.hostname or "", parts.port or _HTTPS_PORT)


def _connection(grant: ConnectionGrant, known: Mapping[str, Connection]) -> Connection:
    before = known.get(grant.grant_hash.value)
    if before is not None and before.grant is grant:
        return before
    read = read_bound(grant.properties)
    return Connection(
        grant=grant,
        hash=grant.grant_hash.value,
        bound=None if isinstance(read, Refusal) else read,
        bound_refusal=read if isinstance(read, Refusal) else None,
        delegations=grant.delegations(),
    )


def _value(peer_id: PeerId | None) -> str:
    return peer_id.value if peer_id is not None else ""


def _offered(service: Service, snapshot: Snapshot) -> Offered:
    veto = veto_of(service, snapshot)
    return Offered(
        service=service,
        upstream=service_upstream_name(service.name),
        blocked=why_blocked(service, snapshot) or (veto if isinstance(veto, str) else ""),
        veto=None if isinstance(veto, str) else veto,
    )


def _ready(engines: Engines, snapshot: Snapshot) -> Engines:
    veto = _veto(engines.cedar, snapshot)
    if isinstance(veto, str):
        return replace(engines, blocked=veto)
    return replace(engines, veto=veto)


def veto_of(service: Service, snapshot: Snapshot) -> CedarVeto | str | None:
    """The rules of a service that only forbid, or why they can not be used: then nothing may."""
    return _veto(service.cedar, snapshot)


def _veto(cedar: str, snapshot: Snapshot) -> CedarVeto | str | None:
    if not cedar:
        return None
    ancestors = {uri: known.ancestors for uri, known in snapshot.purposes.items()}
    read = read_veto(cedar, ancestors)
    return (
        f"its rules in Cedar can not be used: {'; '.join(read)}" if isinstance(read, list) else read
    )


def why_blocked(service: Service, snapshot: Snapshot) -> str:
    """Why a declared service may not be called, or empty.

    A service with personal data must write its lines itself: with ``intent`` nobody would.
    """
    known = snapshot.services.get((snapshot.owner, service.name))
    if known is not None and known.personal and service.recording == "intent":
        return (
            f"the register says that {service.name} holds personal data, but it is declared with "
            'recording = "intent", with which no line per person is written'
        )
    return ""


def _declared(
    names: Mapping[str, str],
    known: Mapping[str, tuple[str, ...]],
    outgoing: Mapping[str, Connection],
) -> Mapping[str, tuple[str, ...]]:
    """Names of our own for a grant hash, a ``service`` or a ``peer/service``.

    A name whose contract is not there yet stays a name: it fits nothing, and never another.
    """
    return {
        name: (place,) if place in outgoing else known.get(place, ())
        for name, place in names.items()
    }


def _aliases(connections: Iterable[Connection]) -> Mapping[str, tuple[str, ...]]:
    """``service`` and ``peer/service`` for every outgoing connection; one name may fit several.

    A connection in another's name has that name behind it, ``service@delegator``: so nobody acts
    for another without saying so.
    """
    found: dict[str, list[str]] = {}
    for each in connections:
        name = each.grant.service_name
        for_whom = f"@{each.delegator}" if each.delegator else ""
        for alias in (name, f"{each.provider}/{name}"):
            found.setdefault(alias + for_whom, []).append(each.hash)
    return {alias: tuple(sorted(hashes)) for alias, hashes in found.items()}
