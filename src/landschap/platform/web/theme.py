# SPDX-License-Identifier: EUPL-1.2
"""The tokens of an organisation's own theme: read, checked, and written anew as one style sheet.

A theme is CSS custom properties and nothing else, so that it can change how a page looks and not
what it does or where it asks. What it makes of text must be readable, in the light and in the dark.
Source: NL Design System, design tokens; WCAG 2.2, 1.4.3 (contrast).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from landschap.platform.trouble import Trouble

LIGHT, DARK = "light", "dark"
_MOST_BYTES = 500_000
_LEAST_CONTRAST = 4.5
_DEEPEST = 30
_SELECTOR = r"(?::root|\.[a-z][a-z0-9-]*-theme)"
_BLOCK = re.compile(
    rf"\s*(?:(?P<light>{_SELECTOR})\s*\{{(?P<lit>[^{{}}]*)\}}"
    rf"|@media\s*\(\s*prefers-color-scheme:\s*dark\s*\)\s*\{{\s*{_SELECTOR}\s*"
    r"\{(?P<dim>[^{}]*)\}\s*\})",
)
_PAIR = re.compile(r"(--[A-Za-z0-9_-]+)\s*:\s*([^;:{}@\\<>]+)")
_ASKS = re.compile(r"url\s*\(|image\s*\(|image-set|expression|@|//|/\*", re.IGNORECASE)
_TEXT = re.compile(r""""[^"]*"|'[^']*'""")
_INNERMOST = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_VAR = re.compile(r"var\(\s*(--[A-Za-z0-9_-]+)\s*(?:,\s*(.+))?\)")
_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NAMES = {"white": "#ffffff", "black": "#000000"}
_DEFAULT, _BG = "--basis-color-default", "--basis-color-default-bg"
_KIND = "--basis-color-"
_PAIRS = (
    ("text", f"{_DEFAULT}-color-document", f"{_BG}-document"),
    ("quiet text", f"{_DEFAULT}-color-default", f"{_BG}-document"),
    ("quiet text on a block", f"{_DEFAULT}-color-default", f"{_BG}-subtle"),
    ("a link", "--basis-color-action-2-color-default", f"{_BG}-document"),
    (
        "the main button",
        "--utrecht-button-primary-action-color",
        "--utrecht-button-primary-action-background-color",
    ),
    *(
        (f"a message ({kind})", f"{_KIND}{kind}-color-default", f"{_KIND}{kind}-bg-subtle")
        for kind in ("info", "positive", "warning", "negative")
    ),
)  # fmt: skip

Tokens = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Theme:
    """Tokens for the light, and what differs in the dark."""

    light: Tokens
    dark: Tokens

    def style_sheet(self) -> bytes:
        """The tokens as one style sheet."""
        light, dark = (
            "".join(f"{name}:{value};" for name, value in each.items())
            for each in (self.light, self.dark)
        )
        text = f".voorbeeld-theme{{{light}}}"
        if dark:
            text += f"@media (prefers-color-scheme: dark){{.voorbeeld-theme{{{dark}}}}}"
        return text.encode()


def read_theme(path: Path, under: str) -> Theme:
    """The theme in a file, on top of the style sheets ``under``. Raises Trouble."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Trouble(f"the theme {path.name} can not be read", str(error.strerror)) from None
    if len(raw) > _MOST_BYTES:
        raise Trouble(f"the theme {path.name} is larger than {_MOST_BYTES:,} bytes", "leave out")
    try:
        theme = parse_theme(raw.decode())
    except ValueError as error:
        raise Trouble(
            f"the theme {path.name} is no file of tokens: {error}",
            "keep custom properties alone: .voorbeeld-theme { --basis-...: #00556b; }",
        ) from None
    if wrong := unreadable(theme, under):
        raise Trouble(
            f"the theme {path.name} makes text that is hard to read: " + "; ".join(wrong),
            f"give them a contrast of at least {_LEAST_CONTRAST} to 1 (WCAG 2.2, 1.4.3)",
        )
    return theme


def parse_theme(text: str) -> Theme:
    """The tokens of a theme. Raises ValueError with the line for anything else."""
    # Comments become as many lines as they were, so that a line that is told is that of the file.
    plain = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    found: dict[str, dict[str, str]] = {LIGHT: {}, DARK: {}}
    at = 0
    while plain[at:].strip():
        block = _BLOCK.match(plain, at)
        if block is None:
            raise ValueError(f"line {_line(plain, at)} is no block of tokens")
        name, which = ("lit", LIGHT) if block["light"] else ("dim", DARK)
        found[which].update(_declared(plain, block.start(name), block.end(name)))
        at = block.end()
    if not any(found.values()):
        raise ValueError("it has no tokens")
    return Theme(found[LIGHT], found[DARK])


def _declared(text: str, begin: int, end: int) -> Iterator[tuple[str, str]]:
    at = begin
    for part in text[begin:end].split(";"):
        if part.strip():
            pair = _PAIR.fullmatch(part.strip())
            if pair is None or _ASKS.search(pair[2]) or not _is_whole(pair[2]):
                line = _line(text, at + len(part) - len(part.lstrip()))
                raise ValueError(f"line {line} is no token with a value of its own")
            yield pair[1], " ".join(pair[2].split())
        at += len(part) + 1


def _is_whole(value: str) -> bool:
    """True when all that opens in a value closes in it; else it takes what follows along."""
    rest = _TEXT.sub("", value)
    for _ in range(_DEEPEST):
        rest, closed = _INNERMOST.subn("", rest)
        if not closed:
            break
    return not any(each in rest for each in "()[]\"'")


def _line(text: str, at: int) -> int:
    rest = text[at:]
    return text.count("\n", 0, at + len(rest) - len(rest.lstrip())) + 1


def unreadable(theme: Theme, under: str) -> list[str]:
    """What would be hard to read, in words; empty when all is well."""
    base = _of_sheets(under)
    wrong = []
    for which in (LIGHT, DARK):
        tokens = {**base[LIGHT], **(base[DARK] if which == DARK else {}), **theme.light}
        if which == DARK:
            tokens |= theme.dark
        for what, text, ground in _PAIRS:
            pair = [_colour(tokens, f"var({name})") for name in (text, ground)]
            if None in pair:
                names = [n for n, c in zip((text, ground), pair, strict=True) if c is None]
                wrong.append(f"{what}: {names[0]} is no colour like #00556b")
                continue
            first, second = (each for each in pair if each)
            ratio = contrast(first, second)
            if ratio < _LEAST_CONTRAST:
                wrong.append(f"{what} in the {which}: {first} on {second} is {ratio:.1f} to 1")
    return list(dict.fromkeys(wrong))


def _of_sheets(under: str) -> dict[str, dict[str, str]]:
    """The tokens of our own style sheets, for the light and the dark."""
    plain = _COMMENT.sub("", under)
    found: dict[str, dict[str, str]] = {LIGHT: {}, DARK: {}}
    at = 0
    for block in re.finditer(r"@media[^{]*dark[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", plain):
        found[LIGHT].update(_PAIR.findall(plain[at : block.start()]))
        found[DARK].update(_PAIR.findall(block[0]))
        at = block.end()
    found[LIGHT].update(_PAIR.findall(plain[at:]))
    return found


def _colour(tokens: Tokens, value: str, depth: int = 0) -> str | None:
    """The colour a value comes down to, as #rrggbb; None for what is none."""
    text = value.strip()
    if (named := _VAR.fullmatch(text)) and depth < _DEEPEST:
        inner = tokens.get(named[1], named[2])
        return _colour(tokens, inner, depth + 1) if inner else None
    text = _NAMES.get(text.lower(), text)
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:]
    return "#" + (digits if len(digits) == 6 else "".join(each * 2 for each in digits)).lower()


def contrast(first: str, second: str) -> float:
    """How much two colours differ, from 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
