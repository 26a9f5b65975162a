# SPDX-License-Identifier: EUPL-1.2
"""One document in three forms, read back by other programs than those that made it."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from pypdf import PdfReader

from landschap.platform.documents.as_csv import csv_of
from landschap.platform.documents.as_ods import ods_of
from landschap.platform.documents.as_pdf import pdf_of
from landschap.vocabulary.documents import Chart, Document, Part

MADE = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)
NASTY = '=HYPERLINK("x")'
DOCUMENT = Document(
    title="Kwartaalbericht 2026-Q4",
    language="nl",
    author="Gemeente Weesp",
    lines=("Versie 1.", "*geen* #opmaak $x$"),
    parts=(
        Part(
            name="a",
            title="Geweigerd: waarom?",
            columns=("Reden", "Hoe vaak"),
            rows=tuple((f"code_{number}", number) for number in range(40, 10, -1)),
            chart=Chart(words="Staven: code_40 het meest", bars=(("code_40", 40), ("code_39", 39))),
            brief=5,
            rest="De rest staat in de bijlage.",
        ),
        Part(
            name="b", title="Geweigerd: waarom?", columns=("Wat", "Aantal"), rows=((NASTY, None),)
        ),
        Part(name="c", title="Niets", columns=("Wat",), rows=(), empty="Er was niets."),
    ),
    definitions_title="Wat de woorden betekenen",
    definitions=(("gebruik", "gegevens van één mens, één keer"),),
)


def test_a_document_as_csv_has_every_row_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_of(DOCUMENT).decode("utf-8-sig"))))
    assert rows[0] == ["Kwartaalbericht 2026-Q4"]
    assert ["code_11", "11"] in rows
    assert [f"'{NASTY}", ""] in rows
    assert ["Er was niets."] in rows
    assert rows[-1] == ["gebruik", "gegevens van één mens, één keer"]


def test_a_document_as_ods_has_a_sheet_per_part_and_numbers_as_numbers() -> None:
    made = ods_of(DOCUMENT, MADE)
    assert made == ods_of(DOCUMENT, MADE)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
        tree = etree.fromstring(archive.read("content.xml"))
        meta = archive.read("meta.xml").decode()
    names = tree.nsmap
    sheets = tree.findall(".//table:table", names)
    titles = [each.get(f"{{{names['table']}}}name") for each in sheets]
    assert titles == [
        "Geweigerd  waarom", "Geweigerd  waarom 2", "Niets", "Wat de woorden betekenen",
    ]  # fmt: skip
    kind = f"{{{names['office']}}}value-type"
    cells = [(each.get(kind), "".join(each.itertext())) for each in sheets[0].iter(_cell(names))]
    assert ("float", "11") in cells
    assert ("string", "code_11") in cells
    assert ("string", NASTY) in [
        (each.get(kind), "".join(each.itertext())) for each in sheets[1].iter(_cell(names))
    ]
    assert "Gemeente Weesp" in meta


def _cell(names: dict[str, str]) -> str:
    return f"{{{names['table']}}}table-cell"


def kinds_in(node: Any, found: list[str]) -> list[str]:
    """The kinds of structure elements below a node, as PDF/UA knows them."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            kinds_in(each, found)
    elif isinstance(node, dict):
        if "/S" in node:
            found.append(str(node["/S"]))
        if "/K" in node:
            kinds_in(node["/K"], found)
    return found


def test_a_document_as_pdf_is_one_tagged_page_that_says_it_is_accessible() -> None:
    made = pdf_of(DOCUMENT, MADE, "Gemeente Weesp, versie 1")
    assert made == pdf_of(DOCUMENT, MADE, "Gemeente Weesp, versie 1")
    read = PdfReader(io.BytesIO(made))
    root: Any = read.trailer["/Root"]
    assert len(read.pages) == 1
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nl"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    kinds = kinds_in(root["/StructTreeRoot"]["/K"], [])
    assert {"/H1", "/H2", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= set(kinds)
    fonts: Any = read.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.values():
        below: Any = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(below)
    text = read.pages[0].extract_text()
    assert "*geen* #opmaak $x$" in text
    assert "code_36" in text
    assert "code_35" not in text
    assert "De rest staat in de bijlage." in text
    assert "Gemeente Weesp, versie 1" in text
