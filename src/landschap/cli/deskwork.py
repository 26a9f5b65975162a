# SPDX-License-Identifier: EUPL-1.2
"""What all commands on contracts and peers do alike: open the desk, find, ask, print."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from landschap.cli.agreement import Desk, open_desk
from landschap.cli.proposing import NotFound
from landschap.fsc import store
from landschap.platform.settings import load_settings
from landschap.vocabulary.identifiers import InvalidValue, PeerId
from landschap.vocabulary.ijson import JsonValue

_FAILED = 1
_SHORTEST_PREFIX = 8
_Result = TypeVar("_Result")

json_option = click.option("--json", "in_json", is_flag=True, help="Print as JSON.")
yes_option = click.option("--yes", is_flag=True, help="Sign without asking.")
which = click.argument("content_hash", metavar="CONTRACT")


class _Declined(click.ClickException):
    exit_code = _FAILED


def run(config: Path, work: Callable[[Desk], Coroutine[Any, Any, _Result]]) -> _Result:
    """Do the work at the desk of the organisation of these settings."""
    settings = load_settings(config)

    async def at_desk() -> _Result:
        async with open_desk(settings) as desk:
            return await work(desk)

    return asyncio.run(at_desk())


def short_name(content_hash: str) -> str:
    """The first letters of a contract's hash: enough to name it, and to be typed in a shell.

    Without the mark of the algorithm, which is the same in all, and without a dash in front, which
    would be read as an option.
    """
    return _letters(content_hash)[:16]


def is_named(content_hash: str, text: str) -> bool:
    """True when this text, a hash or how it begins as people type it, can mean this contract."""
    return content_hash.startswith(text) or _letters(content_hash).startswith(text)


def typed_hash(text: str) -> str:
    """What was typed of the hash of a contract. Raises BadParameter when it is too short."""
    wanted = text.strip()
    if len(_letters(wanted)) < _SHORTEST_PREFIX:
        raise click.BadParameter(f"give at least {_SHORTEST_PREFIX} characters of the hash")
    return wanted


def _letters(content_hash: str) -> str:
    return content_hash.rpartition("$")[2].lstrip("-")


async def find_contract(desk: Desk, text: str) -> store.StoredContract:
    """The one contract that is meant. Raises ClickException."""
    wanted = typed_hash(text)
    found = await store.contracts_starting_with(desk.fsc, wanted)
    if not found:
        raise NotFound(
            f"there is no contract {wanted}; `landschap contract list` shows all. A hash holds $ "
            "signs: put it between single quotes."
        )
    if len(found) > 1:
        raise click.BadParameter(f"{wanted} fits more than one contract; give more characters")
    return found[0]


def confirm(words: str, question: str, *, yes: bool, in_json: bool) -> None:
    """Ask the person; without one, ``--yes`` is needed. Raises ClickException."""
    if yes:
        return
    if in_json or not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; add --yes to sign")
    click.echo(words)
    if not click.confirm(question):
        raise _Declined("nothing was signed")


def peer_id(text: str) -> PeerId:
    """The Peer ID that was typed. Raises BadParameter."""
    try:
        return PeerId.parse(text)
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None


def print_json(value: JsonValue) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))
