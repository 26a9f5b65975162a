# SPDX-License-Identifier: EUPL-1.2
"""The exit code of what a policy refuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import click

from landschap.vocabulary.problems import ProblemError

REFUSED = 4


@contextmanager
def told_when_refused() -> Iterator[None]:
    """A refusal is told, with who can change that, and ends the command with `REFUSED`."""
    try:
        yield
    except ProblemError as error:
        refusal = error.refusal
        if refusal.status != HTTPStatus.FORBIDDEN:
            raise
        click.echo(f"Error: {refusal.detail}\n  code: {refusal.code}", err=True)
        if refusal.owner:
            click.echo(f"  who can change it: {refusal.owner}", err=True)
        sys.exit(REFUSED)
