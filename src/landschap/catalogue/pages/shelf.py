# SPDX-License-Identifier: EUPL-1.2
"""Descriptions that were read a moment ago, so that the next page of one need not read it again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import asyncpg

from landschap.catalogue import store
from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import Document, UnreadableDocument, read_document
from landschap.catalogue.findings import Finding, Mode

MAX_SHOWN_BYTES = 5_000_000
"""A description that is larger is offered as a file, and not read for each who looks."""
_HELD = 8

T = TypeVar("T")


class TooLarge(ValueError):
    """A description that is too large to be shown."""


class Shelf:
    """The last few descriptions and what was found in them, by digest."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._findings: OrderedDict[str, Sequence[Finding]] = OrderedDict()
        # One at a time: who asks for many large ones at once waits, and nobody else does.
        self._busy = asyncio.Semaphore(1)

    async def document(self, api: store.Shown) -> Document:
        """The newest text of an API. Raises TooLarge."""

        async def made() -> Document:
            raw = await store.document_of(self._pool, api.api, api.number)
            if len(raw) > MAX_SHOWN_BYTES:
                raise TooLarge(f"{len(raw):,} bytes")
            try:
                return await asyncio.to_thread(read_document, raw)
            except UnreadableDocument as error:  # kept by an earlier version with wider bounds
                raise TooLarge(str(error)) from None

        if api.digest not in self._documents:
            async with self._busy:
                if api.digest not in self._documents:
                    _put(self._documents, api.digest, await made())
        return _got(self._documents, api.digest)

    async def findings(self, api: store.Shown) -> Sequence[Finding]:
        """What the design rules find in it, in its order. Raises TooLarge."""
        document = await self.document(api)
        if api.digest not in self._findings:
            async with self._busy:
                if api.digest not in self._findings:
                    found = await asyncio.to_thread(_checked, document)
                    _put(self._findings, api.digest, found)
        return _got(self._findings, api.digest)

    async def worked(self, work: Callable[[], T]) -> T:
        """Work on a description, beside what else is asked here."""
        return await asyncio.to_thread(work)


def _checked(document: Document) -> Sequence[Finding]:
    return check(document, Mode.OFFICIAL, structures())


def _put(shelf: OrderedDict[str, T], key: str, value: T) -> None:
    shelf[key] = value
    while len(shelf) > _HELD:
        shelf.popitem(last=False)


def _got(shelf: OrderedDict[str, T], key: str) -> T:
    shelf.move_to_end(key)
    return shelf[key]
