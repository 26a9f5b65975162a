# SPDX-License-Identifier: EUPL-1.2
"""Style sheets, letters and icons from our own origin, under names that hold their hash.

A name never gets other content, so a browser may keep a file for ever. Files are read once when a
process starts; they are a third of a megabyte, compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePath
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from markupsafe import Markup

from landschap.platform.trouble import Trouble
from landschap.platform.web.theme import read_theme

PREFIX = "/static"
OWN_FILES = ("landschap.css", "pages.css", "landschap.svg", "snel-weg.js")
STYLE_SHEETS = ("noto-sans.css", "theme.css", "components.css", "landschap.css", "pages.css")
THEME = "thema.css"
"""The own theme, where there is one."""
LEAVING = "snel-weg.js"
"""The one script of our pages: leaving at once."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
_COMPRESSED = {".css", ".js", ".svg", ".json"}
_SVG = Markup(
    '<svg class="ls-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file as it is sent; ``gzipped`` is empty where compression gains nothing."""

    media_type: str
    content: bytes
    gzipped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFiles:
    """All files by hashed name, the addresses by plain name, and the strokes of the icons."""

    by_hashed_name: Mapping[str, StaticFile]
    addresses: Mapping[str, str]
    icon_strokes: Mapping[str, str]

    def icon(self, name: str) -> Markup:
        """A decorative icon inline; the word beside it carries the meaning."""
        return _SVG.format(Markup(self.icon_strokes[name]))  # noqa: S704 - our own, hashed files

    @property
    def style_sheets(self) -> list[str]:
        """Addresses of the style sheets in the order in which they are loaded."""
        # The own tokens come after ours, and before what only lays out.
        names = (*STYLE_SHEETS[:-1], THEME, STYLE_SHEETS[-1])
        return [self.addresses[name] for name in names if name in self.addresses]


def read_static_files(theme: Path | None = None) -> StaticFiles:
    """All files for pages, with an own ``theme``.

    Raises Trouble when set-up did not gather them, or the theme is none.
    """
    folder = files("landschap.platform") / "static"
    found = {hashed: (name, content) for name, hashed, content in _all_files(folder)}
    if theme is not None:
        named = dict(found.values())
        under = (named["theme.css"] + named["landschap.css"]).decode()
        hashed, content = _hashed(THEME, read_theme(theme, under).style_sheet())
        found[hashed] = (THEME, content)
    icons = next(content for name, content in found.values() if name == "icons.json")
    return StaticFiles(
        by_hashed_name={
            hashed: _as_sent(hashed, content) for hashed, (_, content) in found.items()
        },
        addresses={name: f"{PREFIX}/{hashed}" for hashed, (name, _) in found.items()},
        icon_strokes=json.loads(icons),
    )


def _all_files(folder: Traversable) -> Iterator[tuple[str, str, bytes]]:
    vendor = folder / "vendor"
    try:
        manifest = json.loads((vendor / "manifest.json").read_text())
        for name, hashed in manifest["files"].items():
            yield name, hashed, (vendor / hashed).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise Trouble(
            "the style sheets and letters of the pages are not gathered", "run `make setup`"
        ) from error
    for name in OWN_FILES:
        yield name, *_hashed(name, (folder / name).read_bytes())


def _hashed(name: str, content: bytes) -> tuple[str, bytes]:
    """Under which name content is sent, and the content."""
    path = PurePath(name)
    digest = hashlib.sha256(content).hexdigest()[:12]
    return f"{path.stem}.{digest}{path.suffix}", content


def _as_sent(name: str, content: bytes) -> StaticFile:
    suffix = PurePath(name).suffix
    gzipped = gzip.compress(content, mtime=0) if suffix in _COMPRESSED else b""
    return StaticFile(media_type=_TYPES[suffix], content=content, gzipped=gzipped)


def static_route(static: StaticFiles) -> HTTPRouteHandler:
    """The handler that serves them."""

    @get(f"{PREFIX}/{{name:str}}")
    async def static_file(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        file = static.by_hashed_name.get(name)
        if file is None:
            raise NotFoundException
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        content = file.content
        if file.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = file.gzipped
        return Response(content, media_type=file.media_type, headers=headers)

    return static_file
