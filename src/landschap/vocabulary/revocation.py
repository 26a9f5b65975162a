# SPDX-License-Identifier: EUPL-1.2
"""Revocation lists: read only when their authority signed them, and held against certificates.

Where a Group has lists, silence proves nothing: a certificate whose issuer has no list here is
refused like a revoked one, the way nginx and OpenSSL refuse it. A list that has ended refuses
every certificate of its issuer, unless the organisation chose to go on with what it knew.
Source: RFC 5280, 5 and 6.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.vocabulary.problems import InvalidValue

_PEM_MARK = b"-----BEGIN X509 CRL-----"
# Clocks of authorities differ a little from ours.
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A list whose signature was verified; ``number`` is its cRLNumber, or 0."""

    crl: x509.CertificateRevocationList
    issuer: str
    from_: datetime
    until: datetime
    number: int

    @property
    def pem(self) -> bytes:
        """As PEM."""
        return self.crl.public_bytes(Encoding.PEM)

    @property
    def alarm_at(self) -> datetime:
        """When it should have been replaced: three quarters of its life are over."""
        return self.until - (self.until - self.from_) / 4

    def ended(self, now: datetime) -> bool:
        """True from its nextUpdate on."""
        return now >= self.until

    def is_newer_than(self, other: RevocationList) -> bool:
        """True when it was made later: an older list could hide a revocation."""
        return (self.from_, self.number) > (other.from_, other.number)


def read_revocation_list(
    content: bytes, authorities: Iterable[x509.Certificate], now: datetime
) -> RevocationList:
    """A full list of one of these authorities, from PEM or DER. Raises InvalidValue."""
    pem = _PEM_MARK in content
    try:
        crl = x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
        extensions = crl.extensions
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidValue(f"it is no revocation list: {error}") from None
    issuer = crl.issuer.rfc4514_string()
    if not any(_signed(crl, each) for each in authorities):
        raise InvalidValue(f"it is not signed by an authority of this Group (issuer '{issuer}')")
    _refuse_partial(extensions)
    begin, until = crl.last_update_utc, crl.next_update_utc
    if until is None:
        raise InvalidValue("it does not say when its successor comes (nextUpdate)")
    if begin > now + _SKEW:
        raise InvalidValue(f"it is of {begin:%Y-%m-%d %H:%M} UTC, which is yet to come")
    return RevocationList(
        crl=crl, issuer=issuer, from_=begin, until=until, number=_number(extensions)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The lists of a Group, by issuer. ``refuse_ended`` says what an ended list does."""

    lists: Mapping[x509.Name, RevocationList]
    refuse_ended: bool = True

    @classmethod
    def of(cls, lists: Iterable[RevocationList], *, refuse_ended: bool = True) -> Revocation:
        """The newest list of each issuer."""
        newest: dict[x509.Name, RevocationList] = {}
        for each in lists:
            held = newest.get(each.crl.issuer)
            if held is None or each.is_newer_than(held):
                newest[each.crl.issuer] = each
        return cls(lists=MappingProxyType(newest), refuse_ended=refuse_ended)

    def check(self, certificates: Sequence[x509.Certificate], now: datetime) -> None:
        """Refuse when one of these is revoked, or may be. Raises InvalidValue with the why."""
        for each in certificates:
            held = self.lists.get(each.issuer)
            if held is None:
                name = each.issuer.rfc4514_string()
                raise InvalidValue(f"no revocation list of its issuer '{name[:120]}' is held")
            if held.crl.get_revoked_certificate_by_serial_number(each.serial_number) is not None:
                raise InvalidValue("the certificate has been revoked by its issuer")
            if held.ended(now) and self.refuse_ended:
                raise InvalidValue(f"the revocation list of '{held.issuer[:120]}' has ended")

    def knows(self, certificate: x509.Certificate) -> bool:
        """True when the list of its issuer is here."""
        return certificate.issuer in self.lists

    def since(self, certificates: Sequence[x509.Certificate]) -> datetime | None:
        """When the first of these was revoked; None when none of them is."""
        moments = []
        for each in certificates:
            held = self.lists.get(each.issuer)
            entry = held and held.crl.get_revoked_certificate_by_serial_number(each.serial_number)
            if entry:
                moments.append(entry.revocation_date_utc)
        return min(moments, default=None)

    def carried(self, now: datetime) -> bool:
        """True when the lists can be handed to OpenSSL, which never accepts an ended one."""
        return self.refuse_ended or not any(each.ended(now) for each in self.lists.values())

    @property
    def pem(self) -> bytes:
        """All lists in one PEM text, in a fixed order."""
        return b"".join(sorted(each.pem for each in self.lists.values()))


def _signed(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    if authority.subject != crl.issuer or not _may_sign_lists(authority):
        return False
    key = authority.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    try:
        return crl.is_signature_valid(key)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False


def _may_sign_lists(authority: x509.Certificate) -> bool:
    """Source: RFC 5280, 4.2.1.3: with a key usage, cRLSign must be in it."""
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return usage.crl_sign


def _refuse_partial(extensions: x509.Extensions) -> None:
    """A delta, or a list for some certificates or reasons, would pass over revoked ones."""
    for each in extensions:
        value = each.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise InvalidValue(
                "it is a delta of another list; configure the address of the full one"
            )
        if isinstance(value, x509.IssuingDistributionPoint) and (
            value.indirect_crl
            or value.only_some_reasons
            or value.only_contains_attribute_certs
            or value.only_contains_ca_certs
        ):
            raise InvalidValue("it holds a part of the revocations only; configure the full list")
        if each.critical and isinstance(value, x509.UnrecognizedExtension):
            raise InvalidValue(f"it has an unknown critical extension {each.oid.dotted_string}")


def _number(extensions: x509.Extensions) -> int:
    try:
        return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0
