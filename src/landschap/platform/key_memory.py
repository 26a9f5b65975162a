# SPDX-License-Identifier: EUPL-1.2
"""Keys of which there are several generations: reading one, and remembering what became of each.

What was made and what was destroyed stands in a file beside the data, so that a key that is only
gone shows as lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from landschap.platform.folders import data_folder, write_private
from landschap.platform.keys import KEY_BYTES
from landschap.platform.trouble import Trouble


class Fates(NamedTuple):
    """What became of keys, by number: the name that each got, and when it was destroyed."""

    made: Mapping[int, bytes]
    destroyed: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class KeyMemory:
    """The file that tells what was done with the keys of one kind, ``of``, in the folder ``keys``.

    Written by root it belongs to who owns that folder: who runs our processes reads both.
    """

    path: Path
    of: str
    keys: Path

    def deeds(self) -> list[dict[str, object]]:
        """What was done, the oldest first. Raises Trouble when the file is damaged."""
        try:
            read = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError):
            read = None
        if not isinstance(read, list) or not all(isinstance(each, dict) for each in read):
            raise self.damaged()
        return read

    def fates(self) -> Fates:
        """What became of each. Raises Trouble when the file is damaged."""
        made: dict[int, bytes] = {}
        destroyed: dict[int, datetime] = {}
        try:
            for deed in self.deeds():
                if isinstance(number := deed.get("made"), int):
                    made[number] = bytes.fromhex(str(deed.get("id", "")))
                if isinstance(number := deed.get("destroyed"), int):
                    destroyed[number] = datetime.fromisoformat(str(deed["at"]))
        except (ValueError, KeyError):
            raise self.damaged() from None
        return Fates(made, destroyed)

    def damaged(self) -> Trouble:
        """That what stands in it can not be what was written."""
        return Trouble(
            f"{self.path}, which tells what became of the keys of {self.of}, is damaged",
            "restore it from your back-up",
        )

    def remember(self, deed: dict[str, object]) -> None:
        """Add what is done now. Raises Trouble."""
        data_folder(self.path.parent)
        told = json.dumps([*self.deeds(), deed], indent=1)
        write_private(self.path, told.encode(), owner_of=self.keys)


def read_key_file(path: Path, name: str, *, lost: str, remedy: str) -> bytes:
    """The 32 bytes of a key. Raises Trouble: ``lost`` tells what it means when the file is gone."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise Trouble(f"{name} {lost}", remedy) from None
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Trouble(
            f"{name}, {path}, is not 32 bytes of hexadecimal",
            "restore the secrets folder from your back-up",
        )
    return key
