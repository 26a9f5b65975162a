# SPDX-License-Identifier: EUPL-1.2
"""Reading which StUF notices are taken from the files in ``kennisgevingen``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import aiohttp

from landschap.integration.conforming import Conformity
from landschap.integration.connectors.opening import placed, tls_of
from landschap.integration.connectors.over_http import RestDoor
from landschap.integration.connectors.xml_schema import InvalidSchema, read_conformity
from landschap.integration.mistakes import DeclarationError
from landschap.integration.stuf.mapping import NoticeMapping, Outgoing, parse_mapping
from landschap.registers.models import Registers
from landschap.vocabulary.mistakes import Mistake

NOTICES_FOLDER = "kennisgevingen"


def way_out(out: Outgoing, session: aiohttp.ClientSession, secrets: Path) -> RestDoor:
    """The way to who is told. Raises OSError for a file that can not be read."""
    secret = (secrets / out.secret_file).read_text("utf-8").strip() if out.secret_file else ""
    return RestDoor(session=session, secret=secret, tls=tls_of(out.tls, secrets))


def read_schemas(folder: Path, mappings: Mapping[str, NoticeMapping]) -> dict[str, Conformity]:
    """What the messages of each kind are held against, where its file says so.

    Raises DeclarationError for schemas that can not be used.
    """
    found: dict[str, Conformity] = {}
    mistakes: list[Mistake] = []
    for name, each in mappings.items():
        if each.schema is None:
            continue
        try:
            found[name] = read_conformity(each.schema, folder)
        except (InvalidSchema, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            mistakes.append(
                Mistake(file=name, line=1, key="schema", message=f"can not be used: {why}")
            )
    if mistakes:
        raise DeclarationError(mistakes)
    return found


def placed_out(out: Outgoing, hosts: Mapping[str, str]) -> Outgoing:
    """With the port that the host map gives, when it gives one."""
    return replace(out, url=placed(out.url, hosts))


def read_mappings(folder: Path, registers: Registers) -> dict[str, NoticeMapping]:
    """All kinds of notices by name; none without a folder. Raises DeclarationError with the
    mistakes of all files.
    """
    found: dict[str, NoticeMapping] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            made = parse_mapping(path.read_text(encoding="utf-8"), str(path), registers)
        except DeclarationError as error:
            mistakes += error.mistakes
            continue
        if made.name in found:
            message = f"{made.name} stands in another file too"
            mistakes.append(Mistake(file=str(path), line=1, key="kennisgevingen", message=message))
        found[made.name] = made
    if mistakes:
        raise DeclarationError(mistakes)
    return found
