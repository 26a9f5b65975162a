# SPDX-License-Identifier: EUPL-1.2
"""Private keys that sign where they are kept, and are never read by us: in a PKCS #11 token.

Keys in files are the objects of `cryptography` as they are. Whoever signs takes either; the check
costs a key in memory nothing, as it comes last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa

Digest = Literal["sha256", "sha384", "sha512"]
RsaPadding = Literal["pkcs1v15", "pss"]


class KeptKey(ABC):
    """A private key that is kept elsewhere."""

    @abstractmethod
    def public_key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """Its public half."""

    @abstractmethod
    def sign_jose(self, message: bytes, digest: Digest, rsa_padding: RsaPadding) -> bytes:
        """A signature in JOSE form: r and s side by side for a curve, else RSA with this padding.

        A salt of PSS has the size of the digest. Raises OSError when the token does not answer.
        Source: RFC 7518, 3.3 to 3.5.
        """
