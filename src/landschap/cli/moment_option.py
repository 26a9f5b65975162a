# SPDX-License-Identifier: EUPL-1.2
"""A moment as people type it, in an option of a command."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import parse_moment


class Moment(click.ParamType[datetime]):
    """A moment, on the clock of the Netherlands when nothing else is said."""

    name = "MOMENT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment in UTC. Raises BadParameter."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_moment(str(value)).astimezone(UTC)
        except InvalidValue as error:
            self.fail(str(error), param, ctx)
