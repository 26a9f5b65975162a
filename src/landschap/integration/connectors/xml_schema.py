# SPDX-License-Identifier: EUPL-1.2
"""Reading an XML Schema from a folder: nothing outside it, nothing over the network.

What a schema names by a web address is looked for in the folder under host and path:
``http://www.w3.org/2001/xml.xsd`` is ``www.w3.org/2001/xml.xsd``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from landschap.integration.access import SchemaFiles
from landschap.integration.conforming import Conformity

MAX_FILES, MAX_BYTES = 500, 50_000_000


class InvalidSchema(ValueError):
    """A schema that can not be used; the message says which file and why."""


def read_conformity(files: SchemaFiles, beside: Path) -> Conformity:
    """The schema of a source. Raises InvalidSchema, and OSError for a file that is not there."""
    folder = (beside / files.folder).resolve()
    first = folder / files.file
    within = _Within(folder)
    content = within.read(first)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    parser.resolvers.add(within)
    try:
        document = etree.fromstring(content, parser, base_url=str(first))
        return Conformity(etree.XMLSchema(document.getroottree()))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        why = within.refused or str(error)
        raise InvalidSchema(f"{files.folder}/{files.file}: {why}") from None


class _Within(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Gives files of one folder, and refuses every other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._bytes = 0
        self.refused = ""

    def resolve(self, system_url: str, public_id: str, context: object) -> Any:
        """A file that a schema names."""
        del public_id
        parts = urlsplit(system_url)
        path = Path(unquote(parts.path))
        if parts.scheme in ("http", "https"):
            path = self._folder / (parts.hostname or "") / unquote(parts.path).lstrip("/")
        try:
            content = self.read(path)
        except (OSError, InvalidSchema) as error:
            self.refused = self.refused or getattr(error, "strerror", None) or str(error)
            self.refused = f"{system_url.removeprefix(str(self._folder))}: {self.refused}"
            # What is no schema ends the reading; without an answer lxml would look for itself.
            return self.resolve_string("", context)
        return self.resolve_string(content, context, base_url=str(path))

    def read(self, path: Path) -> bytes:
        """A file of the folder. Raises OSError and InvalidSchema."""
        there = path.resolve()
        if not there.is_relative_to(self._folder):
            raise InvalidSchema(f"{path.name} lies outside the folder of schemas")
        with there.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        self._files += 1
        self._bytes += len(content)
        if self._files > MAX_FILES or self._bytes > MAX_BYTES:
            raise InvalidSchema(f"more than {MAX_FILES} files or {MAX_BYTES} bytes of schemas")
        return content
