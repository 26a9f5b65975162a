# SPDX-License-Identifier: EUPL-1.2
"""The file that a package is: a ZIP without compression, in one form only.

Whoever has ``unzip`` can look into it. Nothing in it is compressed, so the same content is the same
bytes on every machine, and there is nothing that could unpack to more than it is. What was read is
written again and must give the very bytes that were read: there is no room for a comment, a second
entry of a name, a part that hides between two others, or a tail.
Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16; docs/adr/0019-packages.md.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping

MAX_BYTES = 16_777_216
"""Of a package: a thousand times what a usual one takes."""
MAX_FILES = 2_000
MAX_FILE_BYTES = 4_194_304

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _MADE_BY = 20, 0x0314
_UTF8 = 0x0800
_STORED = 0
_TIME, _DAY = 0, 0x0021  # 1 January 1980, the first moment that a ZIP knows
_PLAIN_FILE = 0o100644 << 16
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,3}}")


class BrokenPackage(ValueError):
    """A file that is no package, or not whole; the message says what is the matter."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """The one file that holds these, in order of their names."""
    parts: list[bytes] = []
    central: list[bytes] = []
    offset = 0
    for name in sorted(files):
        content, raw = files[name], name.encode("ascii")
        head = (_UTF8, _STORED, _TIME, _DAY, zlib.crc32(content), len(content), len(content))
        local = _LOCAL.pack(_LOCAL_MARK, _VERSION, *head, len(raw), 0) + raw + content
        entry = _CENTRAL.pack(
            _CENTRAL_MARK, _MADE_BY, _VERSION, *head, len(raw), 0, 0, 0, 0, _PLAIN_FILE, offset
        )
        parts.append(local)
        central.append(entry + raw)
        offset += len(local)
    count, size = len(files), sum(map(len, central))
    end = _END.pack(_END_MARK, 0, 0, count, count, size, offset, 0)
    return b"".join((*parts, *central, end))


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files in a package, by name. Raises BrokenPackage."""
    if len(data) > MAX_BYTES:
        raise BrokenPackage(f"it is {len(data)} bytes; a package has at most {MAX_BYTES}")
    if not data.startswith(_LOCAL_MARK):
        raise BrokenPackage("it is no package: it does not begin as one")
    found: dict[str, bytes] = {}
    offset = 0
    while data.startswith(_LOCAL_MARK, offset):
        name, content, offset = _entry(data, offset)
        if name in found:
            raise BrokenPackage(f"{name} stands in it twice")
        found[name] = content
        if len(found) > MAX_FILES:
            raise BrokenPackage(f"it holds more than {MAX_FILES} files")
    rest = packed(found)[offset:]
    if data[offset:] != rest:
        is_cut = rest.startswith(data[offset:])
        raise BrokenPackage(
            "it is cut off: the end is missing" if is_cut else "its table of contents does not fit"
        )
    if packed(found) != data:
        raise BrokenPackage("it holds more than its files, or was not written by `landschap pack`")
    return found


def _entry(data: bytes, offset: int) -> tuple[str, bytes, int]:
    """Name and content of the entry that begins here, and where the next one does."""
    begin = offset + _LOCAL.size
    if len(data) < begin:
        raise BrokenPackage("it is cut off")
    _, _, flags, method, _, _, checksum, size, whole, name_length, extra = _LOCAL.unpack_from(
        data, offset
    )
    if method != _STORED or flags != _UTF8 or extra or size != whole:
        raise BrokenPackage("it is compressed or locked; a package of ours never is")
    if whole > MAX_FILE_BYTES:
        raise BrokenPackage(f"a file in it is over {MAX_FILE_BYTES} bytes")
    name = _name_of(data[begin : begin + name_length])
    end = begin + name_length + whole
    if len(data) < end:
        raise BrokenPackage(f"it is cut off inside {name}")
    content = data[begin + name_length : end]
    if zlib.crc32(content) != checksum:
        raise BrokenPackage(f"{name} in it was damaged")
    return name, content, end


def _name_of(raw: bytes) -> str:
    """A name that stays inside the folder it is put in. Raises BrokenPackage."""
    name = raw.decode("ascii", errors="replace")
    if not _NAME.fullmatch(name):
        raise BrokenPackage(f"{name[:80]!r} is no name that a file in a package can have")
    return name
