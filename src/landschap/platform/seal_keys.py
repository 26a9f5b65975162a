# SPDX-License-Identifier: EUPL-1.2
"""Keys that seal what only this organisation reads: the newest seals, the former ones still open.

`request` seals who asked by their rights and why, copies of data and what is on its way to others;
`evidence` seals the files that persons hand in. Neither is the key of sessions: that one can be
replaced at any time, and nothing that is kept becomes unreadable.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import Literal, get_args

from landschap.platform.folders import write_private
from landschap.platform.key_memory import read_key_file
from landschap.platform.keys import KEY_BYTES, secret_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

SealName = Literal["request", "evidence"]
SEAL_NAMES: tuple[SealName, ...] = get_args(SealName)
MOST = 999
_LOOK_SECONDS = 1.0
_RESTORE = "restore the secrets folder from your back-up"


class SealKeys:
    """The keys of one name, the newest first. Call it for the keys as they are now.

    The files are looked at once a second, so that a rotation needs no restart. Raises Trouble when
    made for a key that is not there.
    """

    def __init__(self, settings: Settings, name: SealName) -> None:
        self._settings = settings
        self._name = name
        self._looked_at = time.monotonic()
        self._held = seal_keys(settings, name)

    def __call__(self) -> tuple[bytes, ...]:
        """The newest key first. What can not be read now changes nothing."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            with contextlib.suppress(Trouble, OSError):
                self._held = seal_keys(self._settings, self._name)
        return self._held


def seal_keys(settings: Settings, name: SealName) -> tuple[bytes, ...]:
    """The newest key, then those before it. Raises Trouble when one is lost."""
    numbers = former_seal_keys(settings, name)
    former = [
        read_key_file(
            path,
            f"former key {number} of {name}",
            lost=f"is lost: {path} is gone, and what it sealed can not be read",
            remedy=_RESTORE,
        )
        for number, path in sorted(numbers.items(), reverse=True)
    ]
    return (secret_key(settings, name), *former)


def former_seal_keys(settings: Settings, name: SealName) -> dict[int, Path]:
    """Where every former key is, by number; also of one below the last that is gone."""
    pattern = re.compile(rf"{name}\.former-([1-9][0-9]{{0,2}})\.key")
    found: list[int] = []
    with contextlib.suppress(OSError):
        files = settings.paths.secrets.iterdir()
        found = [int(fits[1]) for each in files if (fits := pattern.fullmatch(each.name))]
    return {each: _former(settings, name, each) for each in range(1, max(found, default=0) + 1)}


def rotate_seal_key(settings: Settings, name: SealName) -> int:
    """Make a new key; gives how many former ones still open what they sealed.

    The former one is written first: whoever looks between the two finds one key twice, never none.
    Raises Trouble.
    """
    present, *former = seal_keys(settings, name)
    number = len(former) + 1
    if number > MOST:
        raise Trouble(f"there are no numbers left for keys of {name}", "ask for help")
    write_private(_former(settings, name, number), present.hex().encode())
    new = secrets.token_bytes(KEY_BYTES).hex().encode()
    write_private(settings.paths.secrets / f"{name}.key", new)
    return number


def _former(settings: Settings, name: SealName, number: int) -> Path:
    return settings.paths.secrets / f"{name}.former-{number}.key"
