# SPDX-License-Identifier: EUPL-1.2
"""Our identity: what is made, and what is told when peers will refuse it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.throwaway import organisation

from landschap.platform.identity import (
    Issued,
    Validity,
    hosts_of,
    issue_application,
    issue_organisation,
    make_anchor,
    oin_of,
    organisation_of,
    revocation_list,
)
from landschap.platform.identity_checks import check_identity, expiries, require_identity
from landschap.platform.keys import make_secret_keys, organisation_key, own_certificate, secret_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import Oin

NOW = datetime.now(UTC)
OIN = Oin.parse("00000099000000001000")
HOSTS = ["manager.proefdorp.test", "inway.proefdorp.test"]


@pytest.fixture
def settings(tmp_path: Path, anchor: Issued) -> Settings:
    return organisation(tmp_path, anchor)


def reissue(settings: Settings, anchor: Issued, **changed: object) -> None:
    """Put another certificate and key in place."""
    wanted: dict[str, object] = {
        "oin": OIN,
        "name": "Gemeente Proefdorp",
        "hosts": HOSTS,
        "validity": Validity.of_days(NOW, 90),
    }
    made = issue_organisation(anchor, **{**wanted, **changed})  # type: ignore[arg-type]  # by name
    settings.identity.certificate.write_bytes(made.certificate_pem)
    settings.identity.key.write_bytes(made.key_pem)


def told(settings: Settings) -> str:
    return " | ".join(f"{each.what} -> {each.remedy}" for each in check_identity(settings, NOW))


def test_certificate_names_the_organisation_as_fsc_wants_it(settings: Settings) -> None:
    certificate = own_certificate(settings)
    assert oin_of(certificate) == "00000099000000001000"
    assert organisation_of(certificate) == "Gemeente Proefdorp"
    assert hosts_of(certificate) == HOSTS
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert organisation_key(settings).public_key() == certificate.public_key()


def test_a_good_identity_has_no_findings(settings: Settings) -> None:
    now = datetime.now(UTC)
    assert check_identity(settings, now) == []
    require_identity(settings, now)


def test_refuses_the_certificate_of_another_oin(settings: Settings, anchor: Issued) -> None:
    reissue(settings, anchor, oin=Oin.parse("00000099000000002000"))
    assert "is of OIN 00000099000000002000, organisation.oin says 0000009900000" in told(settings)
    with pytest.raises(Trouble, match=r"correct organisation\.oin"):
        require_identity(settings, NOW)


def test_refuses_a_key_that_belongs_to_another_certificate(
    settings: Settings, anchor: Issued
) -> None:
    before = settings.identity.key.read_bytes()
    reissue(settings, anchor)
    settings.identity.key.write_bytes(before)
    assert "does not belong to the certificate" in told(settings)


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [(-90, -1, "expired on"), (1, 90, "not yet now"), (-1, 3, "expires on")],
)
def test_tells_when_a_certificate_does_not_hold(
    settings: Settings, anchor: Issued, begin: int, end: int, words: str
) -> None:
    validity = Validity(
        not_before=NOW + timedelta(days=begin), not_after=NOW + timedelta(days=end, minutes=1)
    )
    reissue(settings, anchor, validity=validity)
    assert words in told(settings)
    fatal = [finding for finding in check_identity(settings, NOW) if finding.fatal]
    assert bool(fatal) is (words != "expires on")


def test_refuses_a_certificate_of_another_anchor(settings: Settings) -> None:
    reissue(settings, make_anchor("Ander anker", Validity.of_days(NOW, 90)))
    assert "does not lead to a trust anchor; the search ends at 'CN=Ander anker" in told(settings)


def test_an_anchor_of_the_same_name_with_another_key_does_not_do(settings: Settings) -> None:
    reissue(settings, make_anchor("Proefanker", Validity.of_days(NOW, 90)))
    assert "does not lead to a trust anchor" in told(settings)


def test_refuses_addresses_that_the_certificate_does_not_name(
    settings: Settings, anchor: Issued
) -> None:
    reissue(settings, anchor, hosts=["*.proefdorp.test"])
    assert told(settings) == ""
    reissue(settings, anchor, hosts=["manager.elders.test"])
    assert "addresses.inway has host inway.proefdorp.test, which the cert" in told(settings)


def test_says_which_file_is_missing_or_is_no_certificate(settings: Settings) -> None:
    settings.identity.certificate.write_text("hello", encoding="ascii")
    settings.identity.key.unlink()
    words = told(settings)
    assert "organisation.crt holds no certificate" in words
    assert "organisation.key does not exist -> put it there, or make a test identity" in words
    assert "stays proved without the key: `landschap verify`" in words


def test_an_ended_revocation_list_is_fatal_and_its_end_is_watched(
    settings: Settings, anchor: Issued, tmp_path: Path
) -> None:
    crl = tmp_path / "anchor.crl"
    listed = replace(settings, identity=replace(settings.identity, crl=crl))
    crl.write_bytes(revocation_list(anchor, [], now=NOW - timedelta(days=9), days=3))
    assert "with it every peer is refused" in told(listed)
    crl.write_bytes(revocation_list(anchor, [own_certificate(settings)], now=NOW, days=3))
    assert "our own certificate is revoked" in told(listed)
    days = {expiry.name: round(expiry.days_left(NOW)) for expiry in expiries(listed, NOW)}
    assert days == {"organisation": 90, "anchor anchor.crt": 365, "revocation list anchor.crl": 3}


def test_an_application_gets_a_client_certificate_of_the_internal_ca() -> None:
    ca = make_anchor("Intern", Validity.of_days(NOW, 365))
    made = issue_application(ca, name="zaaksysteem", validity=Validity.of_days(NOW, 30))
    made.certificate.verify_directly_issued_by(ca.certificate)
    usage = made.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_secret_keys_are_private_stable_and_never_silently_replaced(settings: Settings) -> None:
    assert make_secret_keys(settings) == [
        "permit", "pseudonym", "session", "anchor", "request", "evidence",
    ]  # fmt: skip
    key = secret_key(settings, "pseudonym")
    assert len(key) == 32
    assert make_secret_keys(settings) == []
    assert secret_key(settings, "pseudonym") == key
    file = settings.paths.secrets / "pseudonym.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_uid == os.geteuid()
    file.unlink()
    with pytest.raises(Trouble, match="keys that were made before are gone"):
        make_secret_keys(settings)
    with pytest.raises(Trouble, match="does not exist"):
        secret_key(settings, "pseudonym")
    file.write_text("1234", encoding="ascii")
    with pytest.raises(Trouble, match="not 32 bytes"):
        secret_key(settings, "pseudonym")
