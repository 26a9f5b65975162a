# SPDX-License-Identifier: EUPL-1.2
"""The assertion of a portal: this person logged in here, so sure, at that moment; and asks you.

A compact JWS by the key that signs the organisation's declarations. It lives two minutes, is for
one organisation and counts once (`Assertion.used`); its subject is the person whose uses are asked
for. With a mandate it says by which one somebody else looks, and never who that is.
Source: RFC 7515; RFC 8725; OpenID Connect Core, "ID Token" (``acr``, ``auth_time``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from landschap.fsc import jws
from landschap.fsc.keys import PublicKey
from landschap.fsc.own import OwnPeer
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.payloads import Mandated
from landschap.vocabulary.identifiers import Bsn, InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mandates import MOST_SERVICES, is_code
from landschap.vocabulary.problems import Fault, Refusal

TYPE = "logboek-inzage+jwt"
LIFETIME = timedelta(seconds=120)
SKEW = timedelta(seconds=60)
LONGEST_LOGIN = timedelta(hours=12)
"""A login of longer ago says too little of who sits there now."""
_MOST_TEXT = 255


class _Mandate(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    iss: str
    jti: str
    services: list[str]
    exp: int | None = None


class _Payload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The claims under their wire names."""

    iss: str
    aud: str
    sub: str
    acr: str
    auth_time: int
    iat: int
    exp: int
    jti: UUID
    mandate: _Mandate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a portal says.

    ``issuer`` and ``audience`` are OINs, ``subject`` the number of the person whose uses are asked
    for, ``level`` how sure the login was. ``mandate`` is None for the person itself.
    """

    issuer: str
    audience: str
    subject: str
    level: str
    authenticated_at: datetime
    issued_at: datetime
    expires_at: datetime
    jti: UUID
    mandate: Mandated | None = None

    def __repr__(self) -> str:
        return f"Assertion({self.issuer!r}, {str(self.jti)!r})"

    def used(self, span_id: bytes) -> UsedDeclaration:
        """What is claimed in the log, so that it counts for one question of all processes."""
        return UsedDeclaration(self.issuer, self.jti, span_id, self.expires_at + SKEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A well-formed assertion of which no signature was checked yet; nothing rests on it."""

    read: jws.Jws
    assertion: Assertion

    @property
    def thumbprint(self) -> str:
        """Which certificate of the issuer is needed to `verify` it."""
        return self.read.thumbprint


def sign(assertion: Assertion, own: OwnPeer, kind: str = TYPE) -> str:
    """The compact form, signed by our organisation; ``kind`` says for which service it is."""
    mandate = assertion.mandate
    wire = _Payload(
        iss=assertion.issuer,
        aud=assertion.audience,
        sub=assertion.subject,
        acr=assertion.level,
        auth_time=int(assertion.authenticated_at.timestamp()),
        iat=int(assertion.issued_at.timestamp()),
        exp=int(assertion.expires_at.timestamp()),
        jti=assertion.jti,
        mandate=None if mandate is None else _wire_mandate(mandate),
    )
    payload: dict[str, JsonValue] = msgspec.to_builtins(wire)
    signer = own.signer
    return jws.sign(payload, signer.key, signer.certificate.thumbprint, kind=kind)


def read(compact: str, kind: str = TYPE) -> Unverified | Refusal:
    """The assertion in a compact JWS of this kind, when its form is right; else the refusal."""
    try:
        found = jws.parse(compact)
        if found.header.get("typ") != kind:
            return refuse("invalid", f"its typ is not {kind}")
        return Unverified(read=found, assertion=_assertion(found.payload))
    except InvalidValue as error:
        return refuse("invalid", str(error))
    except (msgspec.ValidationError, ValueError, OverflowError, OSError):
        # The words of such an error may hold a value.
        return refuse("invalid", "a claim is missing, unknown or has no valid form")


def verify(
    unverified: Unverified,
    key: PublicKey,
    *,
    peer: str,
    own: str,
    subject: str,
    now: datetime,
) -> Assertion | Refusal:
    """The assertion, when the key signed it and it is for us, of this peer and person, and fresh.

    ``key`` is that of the peer's certificate with `Unverified.thumbprint`. The clocks may differ by
    a minute.
    """
    found = unverified.assertion
    if not jws.verifies(unverified.read, key):
        return refuse("invalid", "its signature does not hold")
    if found.issuer != peer:
        return refuse("invalid", "it is by another organisation than asks")
    if found.audience != own:
        return refuse("audience", "it is meant for another organisation")
    if found.subject != subject:
        return refuse("subject", "it is about another person than is asked for")
    return _stale(found, now) or found


def refuse(what: str, why: str) -> Refusal:
    """The refusal: ``what`` is ``invalid``, ``audience``, ``subject``, ``expired`` or
    ``replayed``.
    """
    return Refusal(
        code=f"assertion_{what}",
        status=403,
        title="No valid assertion of who asks",
        detail=f"The assertion can not be used: {why}.",
        missing="an assertion about the person that is asked for, of the last two minutes",
        owner="the organisation whose portal asks",
        fault=Fault.PEER,
    )


def _stale(found: Assertion, now: datetime) -> Refusal | None:
    life = found.expires_at - found.issued_at
    if not timedelta(0) < life <= LIFETIME:
        return refuse("invalid", f"it lives longer than {LIFETIME.total_seconds():.0f} seconds")
    if found.issued_at > now + SKEW:
        return refuse("invalid", "it is from the future; set the clock of the asker right")
    if now >= found.expires_at + SKEW:
        return refuse("expired", "it has expired")
    if found.authenticated_at > found.issued_at + SKEW:
        return refuse("invalid", "the login was after it")
    if found.issued_at - found.authenticated_at > LONGEST_LOGIN:
        return refuse("expired", "the login was too long ago")
    return None


def _assertion(payload: Mapping[str, JsonValue]) -> Assertion:
    wire = msgspec.convert(payload, type=_Payload, strict=True)
    Oin.parse(wire.iss)
    Oin.parse(wire.aud)
    if not 0 < len(wire.acr) <= _MOST_TEXT:
        raise InvalidValue("it says no level of the login")
    return Assertion(
        issuer=wire.iss,
        audience=wire.aud,
        subject=Bsn.parse(wire.sub).value,
        level=wire.acr,
        authenticated_at=datetime.fromtimestamp(wire.auth_time, UTC),
        issued_at=datetime.fromtimestamp(wire.iat, UTC),
        expires_at=datetime.fromtimestamp(wire.exp, UTC),
        jti=wire.jti,
        mandate=None if wire.mandate is None else _mandate(wire.mandate),
    )


def _wire_mandate(mandate: Mandated) -> _Mandate:
    return _Mandate(
        iss=mandate.source,
        jti=mandate.reference,
        services=list(mandate.services),
        exp=None if mandate.until is None else int(mandate.until.timestamp()),
    )


def _mandate(wire: _Mandate) -> Mandated:
    texts = (wire.iss, wire.jti, *wire.services)
    if len(wire.services) > MOST_SERVICES or not all(is_code(each) for each in texts):
        raise InvalidValue("its mandate has no valid form")
    return Mandated(
        source=wire.iss,
        reference=wire.jti,
        services=tuple(wire.services),
        until=None if wire.exp is None else datetime.fromtimestamp(wire.exp, UTC),
    )
