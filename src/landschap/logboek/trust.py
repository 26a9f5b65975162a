# SPDX-License-Identifier: EUPL-1.2
"""Whose certificate signed an anchor: one of this organisation, by a trust anchor of the Group."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID


def trust_in(
    trust_anchors: Sequence[x509.Certificate], between: Sequence[x509.Certificate] = ()
) -> Callable[[bytes, str], bool]:
    """A judge of certificates: issued under one of these, and naming the organisation.

    Whether the certificate has expired since does not matter: it was valid when it signed.
    ``between`` are intermediates, themselves judged.
    """
    issuers = [*trust_anchors]
    issuers += [one for one in between if _issued(one, trust_anchors)]
    known: dict[tuple[bytes, str], bool] = {}

    def judge(der: bytes, organisation: str) -> bool:
        if (der, organisation) not in known:
            known[der, organisation] = _trusted(der, organisation, issuers)
        return known[der, organisation]

    return judge


def _trusted(der: bytes, organisation: str, issuers: Sequence[x509.Certificate]) -> bool:
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return False
    named = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return any(one.value == organisation for one in named) and _issued(certificate, issuers)


def _issued(certificate: x509.Certificate, issuers: Sequence[x509.Certificate]) -> bool:
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
