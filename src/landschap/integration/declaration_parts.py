# SPDX-License-Identifier: EUPL-1.2
"""Parts of a declaration that several kinds of sources have."""

from __future__ import annotations

from landschap.integration.access import PeriodPaths, SchemaFiles
from landschap.integration.yamltree import Block

CLOCKS = ("eigen", "bron", "landelijk")


def secret_name(block: Block, name: str) -> str:
    """The name of a file; what is no name may be the secret itself and is never repeated."""
    text = block.text(name)
    if "://" in text or any(sign.isspace() for sign in text):
        message = "must be the name of a file in the secrets folder; put the secret in there"
        block.report.add(block.line_of(name), block.key(name), message)
        return ""
    return text


def clock_of(block: Block) -> str:
    """``klok``: whose clock tells since when a row is known."""
    return block.choice("klok", CLOCKS, "bron")


def period_of(block: Block) -> PeriodPaths:
    """``periode``: the columns that tell since and until when a row holds."""
    inner = block.block("periode")
    if inner is None:
        return PeriodPaths()
    paths = PeriodPaths(
        begin=inner.text("begin", ""),
        end=inner.text("eind", ""),
        registered=inner.text("registratie", ""),
    )
    inner.close()
    return paths


def read_schema(block: Block) -> SchemaFiles | None:
    """``schema``: the files that messages are held against; None without."""
    inner = block.block("schema")
    if inner is None:
        return None
    found = SchemaFiles(folder=_inside(inner, "map"), file=_inside(inner, "bestand"))
    inner.close()
    return found


def _inside(block: Block, name: str) -> str:
    path = block.text(name)
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        message = "must be a path inside: no slash in front, no .."
        block.report.add(block.line_of(name), block.key(name), message)
        return ""
    return path
