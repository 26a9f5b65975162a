# SPDX-License-Identifier: EUPL-1.2
"""Answers in pages: where the next one stands, and whether it may be asked.

A page is only asked at the place where the first was: our key goes with it. An answer that goes on
elsewhere, and whose declaration does not say so, is half an answer and must not look whole.
Source: RFC 8288 (``Link``, ``rel="next"``); HAL, ``_links``; ZGW, ``next``.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from landschap.integration.rows import at_path
from landschap.vocabulary.ijson import JsonValue

_LINK_NEXT = re.compile(r"<([^<>]*)>[^<]*?;\s*rel\s*=\s*\"?next\"?(?:[\s;,]|$)", re.IGNORECASE)
_MAX_ADDRESS = 4_000
_ADDRESSES = ("http://", "https://", "/", "?")
# What a declaration writes for the header instead of a path into the answer.
LINK = "Link"


class ElsewhereError(ValueError):
    """A next page at another place than the first, or at none."""


def next_page(body: JsonValue, link: str, path: str, url: str) -> str:
    """The address of the next page, empty when this is the last.

    ``link`` is the header, ``path`` what is declared (a dotted path, or `LINK`, or empty), ``url``
    where this page was. Raises ElsewhereError.
    """
    told = _told(body, link, path)
    if not told:
        return ""
    if len(told) > _MAX_ADDRESS:
        raise ElsewhereError("longer than an address")
    try:
        there = urljoin(url, told)
        is_here = _place(there) == _place(url)
    except ValueError:  # a port or an address in brackets that is none
        raise ElsewhereError("no address") from None
    if not is_here:
        raise ElsewhereError("at another host")
    return there


def goes_on(body: JsonValue, link: str) -> bool:
    """True when an answer says itself that it goes on elsewhere."""
    told = (at_path(body, "_links.next.href"), at_path(body, "next"))
    if any(isinstance(one, str) and one.startswith(_ADDRESSES) for one in told):
        return True
    return bool(_LINK_NEXT.search(link))


def _told(body: JsonValue, link: str, path: str) -> str:
    if path == LINK:
        matched = _LINK_NEXT.search(link)
        return matched[1] if matched else ""
    found = at_path(body, path) if path else None
    return found if isinstance(found, str) else ""


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
