# SPDX-License-Identifier: EUPL-1.2
"""The keys with which the content of the log is sealed: written with the newest, read with all.

They are the controller's and stand in the secrets folder (``secrets/log-1.key`` and on), never in
the database: who operates that reads nothing of what is sealed. A record names its key by the first
eight bytes of a hash of it, so that the key of another organisation is never taken for ours.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import structlog

from landschap.platform.folders import write_private
from landschap.platform.key_memory import KeyMemory, read_key_file
from landschap.platform.keys import KEY_BYTES
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

KEY_ID_BYTES = 8
MOST = 9_999
_FILE = re.compile(r"log-([1-9][0-9]{0,3})\.key")
_LOOK_SECONDS = 1.0

_log = structlog.get_logger(__name__)

LOST = (
    "still proved: every record stands in the log as it was written (`landschap verify log`: what "
    "is hashed is what is stored), and when, by whom and under which pseudonym it was written; no "
    "longer: what the records of this key say, for nobody can open them"
)
"""What can still be proved without a key of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A key that content is sealed with."""

    number: int
    key_id: bytes
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """What is known of one key: its file, how records name it, when it was destroyed."""

    number: int
    path: Path
    key_id: bytes
    destroyed_at: datetime | None = None


def key_id_of(key: bytes) -> bytes:
    """The name of a key in the records that are sealed with it."""
    return sha256(b"landschap log key\x00" + key).digest()[:KEY_ID_BYTES]


def kept_keys(settings: Settings) -> list[KeptKey]:
    """Every key of the log there ever was, the oldest first. Raises Trouble.

    A key that was put back without what is remembered of it counts too.
    """
    made = {number: key_id_of(key) for number, key in _readable(settings, set()).items()}
    memory = _memory(settings)
    named, gone = memory.fates()
    if any(len(key_id) != KEY_ID_BYTES for key_id in named.values()):
        raise memory.damaged()
    made |= named
    return [
        KeptKey(
            number=number,
            path=_path(settings, number),
            key_id=key_id,
            destroyed_at=gone.get(number),
        )
        for number, key_id in sorted(made.items())
    ]


def sealing_key(settings: Settings) -> LogKey | None:
    """The key that records are sealed with now; None when the log of this organisation is open.

    Raises Trouble when there is none, and when one that was not destroyed is gone or is another:
    then records would be closed to ourselves, and nobody would know.
    """
    if not settings.logboek.sealed:
        return None
    living = [_read(each) for each in kept_keys(settings) if each.destroyed_at is None]
    if not living:
        raise Trouble(
            "logboek.sealed = true, and there is no key to seal the log with",
            "start `landschap serve` once; when the last key was destroyed: "
            "`landschap keys rotate log`",
        )
    return living[-1]


def make_log_key(settings: Settings) -> None:
    """Make the first key when the log is sealed and never had one. Raises Trouble."""
    if settings.logboek.sealed and not kept_keys(settings):
        rotate_log_key(settings)


def rotate_log_key(settings: Settings) -> int:
    """Make the next key; gives its number. Raises Trouble."""
    every = kept_keys(settings)
    for each in every:
        if each.destroyed_at is None:
            _read(each)  # none is made beside one that is lost
    number = max((each.number for each in every), default=0) + 1
    if number > MOST:
        raise Trouble("there are no numbers left for keys of the log", "ask for help")
    key = secrets.token_bytes(KEY_BYTES)
    # Remembered first: a file that is then not written shows as lost, never as if it had not been.
    _memory(settings).remember({"made": number, "id": key_id_of(key).hex()})
    write_private(_path(settings, number), key.hex().encode())
    return number


def check_log_key_shreddable(settings: Settings, number: int, *, lost: bool) -> KeptKey:
    """The key, when it can be destroyed.

    One that was destroyed can be again as long as its file is there: it was cut short, or the file
    came back from a back-up.
    Raises Trouble for one that there is not, one that is destroyed already, the newest while its
    file is there, and one of which the file is gone, unless ``lost`` gives that up.
    """
    known = {each.number: each for each in kept_keys(settings)}
    found = known.get(number)
    if found is None:
        raise Trouble(f"there is no key {number} of the log", "`landschap keys list` shows them")
    there = found.path.exists()
    if found.destroyed_at is not None and not there:
        raise Trouble(f"key {number} of the log was destroyed already", "nothing is left to do")
    if there == lost:
        way = "leave --lost out" if there else "restore it from your back-up, or add --lost"
        raise Trouble(f"the file of key {number} is {'there' if there else 'gone'}", way)
    if there and number == max(known) and found.destroyed_at is None:
        raise Trouble(
            f"key {number} is the one that records are sealed with now",
            "rotate first: `landschap keys rotate log`, and restart `landschap serve`",
        )
    return found


def shred_log_key(settings: Settings, number: int, now: datetime, *, lost: bool) -> None:
    """Destroy a key: nobody can read what was sealed with it from then on.

    Raises Trouble as `check_log_key_shreddable` does.
    """
    found = check_log_key_shreddable(settings, number, lost=lost)
    # Remembered first: a crash between the two leaves a file that nothing reads any more.
    if found.destroyed_at is None:
        _memory(settings).remember({"destroyed": number, "at": now.astimezone(UTC).isoformat()})
    if not lost:
        write_private(found.path, secrets.token_bytes(KEY_BYTES).hex().encode())
        found.path.unlink()


class LogKeys:
    """The keys that open records of one organisation, as the files are now."""

    def __init__(self, settings: Settings) -> None:
        self.oin = settings.organisation.oin.value
        self._settings = settings
        self._looked = 0, 0.0
        self._keys: dict[bytes, bytes] = {}

    def find(self, key_id: bytes) -> bytes | None:
        """The key that records name so; None when it is not here.

        What another process made meanwhile is found too.
        """
        found = self._keys.get(key_id)
        if found is None and self._may_have_changed():
            self._keys = {key_id_of(key): key for key in _living(self._settings).values()}
            found = self._keys.get(key_id)
        return found

    def every(self) -> list[bytes]:
        """All keys that are here, the oldest first."""
        return list(_living(self._settings).values())

    def _may_have_changed(self) -> bool:
        """True when the folder is another than at the last look, or that was over a second ago."""
        before, now = self._looked, time.monotonic()
        with contextlib.suppress(OSError):
            changed = self._settings.paths.secrets.stat().st_mtime_ns
            if changed == before[0] and now - before[1] < _LOOK_SECONDS:
                return False
            self._looked = changed, now
        return True


def log_keys(settings: Settings) -> LogKeys | None:
    """What opens the log of this organisation; None when it never was sealed."""
    if settings.logboek.sealed or _memory(settings).path.exists() or _files(settings):
        return LogKeys(settings)
    return None


def _living(settings: Settings) -> dict[int, bytes]:
    """The keys that are here and were not destroyed, by number.

    None while it can not be read which were: the file of a destroyed one may lie there again.
    """
    try:
        destroyed = {k.number for k in kept_keys(settings) if k.destroyed_at is not None}
    except Trouble as error:
        _log.error(
            "what the log says stays closed: it can not be read which of its keys were destroyed",
            file=str(_memory(settings).path),
            remedy="restore that file from your back-up",
            why=str(error),
        )
        return {}
    return _readable(settings, destroyed)


def _readable(settings: Settings, but: Collection[int]) -> dict[int, bytes]:
    """What can be read of the keys: one that can not is told by the record that needs it."""
    found = {}
    for number, path in sorted(_files(settings).items()):
        with contextlib.suppress(OSError, ValueError):
            key = bytes.fromhex(path.read_text(encoding="ascii"))
            if len(key) == KEY_BYTES and number not in but:
                found[number] = key
    return found


def _files(settings: Settings) -> dict[int, Path]:
    try:
        names = list(settings.paths.secrets.iterdir())
    except OSError:
        return {}
    return {int(m[1]): each for each in names if (m := _FILE.fullmatch(each.name))}


def _read(one: KeptKey) -> LogKey:
    remedy = "restore the secrets folder from your back-up"
    key = read_key_file(
        one.path,
        f"key {one.number} of the log",
        lost=f"is lost: {one.path} is gone. {LOST}",
        remedy=f"{remedy}; when there is none: "
        f"`landschap keys shred {one.number} --of log --lost`, then `landschap keys rotate log`",
    )
    if key_id_of(key) != one.key_id:
        raise Trouble(
            f"{one.path} is another key than key {one.number} of the log, which is named "
            f"{one.key_id.hex()}",
            remedy,
        )
    return LogKey(number=one.number, key_id=one.key_id, key=key)


def _path(settings: Settings, number: int) -> Path:
    return settings.paths.secrets / f"log-{number}.key"


def _memory(settings: Settings) -> KeyMemory:
    return KeyMemory(settings.paths.data / "log-keys.json", "the log", keys=settings.paths.secrets)
