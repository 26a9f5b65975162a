# SPDX-License-Identifier: EUPL-1.2
"""The Outway: who of ours asks, by which contract, for which purpose; and what leaves the house.

    identify      application and user      -> Caller     they stay inside
    bind_purpose  grant and purpose         -> Bound      by which contract, for which purpose
    authorise     own register              -> Allowed    under which policy of our own
    declare       token and signature       -> Outgoing   what the peer gets: the organisation only

Under a contract in another's name the decision is about that other, by our own register: its
policies name for whom we act. The declaration says so (`obo`); ours is still the signature.

Source: FSC Core, "Outway"; FSC Logging, "Outway"; house decision: own side of the Outway.
"""

from __future__ import annotations

import base64
import dataclasses
import hmac
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec
from joserfc.jwk import KeySet

from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.keys import SigningKey
from landschap.fsc.tokens import BEARER
from landschap.gateway import refusals
from landschap.gateway.asked import Asked, Fresh, Query, Trace, is_lenient, query_of
from landschap.gateway.asked import transaction_id_of as read_transaction_id
from landschap.gateway.memory import Memory, digest
from landschap.gateway.refusals import Denied
from landschap.gateway.users import Employees, User, user_refused, verify_user
from landschap.gateway.voices import VoiceWanted, wanted_of
from landschap.gateway.world import Application, Connection, Token, World
from landschap.purposes.chain import Followed
from landschap.purposes.decision import Decision, Question
from landschap.purposes.declaration import Claims, sign
from landschap.purposes.needs import Facts
from landschap.purposes.vetoes import Heard, judge, with_voice
from landschap.vocabulary.problems import Refusal

DECLARATION_LIFE = timedelta(seconds=60)
# A token that ends within this is no longer used: the peer's clock may be a little ahead.
TOKEN_MARGIN = timedelta(seconds=5)
_CASE_BYTES = 16
SHOWN = "x-outway-certificate"
"""Header in which the carrier says which certificate of ours it shows to the peer."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Which application of ours asks, and the person behind it; None is a machine."""

    application: Application
    user: User | None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """By which contract and for which purpose and action, and what it is needed to answer."""

    caller: Caller
    connection: Connection
    transaction_id: UUID
    purpose: str
    action: str
    trace: Trace
    follows: Followed | None = None


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """Our own register allows it."""

    bound: Bound
    query: Query
    decision: Decision


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What the peer gets."""

    allowed: Allowed
    token: Token
    declaration: str
    declaration_id: UUID


class UserKeysWanted(msgspec.Struct, frozen=True):
    """A user's token is signed with a key of the issuer that we do not hold yet."""

    key_set: KeySet | None


class TokenWanted(msgspec.Struct, frozen=True):
    """No usable token is held for this grant and the certificate that the carrier shows."""

    grant_hash: str
    certificate: str


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """The key for declarations, its certificate, and the secret behind case references.

    ``former`` are keys that were replaced a moment ago with the thumbprint of their certificate,
    by the thumbprint of what was shown to peers then.
    """

    key: SigningKey
    thumbprint: str
    case_key: bytes
    former: Mapping[str, tuple[SigningKey, str]] = {}

    def fitting(self, shown: str) -> tuple[SigningKey, str]:
        """Key and thumbprint for a connection that shows this certificate: the peer knows it."""
        return self.former.get(shown) or (self.key, self.thumbprint)


def identify(
    asked: Asked, world: World, memory: Memory, fresh: Fresh, user_keys: KeySet | None
) -> Caller | Refusal | UserKeysWanted:
    """The application by its key or certificate, the user by a token of our own issuer."""
    if asked.method == "CONNECT":
        return refusals.connect_unsupported()
    application = _application(asked, world, memory)
    if application is None:
        return refusals.application_unknown()
    text = asked.header("authorization")
    if not text:
        return Caller(application=application, user=None)
    if not text.startswith(BEARER):
        return user_refused("Only a bearer token of the employees' issuer is accepted.")
    if world.employees is None:
        return user_refused("No issuer of employees is configured here.")
    user = _user(text.removeprefix(BEARER), world.employees, memory, fresh, user_keys)
    if isinstance(user, User):
        if user.has_departed(world.departed):
            return user_refused("The employee has left or logged out; log in again.")
        return Caller(application=application, user=user)
    return user


def bind_purpose(
    caller: Caller,
    asked: Asked,
    world: World,
    fresh: Fresh,
    trace: Trace,
    follows: Followed | None = None,
) -> Bound | Refusal:
    """The contract, the transaction id, the purpose and the action of this question."""
    connection = _connection(asked, world, fresh)
    if isinstance(connection, Refusal):
        return connection
    given = asked.header("fsc-transaction-id")
    transaction_id = read_transaction_id(given) if given else fresh.transaction_id
    if transaction_id is None:
        return refusals.transaction_id(given)
    purpose = asked.header("doelbinding")
    if not purpose:
        return refusals.purpose_missing()
    if connection.bound_refusal is not None:
        return connection.bound_refusal
    action = _action(asked, connection)
    if isinstance(action, Refusal):
        return action
    return Bound(
        caller=caller,
        connection=connection,
        transaction_id=transaction_id,
        purpose=_purpose(purpose, connection, world),
        action=action,
        trace=trace,
        follows=follows,
    )


def authorise(
    bound: Bound, asked: Asked, world: World, fresh: Fresh, heard: Heard | None = None
) -> Allowed | Refusal | Denied | VoiceWanted:
    """May this user of ours, for this purpose, within the contract? By our own register.

    ``heard`` is what the other decision point of this Outway said, when it was asked.
    """
    if world.engines.blocked:
        return refusals.outway_blocked(world.engines.blocked)
    query = query_of(asked.target)
    if isinstance(query, Refusal):
        return query
    user = bound.caller.user
    delegator = bound.connection.delegator
    question = Question(
        purpose=bound.purpose,
        organisation=delegator or world.me,
        delegatee=world.me if delegator else "",
        service=bound.connection.grant.service_name,
        provider=bound.connection.provider,
        action=bound.action,
        fields=query.fields,
        roles=user.roles if user else (),
        loa=user.level if user else "",
        bound=bound.connection.bound,
        lenient=is_lenient(asked),
        facts=_facts(bound, asked.header("zaak"), world, fresh),
        follows=bound.follows,
    )
    decision = judge(question, world.snapshot, fresh.now, world.engines.veto)
    voice = world.engines.voice
    if voice is not None and decision.allow:
        declared = dataclasses.replace(question, legal_bases=decision.legal_bases)
        wanted = wanted_of(voice, declared, world.me, bound.trace.onward())
        if heard is None or heard.about != wanted.about:
            return wanted
        decision = with_voice(decision, heard)
    if decision.allow:
        return Allowed(bound=bound, query=query, decision=decision)
    return Denied(decision.refusal(), decision)


def _facts(bound: Bound, case: str, world: World, fresh: Fresh) -> Facts:
    """What we know of this question beside what it says: its case, and who approved it."""
    user = bound.caller.user
    approval = world.approvals.get((bound.purpose, case, user.subject)) if user else None
    return Facts(
        case=case,
        case_open=None if world.cases is None else case in world.cases,
        approver=approval.approved_by if approval and fresh.now < approval.until else "",
    )


def declare(
    allowed: Allowed, asked: Asked, world: World, fresh: Fresh, signing: Signing
) -> Outgoing | TokenWanted:
    """The token we hold and the signed declaration: the organisation speaks, not the user."""
    bound = allowed.bound
    shown = asked.header(SHOWN) or world.own.certificate.thumbprint
    token = world.tokens.get((bound.connection.hash, shown))
    if token is None or token.expires_at <= fresh.now + TOKEN_MARGIN:
        return TokenWanted(bound.connection.hash, shown)
    key, thumbprint = signing.fitting(shown)
    user = bound.caller.user
    claims = Claims(
        issuer=world.me,
        audience=bound.connection.provider,
        issued_at=fresh.now,
        expires_at=fresh.now + DECLARATION_LIFE,
        jti=fresh.declaration_id,
        # As the list of the contract calls it; the provider knows its own list.
        purpose=bound.purpose,
        legal_bases=allowed.decision.legal_bases,
        action=bound.action,
        service=bound.connection.grant.service_name,
        grant_hash=bound.connection.hash,
        trace_id=bound.trace.trace_id,
        case=_case(asked.header("zaak"), bound.connection.provider, signing.case_key),
        loa=(user.level or "none") if user else "none",
        role=_role(allowed, world),
        on_behalf_of=bound.connection.delegator,
        follows=bound.follows,
    )
    return Outgoing(
        allowed=allowed,
        token=token,
        declaration=sign(claims, key, thumbprint),
        declaration_id=fresh.declaration_id,
    )


def _application(asked: Asked, world: World, memory: Memory) -> Application | None:
    key = asked.header("x-api-key")
    if key:
        return world.keys.get(digest(key))
    escaped = asked.header("x-client-cert")
    if not escaped:
        return None
    certificate = memory.client_certificate(escaped)
    return world.certificates.get(certificate) if certificate else None


def _user(
    token: str, employees: Employees, memory: Memory, fresh: Fresh, keys: KeySet | None
) -> User | Refusal | UserKeysWanted:
    remembered = digest(token)
    known = memory.users.get(remembered)
    if known is not None and fresh.now.timestamp() < known.expires_at:
        return known
    found = None if keys is None else verify_user(token, employees, keys, fresh.now)
    if found is None:
        return UserKeysWanted(keys)
    return memory.users.keep(remembered, found) if isinstance(found, User) else found


def _connection(asked: Asked, world: World, fresh: Fresh) -> Connection | Refusal:
    given = asked.header("fsc-grant-hash")
    if given:
        connection = world.outgoing.get(given)
    else:
        given, hashes = _named(asked, world)
        fitting = tuple(
            each
            for each in hashes
            if world.outgoing[each].grant.valid_at(fresh.now)
            and _is_of(world.outgoing[each], _shown(asked, world))
        )
        if len(fitting) > 1:
            return refusals.grant_ambiguous(given, fitting)
        every = fitting or hashes
        connection = world.outgoing[every[0]] if every else None
    if connection is None:
        return _no_connection(given, world)
    grant = connection.grant
    if not grant.valid_at(fresh.now):
        return refusals.contract_not_valid(connection.state_at(fresh.now))
    if not _is_of(connection, _shown(asked, world)):
        return refusals.grant_of_another_outway()
    return connection.delegation_refusal(fresh.now) or connection


def _no_connection(given: str, world: World) -> Refusal:
    """Nothing fits; perhaps something does in another's name, and then that is to be said."""
    whole = tuple(sorted(each for each in world.aliases if given and each.startswith(f"{given}@")))
    return refusals.delegator_not_named(given, whole) if whole else refusals.grant_unknown(given)


def _named(asked: Asked, world: World) -> tuple[str, tuple[str, ...]]:
    """What the question calls its connection, and the grants of that name.

    By a header, else by the host name that was asked. Never by the path: that is the service's.
    """
    given = asked.header("fsc-grant-alias")
    if given:
        return given, world.aliases.get(given, ())
    host = asked.header("host").lower()
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    hashes = world.hosts.get(name)
    return (name, hashes) if hashes is not None else ("", ())


def _is_of(connection: Connection, own: PeerCertificate) -> bool:
    """True unless the grant names another key: of our next certificate, or of our last."""
    return connection.grant.outway_thumbprint in (None, own.key_thumbprint)


def _shown(asked: Asked, world: World) -> PeerCertificate:
    """Our certificate as the peer sees it: an old worker of nginx still shows the former one."""
    thumbprint = asked.header(SHOWN)
    former = (each for each in world.own.former if each.thumbprint == thumbprint)
    return next(former, world.own.certificate)


def _purpose(given: str, connection: Connection, world: World) -> str:
    """The URI of a purpose that is named by its last part, when only one can be meant.

    Those of the contract go before those of our register; what fits none or more stays as given.
    """
    if ":" in given:
        return given
    agreed = connection.bound.purposes if connection.bound else ()
    for known in (agreed, world.snapshot.purposes):
        named = [uri for uri in known if uri.rpartition("/")[2] == given]
        if named:
            return named[0] if len(named) == 1 else given
    return given


def _action(asked: Asked, connection: Connection) -> str | Refusal:
    actions = connection.bound.actions if connection.bound else ("raadplegen",)
    given = asked.header("handeling")
    if not given and len(actions) == 1:
        return actions[0]
    return given if given in actions else refusals.action_missing(actions)


def _role(allowed: Allowed, world: World) -> str:
    """The one role of the user that the policy asked for; no more of the user leaves."""
    user = allowed.bound.caller.user
    wanted = world.policy_roles.get(allowed.decision.policy_id, ())
    return next((role for role in wanted if user and role in user.roles), "")


def _case(case: str, provider: str, key: bytes) -> str:
    """A reference to the case that only we resolve, another one for every provider."""
    if not case:
        return ""
    code = hmac.digest(key, f"case\n{provider}\n{case}".encode(), "sha256")
    return base64.urlsafe_b64encode(code[:_CASE_BYTES]).rstrip(b"=").decode()
