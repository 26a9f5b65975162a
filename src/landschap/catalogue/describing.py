# SPDX-License-Identifier: EUPL-1.2
"""What a description of an API says of it: enough to find it by, and to show it in a list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from landschap.catalogue.documents import Document
from landschap.catalogue.openapi_rules import METHODS
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

# A text for searching has a bound: PostgreSQL takes 1 MB of words, and nobody means more.
MAX_WORDS = 200_000
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PART = re.compile(r"[^\w]+|_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An API in words; the last four are what it can be found by, already cut into words."""

    title: str
    version: str
    organisation: str
    summary: str
    title_words: str
    organisation_words: str
    operation_words: str
    field_words: str


def described(document: Document) -> Described:
    """What a document says. What lacks is empty; nothing is guessed."""
    references = References(document.value)
    info = _mapping(_value(references.down(references.root, "info")))
    contact = _mapping(info.get("contact"))
    title = _text(info.get("title"))
    summary = _text(info.get("summary")) or _first_sentence(_text(info.get("description")))
    return Described(
        title=title,
        version=_text(info.get("version")),
        organisation=_text(contact.get("name")) or _host(contact),
        summary=summary,
        title_words=words_of(title),
        organisation_words=words_of(*map(_text, contact.values())),
        operation_words=words_of(summary, *_operations(references)),
        field_words=words_of(_text(info.get("description")), *_fields(references)),
    )


def words_of(*texts: str) -> str:
    """The words in these texts, each once; ``ingeschrevenPersonen`` is two and is one too."""
    found: dict[str, None] = {}
    size = 0
    for text in texts:
        for word in _PART.split(unicodedata.normalize("NFC", text).replace("\0", " ")):
            for each in (word, *_HUMP.split(word)):
                if each and each not in found:
                    size += len(each) + 1
                    if size > MAX_WORDS:
                        return " ".join(found)
                    found[each] = None
    return " ".join(found)


def name_of(title: str) -> str:
    """A title as a name for in an address: ``BRP API Personen`` is ``brp-api-personen``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "api"


def _operations(references: References) -> Iterator[str]:
    for _, tag in _children(references, references.down(references.root, "tags")):
        yield from map(_text, _mapping(tag.value).values())
    for path, item in _children(references, references.down(references.root, "paths")):
        yield path
        for method, operation in _children(references, item):
            if method not in METHODS:
                continue
            told = _mapping(operation.value)
            yield from (_text(told.get(key)) for key in ("operationId", "summary", "description"))
            tags = told.get("tags")
            yield from map(_text, tags if isinstance(tags, list) else ())


def _fields(references: References) -> Iterator[str]:
    for at in references.everything():
        inner = references.child(at, "properties")
        if inner is not None:
            for name, prop in references.children(inner):
                yield name
                told = _mapping(prop.value)
                yield _text(told.get("title"))
                yield _text(told.get("description"))
        named = _mapping(at.value)
        if isinstance(named.get("in"), str) and isinstance(named.get("name"), str):
            yield _text(named.get("name"))


def _children(references: References, at: At | None) -> Iterator[tuple[str, At]]:
    return references.children(at) if at is not None else iter(())


def _value(at: At | None) -> JsonValue:
    return at.value if at is not None else None


def _mapping(value: object) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.replace("\0", " ").strip() if isinstance(value, str) else ""


def _host(contact: Mapping[str, JsonValue]) -> str:
    host = urlsplit(_text(contact.get("url"))).hostname if contact.get("url") else None
    return host or _text(contact.get("email")).rpartition("@")[2]


def _first_sentence(text: str) -> str:
    plain = " ".join(re.sub(r"[#*_`>]+|<[^>]*>", " ", text).split())
    return re.split(r"(?<=[.!?])\s", plain, maxsplit=1)[0][:300]
