# SPDX-License-Identifier: EUPL-1.2
"""What a decider remembers between questions: bounded, and never a reason to permit more.

Reading a certificate or verifying a token costs a hundred times a look in a dictionary, and the
same ones come back with every question. What is remembered is only that a text was read and what
it says; whether it holds for this connection and this moment is judged every time.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from cryptography.x509 import load_pem_x509_certificate

from landschap.fsc.certificates import PeerCertificate, read_pem
from landschap.fsc.thumbprints import thumbprint_of
from landschap.fsc.tokens import TokenClaims
from landschap.gateway.users import User
from landschap.logboek.declarations import DeclarationKey, UsedDeclaration
from landschap.vocabulary.identifiers import InvalidValue

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Bounded(Generic[_Key, _Value]):
    """A dictionary that forgets its oldest half when it is full."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[_Key, _Value] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: _Key) -> _Value | None:
        """What is remembered under this key."""
        return self._held.get(key)

    def keep(self, key: _Key, value: _Value) -> _Value:
        """Remember, and give back."""
        if len(self._held) >= self._limit:
            for old in list(self._held)[: self._limit // 2]:
                del self._held[old]
        self._held[key] = value
        return value


class Replays:
    """The declarations that this decider saw used: each counts for one question only.

    The same declaration with the same span is a retry and passes; with another span it is a
    replay. Remembered until it has expired; when the limit is reached the oldest are forgotten.
    This is the first look, and the cheap one. What another decider saw, or this one before a
    restart, is known by the statement that writes the record; `learn` has it remembered here too.
    """

    def __init__(self, limit: int = 500_000) -> None:
        self._limit = limit
        self._used: OrderedDict[DeclarationKey, tuple[bytes, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._used)

    def is_replay(self, used: UsedDeclaration, now: float) -> bool:
        """True when this declaration was used for another span; else it counts as used now.

        ``now`` is in Unix seconds.
        """
        key, expires_at = used.key, used.expires_at.timestamp()
        held = self._used.get(key)
        if held is None or held[1] <= now:
            self._forget(now)
            self._used[key] = (used.span, expires_at)
            return False
        if held[1] < expires_at:
            # Signed anew under the same number: that one must not outlive what is known of it.
            self._used[key] = (held[0], expires_at)
        return held[0] != used.span

    def learn(self, used: UsedDeclaration, span: bytes) -> None:
        """The log has this declaration under ``span``, whatever was seen here."""
        self._used[used.key] = (span, used.expires_at.timestamp())

    def _forget(self, now: float) -> None:
        """Drop what has expired, from the front; lives differ little, so order is near enough."""
        while self._used:
            first = next(iter(self._used))
            if self._used[first][1] > now and len(self._used) < self._limit:
                return
            del self._used[first]


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything one decider remembers."""

    certificates: Bounded[str, PeerCertificate | str] = field(default_factory=lambda: Bounded(4096))
    clients: Bounded[str, str] = field(default_factory=lambda: Bounded(4096))
    tokens: Bounded[bytes, TokenClaims] = field(default_factory=lambda: Bounded(8192))
    peer_certificates: Bounded[tuple[str, str], PeerCertificate] = field(
        default_factory=lambda: Bounded(4096)
    )
    users: Bounded[bytes, User] = field(default_factory=lambda: Bounded(8192))
    replays: Replays = field(default_factory=Replays)

    def client_certificate(self, escaped_pem: str) -> str:
        """The thumbprint of an application's certificate; empty when it can not be read.

        nginx has checked it against the internal authority; it names no peer, so its subject is
        free.
        """
        known = self.clients.get(escaped_pem)
        if known is not None:
            return known
        try:
            found = thumbprint_of(load_pem_x509_certificate(unquote_to_bytes(escaped_pem)))
        except ValueError:
            found = ""
        return self.clients.keep(escaped_pem, found)

    def certificate(self, escaped_pem: str) -> PeerCertificate | str:
        """The certificate in a header of nginx (URL-encoded PEM), or why it can not be used."""
        known = self.certificates.get(escaped_pem)
        if known is not None:
            return known
        try:
            found: PeerCertificate | str = read_pem(unquote_to_bytes(escaped_pem))
        except InvalidValue as error:
            found = str(error)
        return self.certificates.keep(escaped_pem, found)


def digest(text: str) -> bytes:
    """SHA-256 of a header: what is remembered of a secret is this, never the text."""
    return hashlib.sha256(text.encode("latin-1", "replace")).digest()
