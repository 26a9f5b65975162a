# SPDX-License-Identifier: EUPL-1.2
"""Revocation lists: whose count, which count, and which of two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.platform.identity import Issued, Validity, make_anchor
from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.revocation import Revocation, RevocationList, read_revocation_list

NOW = datetime.now(UTC).replace(microsecond=0)
ANCHOR = make_anchor("Anker", Validity.of_days(NOW, 365))


def builder(authority: Issued = ANCHOR) -> x509.CertificateRevocationListBuilder:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(NOW - timedelta(hours=1))
        .next_update(NOW + timedelta(days=4))
    )


def read(
    made: x509.CertificateRevocationListBuilder,
    signer: Issued = ANCHOR,
    form: Encoding = Encoding.PEM,
) -> RevocationList:
    content = made.sign(signer.key, hashes.SHA256()).public_bytes(form)
    return read_revocation_list(content, [ANCHOR.certificate], NOW)


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_a_list_is_read_in_either_form(form: Encoding) -> None:
    found = read(builder().add_extension(x509.CRLNumber(7), critical=False), form=form)
    assert (found.number, found.until) == (7, NOW + timedelta(days=4))
    assert found.alarm_at == found.until - (found.until - found.from_) / 4


def test_a_list_of_a_stranger_or_of_a_forger_of_the_name_does_not_count() -> None:
    forger = make_anchor("Anker", Validity.of_days(NOW, 365))
    with pytest.raises(InvalidValue, match="not signed by an authority"):
        read(builder(), signer=forger)
    stranger = make_anchor("Vreemd", Validity.of_days(NOW, 365))
    with pytest.raises(InvalidValue, match="not signed by an authority"):
        read(builder(stranger), signer=stranger)


def test_an_authority_that_may_not_sign_lists_signs_none() -> None:
    key = ANCHOR.key
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    only_certificates = (
        x509.CertificateBuilder()
        .subject_name(ANCHOR.certificate.subject)
        .issuer_name(ANCHOR.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    content = builder().sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    with pytest.raises(InvalidValue, match="not signed by an authority"):
        read_revocation_list(content, [only_certificates], NOW)


def test_a_part_of_a_list_is_refused() -> None:
    with pytest.raises(InvalidValue, match="delta"):
        read(builder().add_extension(x509.DeltaCRLIndicator(1), critical=True))
    some = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}),
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    with pytest.raises(InvalidValue, match="part of the revocations"):
        read(builder().add_extension(some, critical=True))


def test_a_list_of_tomorrow_and_a_text_that_is_none_are_refused() -> None:
    with pytest.raises(InvalidValue, match="yet to come"):
        read(
            x509.CertificateRevocationListBuilder()
            .issuer_name(ANCHOR.certificate.subject)
            .last_update(NOW + timedelta(hours=1))
            .next_update(NOW + timedelta(days=4))
        )
    with pytest.raises(InvalidValue, match="no revocation list"):
        read_revocation_list(b"hello", [ANCHOR.certificate], NOW)


def test_of_two_lists_of_one_authority_the_later_one_counts() -> None:
    older = read(builder().add_extension(x509.CRLNumber(3), critical=False))
    newer = read(builder().add_extension(x509.CRLNumber(4), critical=False))
    for order in ([older, newer], [newer, older]):
        assert list(Revocation.of(order).lists.values()) == [newer]
