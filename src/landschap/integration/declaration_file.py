# SPDX-License-Identifier: EUPL-1.2
"""What stands under ``bronnen`` of a file: how it is written, and in which store it stands."""

from __future__ import annotations

import codecs
import re

from landschap.integration.access import FileAccess, FileForm, StoreAccess
from landschap.integration.declaration_parts import clock_of, period_of, secret_name
from landschap.integration.yamltree import Block

DEFAULT_FILE_BYTES, MAX_FILE_BYTES = 1_000_000_000, 100_000_000_000
DEFAULT_LOOK_SECONDS, DEFAULT_FETCH_SECONDS = 10, 300
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def read_file(block: Block) -> FileAccess:
    """A file of rows, on our disk or in a store."""
    form = FileForm(block.choice("vorm", tuple(FileForm)))
    written = block.block("csv", required=form is FileForm.CSV)
    store = _store(block)
    access = FileAccess(
        path=_object_key(block) if store else block.text("pad"),
        form=form,
        separator=_one_sign(written, "scheiding") if written else "",
        quote=_one_sign(written, "aanhaling") if written else "",
        encoding=_encoding(written) if written else "utf-8",
        sheet=block.text("blad", ""),
        records=block.text("records", ""),
        period=period_of(block),
        clock=clock_of(block),
        store=store,
    )
    if written:
        written.close()
    return access


def _store(block: Block) -> StoreAccess | None:
    """``opslag``: the store in which the file is an object."""
    inner = block.block("opslag")
    if inner is None:
        return None
    bucket = inner.text("emmer")
    if bucket and not _BUCKET.fullmatch(bucket):
        message = "must be the name of a bucket: 3 to 63 small letters, digits, points and hyphens"
        inner.report.add(inner.line_of("emmer"), inner.key("emmer"), message)
    found = StoreAccess(
        endpoint=_endpoint(inner),
        bucket=bucket,
        secret_file=secret_name(inner, "sleutel"),
        region=inner.text("regio", "us-east-1"),
        trusted=inner.text("vertrouwt", ""),
        max_bytes=inner.whole("hoogstens_bytes", DEFAULT_FILE_BYTES, 1_000, MAX_FILE_BYTES),
        look_seconds=inner.whole("kijkt_elke_s", DEFAULT_LOOK_SECONDS, 1, 86_400),
        fetch_seconds=inner.whole("ophalen_s", DEFAULT_FETCH_SECONDS, 1, 3_600),
    )
    inner.close()
    return found


def _endpoint(block: Block) -> str:
    url = block.text("adres")
    if url and not re.fullmatch(r"https?://[^/{}\s@?#]+/?", url):
        message = "must be the address of the store alone: https://s3.example.nl"
        block.report.add(block.line_of("adres"), block.key("adres"), message)
    return url.rstrip("/")


def _object_key(block: Block) -> str:
    key = block.text("pad")
    parts = key.split("/")
    if key and (len(key) > 1_024 or any(part in ("", ".", "..") for part in parts)):
        message = "must be the key of an object, without a slash in front: map/bestand.csv"
        block.report.add(block.line_of("pad"), block.key("pad"), message)
        return ""
    return key


def _one_sign(block: Block, name: str) -> str:
    text = block.text(name)
    sign = "\t" if text in ("tab", "\\t") else text
    if sign and (len(sign) != 1 or sign in "\r\n"):
        block.report.add(block.line_of(name), block.key(name), "must be one character, or tab")
        return ""
    return sign


def _encoding(block: Block) -> str:
    name = block.text("codering")
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        valid = ("utf-8", "utf-8-sig", "windows-1252", "iso-8859-15")
        line, key = block.line_of("codering"), block.key("codering")
        block.report.unknown(line, key, "encoding", name, valid)
        return ""
