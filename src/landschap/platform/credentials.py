# SPDX-License-Identifier: EUPL-1.2
"""What proves us and whom we believe, as the files were at one moment; and word of its changes.

Certificate, key, trust anchors and revocation lists are read together and checked together: a
certificate without its key never gets in force, and half a replacement is no replacement. What is
in force lives in memory, so replacing a file breaks nothing until the whole is right.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from landschap.platform.folders import private_folder
from landschap.platform.identity import certificates_in, key_in, read_certificates, read_file
from landschap.platform.identity_checks import check_signing, check_together
from landschap.platform.revocation import kept_file, revocation_of, sources
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.revocation import Revocation

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
# Who signs waits until those who verify have looked: then no token is of a key unknown here.
SIGNERS_WAIT_SECONDS = 3.0
_FOLDER = "tls"
_KEPT_VERSIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """Everything of one moment. ``chain`` begins with our certificate, ``signing_chain`` with
    that of the key in a token, when there is one.
    """

    chain: tuple[x509.Certificate, ...]
    chain_pem: bytes
    key: PrivateKeyTypes
    key_pem: bytes
    anchors: tuple[x509.Certificate, ...]
    anchors_pem: bytes
    revocation: Revocation | None
    signing_chain: tuple[x509.Certificate, ...] = ()

    def lists_pem(self, now: datetime) -> bytes:
        """The revocation lists for nginx and OpenSSL; empty when none are to be used now."""
        if self.revocation is None or not self.revocation.carried(now):
            return b""
        return self.revocation.pem

    def version(self, now: datetime) -> str:
        """A name for the whole that changes with any part of it."""
        signing = b"".join(each.fingerprint(hashes.SHA256()) for each in self.signing_chain)
        parts = (self.chain_pem, self.key_pem, self.anchors_pem, self.lists_pem(now), signing)
        known = b"\0".join(hashlib.sha256(part).digest() for part in parts)
        return hashlib.sha256(known).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Credentials as files for a program that wants paths; ``lists`` None without lists."""

    certificate: Path
    key: Path
    anchors: Path
    lists: Path | None


def checked_credentials(settings: Settings, now: datetime) -> Credentials:
    """The files as they are, checked as one. Raises Trouble with all that is wrong."""
    read = read_credentials(settings, now)
    fatal = [
        finding
        for finding in check_together(settings, read.chain, read.key, read.anchors, now)
        if finding.fatal
    ]
    fatal += check_signing(settings, read.signing_chain, read.anchors, now)
    if fatal:
        raise Trouble(
            "; ".join(finding.what for finding in fatal),
            "; ".join(dict.fromkeys(finding.remedy for finding in fatal)),
        )
    return read


class Watched:
    """Credentials in force, and whether the files hold others. One per process."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._seen = self._marks()
        self._told = ""
        self._doubt = ""
        # What a process starts with was checked by who started it.
        self.held = read_credentials(settings, now)

    def look(self, now: datetime) -> Credentials | None:
        """New credentials when the files changed and are right; else None, and the old ones count.

        What is wrong is told once, and only when it is still so at the next look: two files are
        not replaced at one moment.
        """
        marks = self._marks()
        if marks == self._seen:
            return None
        try:
            fresh = checked_credentials(self._settings, now)
        except Trouble as trouble:
            if self._doubt == trouble.what and self._told != trouble.what:
                self._told = trouble.what
                log.warning(
                    "replaced certificate not taken over; the old one goes on",
                    why=trouble.what,
                    todo=trouble.remedy,
                )
            self._doubt = trouble.what
            return None
        self._seen, self._doubt, self._told = marks, "", ""
        if fresh.version(now) == self.held.version(now):
            return None
        self.held = fresh
        return fresh

    def _marks(self) -> tuple[object, ...]:
        """What changes when a file is replaced or written."""
        return tuple(_mark(path) for path in _paths(self._settings))


def files_of(credentials: Credentials, run: Path, now: datetime) -> Files:
    """The credentials as files in the run folder, named by what is in them and never overwritten.

    A name of its own for each version makes nginx read anew: it takes an overwritten file for the
    one it knows. The last few versions stay, for whoever still reads them.
    """
    folder = private_folder(run / _FOLDER)
    name = credentials.version(now)
    parts = {
        "crt": credentials.chain_pem,
        "key": credentials.key_pem,
        "anchors": credentials.anchors_pem,
        "crl": credentials.lists_pem(now),
    }
    for kind, content in parts.items():
        if content and not (folder / f"{name}.{kind}").exists():
            _write(folder / f"{name}.{kind}", content)
    _forget_old(folder, name)
    lists = folder / f"{name}.crl"
    return Files(
        certificate=folder / f"{name}.crt",
        key=folder / f"{name}.key",
        anchors=folder / f"{name}.anchors",
        lists=lists if parts["crl"] else None,
    )


@contextmanager
def short_lived_files(credentials: Credentials, now: datetime) -> Iterator[Files]:
    """The same for a library that reads at once: the files are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="landschap-tls-") as name:
        yield files_of(credentials, Path(name), now)


def read_credentials(settings: Settings, now: datetime) -> Credentials:
    """The files as they are. Raises Trouble when one can not be read."""
    identity = settings.identity
    kept = identity.pkcs11
    chain_pem = read_file(identity.certificate, "certificate")
    key_pem = read_file(identity.key, "private key")
    anchor_pems = {path: read_file(path, "trust anchor") for path in identity.trust_anchors}
    anchors = [c for path, pem in anchor_pems.items() for c in certificates_in(pem, path)]
    return Credentials(
        chain=tuple(certificates_in(chain_pem, identity.certificate)),
        chain_pem=chain_pem,
        key=key_in(key_pem, identity.key),
        key_pem=key_pem,
        anchors=tuple(anchors),
        anchors_pem=b"\n".join(anchor_pems.values()),
        revocation=revocation_of(settings, now),
        signing_chain=tuple(read_certificates(kept.certificate)) if kept else (),
    )


def _paths(settings: Settings) -> Iterator[Path]:
    identity = settings.identity
    yield from (identity.certificate, identity.key, *identity.trust_anchors)
    yield from settings.revocation.authorities
    if identity.pkcs11 is not None:
        yield identity.pkcs11.certificate
    for source in sources(settings):
        yield kept_file(settings, source)
        if not source.startswith(("http://", "https://")):
            yield Path(source)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def _forget_old(folder: Path, name: str) -> None:
    others = [each for each in folder.glob("*.crt") if each.stem != name]
    others.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    for old in others[_KEPT_VERSIONS:]:
        for each in folder.glob(f"{old.stem}.*"):
            each.unlink(missing_ok=True)
