# SPDX-License-Identifier: EUPL-1.2
"""Evidence to hand over: files with their checksums, so that anybody can see nothing was changed.

Of every record the bundle holds the bytes it was hashed from and the path up to the head of its
batch: with the page *proof of the log* in the manual the leaf, root and head can be recomputed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from landschap.gateway.tracing.links import Followed
from landschap.logboek.records import Record
from landschap.logboek.sealing import is_sealed, own_key
from landschap.logboek.store import Proof
from landschap.vocabulary.ijson import JsonValue, canonical

_README = """\
Bewijsbundel van één vraag / Evidence of one question

spoor.json          wat ons logboek over deze vraag heeft, en wat wij vonden bij anderen
                    what our log has of this question, and what we found at others
bewijs/*.json       per regel: waaruit het controlegetal is gemaakt, en de weg naar het blok
                    per record: what it was hashed from, and the path to the head of its batch
                    Verzegeld? Dan opent `opens` de inhoud van deze ene regel. / When it is sealed,
                    `opens` opens the content of that one record.
SHA256SUMS          controleer met / check with: sha256sum -c SHA256SUMS

De inhoud van andere organisaties staat hier niet in: vraag die aan henzelf.
The content of other organisations is not in here: ask them.
"""


def bundle_of(
    found: Followed, proofs: Sequence[Proof | None], made: Mapping[str, JsonValue]
) -> dict[str, bytes]:
    """The files of a bundle by name; ``made`` tells who made it, when and why."""
    files = {
        "LEESMIJ.txt": _README.encode(),
        "spoor.json": canonical({"made": dict(made), "trace": found.as_json()}),
    }
    for each in proofs:
        if each is not None:
            files[f"bewijs/{each.record.record_id}.json"] = canonical(proof_json(each))
    return files


def proof_json(proof: Proof) -> dict[str, JsonValue]:
    """One record with what proves it, for a program; bytes are base64."""
    record, made = proof.record, proof.batch.made
    batch: dict[str, JsonValue] = {
        "lane": made.lane,
        "number": made.no,
        "size": made.size,
        "first": made.first.hex(),
        "last": made.last.hex(),
        "root": made.root.hex(),
        "previousHead": made.prev.hex(),
        "head": proof.batch.head.hex(),
    }
    closed = is_sealed(record.payload)
    opens = own_key(record.record_id, record.payload, record.keys) if closed else None
    return {
        **({} if opens is None else {"opens": opens.hex()}),
        "record": str(record.record_id),
        "position": record.position,
        "leaf": record.leaf.hex(),
        "salt": record.salt.hex(),
        "columns": columns_json(record),
        "payload": base64.b64encode(record.payload).decode(),
        "path": [each.hex() for each in proof.path],
        "batch": batch,
    }


def columns_json(record: Record) -> dict[str, JsonValue]:
    """The columns of a record that its leaf covers, as text."""
    columns = record.columns
    return {
        name: _text(getattr(columns, name))
        for name in columns.__struct_fields__
        if getattr(columns, name) is not None
    }


def _text(value: object) -> JsonValue:
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, int) else str(value)
