# SPDX-License-Identifier: EUPL-1.2
"""The generations of the key of pseudonyms: lines are written with the newest, found with all.

They are of lines alone: ``secrets/pseudonym-1.key`` and on. What stands for a person among
statements, holds and cases is made with another key, ``secrets/pseudonym.key``, which stays. An
organisation that started before there was a first key of lines has that one for both: there
generation 1 can not be destroyed, since who made statements would not be found any more.
A destroyed one is remembered, with when: a key that is only gone is lost, and that is told.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from landschap.platform.folders import write_private
from landschap.platform.key_memory import KeyMemory, read_key_file
from landschap.platform.keys import KEY_BYTES, secret_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

FIRST = 1
STATEMENTS = 1
"""The generation under which statements are kept: there is one key of them."""
_SHARED = "pseudonym.key"
_FILE = re.compile(r"pseudonym-([1-9][0-9]{0,3})\.key")
MOST = 9_999
LOOK_SECONDS = 1.0
"""How often a running process looks whether a key was made or destroyed."""

LOST = (
    "still proved: every line stands in the log as it was written (`landschap verify`: the "
    "pseudonym is hashed as it stands); no longer: whose the lines of this key are, for nobody can "
    "find them by person"
)
"""What can still be proved without a key of pseudonyms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation: its number, its file, and when it was destroyed (None: it is in use)."""

    number: int
    path: Path
    destroyed_at: datetime | None = None

    @property
    def is_shared(self) -> bool:
        """True for a first key that also finds who made statements."""
        return self.path.name == _SHARED


def generations(settings: Settings) -> list[Generation]:
    """Every generation there ever was, the oldest first. Raises Trouble."""
    made, destroyed = _memory(settings).fates()
    known = made.keys() | destroyed.keys()
    folder = settings.paths.secrets
    with contextlib.suppress(OSError):
        found = {int(m[1]) for each in folder.iterdir() if (m := _FILE.fullmatch(each.name))}
        # Numbers are given in a row: one below the last that is not there was there.
        last = max({FIRST, *found, *known})
        return [
            Generation(
                number=each,
                path=_path(settings, each, own=FIRST in found or FIRST in known),
                destroyed_at=destroyed.get(each),
            )
            for each in range(FIRST, last + 1)
        ]
    return [Generation(number=FIRST, path=_path(settings, FIRST, own=FIRST in known))]


def living_keys(settings: Settings) -> Mapping[int, bytes]:
    """The living keys by number, the newest last.

    Raises Trouble when one that was not destroyed is gone or can not be read: without it lines
    would be missing from what a person is told, and nobody would know.
    """
    found = {}
    for each in generations(settings):
        if each.destroyed_at is not None:
            continue
        found[each.number] = secret_key(settings, "pseudonym") if each.is_shared else _read(each)
    return found


class LivingKeys(Mapping[int, bytes]):
    """The living keys by number, the newest last, as the files are now.

    The files are looked at once a second, so that a key which is made or destroyed needs no
    restart; what can not be read then changes nothing. Raises Trouble when made as `living_keys`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looked_at = time.monotonic()
        self._held = living_keys(settings)

    def now(self) -> Mapping[int, bytes]:
        """All of them as of one moment."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            with contextlib.suppress(Trouble, OSError):
                self._held = living_keys(self._settings)
        return self._held

    def newest(self) -> tuple[int, bytes]:
        """Number and key with which lines are written now."""
        held = self.now()
        number = max(held)
        return number, held[number]

    def __getitem__(self, number: int) -> bytes:
        return self.now()[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self.now())

    def __len__(self) -> int:
        return len(self.now())

    def items(self) -> ItemsView[int, bytes]:
        """Number and key, of one moment."""
        return self.now().items()

    def values(self) -> ValuesView[bytes]:
        """The keys, of one moment."""
        return self.now().values()


def newest_pseudonym_key(settings: Settings) -> tuple[int, bytes]:
    """Number and key with which lines are written now. Raises Trouble."""
    return list(living_keys(settings).items())[-1]


def make_first_line_key(settings: Settings) -> None:
    """Make the first key of lines, in an organisation that has just been given its other keys.

    Raises Trouble.
    """
    if not _memory(settings).deeds():
        _make(settings, FIRST)


def rotate_pseudonym_key(settings: Settings) -> int:
    """Make the next generation; gives its number. Raises Trouble."""
    number = max(each.number for each in generations(settings)) + 1
    living_keys(settings)  # none is made beside one that is lost
    if number > MOST:
        raise Trouble("there are no numbers left for keys of pseudonyms", "ask for help")
    _make(settings, number)
    return number


def _make(settings: Settings, number: int) -> None:
    # Remembered first: a file that is then not written shows as lost, never as if it had not been.
    _memory(settings).remember({"made": number})
    path = _path(settings, number, own=True)
    write_private(path, secrets.token_bytes(KEY_BYTES).hex().encode())


def check_shreddable(settings: Settings, number: int, *, lost: bool) -> Generation:
    """The generation, when it can be destroyed.

    One that was destroyed can be again as long as its file is there: it was cut short, or the file
    came back from a back-up.
    Raises Trouble for the newest, one that there is not, one that is destroyed already, one that
    finds statements too, and one of which the file is gone, unless ``lost`` gives that up.
    """
    known = {each.number: each for each in generations(settings)}
    found = known.get(number)
    if found is None:
        raise Trouble(f"there is no key {number} of pseudonyms", "`landschap keys list` shows them")
    there = found.path.exists()
    if found.destroyed_at is not None and not there:
        raise Trouble(f"key {number} of pseudonyms was destroyed already", "nothing is left to do")
    if found.is_shared:
        raise Trouble(
            "key 1 of pseudonyms also finds consents, objections, holds and cases of a person here",
            "it stays, since this organisation started before lines had a first key of their own; "
            "rotate, and the last lines of key 1 go with their months",
        )
    if number == max(known) and found.destroyed_at is None:
        raise Trouble(
            f"key {number} is the one that lines are written with now",
            "rotate first: `landschap keys rotate pseudonym`",
        )
    if there == lost:
        way = "leave --lost out" if there else "restore it from your back-up, or add --lost"
        raise Trouble(f"the file of key {number} is {'there' if there else 'gone'}", way)
    return found


def shred_pseudonym_key(settings: Settings, number: int, now: datetime, *, lost: bool) -> None:
    """Destroy a generation: what was written with it is anonymous from then on.

    Raises Trouble as `check_shreddable` does.
    """
    found = check_shreddable(settings, number, lost=lost)
    # Remembered first: a crash between the two leaves a file that nothing reads any more.
    if found.destroyed_at is None:
        _memory(settings).remember({"destroyed": number, "at": now.astimezone(UTC).isoformat()})
    if not lost:
        write_private(found.path, secrets.token_bytes(KEY_BYTES).hex().encode())
        found.path.unlink()


def _read(one: Generation) -> bytes:
    return read_key_file(
        one.path,
        f"key {one.number} of pseudonyms",
        lost=f"is lost: {one.path} is gone. {LOST}",
        remedy="restore the secrets folder from your back-up; when there is none: "
        f"`landschap keys shred {one.number} --lost`",
    )


def _path(settings: Settings, number: int, *, own: bool) -> Path:
    """Where a generation is; ``own`` is false where the first is the key of statements."""
    is_shared = number == FIRST and not own
    return settings.paths.secrets / (_SHARED if is_shared else f"pseudonym-{number}.key")


def _memory(settings: Settings) -> KeyMemory:
    path = settings.paths.data / "pseudonym-keys.json"
    return KeyMemory(path, "pseudonyms", keys=settings.paths.secrets)
