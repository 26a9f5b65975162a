# SPDX-License-Identifier: EUPL-1.2
"""Who signed a package: an organisation of the Group with a certificate that holds now, or nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from landschap.fsc import jws
from landschap.fsc.certificates import Trust, peer_certificate
from landschap.fsc.own import Signer
from landschap.packages.signing import (
    UntrustedPackage,
    certificates_of,
    signature_of,
    signer_of,
)
from landschap.platform.identity import (
    Issued,
    Validity,
    issue_organisation,
    make_anchor,
    revocation_list,
)
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.revocation import Revocation, read_revocation_list

NOW = datetime.now(UTC)
MANIFEST = b'{"form":1}'


def anchor() -> Issued:
    return make_anchor("Proefanker", Validity.of_days(NOW, 365))


def issued(by: Issued, days: int = 90) -> Issued:
    return issue_organisation(
        by,
        oin=Oin.parse("00000099000000002000"),
        name="Gemeente Proefdorp",
        hosts=["manager.proefdorp.test"],
        validity=Validity.of_days(NOW, days),
    )


def signer(of: Issued) -> Signer:
    return Signer(certificate=peer_certificate(of.certificate), chain=(), key=of.key)


def trust(*anchors: Issued, now: datetime = NOW, revocation: Revocation | None = None) -> Trust:
    return Trust(anchors=[each.certificate for each in anchors], revocation=revocation, now=now)


GROUP, OTHER = anchor(), anchor()
OURS = issued(GROUP)


def test_a_signature_tells_who_made_it() -> None:
    made = signer(OURS)
    found = signer_of(MANIFEST, signature_of(MANIFEST, made), certificates_of(made), trust(GROUP))
    assert (str(found.peer_id), found.name) == ("00000099000000002000", "Gemeente Proefdorp")


def test_the_same_manifest_has_the_same_signature() -> None:
    made = signer(OURS)
    assert signature_of(MANIFEST, made) == signature_of(MANIFEST, made)
    other = replace(made, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    assert signature_of(MANIFEST, other) == signature_of(MANIFEST, other)


def _revoked() -> Trust:
    raw = revocation_list(GROUP, [OURS.certificate], now=NOW, days=30)
    lists = [read_revocation_list(raw, [GROUP.certificate], NOW)]
    return trust(GROUP, revocation=Revocation.of(lists))


MADE = signer(OURS)
SIGNATURE, PEM = signature_of(MANIFEST, MADE), certificates_of(MADE)
THEIRS = signer(issued(OTHER))


@pytest.mark.parametrize(
    ("manifest", "signature", "pem", "held", "words"),
    [
        (b'{"form":2}', SIGNATURE, PEM, trust(GROUP), "something else"),
        (MANIFEST, SIGNATURE[:-4] + b"AAAA", PEM, trust(GROUP), "not made by the certificate"),
        (MANIFEST, SIGNATURE, PEM, trust(OTHER), "does not lead to a trust anchor"),
        (MANIFEST, signature_of(MANIFEST, THEIRS), certificates_of(THEIRS), trust(GROUP),
         "does not lead to a trust anchor"),
        (MANIFEST, signature_of(MANIFEST, THEIRS), PEM, trust(GROUP), "not made by"),
        (MANIFEST, SIGNATURE, PEM, trust(GROUP, now=NOW + timedelta(days=91)), "not valid at"),
        (MANIFEST, SIGNATURE, PEM, _revoked(), "revoked"),
        (MANIFEST, SIGNATURE, b"nothing", trust(GROUP), "can not be read"),
        (MANIFEST, SIGNATURE, PEM * 6, trust(GROUP), "more than 5"),
        (MANIFEST, b"a.b", PEM, trust(GROUP), "not a JWS"),
        (MANIFEST, b"\xff\xfe", PEM, trust(GROUP), "not known to be real"),
        (MANIFEST, b"eyJhbGciOiJub25lIn0.e30.AAAA", PEM, trust(GROUP), "not made by"),
        (MANIFEST, jws.sign({"contentHash": "x"}, OURS.key, MADE.certificate.thumbprint).encode(),
         PEM, trust(GROUP), "something else"),
    ],
    ids=["other content", "broken", "anchor unknown", "signer unknown", "other signer", "expired",
         "revoked", "no certificate", "many certificates", "no jws", "bytes", "alg none", "a contract's"],
)  # fmt: skip
def test_a_signature_that_does_not_hold_is_refused(
    manifest: bytes, signature: bytes, pem: bytes, held: Trust, words: str
) -> None:
    with pytest.raises(UntrustedPackage, match=words):
        signer_of(manifest, signature, pem, held)
