# SPDX-License-Identifier: EUPL-1.2
"""Descriptions as HTML: what a stranger wrote in Markdown, and nothing that can do anything.

HTML in it is shown as the text it is; headings become bold lines, for the page has its own; images
are their words, for nothing is fetched; links lead to http, https and mail only.
Source: OpenAPI, "Rich Text Formatting" (CommonMark 0.27).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

_LONGEST = 20_000
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"[*_`#<>]+")


def as_html(given: str) -> Markup:
    """The description as paragraphs, lists, code and links."""
    return Markup(_MARKDOWN.render(_BREAK.sub("  \n", given[:_LONGEST])))  # noqa: S704  # escaped


def as_line(given: str, longest: int = 300) -> str:
    """The description as one line of text."""
    return _TAG.sub("", " ".join(_BREAK.sub(" ", given).split()))[:longest]


def _is_link(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "mailto"}


def _image(_self: object, tokens: Sequence[Token], index: int, *_more: object) -> str:
    return str(escape(tokens[index].content))


def _link(_self: object, tokens: Sequence[Token], index: int, *_more: object) -> str:
    address = escape(str(tokens[index].attrs.get("href", "")))
    return f'<a class="utrecht-link utrecht-link--html-a" rel="noreferrer" href="{address}">'


def _code(_self: object, tokens: Sequence[Token], index: int, *_more: object) -> str:
    lines = str(escape(tokens[index].content.strip())).replace("\n", "<br>\n")
    return f'<p class="ls-break"><code>{lines}</code></p>\n'


def _always(given: str) -> Callable[..., str]:
    return lambda *_: given


def _made() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.validateLink = _is_link  # type: ignore[method-assign,assignment]  # its documented way
    rules: Mapping[str, Callable[..., str]] = {
        "heading_open": _always("<p><strong>"),
        "heading_close": _always("</strong></p>\n"),
        "table_open": _always('<table class="ls-prose">\n'),
        "image": _image,
        "link_open": _link,
        "fence": _code,
        "code_block": _code,
    }
    for name, rule in rules.items():
        made.add_render_rule(name, rule)
    return made


_MARKDOWN = _made()
