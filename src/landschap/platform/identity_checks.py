# SPDX-License-Identifier: EUPL-1.2
"""Whether our identity will be accepted by peers: each thing wrong, and what to do about it.

nginx and the peers are the ones that decide; these checks say it before they do, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from landschap.platform.identity import (
    hosts_of,
    oin_of,
    organisation_of,
    read_certificates,
    read_key,
)
from landschap.platform.revocation import held_lists
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.revocation import RevocationList

T = TypeVar("T")

_MAX_CHAIN = 5
# An end is told from the first of these on, and more loudly at each of the others.
WARN_STEPS_DAYS = (60, 30, 7)
WARN_DAYS = WARN_STEPS_DAYS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with the identity. Fatal: nothing starts; else a warning."""

    what: str
    remedy: str
    fatal: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When something we depend on ends."""

    name: str
    ends: datetime

    def days_left(self, now: datetime) -> float:
        """Days until the end; negative when it has passed."""
        return (self.ends - now).total_seconds() / 86_400

    def step(self, now: datetime) -> int | None:
        """The smallest of the steps that holds the days left; None while it is far away."""
        left = self.days_left(now)
        return min((each for each in WARN_STEPS_DAYS if left < each), default=None)


def require_identity(settings: Settings, now: datetime) -> None:
    """Refuse to start with an identity that peers will refuse. Raises Trouble with all reasons."""
    fatal = [finding for finding in check_identity(settings, now) if finding.fatal]
    if fatal:
        raise Trouble(
            "; ".join(finding.what for finding in fatal),
            "; ".join(dict.fromkeys(finding.remedy for finding in fatal)),
        )


def check_identity(settings: Settings, now: datetime) -> list[Finding]:
    """Everything wrong with our certificate, key, trust anchors and revocation list."""
    identity = settings.identity
    findings: list[Finding] = []
    chain = _attempt(read_certificates, identity.certificate, findings)
    key = _attempt(read_key, identity.key, findings)
    anchors: list[x509.Certificate] = []
    for path in identity.trust_anchors:
        anchors += _attempt(read_certificates, path, findings) or []
    findings += check_together(settings, chain or (), key, anchors, now)
    if identity.pkcs11 is not None:
        signing = _attempt(read_certificates, identity.pkcs11.certificate, findings)
        findings += check_signing(settings, signing or (), anchors, now)
    try:
        findings += _check_revocation(settings, chain or (), now)
    except Trouble as trouble:
        findings.append(Finding(what=trouble.what, remedy=trouble.remedy))
    return findings


def check_together(
    settings: Settings,
    chain: Sequence[x509.Certificate],
    key: PrivateKeyTypes | None,
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[Finding]:
    """What is wrong with certificate, key and anchors that were read, each and together."""
    findings: list[Finding] = []
    if chain:
        findings += _check_subject(chain[0], settings)
        findings += _check_period(chain[0], settings.identity.certificate, now)
        if key is not None:
            findings += _check_pair(chain[0], key, settings)
        if anchors:
            findings += _check_chain(chain, anchors, now)
    return findings


def check_signing(
    settings: Settings,
    chain: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[Finding]:
    """What is fatally wrong with the certificate of the key in a token; nothing without one."""
    kept = settings.identity.pkcs11
    if kept is None or not chain:
        return []
    findings = [*_check_period(chain[0], kept.certificate, now), *_check_chain(chain, anchors, now)]
    if oin_of(chain[0]) != settings.organisation.oin.value:
        findings.append(
            Finding(
                what=f"the certificate {kept.certificate} is of OIN {oin_of(chain[0]) or '(none)'}",
                remedy="correct identity.pkcs11.certificate: it must be of this organisation",
            )
        )
    return [each for each in findings if each.fatal]


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """When our certificate, the trust anchors and the revocation lists end."""
    found = [
        Expiry(name="organisation", ends=each.not_valid_after_utc)
        for each in read_certificates(settings.identity.certificate)[:1]
    ]
    if settings.identity.pkcs11 is not None:
        found += [
            Expiry(name="organisation signing", ends=each.not_valid_after_utc)
            for each in read_certificates(settings.identity.pkcs11.certificate)[:1]
        ]
    for path in settings.identity.trust_anchors:
        found += [
            Expiry(name=f"anchor {path.name}", ends=each.not_valid_after_utc)
            for each in read_certificates(path)
        ]
    found += [
        Expiry(name=f"revocation list {each.source.rpartition('/')[2]}", ends=each.list.until)
        for each in held_lists(settings, now)
        if each.list is not None
    ]
    return found


def _check_subject(certificate: x509.Certificate, settings: Settings) -> Iterator[Finding]:
    ours, found = settings.organisation.oin.value, oin_of(certificate)
    if found != ours:
        yield Finding(
            what=f"the certificate is of OIN {found or '(none)'}, organisation.oin says {ours}",
            remedy="correct organisation.oin, or configure the certificate of this organisation",
        )
    if not organisation_of(certificate):
        yield Finding(
            what="the certificate has no organizationName", remedy="request one with the name in it"
        )
    hosts = hosts_of(certificate)
    for name in ("manager", "inway"):
        host = urlsplit(getattr(settings.addresses, name)).hostname
        if host and not any(_covers(each, host) for each in hosts):
            yield Finding(
                what=f"addresses.{name} has host {host}, which the certificate does not name "
                f"(it names {', '.join(hosts) or 'none'})",
                remedy=f"request a certificate with {host} in it, or correct addresses.{name}",
            )


def _check_period(certificate: x509.Certificate, path: Path, now: datetime) -> Iterator[Finding]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        yield Finding(
            what=f"the certificate {path} is valid from {begin:%Y-%m-%d %H:%M} UTC, not yet now",
            remedy="check the clock of this machine, or wait",
        )
    elif now >= end:
        yield Finding(
            what=f"the certificate {path} expired on {end:%Y-%m-%d %H:%M} UTC",
            remedy="renew it (a test identity: `landschap identity issue`), then start again",
        )
    elif end - now < timedelta(days=WARN_DAYS):
        yield Finding(
            what=f"the certificate {path} expires on {end:%Y-%m-%d}, in {(end - now).days} days",
            remedy="renew it now",
            fatal=False,
        )


def _check_pair(
    certificate: x509.Certificate, key: PrivateKeyTypes, settings: Settings
) -> Iterator[Finding]:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        identity = settings.identity
        yield Finding(
            what=f"the key {identity.key} does not belong to the certificate "
            f"{identity.certificate}",
            remedy="configure the key that the certificate was requested with",
        )


def _check_chain(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], now: datetime
) -> Iterator[Finding]:
    """Walk from our certificate up to an anchor, by the certificates that came with ours."""
    current = chain[0]
    for _ in range(_MAX_CHAIN):
        issuer = _issuer_among(current, anchors)
        if issuer is not None:
            yield from _check_anchor(issuer, now)
            return
        issuer = _issuer_among(current, chain[1:])
        if issuer is None or issuer == current:
            break
        current = issuer
    yield Finding(
        what=f"the certificate does not lead to a trust anchor; the search ends at "
        f"'{current.issuer.rfc4514_string()}'",
        remedy="put the intermediate certificates behind ours in the same file, "
        "or configure the Group's own identity.trust_anchors",
    )


def _check_anchor(anchor: x509.Certificate, now: datetime) -> Iterator[Finding]:
    if not anchor.not_valid_before_utc <= now < anchor.not_valid_after_utc:
        yield Finding(
            what=f"the trust anchor '{anchor.subject.rfc4514_string()}' is not valid now",
            remedy="fetch the Group's present trust anchors",
        )


def _check_revocation(
    settings: Settings, chain: Sequence[x509.Certificate], now: datetime
) -> Iterator[Finding]:
    """Each list that is absent, ended or late; an authority without one; and whether we stand in
    one ourselves.
    """
    held = held_lists(settings, now)
    refuses = settings.revocation.ended == "refuse"
    for each in held:
        if each.list is None:
            yield Finding(
                what=f"there is no revocation list of {each.source}: {each.why}",
                remedy="put it there or correct revocation.lists; without it peers are refused",
            )
        elif each.list.ended(now):
            yield Finding(
                what=f"the revocation list {each.source} ended on "
                f"{each.list.until:%Y-%m-%d %H:%M} UTC; "
                + ("with it every peer is refused" if refuses else "what it said still counts"),
                remedy="fetch the present list from the Group's certificate authority",
                fatal=refuses,
            )
        elif now >= each.list.alarm_at:
            yield Finding(
                what=f"the revocation list {each.source} was not replaced in time; "
                f"it ends on {each.list.until:%Y-%m-%d %H:%M} UTC",
                remedy="see in the worker's log why it cannot be fetched, "
                "or ask the certificate authority for the present list",
                fatal=False,
            )
    lists = [each.list for each in held if each.list is not None]
    yield from _check_listed(lists, settings, chain)


def _check_listed(
    lists: Sequence[RevocationList], settings: Settings, chain: Sequence[x509.Certificate]
) -> Iterator[Finding]:
    issuers = {each.crl.issuer for each in lists}
    for each in lists:
        if chain and each.crl.issuer == chain[0].issuer:
            number = chain[0].serial_number
            if each.crl.get_revoked_certificate_by_serial_number(number) is not None:
                yield Finding(
                    what="our own certificate is revoked", remedy="request a new certificate"
                )
    if not lists:
        return
    for path in settings.identity.trust_anchors:
        for anchor in read_certificates(path):
            if anchor.subject not in issuers:
                yield Finding(
                    what=f"there is no revocation list of '{anchor.subject.rfc4514_string()}'; "
                    "without one every peer below it is refused",
                    remedy="add the address of its list to revocation.lists",
                    fatal=False,
                )


def _issuer_among(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return candidate
    return None


def _covers(name: str, host: str) -> bool:
    """True when a SAN name covers the host; a wildcard stands for one label. RFC 6125, 6.4.3."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _attempt(read: Callable[[Path], T], path: Path, findings: list[Finding]) -> T | None:
    try:
        return read(path)
    except Trouble as trouble:
        findings.append(Finding(what=trouble.what, remedy=trouble.remedy))
        return None
