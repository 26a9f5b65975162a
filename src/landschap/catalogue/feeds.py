# SPDX-License-Identifier: EUPL-1.2
"""Changes as an Atom feed, for whoever has a reader of feeds.

What strangers wrote stands in it as plain text; what XML can not hold is left out.
Source: RFC 4287; RFC 5005; XML 1.0, section 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from landschap.vocabulary.times import as_utc_text

ATOM = "application/atom+xml"
_SPACE = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry: ``place`` is what it is known by for ever, ``link`` where people read of it."""

    place: str
    link: str
    title: str
    author: str
    updated: datetime
    lines: Sequence[str]
    is_breaking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed, the newest first. ``place`` is its own address."""

    place: str
    link: str
    title: str
    author: str
    language: str
    items: Sequence[Item]


def as_atom(feed: Feed, now: datetime) -> bytes:
    """The feed as a document; one without items was updated ``now``."""
    root = ET.Element("feed", {"xmlns": _SPACE, "xml:lang": feed.language})
    _text(root, "id", feed.place)
    _text(root, "title", feed.title)
    newest = max((each.updated for each in feed.items), default=now)
    _text(root, "updated", as_utc_text(newest))
    _text(_child(root, "author"), "name", feed.author)
    _child(root, "link", rel="self", type=ATOM, href=feed.place)
    _child(root, "link", rel="alternate", type="text/html", href=feed.link)
    for each in feed.items:
        _item(_child(root, "entry"), each)
    return ET.tostring(root, encoding="unicode").encode()


def _item(entry: ET.Element, item: Item) -> None:
    _text(entry, "id", item.place)
    _text(entry, "title", item.title)
    _text(entry, "updated", as_utc_text(item.updated))
    if item.author:
        _text(_child(entry, "author"), "name", item.author)
    _child(entry, "link", rel="alternate", type="text/html", href=item.link)
    if item.is_breaking:
        _child(entry, "category", term="breaking")
    _text(entry, "content", "\n".join(item.lines)).set("type", "text")


def _child(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _text(parent: ET.Element, tag: str, words: str) -> ET.Element:
    made = _child(parent, tag)
    made.text = _NOT_XML.sub("", words)
    return made
