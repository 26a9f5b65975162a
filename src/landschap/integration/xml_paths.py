# SPDX-License-Identifier: EUPL-1.2
"""XPath 1.0 as declarations use it: checked while one writes, compiled once, never more.

No extension functions and no variables: a path says where a value stands and computes nothing.
Source: XML Path Language 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

MAX_CHARACTERS = 500


class InvalidPath(ValueError):
    """A path that can not be used; the message says why."""


def check_path(path: str, namespaces: Mapping[str, str]) -> None:
    """Raises InvalidPath for a path with a mistake or an unknown prefix. Empty is no path."""
    if path:
        compiled(path, namespaces)


def compiled(path: str, namespaces: Mapping[str, str]) -> etree.XPath:
    """The path, ready to be used. Raises InvalidPath."""
    if len(path) > MAX_CHARACTERS:
        raise InvalidPath(f"longer than {MAX_CHARACTERS} characters")
    try:
        found = etree.XPath(path, namespaces=dict(namespaces) or None, regexp=False)
        # Prefixes and functions that do not exist only show when a path is used.
        found(etree.Element("leeg"))
    except etree.XPathError as error:
        known = ", ".join(sorted(namespaces)) or "none"
        raise InvalidPath(f"is no XPath: {error} (prefixes: {known})") from None
    return found
