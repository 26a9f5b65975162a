# SPDX-License-Identifier: EUPL-1.2
"""The signature under a package: by an organisation of the Group, over the manifest's digest.

The key is the one that signs contracts; the certificates travel along, without the root, and must
lead to a trust anchor of who takes the package in. With a key in a file the same manifest has the
same signature: ECDSA takes its number from key and message.
Source: RFC 7515 (JWS), RFC 6979 (deterministic ECDSA); FSC Core, "Trust Anchor".
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc import jws, keys
from landschap.fsc.certificates import MAX_CHAIN, PeerCertificate, Trust, check_trusted
from landschap.fsc.certificates import peer_certificate as usable
from landschap.fsc.own import Signer
from landschap.packages.manifest import digest_of
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import InvalidValue

_CLAIM = "packageManifestSha256"
_MAX_BYTES = 65_536


class UntrustedPackage(ValueError):
    """A package of which it can not be shown who signed it; the message says why."""


def signature_of(manifest: bytes, signer: Signer) -> bytes:
    """The signature under a manifest, as a compact JWS."""
    algorithm = keys.algorithm_of(signer.key)
    header: dict[str, JsonValue] = {
        "alg": algorithm.name,
        "x5t#S256": signer.certificate.thumbprint,
    }
    claims: dict[str, JsonValue] = {_CLAIM: digest_of(manifest)}
    signed = f"{_encoded(canonical(header))}.{_encoded(canonical(claims))}"
    return f"{signed}.{_encoded(_signed(signed.encode(), signer.key, algorithm))}".encode()


def certificates_of(signer: Signer) -> bytes:
    """The signer's certificate and the intermediates, as PEM."""
    every = (signer.certificate.x509, *signer.chain)
    return b"".join(each.public_bytes(Encoding.PEM) for each in every)


def signer_of(manifest: bytes, signature: bytes, pem: bytes, trust: Trust) -> PeerCertificate:
    """The organisation that signed this manifest. Raises UntrustedPackage."""
    leaf, others = _certificates(pem)
    try:
        certificate = usable(leaf)
        check_trusted(leaf, others, trust)
        found = jws.parse(signature.decode("ascii"))
    except (InvalidValue, UnicodeDecodeError) as error:
        raise UntrustedPackage(f"its signer is not known to be real: {error}") from None
    if found.thumbprint != certificate.thumbprint or not jws.verifies(found, certificate.key):
        raise UntrustedPackage("its signature was not made by the certificate that stands in it")
    if found.payload != {_CLAIM: digest_of(manifest)}:
        raise UntrustedPackage("its signature is about something else")
    return certificate


def _certificates(pem: bytes) -> tuple[x509.Certificate, Sequence[x509.Certificate]]:
    try:
        found = x509.load_pem_x509_certificates(pem[:_MAX_BYTES])
    except ValueError:
        raise UntrustedPackage("the certificates in it can not be read") from None
    if len(found) > MAX_CHAIN:
        raise UntrustedPackage(f"it holds more than {MAX_CHAIN} certificates")
    return found[0], found[1:]


def _signed(content: bytes, key: keys.SigningKey, algorithm: keys.Algorithm) -> bytes:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return keys.sign(content, key, algorithm)
    how = ec.ECDSA(algorithm.digest, deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(content, how))
    return r.to_bytes(algorithm.half_bytes) + s.to_bytes(algorithm.half_bytes)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
