# SPDX-License-Identifier: EUPL-1.2
"""The only form in which a person stands in the log.

A plain hash of a number of nine digits is guessed in a minute, so it is keyed, and the key lies
outside the database. The controller is part of what is hashed: the same person can not be joined
over two organisations. Destroying a key makes what was written under it anonymous, also in
back-ups.
"""

from __future__ import annotations

import base64
import hmac
import re

from landschap.vocabulary.identifiers import Bsn, InvalidValue, Oin

PSEUDONYM_BYTES = 16
_LABEL = "landschap.ldv.v1"
_SEPARATOR = "\x1f"
_KINDS = {
    "kvk": re.compile(r"[0-9]{8}"),
    "rsin": re.compile(r"[0-9]{9}"),
    "vestiging": re.compile(r"[0-9]{12}"),
    "a-nummer": re.compile(r"[0-9]{10}"),
    "v-nummer": re.compile(r"[0-9]{10}"),
    "eherkenning": re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=#-]{7,254}"),
    "medewerker": re.compile(r"[^\x00-\x1f]{1,255}"),
}


def subject_pseudonym(key: bytes, controller: Oin, kind: str, identifier: str) -> bytes:
    """Sixteen bytes that stand for this subject in this controller's log.

    ``kind`` is ``bsn``, ``kvk``, ``rsin``, ``vestiging``, ``a-nummer``, ``v-nummer`` or, of who
    acts for a company, ``eherkenning``, of who serves at the desk ``medewerker``. Spellings of one
    number give one pseudonym: a lost leading zero is put back.
    Raises InvalidValue for another kind or a malformed number.
    """
    parts = (_LABEL, controller.value, kind, _normal(kind, identifier))
    data = _SEPARATOR.join(parts).encode()
    return hmac.digest(key, data, "sha256")[:PSEUDONYM_BYTES]


def as_subject_id(pseudonym: bytes) -> str:
    """The 22 characters that stand in a line as ``dpl.core.data_subject_id``."""
    return base64.urlsafe_b64encode(pseudonym).rstrip(b"=").decode()


def from_subject_id(text: str) -> bytes:
    """Read those 22 characters back. Raises InvalidValue."""
    try:
        found = base64.b64decode(text + "==", altchars=b"-_", validate=True)
    except ValueError:
        found = b""
    if len(found) != PSEUDONYM_BYTES or as_subject_id(found) != text:
        raise InvalidValue("not a pseudonym: 22 characters of base64url")
    return found


def _normal(kind: str, identifier: str) -> str:
    if kind == "bsn":
        return Bsn.parse(identifier).value
    pattern = _KINDS.get(kind)
    if pattern is None:
        known = ", ".join(("bsn", *_KINDS))
        raise InvalidValue(f"no kind of subject {kind!r}; known are {known}")
    text = identifier.strip()
    number = text.zfill(8) if kind == "kvk" else text
    if not pattern.fullmatch(number):
        raise InvalidValue(f"not a number of kind {kind}")
    return number
