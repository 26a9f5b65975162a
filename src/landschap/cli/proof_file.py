# SPDX-License-Identifier: EUPL-1.2
"""The proof of one record in a file: told apart from a copy of the log, and checked."""

from __future__ import annotations

import json
from pathlib import Path

from landschap.logboek.proofs import InvalidProof, check_proof, read_proof
from landschap.logboek.verify import Trust
from landschap.platform.trouble import Trouble
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_MAX_FILE = 128 * 2**20
_BEGIN = b'{"proof"'


def is_proof(path: Path) -> bool:
    """True when the file begins as the proof of one record."""
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGIN)) == _BEGIN
    except OSError:
        return False


def verify_proof(path: Path, trust: Trust | None) -> dict[str, JsonValue]:
    """What a file of `landschap log proof` proves, or why it proves nothing, for machines.

    Raises Trouble when the file can not be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise Trouble(f"{path} can not be read: {error.strerror}", "name another file") from None
    if len(data) > _MAX_FILE:
        raise Trouble(f"{path} is larger than a proof can be", "name a file of `log proof`")
    try:
        made = read_proof(data)
        statement = check_proof(made, trust)
        opened = json.loads(made.said()) if made.opens is not None else None
    except InvalidProof as error:
        return {"proved": False, "reason": str(error)}
    return {
        "proved": True,
        "record": str(made.record.record_id),
        "organisation": statement.organisation,
        "signedAt": as_utc_text(statement.at),
        "strangersChecked": trust is not None,
        **({} if opened is None else {"content": opened}),
    }


def told(found: dict[str, JsonValue]) -> str:
    """The outcome of `verify_proof` in words."""
    if not found["proved"]:
        return f"NOT proved: {found['reason']}"
    words = (
        f"proved: record {found['record']} stood in the log of {found['organisation']} "
        f"when it was signed at {found['signedAt']}"
    )
    if "content" in found:
        words += f"\nit is sealed, and says: {json.dumps(found['content'], ensure_ascii=False)}"
    if not found["strangersChecked"]:
        words += "\nnot proved:\n  no trust anchors were given: anyone's certificate would do"
    return words
