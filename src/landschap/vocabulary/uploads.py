# SPDX-License-Identifier: EUPL-1.2
"""Files that people hand in: a PDF, a JPEG or a PNG, judged by what is in them.

The name and the type that a browser tells are not believed: the name must fit what the file is, and
the file must be whole. A PDF that does something by itself, carries other files or can not be
looked into is refused. What is taken is only ever given as a file to save.
Source: ISO 32000-2, 7.3 and 7.5; ITU-T T.81, annex B; W3C PNG, 5; OWASP, "File Upload".
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote

MOST_BYTES = 5_000_000
MOST_FILES = 3
LONGEST_NAME = 80
_MOST_UNPACKED = 20_000_000
_MOST_CHUNKS = 20_000
_TAIL = 2048
_LONG = 4
# More than any document of this size has; each costs time, and what is unpacked has most.
_MOST_NAMES, _MOST_STREAMS, _MOST_UNPACKED_NAMES = 100_000, 60_000, 1_500_000
# As it is written with `#xx` throughout, no name that counts here is longer.
_LONGEST_NAME = 64


class Fault(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    OTHER_KIND = "other_kind"  # none of the three
    OTHER_NAME = "other_name"  # its name says that it is something else
    BROKEN = "broken"
    LOCKED = "locked"  # a PDF with a password
    ACTIVE = "active"  # a PDF that does something by itself, or carries other files


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file that is taken, under a name that does no harm."""

    name: str
    media: str
    body: bytes = field(repr=False)


_PNG = b"\x89PNG\r\n\x1a\n"
_ENDINGS = {"application/pdf": ("pdf",), "image/jpeg": ("jpg", "jpeg"), "image/png": ("png",)}
MEDIA = tuple(_ENDINGS)
ACCEPT = ",".join((*MEDIA, *(f".{each}" for every in _ENDINGS.values() for each in every)))


def judge(name: str, body: bytes) -> Taken | Fault:
    """The file when it can be taken, else why not. Pure, and bounded in time and memory."""
    if not body:
        return Fault.EMPTY
    if len(body) > MOST_BYTES:
        return Fault.TOO_LARGE
    media = _media(body)
    if media is None:
        return Fault.OTHER_KIND
    ending = name.rpartition(".")[2].lower()
    if ending not in _ENDINGS[media]:
        return Fault.OTHER_NAME
    fault = {"application/pdf": _pdf, "image/jpeg": _jpeg, "image/png": _png}[media](body)
    if fault is not None:
        return fault
    return Taken(name=safe_name(name, _ENDINGS[media][0]), media=media, body=body)


def safe_name(name: str, ending: str) -> str:
    """A name without folders, signs that can not be seen, or a second ending."""
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")[0]
    plain = unicodedata.normalize("NFC", stem)
    kept = "".join(each if each.isalnum() or each in " -_()" else " " for each in plain)
    words = " ".join(kept.split())[:LONGEST_NAME].strip()
    return f"{words or 'bestand'}.{ending}"


def saving_headers(name: str) -> dict[str, str]:
    """Headers with which a browser saves a file, and never shows or runs it in our name.

    Source: RFC 6266, section 4.3; CSP3, "sandbox".
    """
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    return {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''"
        + quote(name, safe=""),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _media(body: bytes) -> str | None:
    if body.startswith(b"%PDF-"):
        return "application/pdf"
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if body.startswith(_PNG) else None


def _png(body: bytes) -> Fault | None:
    """Every chunk with its sum, from IHDR to IEND, and nothing behind that."""
    place, number = len(_PNG), 0
    while number < _MOST_CHUNKS and place + 12 <= len(body):
        length = int.from_bytes(body[place : place + 4], "big")
        kind, end = body[place + 4 : place + 8], place + 12 + length
        if end > len(body) or (number == 0) != (kind == b"IHDR"):
            return Fault.BROKEN
        if zlib.crc32(body[place + 4 : end - 4]) != int.from_bytes(body[end - 4 : end], "big"):
            return Fault.BROKEN
        if kind == b"IEND":
            return None if end == len(body) and number > 1 else Fault.BROKEN
        place, number = end, number + 1
    return Fault.BROKEN


_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def _jpeg(body: bytes) -> Fault | None:
    """Every segment with its length, a frame before the first scan, and the end of image."""
    place, has_frame = 2, False
    for _ in range(_MOST_CHUNKS):
        if body[place : place + 1] != b"\xff" or place + 4 > len(body):
            return Fault.BROKEN
        marker = body[place + 1]
        if marker in _ALONE:
            place += 2
            continue
        length = int.from_bytes(body[place + 2 : place + 4], "big")
        if length < 2 or place + 2 + length > len(body):
            return Fault.BROKEN
        has_frame = has_frame or marker in _SIZES
        if marker == 0xDA:
            # What is behind the scans is pixels; cameras put another picture or zeros after it.
            return None if has_frame and b"\xff\xd9" in body[place:] else Fault.BROKEN
        place += 2 + length
    return Fault.BROKEN


# Where a file opens, or which address it links to, is nothing that acts: a reader asks first.
_ACTIVE = frozenset(
    {
        b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"EmbeddedFiles",
        b"RichMedia", b"XFA", b"SubmitForm", b"ImportData", b"GoToE", b"GoToR", b"Rendition",
        b"Movie", b"Sound", b"3D", b"Collection",
    }
)  # fmt: skip
_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]+)")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")


def _pdf(body: bytes) -> Fault | None:
    """Whole, open to be looked into, and with nothing in it that acts."""
    is_headed = re.match(rb"%PDF-[12]\.[0-9]", body) is not None
    if not is_headed or b"%%EOF" not in body[-_TAIL:] or b"startxref" not in body[-_TAIL:]:
        return Fault.BROKEN
    if body.count(b"/") > _MOST_NAMES or body.count(b"stream") > _MOST_STREAMS:
        return Fault.LOCKED
    pieces, packed, data = _parts(body)
    names = set().union(*(_names(each) for each in pieces))
    # The word `stream` in a text or a remark hides what is behind it from us, and from no reader:
    # so a long name counts there too. A short one may stand in pixels by chance.
    hidden = {each for piece in data for each in _names(piece) if len(each) >= _LONG}
    names |= hidden
    if b"Encrypt" in names or b"ObjStm" in hidden:
        return Fault.LOCKED
    left, most = _MOST_UNPACKED, _MOST_UNPACKED_NAMES
    for each in packed:
        opened = _unpacked(each, left)
        if opened is None or opened.count(b"/") > most:
            return Fault.LOCKED
        left, most = left - len(opened), most - opened.count(b"/")
        names |= _names(opened)
    return Fault.ACTIVE if names & _ACTIVE else None


def _parts(body: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """What stands outside streams, the streams in which objects are packed, and all others."""
    outside: list[bytes] = []
    packed: list[bytes] = []
    data: list[bytes] = []
    place = 0
    while (begin := _STREAM.search(body, place)) is not None:
        before = body[place : begin.start()]
        outside.append(before)
        end = body.find(b"endstream", begin.end())
        if end < 0:
            outside.append(body[begin.end() :])
            return outside, packed, data
        if b"ObjStm" in _names(before):
            packed.append(before + b"\0" + body[begin.end() : end])
        else:
            data.append(body[begin.end() : end])
        place = end + len(b"endstream")
    return [*outside, body[place:]], packed, data


def _unpacked(stream: bytes, most: int) -> bytes | None:
    """The objects in a stream; None for one that is packed in a way we do not look into."""
    about, _, data = stream.partition(b"\0")
    names = _names(about)
    if b"Filter" not in names:
        return data
    if b"FlateDecode" not in names or names & _OTHER_FILTERS:
        return None
    opener = zlib.decompressobj()
    try:
        found = opener.decompress(data, max(most, 1))
    except zlib.error:
        return None
    return None if opener.unconsumed_tail else found


_OTHER_FILTERS = frozenset(
    {
        b"ASCIIHexDecode", b"AHx", b"ASCII85Decode", b"A85", b"LZWDecode", b"LZW",
        b"RunLengthDecode", b"RL", b"Crypt", b"DecodeParms", b"DP",
    }
)  # fmt: skip


def _names(text: bytes) -> set[bytes]:
    """The names in a piece, also those that are written with ``#xx``."""
    found = {each for each in _NAME.findall(text) if len(each) <= _LONGEST_NAME}
    return {_HEX.sub(lambda each: bytes([int(each[1], 16)]), each) for each in found}
