# SPDX-License-Identifier: EUPL-1.2
"""A description of an API that a command names: a file, or an address."""

from __future__ import annotations

import asyncio
from pathlib import Path

from landschap.catalogue.client import NotFetched, fetch
from landschap.catalogue.documents import Document, UnreadableDocument, read_document
from landschap.platform.trouble import Trouble


def document_at(where: str) -> Document:
    """The description in a file or at an address. Raises Trouble."""
    try:
        return read_document(bytes_of(where))
    except UnreadableDocument as error:
        raise unreadable(where, error) from None


def unreadable(where: str, error: UnreadableDocument) -> Trouble:
    """What to say of a description that can not be read."""
    return Trouble(
        f"{where} can not be read ({error.code}): {error}{_at(error.line)}",
        "mend the document; a description is JSON or YAML of at most 50 MB",
    )


def bytes_of(where: str) -> bytes:
    """The bytes of a file or at an address. Raises Trouble."""
    try:
        if where.startswith(("https://", "http://")):
            return asyncio.run(fetch(where))
        return Path(where).read_bytes()
    except NotFetched as error:
        raise Trouble(
            str(error), "look at the address, or save the document and name the file"
        ) from None
    except OSError as error:
        raise Trouble(f"{where}: {error.strerror}", "name a file or an address") from None


def _at(line: int) -> str:
    return f", line {line}" if line else ""
