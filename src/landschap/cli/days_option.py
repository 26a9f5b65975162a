# SPDX-License-Identifier: EUPL-1.2
"""How far to look back, as people type it: ``90d``."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_PERIOD = re.compile(r"([0-9]{1,4})d")
_LONGEST_DAYS = 3660


class Days(click.ParamType[timedelta]):
    """A number of days, as ``90d``."""

    name = "days"

    def __init__(self, least: int = 1) -> None:
        self._least = least

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """The days. Raises BadParameter."""
        if isinstance(value, timedelta):
            return value
        found = _PERIOD.fullmatch(str(value))
        if found is None or not self._least <= int(found[1]) <= _LONGEST_DAYS:
            told = f"from {self._least}d to {_LONGEST_DAYS}d"
            self.fail(f"{value!r} is no number of days, as 90d; {told}", param, ctx)
        return timedelta(days=int(found[1]))
