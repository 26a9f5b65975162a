# SPDX-License-Identifier: EUPL-1.2
"""What closes the records of an organisation that seals its log, with the key there is now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from landschap.logboek.sealing import Close, closer
from landschap.logboek.seen import SeenLine, blinded
from landschap.platform.log_keys import log_keys, sealing_key
from landschap.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How records are written: closed, or in the open when ``close`` is None.

    ``keys`` are those of the log, the newest first.
    """

    close: Close | None
    keys: Sequence[bytes]

    def noted(self, lines: Sequence[SeenLine]) -> Sequence[SeenLine]:
        """How delivered lines are known: nobody without the key can guess what they hold."""
        if self.close is None:
            return lines
        return [blinded(each, self.keys[0]) for each in lines]

    def is_same(self, kept: SeenLine, line: SeenLine) -> bool:
        """True when a line that is kept, under whichever key, is this one."""
        return kept == line or any(blinded(line, each) == kept for each in self.keys)


def closing_of(settings: Settings) -> Closing:
    """How the records of this organisation are written.

    Raises Trouble when the log is sealed and the key is not there: nothing is written in the open
    then.
    """
    key, every = sealing_key(settings), log_keys(settings)
    keys = () if every is None else tuple(reversed(every.every()))
    if key is None:
        return Closing(close=None, keys=keys)
    oin = settings.organisation.oin.value
    return Closing(close=closer(key.key, key.key_id, oin, os.urandom), keys=keys)
