# SPDX-License-Identifier: EUPL-1.2
"""Read a transfer package with Python alone: prove it, and answer what held then as known then.

    python read_transfer.py PACKAGE
    python read_transfer.py PACKAGE TYPE OBJECT [DAY [MOMENT]]

DAY is 2015-06-01, MOMENT 2016-01-01T00:00:00+01:00; without them: now. Prove the certificate
itself (certificaat.pem) with the trust anchor you have: openssl verify -CAfile ANCHOR.
"""

import base64
import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

P = 2**256 - 2**224 + 2**192 + 2**96 - 1  # the curve P-256: FIPS 186-4, D.1.2.3
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
P256_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
Point = tuple[int, int] | None


def plus(a: Point, b: Point) -> Point:
    """The sum of two points of the curve; None is zero."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    rise, run = (3 * a[0] ** 2 - 3, 2 * a[1]) if a == b else (b[1] - a[1], b[0] - a[0])
    slope = rise * pow(run, -1, P)
    x = (slope**2 - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(number: int, point: Point) -> Point:
    """A point, so many times."""
    half = times(number >> 1, plus(point, point)) if number else None
    return plus(half, point) if number & 1 else half


def holds(jws: str, certificate: bytes, content: bytes) -> bool:
    """True when the key of the certificate signed this content with ES256."""
    head, body, mark = jws.strip().split(".")
    raw, signature = (base64.urlsafe_b64decode(each + "==") for each in (body, mark))
    place = certificate.find(P256_KEY) + len(P256_KEY)
    if raw != content or place < len(P256_KEY) or len(signature) != 64:
        return False
    key = certificate[place : place + 64]
    x, y, r, s = (int.from_bytes(k[i : i + 32]) for k in (key, signature) for i in (0, 32))
    digest = int.from_bytes(hashlib.sha256(f"{head}.{body}".encode()).digest())
    if not (0 < r < N and 0 < s < N):
        return False
    w = pow(s, -1, N)
    point = plus(times(digest * w % N, G), times(r * w % N, (x, y)))
    return point is not None and point[0] % N == r


def proven(folder: Path) -> Any:
    """The manifest, once it is what was signed and every file is what it says."""
    pem = re.split("-----[^-]+-----", (folder / "certificaat.pem").read_text())[1]
    content = (folder / "manifest.json").read_bytes()
    if not holds((folder / "manifest.jws").read_text(), base64.b64decode(pem), content):
        sys.exit("the signature under manifest.json does not hold")
    manifest = json.loads(content)
    for path, said in manifest["bestanden"].items():
        if hashlib.sha256((folder / path).read_bytes()).hexdigest() != said["sha256"]:
            sys.exit(f"{path} is not what was signed")
    return manifest


def main(folder: str, name: str = "", wanted: str = "", day: str = "", moment: str = "") -> Any:
    """Prove the package; then tell per group what held, or what the package is of."""
    manifest = proven(Path(folder))
    if not name:
        return {key: value for key, value in manifest.items() if key != "bestanden"}
    at = datetime.fromisoformat(moment) if moment else datetime.now(UTC)
    day = day or at.date().isoformat()
    found: dict[str, list[Any]] = {}
    # Lines stand in order of knowledge: the last that covers the day wins.
    with (Path(folder) / manifest["typen"][name]["bestand"]).open(encoding="utf-8") as lines:
        for line in (each for each in map(json.loads, lines) if each["object"] == wanted):
            known = datetime.fromisoformat(line["bekendOp"]) <= at
            if known and (line["geldigVan"] or "") <= day < (line["geldigTot"] or "9999-12-31"):
                # One whose begin may not have come yet does not silence the one before it.
                before = found.get(line["groep"], []) if day < line["zekerVanaf"] else []
                found[line["groep"]] = [line["inhoud"], *before]
    return {group: [one for one in each if one is not None] for group, each in found.items()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), ensure_ascii=False, indent=1))
