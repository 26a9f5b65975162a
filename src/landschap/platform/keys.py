# SPDX-License-Identifier: EUPL-1.2
"""The organisation's keys: its TLS and signing key, and the secret keys made here.

Secret keys are 256 random bits, one file each in the secrets folder. Which ones were ever made
is remembered beside the data. A key that was made and is gone is never silently replaced: with a
new pseudonym key, for instance, nobody could find their own records any more.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from pathlib import Path
from typing import Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from landschap.platform.folders import data_folder, private_folder, write_private
from landschap.platform.identity import read_certificates, read_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

KeyName = Literal["permit", "pseudonym", "session", "anchor", "request", "evidence"]
KEY_NAMES: tuple[KeyName, ...] = get_args(KeyName)
KEY_BYTES = 32
_LOOK_SECONDS = 1.0
# A permit lives for 30 seconds; deciders seal with the new key a few seconds after it is there.
FORMER_PERMIT_SECONDS = 300.0


def secret_key(settings: Settings, name: KeyName) -> bytes:
    """One secret key of 32 bytes. Raises Trouble when it was never made or cannot be read."""
    path = _file(settings, name)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise Trouble(
            f"the {name} key {path} does not exist",
            "start `landschap serve` once, or restore the secrets folder from your back-up",
        ) from None
    except OSError as error:
        raise Trouble(
            f"the {name} key {path} cannot be read: {error.strerror}",
            "run as the user that owns the secrets folder",
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Trouble(
            f"the {name} key {path} is not {KEY_BYTES} bytes in hexadecimal",
            "restore the secrets folder from your back-up",
        )
    return key


def make_secret_keys(settings: Settings) -> list[KeyName]:
    """Make the keys that were never made before; gives their names. Raises Trouble."""
    remembered = settings.paths.data / "keys-made.json"
    known = set(json.loads(remembered.read_text("utf-8"))) if remembered.exists() else set()
    lost = [name for name in KEY_NAMES if name in known and not _file(settings, name).exists()]
    if lost:
        raise Trouble(
            f"keys that were made before are gone from {settings.paths.secrets}: {', '.join(lost)}",
            "restore the secrets folder from your back-up",
        )
    private_folder(settings.paths.secrets)
    data_folder(settings.paths.data)
    made = [name for name in KEY_NAMES if not _file(settings, name).exists()]
    if "session" in known and "request" not in known:
        _keep_opening(settings)
    for name in made:
        write_private(_file(settings, name), secrets.token_bytes(KEY_BYTES).hex().encode())
    if set(KEY_NAMES) != known:
        write_private(remembered, json.dumps(sorted(KEY_NAMES)).encode())
    return made


class PermitKeys:
    """The keys that open permits: the present one, and after a rotation for a while the former.

    Call it for the keys as they are now; the files are looked at once a second.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looked_at = 0.0
        self._held = self._read()

    def __call__(self) -> tuple[bytes, ...]:
        """The present key first. What can not be read now changes nothing."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            with contextlib.suppress(Trouble, OSError):
                self._held = self._read()
        return self._held

    def _read(self) -> tuple[bytes, ...]:
        present = secret_key(self._settings, "permit")
        file = _former_permit_file(self._settings)
        try:
            young = time.time() - file.stat().st_mtime < FORMER_PERMIT_SECONDS
            former = bytes.fromhex(file.read_text(encoding="ascii")) if young else b""
        except (FileNotFoundError, ValueError):
            former = b""
        return (present, former) if len(former) == KEY_BYTES else (present,)


def rotate_permit_key(settings: Settings) -> None:
    """Make a new permit key; the one before it opens permits for some minutes more.

    The former key is written first: whoever looks between the two finds one key twice, never none.
    Raises Trouble.
    """
    present = secret_key(settings, "permit")
    write_private(_former_permit_file(settings), present.hex().encode())
    write_private(_file(settings, "permit"), secrets.token_bytes(KEY_BYTES).hex().encode())


def organisation_key(settings: Settings) -> PrivateKeyTypes:
    """The private key of the organisation certificate. Raises Trouble."""
    return read_key(settings.identity.key)


def own_certificate(settings: Settings) -> x509.Certificate:
    """The organisation certificate itself. Raises Trouble."""
    return read_certificates(settings.identity.certificate)[0]


def own_chain(settings: Settings) -> list[x509.Certificate]:
    """The organisation certificate and the intermediates that came with it. Raises Trouble."""
    return read_certificates(settings.identity.certificate)


def _keep_opening(settings: Settings) -> None:
    """Requests were sealed with the key of sessions once: it goes on opening those."""
    former = settings.paths.secrets / "request.former-1.key"
    if not former.exists():
        write_private(former, secret_key(settings, "session").hex().encode())


def _former_permit_file(settings: Settings) -> Path:
    return settings.paths.secrets / "permit.former.key"


def _file(settings: Settings, name: KeyName) -> Path:
    return settings.paths.secrets / f"{name}.key"
