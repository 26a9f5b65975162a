# SPDX-License-Identifier: EUPL-1.2
"""How often one person may be asked for: as many as a minute allows, spread over it."""

from __future__ import annotations

from math import ceil


class Pace:
    """A bucket per key that fills evenly; of the keys the last ``most`` are remembered."""

    def __init__(self, per_minute: int, most: int = 100_000) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._most = most
        self._left: dict[bytes, tuple[float, float]] = {}

    def take(self, key: bytes, now: float) -> int:
        """0 when it may go on, else the seconds to wait; ``now`` never runs back."""
        left, seen = self._left.pop(key, (self._size, now))
        left = min(self._size, left + (now - seen) * self._per_second)
        wait = 0 if left >= 1 else ceil((1 - left) / self._per_second)
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > self._most:
            del self._left[next(iter(self._left))]
        return wait

    def wait(self, key: bytes, now: float) -> int:
        """The same without taking anything."""
        left, seen = self._left.get(key, (self._size, now))
        left = min(self._size, left + (now - seen) * self._per_second)
        return 0 if left >= 1 else ceil((1 - left) / self._per_second)
