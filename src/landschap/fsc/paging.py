# SPDX-License-Identifier: EUPL-1.2
"""Pages of a list: limit, order and an opaque cursor. Source: FSC Core, "Pagination"."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from landschap.vocabulary.problems import InvalidValue

DEFAULT_LIMIT = 25
MAX_LIMIT = 1_000
MAX_CURSOR_CHARACTERS = 1_000
_LIMIT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_ORDERS = {"": False, "SORT_ORDER_DESCENDING": False, "SORT_ORDER_ASCENDING": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where a page begins (``position``, empty at the start), how long it is, and its order."""

    limit: int = DEFAULT_LIMIT
    ascending: bool = False
    position: tuple[str, ...] = ()

    def cursor_after(self, *position: str) -> str:
        """The cursor of the page that begins after this position."""
        return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def read_page(*, cursor: str, limit: str, sort_order: str) -> Page:
    """Read the three query parameters, "" where absent. Raises InvalidValue.

    A position is text that a peer may have made up: who uses it checks it again.
    """
    if sort_order not in _ORDERS:
        raise InvalidValue(f"sort_order is not one of {', '.join(filter(None, _ORDERS))}")
    if limit and not (_LIMIT.fullmatch(limit) and int(limit) <= MAX_LIMIT):
        raise InvalidValue(f"limit is not a whole number from 1 to {MAX_LIMIT}")
    return Page(
        limit=int(limit or DEFAULT_LIMIT),
        ascending=_ORDERS[sort_order],
        position=_position(cursor),
    )


def several(values: Sequence[str]) -> tuple[str, ...]:
    """An array parameter: comma separated, or the key repeated, or both."""
    return tuple(part for value in values for part in value.split(",") if part)


def _position(cursor: str) -> tuple[str, ...]:
    if not cursor:
        return ()
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        read = json.loads(base64.urlsafe_b64decode(padded[: MAX_CURSOR_CHARACTERS + 4]))
    except (binascii.Error, ValueError, RecursionError):
        read = None
    if (
        len(cursor) > MAX_CURSOR_CHARACTERS
        or not isinstance(read, list)
        or not all(isinstance(each, str) and each.isprintable() for each in read)
    ):
        raise InvalidValue("the cursor is not one of ours")
    return tuple(read)
