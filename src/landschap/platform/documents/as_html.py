# SPDX-License-Identifier: EUPL-1.2
"""A document as one page of HTML that needs nothing beside it."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from landschap.vocabulary.documents import Document


def html_of(document: Document, footer: str) -> bytes:
    """The document; UTF-8, without script and without anything from elsewhere."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("landschap.platform.documents").joinpath("page.html").read_text(encoding="utf-8")
    )
    return template.render(d=document, footer=footer).encode()
