# SPDX-License-Identifier: EUPL-1.2
"""Bringing our anchors to a witness, and asking them back.

A peer that does not announce the extension is asked nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.fsc.client import PeerUnreachable
from landschap.fsc.client.asking import Asker
from landschap.fsc.witnesses import EXTENSION, PATH
from landschap.fsc.witnesses.wire import Sent, read_sent
from landschap.logboek.anchors import Anchor, Statement
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import InvalidValue

_PAGE = 200
_MAX_PAGES = 20


class NotAsked(Exception):
    """The witness can not be asked, and why."""


async def announces(asker: Asker, address: str) -> str:
    """The name of a peer that has the extension. Raises NotAsked."""
    try:
        heard = await asker.ask("GET", f"{address}/v1/peer")
    except PeerUnreachable as error:
        raise NotAsked(str(error)) from None
    told = heard.table()
    extensions = told.get("enabled_extensions")
    if not isinstance(extensions, Mapping) or EXTENSION not in extensions:
        raise NotAsked("it has no such extension, or witnesses for nobody")
    return str(told.get("peer_name", ""))


async def bring(asker: Asker, address: str, manager_address: str, sent: Sent) -> None:
    """Have a witness keep our anchor. Raises NotAsked."""
    try:
        heard = await asker.ask(
            "PUT",
            f"{address}/v1{PATH}",
            body=canonical(sent.body()),
            headers={"Fsc-Manager-Address": manager_address},
        )
    except PeerUnreachable as error:
        raise NotAsked(str(error)) from None
    if heard.status != 201:
        raise NotAsked(f"it refused: {heard.status} {heard.code}")


async def asked_back(
    asker: Asker, address: str, *, pages: int = _MAX_PAGES
) -> list[tuple[Anchor, Statement]]:
    """What a witness keeps of our log: the newest 200 anchors per page. Raises NotAsked."""
    found: list[tuple[Anchor, Statement]] = []
    cursor = ""
    for _ in range(pages):
        more = f"&cursor={cursor}" if cursor else ""
        try:
            heard = await asker.ask("GET", f"{address}/v1{PATH}?limit={_PAGE}{more}")
        except PeerUnreachable as error:
            raise NotAsked(str(error)) from None
        if heard.status != 200:
            raise NotAsked(f"it refused: {heard.status} {heard.code}")
        told = heard.table()
        found += _read(told.get("anchors"))
        paging = told.get("pagination")
        cursor = str(paging.get("next_cursor") or "") if isinstance(paging, Mapping) else ""
        if not cursor:
            break
    return found


def _read(listed: JsonValue) -> list[tuple[Anchor, Statement]]:
    found = []
    for each in listed if isinstance(listed, list) else ():
        try:
            sent, statement = read_sent(each)
        except InvalidValue as error:
            raise NotAsked(f"what it gives back can not be read: {error}") from None
        found.append((sent.anchor, statement))
    return found
