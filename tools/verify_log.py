# SPDX-License-Identifier: EUPL-1.2
"""Prove a copy of a log with Python alone, without the program that wrote it.

    python verify_log.py COPY [--json] [--kept ANCHORS]

COPY is a file of `landschap log export`, or of `landschap log proof` for one record. ANCHORS is a
file with one signed anchor (a compact JWS) per line that somebody else kept. Exit code 0: intact,
7: not, 2: neither of the two.
What is hashed and signed is told in docs/explanation/proof-of-the-log.md; nothing else is used.
Whose certificates signed is for you to judge: they are told by their SHA-256, and
`openssl verify -CAfile ANCHOR` proves one that was written with --certificates FOLDER.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

Json = dict[str, Any]
NO_HEAD = bytes(32)
COLUMNS = (
    "transaction_id", "subject", "key_id", "peer", "source_delegator", "destination_delegator",
    "service", "grant_hash", "activity",
)  # fmt: skip


class Curve(NamedTuple):
    """A curve y^2 = x^3 - 3x + b; b is not needed to add points. Source: FIPS 186-4, D.1.2."""

    name: str
    digest: str
    size: int
    p: int
    n: int
    g: tuple[int, int]


P256, P384, P521 = (
    Curve(
        "ES256", "sha256", 32, 2**256 - 2**224 + 2**192 + 2**96 - 1,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
         0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    ),
    Curve(
        "ES384", "sha384", 48, 2**384 - 2**128 - 2**96 + 2**32 - 1,
        int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77A"
            "ECEC196ACCC52973", 16),
        (int("AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C"
             "3A545E3872760AB7", 16),
         int("3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D"
             "7A431D7C90EA0E5F", 16)),
    ),
    Curve(
        "ES512", "sha512", 66, 2**521 - 1,
        int("01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F9"
            "66B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
        (int("00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE759"
             "28FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66", 16),
         int("011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF426"
             "40C550B9013FAD0761353C7086A272C24088BE94769FD16650", 16)),
    ),
)  # fmt: skip
CURVES = {
    bytes.fromhex("06082a8648ce3d030107"): P256,
    bytes.fromhex("06052b81040022"): P384,
    bytes.fromhex("06052b81040023"): P521,
}


def add(curve: Curve, a: Any, b: Any) -> Any:
    """The sum of two points; None is zero."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % curve.p == 0:
        return None
    rise, run = (3 * a[0] ** 2 - 3, 2 * a[1]) if a == b else (b[1] - a[1], b[0] - a[0])
    slope = rise * pow(run, -1, curve.p) % curve.p
    x = (slope**2 - a[0] - b[0]) % curve.p
    return x, (slope * (a[0] - x) - a[1]) % curve.p


def times(curve: Curve, number: int, point: Any) -> Any:
    """A point, so many times."""
    total = None
    while number:
        total = add(curve, total, point) if number & 1 else total
        point, number = add(curve, point, point), number >> 1
    return total


def der(data: bytes, at: int = 0) -> tuple[bytes, bytes, int]:
    """One element of DER: the whole of it, what it holds, and where the next begins."""
    begin, size, place = at, data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, place = int.from_bytes(data[place : place + count], "big"), place + count
    if place + size > len(data):
        raise ValueError("cut off")
    return data[begin : place + size], data[place : place + size], place + size


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    """What one element of DER holds: each whole, and what it holds itself."""
    found, at = [], 0
    while at < len(data):
        whole, inside, at = der(data, at)
        found.append((whole, inside))
    return found


def public_key(certificate: bytes) -> tuple[str, Any]:
    """The algorithm and the key of an X.509 certificate. Source: RFC 5280, section 4.1."""
    held = parts(parts(der(certificate)[1])[0][1])
    held = held[1:] if held[0][0][0] == 0xA0 else held  # the version may be left out
    kind, bits = (inside for _, inside in parts(held[5][1]))
    names, key = parts(kind), bits[1:]
    if names[0][0] == bytes.fromhex("06072a8648ce3d0201"):
        curve = CURVES[names[1][0]]
        point = (key[1 : 1 + curve.size], key[1 + curve.size :])
        if key[0] != 4 or len(point[1]) != curve.size:
            raise ValueError("a key in another form")
        return curve.name, (curve, tuple(int.from_bytes(half, "big") for half in point))
    modulus, exponent = (int.from_bytes(inside, "big") for _, inside in parts(der(key)[1]))
    return "PS256", (modulus, exponent)


def signed(certificate: bytes, algorithm: str, data: bytes, signature: bytes) -> bool:
    """True when the key of this certificate made the signature. Source: RFC 7518, section 3."""
    kind, key = public_key(certificate)
    if kind != algorithm:
        return False
    if kind == "PS256":
        return signed_pss(key, data, signature)
    curve, point = key
    if len(signature) != 2 * curve.size:
        return False
    r, s = (int.from_bytes(signature[i : i + curve.size], "big") for i in (0, curve.size))
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    digest = int.from_bytes(hashlib.new(curve.digest, data).digest(), "big")
    inverse = pow(s, -1, curve.n)
    found = add(
        curve,
        times(curve, digest * inverse % curve.n, curve.g),
        times(curve, r * inverse % curve.n, point),
    )
    return found is not None and found[0] % curve.n == r


def signed_pss(key: tuple[int, int], data: bytes, signature: bytes) -> bool:
    """RSASSA-PSS with SHA-256 and a salt of 32 bytes. Source: RFC 8017, section 9.1.2."""
    modulus, exponent = key
    bits = modulus.bit_length() - 1
    length = (bits + 7) // 8
    if len(signature) != (modulus.bit_length() + 7) // 8:
        return False
    number = pow(int.from_bytes(signature, "big"), exponent, modulus)
    if number.bit_length() > bits:
        return False
    block = number.to_bytes(length, "big")
    masked, digest = block[:-33], block[-33:-1]
    count = -(-len(masked) // 32)
    mask = b"".join(hashlib.sha256(digest + struct.pack(">I", i)).digest() for i in range(count))
    clear = int.from_bytes(masked, "big") ^ int.from_bytes(mask[: len(masked)], "big")
    clear &= (1 << (bits - 264)) - 1
    plain = clear.to_bytes(len(masked), "big")
    begin, salt = plain[:-32], plain[-32:]
    told = hashlib.sha256(bytes(8) + hashlib.sha256(data).digest() + salt).digest()
    return block[-1] == 0xBC and begin == bytes(len(begin) - 1) + b"\x01" and told == digest


def root_of(leaves: list[bytes]) -> bytes:
    """The root over leaves; an odd one goes up as it is. Source: RFC 6962, section 2.1."""
    while len(leaves) > 1:
        above = [
            hashlib.sha256(b"\x01" + leaves[i] + leaves[i + 1]).digest()
            for i in range(0, len(leaves) - 1, 2)
        ]
        leaves = above + leaves[len(leaves) - len(leaves) % 2 :]
    return leaves[0]


def leaf_of(one: Json) -> bytes:
    """The leaf of a record: its salt, its columns as a JSON list, its payload as it was written."""
    at = datetime.fromisoformat(one["at"]).astimezone(UTC)
    columns: list[Any] = [str(UUID(one["id"])), one["kind"]]
    columns.append(at.replace(tzinfo=None).isoformat() + "Z")
    columns += [b64(one["trace_id"]), b64(one["span_id"])]
    columns += [one.get(name) for name in COLUMNS]
    if one.get("subject") is not None:
        columns[6] = b64(one["subject"])
    covered = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    data = bytes.fromhex(one["salt"]) + covered + b"\n" + stored(one)
    return hashlib.sha256(b"\x00" + data).digest()


def stored(one: Json) -> bytes:
    """The payload of a record as it is stored: its text, or of a sealed log the closed bytes."""
    closed: str = one.get("sealed") or ""
    return bytes(one["payload"].encode() + bytes.fromhex(closed))


def opens(key: str, one: Json) -> bool:
    """True when a sealed record names this key as the one that opens it."""
    named = hashlib.sha256(b"landschap log commits\x00" + bytes.fromhex(key)).digest()[:16]
    return stored(one)[:2] == b"\x00\x01" and stored(one)[10:26] == named


def b64(text: str) -> str:
    """Hexadecimal as base64, the way bytes stand in the list of columns."""
    return base64.b64encode(bytes.fromhex(text)).decode()


def head_of(one: Json) -> bytes:
    """The hash that the next batch of the lane and the anchors name."""
    lane = one["lane"].encode()
    return hashlib.sha256(
        b"\x02" + bytes([len(lane)]) + lane + struct.pack(">QI", one["no"], one["size"])
        + UUID(one["first"]).bytes + UUID(one["last"]).bytes
        + bytes.fromhex(one["prev"]) + bytes.fromhex(one["root"])
    ).digest()  # fmt: skip


def url64(text: str) -> bytes:
    """Base64 for addresses, without its filling."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def read_anchor(jws: str, certificate: bytes | None) -> Json:
    """What an anchor states. Raises ValueError when it does not hold together."""
    pieces = jws.split(".")
    if len(pieces) != 3:
        raise ValueError("not a compact JWS")
    header, told = json.loads(url64(pieces[0])), json.loads(url64(pieces[1]))
    if certificate is not None:
        if header.get("typ") != "landschap-anchor" or set(header) != {"alg", "typ"}:
            raise ValueError("another type")
        data = f"{pieces[0]}.{pieces[1]}".encode()
        if not signed(certificate, header["alg"], data, url64(pieces[2])):
            raise ValueError("the signature does not fit the certificate")
    leaves = [
        hashlib.sha256(b"\x00" + f"{end['lane']}\n{end['no']}\n{end['head']}".encode()).digest()
        for end in told["lanes"]
    ]
    if not leaves or root_of(leaves).hex() != told["root"]:
        raise ValueError("the root does not follow from the lanes")
    return dict(told)


class Report:
    """What was found: each place where the log is not what was written."""

    def __init__(self) -> None:
        self.findings: list[Json] = []
        self.counts = {"lanes": 0, "batches": 0, "records": 0, "anchors": 0}
        self.covered: dict[str, int] = {}
        self.heads: dict[tuple[str, int], tuple[str, str]] = {}
        self.ends: dict[str, int] = {}
        self.signers: dict[str, bytes] = {}

    def found(self, harm: str, **where: Any) -> None:
        """One place."""
        self.findings.append({"harm": harm, **{k: v for k, v in where.items() if v is not None}})


def check_anchors(anchors: list[Json], report: Report) -> None:
    """Every signature, the chain of anchors, and that no two sign different heads."""
    before = None
    for one in anchors:
        report.counts["anchors"] += 1
        certificate, jws = bytes.fromhex(one["certificate"]), one["jws"]
        digest, prev = hashlib.sha256(jws.encode()).hexdigest(), before
        before = digest
        try:
            told = read_anchor(jws, certificate)
            stated = told["anchor"], datetime.fromisoformat(told["at"])
            kept = one["id"], datetime.fromisoformat(one["at"])
        except (ValueError, KeyError, IndexError, TypeError) as error:
            report.found("anchor_invalid", detail=f"{one['id']}: {error}")
            continue
        if stated != kept:
            detail = f"{one['id']}: kept under another identifier or time than was signed"
            report.found("anchor_invalid", detail=detail)
            continue
        if told["prev"] != prev:
            report.found("anchor_removed", detail=f"{one['id']} does not follow the one before it")
        report.signers[hashlib.sha256(certificate).hexdigest()] = certificate
        vouch(told, report)


def vouch(told: Json, report: Report) -> None:
    """Remember the heads that an anchor signed."""
    for end in told["lanes"]:
        place = (end["lane"], end["no"])
        known = report.heads.setdefault(place, (end["head"], told["at"]))
        if known[0] != end["head"]:
            report.found("anchor_contradicts", lane=place[0], batch=place[1])
        report.covered[place[0]] = max(place[1], report.covered.get(place[0], 0))


def check_kept(kept: list[str], held: set[str], report: Report) -> None:
    """What somebody else kept of the log: an anchor was once in it, and what it signed still is."""
    for jws in kept:
        told = read_anchor(jws, None)
        vouch(told, report)
        if jws not in held:
            report.found("anchor_removed", detail=f"{told['anchor']} was kept elsewhere")


def check_batch(one: Json, before: Json | None, report: Report) -> None:
    """A head against what it is over, the head before it, and what anchors signed."""
    lane, number = one["lane"], one["no"]
    follows = before is not None and before["lane"] == lane
    report.counts["lanes"] += not follows
    report.counts["batches"] += 1
    expected = before["no"] + 1 if before is not None and follows else 1
    if number != expected:
        report.found("batch_removed", lane=lane, batch=expected)
    own = head_of(one).hex()
    if own != one["head"]:
        report.found("head_rewritten", lane=lane, batch=number)
    known = {NO_HEAD.hex()}
    if before is not None and follows:
        known = {before["head"], head_of(before).hex()}
    if number == expected and one["prev"] not in known:
        report.found("chain_broken", lane=lane, batch=number)
    signed_head = report.heads.get((lane, number))
    if signed_head is not None and signed_head[0] not in {one["head"], own}:
        report.found("anchor_contradicts", lane=lane, batch=number)
    report.ends[lane] = number


def check_records(one: Json, held: list[Json], dropped: set[str], report: Report) -> None:
    """The records of one batch: their leaves, their places, the root over them."""
    lane, number = one["lane"], one["no"]
    if not held:
        millisecond = int.from_bytes(UUID(one["last"]).bytes[:6], "big")
        month = datetime.fromtimestamp(millisecond / 1000, UTC).strftime("%Y-%m")
        if month not in dropped:
            report.found("batch_emptied", lane=lane, batch=number)
        return
    whole, places = True, {}
    for record in held:
        where = {"lane": lane, "position": record["position"], "record": record["id"]}
        if leaf_of(record).hex() != record["leaf"]:
            report.found("record_changed", batch=record["batch"], **where)
            whole = False
        place = record["position"]
        if record["batch"] != number or place in places or not 0 <= place < one["size"]:
            report.found("record_inserted", batch=record["batch"], **where)
            whole = False
        else:
            places[place] = record
    for place in range(one["size"]):
        if place not in places:
            report.found("record_removed", lane=lane, batch=number, position=place)
            whole = False
    risen = sorted(places.values(), key=lambda record: UUID(record["id"]).bytes)
    for record, place in zip(risen, sorted(places), strict=True):
        if record["position"] != place:
            where = {"position": record["position"], "record": record["id"]}
            report.found("records_reordered", lane=lane, batch=number, **where)
            whole = False
    if whole:
        leaves = [bytes.fromhex(places[place]["leaf"]) for place in range(one["size"])]
        if root_of(leaves).hex() != one["root"]:
            report.found("batch_changed", lane=lane, batch=number)


class Records:
    """The records in the order of the file, taken as far as a batch reaches."""

    def __init__(self, records: Iterator[Json], report: Report) -> None:
        self._records, self._report = records, report
        self._next: Json | None = next(records, None)

    def take(self, wanted: Callable[[tuple[str, bytes]], bool]) -> list[Json]:
        """All that come next and are wanted, by their lane and identifier."""
        taken = []
        while self._next is not None and wanted((self._next["lane"], UUID(self._next["id"]).bytes)):
            taken.append(self._next)
            self._report.counts["records"] += 1
            self._next = next(self._records, None)
        return taken


def lines(copy: Path, kind: str) -> Iterator[Json]:
    """The anchors, batches or records of a copy. Raises ValueError with the line."""
    begin = '{"' + kind + '"'
    with copy.open(encoding="utf-8") as file:
        next(file)
        for number, line in enumerate(file, start=2):
            if not line.startswith(begin):
                continue
            try:
                yield json.loads(line)[kind]
            except (ValueError, KeyError) as error:
                raise ValueError(f"line {number} can not be read: {error}") from None


def verify(copy: Path, kept: Path | None = None) -> Report:
    """Verify a whole copy. Raises ValueError when it is none."""
    with copy.open(encoding="utf-8") as file:
        title = json.loads(file.readline() or "{}")
    if not isinstance(title, dict) or title.get("log") != 1:
        raise ValueError("this file does not begin as a copy of a log")
    report = Report()
    check_anchors(list(lines(copy, "anchor")), report)
    if kept is not None:
        check_kept(kept.read_text().split(), {one["jws"] for one in lines(copy, "anchor")}, report)
    records = Records(lines(copy, "record"), report)
    before: Json | None = None

    def stray(found: list[Json]) -> None:
        for one in found:
            where = {name: one[name] for name in ("lane", "batch", "position")}
            report.found("record_inserted", record=one["id"], **where)

    for one in lines(copy, "batch"):
        first, last = ((one["lane"], UUID(one[name]).bytes) for name in ("first", "last"))
        check_batch(one, before, report)
        stray(records.take(lambda place, first=first: place < first))  # type: ignore[misc]
        held = records.take(lambda place, last=last: place <= last)  # type: ignore[misc]
        check_records(one, held, set(title.get("dropped", ())), report)
        before = one
    stray(records.take(lambda _: True))
    for lane, covered in sorted(report.covered.items()):
        if report.ends.get(lane, 0) < covered:
            report.found("tail_cut", lane=lane, batch=report.ends.get(lane, 0) + 1)
    return report


def verify_proof(proof: Path) -> Report:
    """Verify the proof of one record: leaf, path, chain of heads, signature."""
    with proof.open(encoding="utf-8") as file:
        title = json.loads(file.readline())
    report = Report()
    anchors, batches = list(lines(proof, "anchor")), list(lines(proof, "batch"))
    held = list(lines(proof, "record"))
    report.counts.update(lanes=1, batches=len(batches), records=len(held), anchors=len(anchors))
    if (len(anchors), len(held)) != (1, 1) or not batches:
        raise ValueError("a proof holds one anchor, one record, and the batches between them")
    record, first, last, anchor = held[0], batches[0], batches[-1], anchors[0]
    where = {"lane": record["lane"], "batch": record["batch"], "record": record["id"]}
    if leaf_of(record).hex() != record["leaf"]:
        report.found("record_changed", **where)
    if "opens" in title and not opens(title["opens"], record):
        report.found("record_closed", **where)
    span = [UUID(one).bytes for one in (first["first"], record["id"], first["last"])]
    if (record["lane"], record["batch"]) != (first["lane"], first["no"]) or sorted(span) != span:
        report.found("record_inserted", **where)
    path = [bytes.fromhex(one) for one in title["path"]]
    if climb(record["leaf"], record["position"], first["size"], path) != first["root"]:
        report.found("batch_changed", **where)
    for before, one in zip([None, *batches], batches, strict=False):
        place = {"lane": one["lane"], "batch": one["no"]}
        if head_of(one).hex() != one["head"]:
            report.found("head_rewritten", **place)
        if before is not None and (one["lane"], one["no"], one["prev"]) != (
            before["lane"], before["no"] + 1, before["head"],
        ):  # fmt: skip
            report.found("chain_broken", **place)
    check_anchor_over(anchor, last, title["organisation"], report)
    return report


def check_anchor_over(anchor: Json, last: Json, organisation: str, report: Report) -> None:
    """The signature over the last batch of a proof. An anchor before it is not in the file."""
    certificate = bytes.fromhex(anchor["certificate"])
    try:
        told = read_anchor(anchor["jws"], certificate)
        kept = anchor["id"], datetime.fromisoformat(anchor["at"])
        stated = told["anchor"], datetime.fromisoformat(told["at"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        report.found("anchor_invalid", detail=f"{anchor['id']}: {error}")
        return
    if (stated, told["organisation"]) != (kept, organisation):
        report.found("anchor_invalid", detail=f"{anchor['id']}: another name than was signed")
    report.signers[hashlib.sha256(certificate).hexdigest()] = certificate
    ends = [(end["lane"], end["no"], end["head"]) for end in told["lanes"]]
    if (last["lane"], last["no"], last["head"]) not in ends:
        report.found("anchor_contradicts", lane=last["lane"], batch=last["no"])


def climb(leaf: str, position: int, size: int, path: list[bytes]) -> str | None:
    """The root to which a path leads, None when it is too short or too long.

    An odd node goes up as it is, so it takes no sibling from the path.
    """
    node, left = bytes.fromhex(leaf), list(path)
    if not 0 <= position < size:
        return None
    while size > 1:
        if position % 2 or position + 1 < size:
            if not left:
                return None
            pair = (left.pop(0), node) if position % 2 else (node, left.pop(0))
            node = hashlib.sha256(b"\x01" + pair[0] + pair[1]).digest()
        position, size = position // 2, (size + 1) // 2
    return None if left else node.hex()


def is_proof(path: Path) -> bool:
    """True when this is the proof of one record and no copy of a log."""
    with path.open(encoding="utf-8") as file:
        title = json.loads(file.readline() or "{}")
    return isinstance(title, dict) and title.get("proof") == 1


def main() -> int:
    """Verify and tell."""
    parser = argparse.ArgumentParser(description="Prove a copy of a log with Python alone.")
    parser.add_argument("copy", type=Path, help="a file of `log export` or of `log proof`")
    parser.add_argument("--kept", type=Path, help="anchors that somebody else kept, one per line")
    parser.add_argument("--certificates", type=Path, help="folder to write the signers' (PEM) to")
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
    wanted = parser.parse_args()
    try:
        alone = is_proof(wanted.copy)
        report = verify_proof(wanted.copy) if alone else verify(wanted.copy, wanted.kept)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{wanted.copy}: {error}", file=sys.stderr)
        return 2
    for digest, certificate in report.signers.items():
        if wanted.certificates:
            wanted.certificates.mkdir(parents=True, exist_ok=True)
            text = base64.encodebytes(certificate).decode()
            pem = f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"
            (wanted.certificates / f"{digest[:16]}.pem").write_text(pem)
    signers = sorted(report.signers)
    if wanted.json:
        told = {"intact": not report.findings, **report.counts, "signers": signers}
        print(json.dumps({**told, "findings": report.findings}, indent=2))
    else:
        print(", ".join(f"{count} {name}" for name, count in report.counts.items()))
        for signer in signers:
            print(f"signed with certificate {signer}")
        for one in report.findings:
            where = ", ".join(f"{k} {v}" for k, v in one.items() if k != "harm")
            print(f"{one['harm'].replace('_', ' ')}: {where}")
        print("NOT INTACT" if report.findings else "intact")
    return 7 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
