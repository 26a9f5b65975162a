# SPDX-License-Identifier: EUPL-1.2
"""Signing with a key in a PKCS #11 token: a hardware module, or SoftHSM in tests.

The library is an extra (`landschap[hsm]`) and is imported only when `identity.pkcs11` is set. One
session per process, opened anew when the token forgot it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from landschap.platform.settings import Pkcs11Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.signing import Digest, KeptKey, RsaPadding


class TokenKey(KeptKey):
    """A private key in a token. ``public`` is that of the certificate it belongs to."""

    def __init__(
        self, settings: Pkcs11Settings, public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    ) -> None:
        self._settings = settings
        self._public = public
        self._lock = threading.Lock()
        self._session: Any = None
        self._key: Any = None

    def public_key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """The public half, from the certificate."""
        return self._public

    def sign_jose(self, message: bytes, digest: Digest, rsa_padding: RsaPadding) -> bytes:
        """See `KeptKey`. A token that was away gets one more chance, with a new session."""
        import pkcs11

        with self._lock:
            try:
                return self._sign(message, digest, rsa_padding)
            except (pkcs11.PinIncorrect, pkcs11.PinLocked) as error:
                # A second try would only bring the token nearer to locking itself.
                self._close()
                raise OSError(f"the PKCS #11 token refuses the PIN: {_words(error)}") from None
            except pkcs11.PKCS11Error:
                self._close()
            try:
                return self._sign(message, digest, rsa_padding)
            except pkcs11.PKCS11Error as error:
                self._close()
                raise OSError(f"the PKCS #11 token does not sign: {_words(error)}") from None

    def require(self) -> None:
        """Sign something and see that it fits the certificate. Raises Trouble."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        probe = b"landschap: does this key belong to its certificate?"
        try:
            signature = self.sign_jose(probe, "sha256", "pkcs1v15")
        except OSError as error:
            raise Trouble(
                f"the key '{self._settings.key}' in token '{self._settings.token}' cannot be used: "
                f"{error}",
                "check module, token, key and pin_file under [identity.pkcs11]",
            ) from None
        try:
            if isinstance(self._public, rsa.RSAPublicKey):
                self._public.verify(signature, probe, padding.PKCS1v15(), hashes.SHA256())
                return
            half = len(signature) // 2
            r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            der = encode_dss_signature(r, s)
            self._public.verify(der, probe, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Trouble(
                f"the key '{self._settings.key}' in the token does not belong to the certificate "
                f"{self._settings.certificate}",
                "correct identity.pkcs11.key or identity.pkcs11.certificate",
            ) from None

    def _sign(self, message: bytes, digest: Digest, rsa_padding: RsaPadding) -> bytes:
        from pkcs11 import MGF, Mechanism

        key = self._opened()
        if not isinstance(self._public, rsa.RSAPublicKey):
            # The token hashes nothing: not every one knows ECDSA with a digest.
            hashed = hashlib.new(digest, message).digest()
            return bytes(key.sign(hashed, mechanism=Mechanism.ECDSA))
        if rsa_padding == "pkcs1v15":
            named = getattr(Mechanism, f"{digest.upper()}_RSA_PKCS")
            return bytes(key.sign(message, mechanism=named))
        named = getattr(Mechanism, f"{digest.upper()}_RSA_PKCS_PSS")
        hashing, generator = getattr(Mechanism, digest.upper()), getattr(MGF, digest.upper())
        size = hashlib.new(digest).digest_size
        return bytes(key.sign(message, mechanism=named, mechanism_param=(hashing, generator, size)))

    def _opened(self) -> Any:
        import pkcs11

        if self._key is None:
            given = self._settings
            token = _library(given.module).get_token(token_label=given.token)
            try:
                self._session = token.open(user_pin=_pin(given.pin_file))
            except pkcs11.UserAlreadyLoggedIn:
                # Logging in counts for the whole process: another key of the token did it.
                self._session = token.open()
            self._key = self._session.get_key(
                object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=given.key
            )
        return self._key

    def _close(self) -> None:
        import pkcs11

        with contextlib.suppress(pkcs11.PKCS11Error):
            if self._session is not None:
                self._session.close()
        self._session = self._key = None


def token_key(
    settings: Pkcs11Settings, public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
) -> TokenKey:
    """The key in the token, proven to belong to this public key. Raises Trouble."""
    if importlib.util.find_spec("pkcs11") is None:
        raise Trouble(
            "identity.pkcs11 is set, but the library for it is not installed",
            "pip install 'landschap[hsm]'",
        )
    key = TokenKey(settings, public)
    key.require()
    return key


@lru_cache(maxsize=4)
def _library(module: Path) -> Any:
    import pkcs11

    return pkcs11.lib(str(module))


def _pin(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Trouble(
            f"the PIN file {file} cannot be read: {error.strerror}",
            "let only the user that runs landschap read it",
        ) from None


def _words(error: Exception) -> str:
    """The kind of error of the library; its text may hold what was asked of the token."""
    return type(error).__name__ if not str(error) else f"{type(error).__name__}: {error}"[:200]
