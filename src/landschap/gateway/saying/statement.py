# SPDX-License-Identifier: EUPL-1.2
"""One statement of a person, signed by the organisation in whose portal it was said.

A compact JWS by the key that signs the organisation's declarations, for one other organisation. It
may be on its way for thirty days, because that one may be away; what was said later counts more,
whichever comes first. The same statement brought twice is one.
Source: RFC 7515; RFC 8725; AVG art. 7 lid 1 ("aantonen").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from landschap.fsc import jws
from landschap.fsc.keys import PublicKey
from landschap.fsc.own import OwnPeer
from landschap.purposes.needs import Kind
from landschap.vocabulary.identifiers import Bsn, InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, Refusal
from landschap.vocabulary.times import as_utc_text, parse_moment

TYPE = "zeggenschap-uiting+jwt"
LIFETIME = timedelta(days=30)
SKEW = timedelta(seconds=60)
LONGEST_LOGIN = timedelta(hours=12)
LONGEST_REASON = 1000
_MOST_TEXT = 255
_MOST_URI = 1000


class _Payload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The claims under their wire names."""

    iss: str
    aud: str
    sub: str
    acr: str
    auth_time: int
    gezegd: str
    jti: UUID
    soort: str
    over: str
    geldt: bool
    ontvanger: str = ""
    meteen: bool = False
    toelichting: str = ""
    balie: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said, where, and how sure that portal was of who it was.

    ``issuer`` and ``audience`` are OINs, ``subject`` the number of the person, ``about`` a purpose,
    ``receiver`` the OIN a consent is for. ``holds`` is False for a withdrawal. ``at_once``: the use
    must stop until there is a decision. ``at_desk``: the person said it there to an employee, who
    saw a document.
    """

    issuer: str
    audience: str
    subject: str = field(repr=False)
    level: str
    authenticated_at: datetime
    said_at: datetime
    jti: UUID
    kind: Kind
    about: str
    holds: bool
    receiver: str = ""
    at_once: bool = False
    reason: str = field(default="", repr=False)
    at_desk: bool = False


class Uttered(Protocol):
    """Anything that was said in a portal and signed there."""

    @property
    def issuer(self) -> str:
        """The OIN of who signed it."""
        ...

    @property
    def audience(self) -> str:
        """The OIN of whom it is for."""
        ...

    @property
    def level(self) -> str:
        """That of the login."""
        ...

    @property
    def authenticated_at(self) -> datetime:
        """When the login was."""
        ...

    @property
    def said_at(self) -> datetime:
        """When it was said."""
        ...


AnyUttered = TypeVar("AnyUttered", bound=Uttered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified(Generic[AnyUttered]):
    """A well-formed statement of which no signature was checked yet; nothing rests on it."""

    read: jws.Jws
    said: AnyUttered
    digest: bytes

    @property
    def thumbprint(self) -> str:
        """Which certificate of the issuer is needed to `verify` it."""
        return self.read.thumbprint


def sign(said: Said, own: OwnPeer) -> str:
    """The compact form, signed by our organisation."""
    wire = _Payload(
        iss=said.issuer,
        aud=said.audience,
        sub=said.subject,
        acr=said.level,
        auth_time=int(said.authenticated_at.timestamp()),
        gezegd=as_utc_text(said.said_at),
        jti=said.jti,
        soort=said.kind.value,
        over=said.about,
        geldt=said.holds,
        ontvanger=said.receiver,
        meteen=said.at_once,
        toelichting=said.reason[:LONGEST_REASON],
        balie=said.at_desk,
    )
    return sign_claims(wire, own, TYPE)


def sign_claims(wire: msgspec.Struct, own: OwnPeer, kind: str) -> str:
    """The compact form of these claims, signed by our organisation."""
    payload: dict[str, JsonValue] = msgspec.to_builtins(wire)
    signer = own.signer
    return jws.sign(payload, signer.key, signer.certificate.thumbprint, kind=kind)


def read(compact: str) -> Unverified[Said] | Refusal:
    """The statement in a compact JWS, when its form is right; else the refusal."""
    return read_claims(compact, TYPE, _said)


def read_claims(
    compact: str, kind: str, form: Callable[[Mapping[str, JsonValue]], AnyUttered]
) -> Unverified[AnyUttered] | Refusal:
    """What ``form`` makes of the claims in a compact JWS of this kind; else the refusal."""
    try:
        found = jws.parse(compact)
        if found.header.get("typ") != kind:
            return refuse("invalid", f"its typ is not {kind}")
        said = form(found.payload)
    except InvalidValue as error:
        return refuse("invalid", str(error))
    except (msgspec.ValidationError, ValueError, OverflowError, OSError):
        # The words of such an error may hold a value.
        return refuse("invalid", "a claim is missing, unknown or has no valid form")
    return Unverified(read=found, said=said, digest=hashlib.sha256(found.signing_input).digest())


def verify(
    unverified: Unverified[AnyUttered], key: PublicKey, *, peer: str, own: str, now: datetime
) -> AnyUttered | Refusal:
    """What was said, when the key signed it and it is by this peer, for us and not too old.

    ``key`` is that of the peer's certificate with `Unverified.thumbprint`.
    """
    found = unverified.said
    if not jws.verifies(unverified.read, key):
        return refuse("invalid", "its signature does not hold")
    if found.issuer != peer:
        return refuse("invalid", "it is by another organisation than brings it")
    if found.audience != own:
        return refuse("audience", "it is meant for another organisation")
    if found.said_at > now + SKEW:
        return refuse("invalid", "it is from the future; set the clock of the asker right")
    if now - found.said_at > LIFETIME + SKEW:
        return refuse("expired", f"it was said more than {LIFETIME.days} days ago")
    login = found.said_at - found.authenticated_at
    if not -SKEW <= login <= LONGEST_LOGIN:
        return refuse("invalid", "the login was after it, or too long before it")
    return found


def refuse(what: str, why: str) -> Refusal:
    """The refusal: ``what`` is ``invalid``, ``audience``, ``level``, ``expired`` or ``changed``."""
    return Refusal(
        code=f"statement_{what}" if what != "invalid" else "statement_unreadable",
        status=403,
        title="No valid statement of a person",
        detail=f"The statement can not be used: {why}.",
        missing="a statement of a person, signed by the organisation that brings it",
        owner="the organisation whose portal asks",
        fault=Fault.PEER,
    )


def _said(payload: Mapping[str, JsonValue]) -> Said:
    wire = msgspec.convert(payload, type=_Payload, strict=True)
    kind = Kind(wire.soort)
    Oin.parse(wire.iss)
    Oin.parse(wire.aud)
    if not 0 < len(wire.acr) <= _MOST_TEXT:
        raise InvalidValue("it says no level of the login")
    if not 0 < len(wire.over) <= _MOST_URI or len(wire.toelichting) > LONGEST_REASON:
        raise InvalidValue("it says not what it is about, or says too much")
    if (kind is Kind.CONSENT) != bool(wire.ontvanger):
        raise InvalidValue("a consent names its receiver, and nothing else does")
    if wire.ontvanger:
        Oin.parse(wire.ontvanger)
    if kind is Kind.CONSENT and (wire.meteen or wire.toelichting):
        raise InvalidValue("a consent needs no reason and works at once")
    return Said(
        issuer=wire.iss,
        audience=wire.aud,
        subject=Bsn.parse(wire.sub).value,
        level=wire.acr,
        authenticated_at=datetime.fromtimestamp(wire.auth_time, UTC),
        said_at=parse_moment(wire.gezegd),
        jti=wire.jti,
        kind=kind,
        about=wire.over,
        holds=wire.geldt,
        receiver=wire.ontvanger,
        at_once=wire.meteen,
        reason=wire.toelichting,
        at_desk=wire.balie,
    )
