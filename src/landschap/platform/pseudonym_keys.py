# SPDX-License-Identifier: EUPL-1.2
"""The generations of the key of pseudonyms: lines are written with the newest, found with all.

The first, ``secrets/pseudonym.key``, also stands for a person among statements, holds and cases; so
it is never destroyed here. Those after it (``secrets/pseudonym-2.key`` and on) are of lines alone.
A destroyed one is remembered, with when: a key that is only gone is lost, and that is told.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from landschap.platform.folders import write_private
from landschap.platform.key_memory import KeyMemory, read_key_file
from landschap.platform.keys import KEY_BYTES, secret_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

FIRST = 1
_FILE = re.compile(r"pseudonym-([1-9][0-9]{0,3})\.key")
MOST = 9_999

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


def generations(settings: Settings) -> list[Generation]:
    """Every generation there ever was, the oldest first. Raises Trouble."""
    destroyed = _destroyed(settings)
    folder = settings.paths.secrets
    with contextlib.suppress(OSError):
        found = {int(m[1]) for each in folder.iterdir() if (m := _FILE.fullmatch(each.name))}
        # Numbers are given in a row: one below the last that is not there was there.
        last = max({FIRST, *found, *destroyed})
        return [
            Generation(number=each, path=_path(settings, each), destroyed_at=destroyed.get(each))
            for each in range(FIRST, last + 1)
        ]
    return [Generation(number=FIRST, path=_path(settings, FIRST))]


def living_keys(settings: Settings) -> Mapping[int, bytes]:
    """The living keys by number, the newest last.

    Raises Trouble when one that was not destroyed is gone or can not be read: without it lines
    would be missing from what a person is told, and nobody would know.
    """
    found = {}
    for each in generations(settings):
        if each.number == FIRST:
            found[FIRST] = secret_key(settings, "pseudonym")
        elif each.destroyed_at is None:
            found[each.number] = _read(each)
    return found


def newest_pseudonym_key(settings: Settings) -> tuple[int, bytes]:
    """Number and key with which lines are written now. Raises Trouble."""
    return list(living_keys(settings).items())[-1]


def rotate_pseudonym_key(settings: Settings) -> int:
    """Make the next generation; gives its number. Raises Trouble."""
    number = max(each.number for each in generations(settings)) + 1
    living_keys(settings)  # none is made beside one that is lost
    if number > MOST:
        raise Trouble("there are no numbers left for keys of pseudonyms", "ask for help")
    # Remembered first: a file that is then not written shows as lost, never as if it had not been.
    _memory(settings).remember({"made": number})
    write_private(_path(settings, number), secrets.token_bytes(KEY_BYTES).hex().encode())
    return number


def check_shreddable(settings: Settings, number: int, *, lost: bool) -> Generation:
    """The generation, when it can be destroyed.

    One that was destroyed can be again as long as its file is there: it was cut short, or the file
    came back from a back-up.
    Raises Trouble for the first, the newest, one that there is not, one that is destroyed already,
    and one of which the file is gone, unless ``lost`` gives that up.
    """
    known = {each.number: each for each in generations(settings)}
    found = known.get(number)
    if found is None:
        raise Trouble(f"there is no key {number} of pseudonyms", "`landschap keys list` shows them")
    there = found.path.exists()
    if found.destroyed_at is not None and not there:
        raise Trouble(f"key {number} of pseudonyms was destroyed already", "nothing is left to do")
    if number == FIRST:
        raise Trouble(
            "key 1 of pseudonyms also finds consents, objections, holds and cases of a person",
            "it stays; rotate before the first line is written, and no line is ever of key 1",
        )
    if number == max(known) and found.destroyed_at is None:
        raise Trouble(
            f"key {number} is the one that lines are written with now",
            "rotate first: `landschap keys rotate pseudonym`, and restart `landschap serve`",
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


def _path(settings: Settings, number: int) -> Path:
    name = "pseudonym.key" if number == FIRST else f"pseudonym-{number}.key"
    return settings.paths.secrets / name


def _memory(settings: Settings) -> KeyMemory:
    return KeyMemory(settings.paths.data / "pseudonym-keys.json", "pseudonyms")


def _destroyed(settings: Settings) -> dict[int, datetime | None]:
    """When each was destroyed, and None for one that was made and is not."""
    found: dict[int, datetime | None] = {}
    for each in _memory(settings).deeds():
        if isinstance(made := each.get("made"), int):
            found.setdefault(made, None)
        if isinstance(gone := each.get("destroyed"), int):
            found[gone] = datetime.fromisoformat(str(each["at"]))
    return found
