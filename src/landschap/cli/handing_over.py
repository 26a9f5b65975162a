# SPDX-License-Identifier: EUPL-1.2
"""A file that a command hands over: to a path, or to whatever reads its output."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from landschap.platform.trouble import Trouble

_BINARY = ("ods", "pdf")


def hand_over(content: bytes, output: Path | None, form: str) -> None:
    """Write the file. Raises Trouble when it can not be, or is not for a screen."""
    if output is None:
        if form in _BINARY and sys.stdout.isatty():
            raise Trouble(f"a {form} file is not for a screen", "name a file with --output")
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Trouble(f"{output} can not be written: {error.strerror}", "name another") from None
    click.echo(f"written: {output}", err=True)
