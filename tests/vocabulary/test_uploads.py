# SPDX-License-Identifier: EUPL-1.2
"""Files that people hand in are judged by what is in them, not by what they are called."""

from __future__ import annotations

import io
import time
import tracemalloc
import zlib

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from landschap.vocabulary.uploads import (
    MOST_BYTES,
    Fault,
    Taken,
    judge,
    safe_name,
    saving_headers,
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)
JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0\x55\xff\xd9"
)


def pdf(change: str = "") -> bytes:
    """A PDF of one page as a program writes it, perhaps with something in it that acts."""
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    if change == "script":
        deed = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
        writer.root_object[NameObject("/OpenAction")] = deed
    elif change == "file":
        writer.add_attachment("geheim.exe", b"MZ")
    elif change == "locked":
        writer.encrypt("geheim", algorithm="RC4-128")
    elif change == "open":
        writer.root_object[NameObject("/OpenAction")] = ArrayObject(
            [writer.pages[0].indirect_reference, NameObject("/Fit")]
        )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def packed(names: bytes, extra: bytes = b"") -> bytes:
    """A PDF whose objects are in a stream, as most programs write them now."""
    data = zlib.compress(b"1 0 <<" + names + b">>")
    about = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode" + extra
    return (
        b"%PDF-1.7\n2 0 obj" + about + b">>stream\n" + data + b"\nendstream endobj\n"
        b"startxref\n0\n%%EOF\n"
    )


def whole(middle: bytes) -> bytes:
    return b"%PDF-1.7\n" + middle + b"\nstartxref\n0\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "body", "kept"),
    [
        ("huurcontract.pdf", pdf(), "huurcontract.pdf"),
        ("begin.pdf", pdf("open"), "begin.pdf"),
        ("scan.PDF", packed(b"/Type/Catalog"), "scan.pdf"),
        ("foto.jpeg", JPEG, "foto.jpg"),
        ("foto.JPG", JPEG + bytes(20), "foto.jpg"),
        ("scherm.png", PNG, "scherm.png"),
    ],
)
def test_a_whole_file_under_a_name_that_fits_is_taken(name: str, body: bytes, kept: str) -> None:
    found = judge(name, body)
    assert isinstance(found, Taken), found
    assert (found.name, found.body) == (kept, body)


@pytest.mark.parametrize(
    ("name", "body", "fault"),
    [
        ("leeg.pdf", b"", Fault.EMPTY),
        ("groot.png", PNG + bytes(MOST_BYTES), Fault.TOO_LARGE),
        ("brief.docx", b"PK\3\4word", Fault.OTHER_KIND),
        ("pagina.pdf", b"<html><script>alert(1)</script>", Fault.OTHER_KIND),
        ("plaatje.svg", b"<svg onload='x'/>", Fault.OTHER_KIND),
        ("foto.png", JPEG, Fault.OTHER_NAME),
        ("foto.png.exe", PNG, Fault.OTHER_NAME),
        ("zonder", PNG, Fault.OTHER_NAME),
        ("half.png", PNG[:-6], Fault.BROKEN),
        ("meer.png", PNG + b"<script>", Fault.BROKEN),
        ("anders.png", PNG.replace(b"IDAT", b"IDAX"), Fault.BROKEN),
        ("half.jpg", JPEG[:-2], Fault.BROKEN),
        ("leeg.jpg", b"\xff\xd8\xff\xd9", Fault.BROKEN),
        ("half.pdf", pdf()[:200], Fault.BROKEN),
        ("script.pdf", pdf("script"), Fault.ACTIVE),
        ("bijlage.pdf", pdf("file"), Fault.ACTIVE),
        ("slot.pdf", pdf("locked"), Fault.LOCKED),
        ("ingepakt.pdf", packed(b"/S/JavaScript/JS(x)"), Fault.ACTIVE),
        ("hex.pdf", whole(b"1 0 obj<</S/#4aavaScript>>endobj"), Fault.ACTIVE),
        # Hidden behind the word `stream` in a remark or a text.
        ("list.pdf", whole(b"% stream\n1 0 obj<</S/Launch>>endobj endstream"), Fault.ACTIVE),
        ("list.pdf", whole(b"1 0 obj(stream\n)2 0 obj<</Type/ObjStm>>endstream"), Fault.LOCKED),
        ("anders.pdf", packed(b"", b"/DecodeParms<</Predictor 12>>"), Fault.LOCKED),
    ],
)
def test_what_is_not_whole_or_acts_is_refused_and_why(name: str, body: bytes, fault: Fault) -> None:
    assert judge(name, body) is fault


def test_a_pdf_that_swells_up_is_not_unpacked_to_its_end() -> None:
    data = zlib.compress(bytes(40_000_000), 9)
    body = whole(b"2 0 obj<</Type/ObjStm/Filter/FlateDecode>>stream\n" + data + b"endstream")
    assert len(body) < MOST_BYTES
    assert judge("bom.pdf", body) is Fault.LOCKED


def test_a_small_pdf_with_millions_of_packed_names_takes_no_memory_for_them() -> None:
    body = packed(b"/AA" * 3_000_000)
    assert len(body) < 100_000
    tracemalloc.start()
    try:
        assert judge("namen.pdf", body) is Fault.LOCKED
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60_000_000


def test_every_name_that_acts_is_found_as_long_as_it_can_be_written() -> None:
    for name in (b"JavaScript", b"EmbeddedFiles", b"JS"):
        written = b"".join(b"#%02x" % each for each in name)
        assert judge("hex.pdf", whole(b"1 0 obj<</S/" + written + b">>endobj")) is Fault.ACTIVE


@pytest.mark.parametrize(
    "middle",
    [
        b"1" * 4_800_000 + b"stream\nendstream",
        b"1 " * 2_400_000 + b"stream\nendstream",
        b"/#41" * 1_200_000,
        b"/" + b"#41" * 1_600_000,
        b"stream\nendstream " * 250_000,
        b"/ObjStm/FlateDecode/Filter stream\nx\nendstream " * 29_000,
    ],
)
def test_a_file_that_is_made_to_take_long_does_not(middle: bytes) -> None:
    began = time.process_time()
    judge("traag.pdf", whole(middle))
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\Jan\\mijn brief.pdf", "mijn brief.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ("nota\u202efdp.pdf", "nota fdp.pdf"),
        ('"; x="y.pdf', "x y.pdf"),
        ("één (2).pdf", "één (2).pdf"),
        (".pdf", "bestand.pdf"),
        ("a" * 300 + ".pdf", "a" * 80 + ".pdf"),
    ],
)
def test_a_name_does_no_harm(name: str, kept: str) -> None:
    assert safe_name(name, "pdf") == kept
    told = saving_headers(kept)["Content-Disposition"]
    assert told.isascii()
    assert told.startswith("attachment; ")
    assert told.count('"') == 2
