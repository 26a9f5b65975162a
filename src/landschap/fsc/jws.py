# SPDX-License-Identifier: EUPL-1.2
"""JWS in compact serialisation, reduced to what FSC uses.

Source: RFC 7515, 3.1 and 5.2; FSC Core, "Signatures".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from landschap.fsc import keys
from landschap.fsc.thumbprints import normal_certificate_thumbprint
from landschap.vocabulary.ijson import JsonValue, canonical, loads
from landschap.vocabulary.problems import InvalidJson, InvalidValue

# A token with 4 kB of properties stays below this; nginx's own header limit is of the same size.
MAX_CHARACTERS = 16_384
_PART = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jws:
    """A parsed, not yet verified JWS.

    ``algorithm`` is the name as written; ``thumbprint`` is base64url, "" when absent or unusable.
    """

    algorithm: str
    thumbprint: str
    header: Mapping[str, JsonValue]
    payload: Mapping[str, JsonValue]
    signing_input: bytes
    signature: bytes


def parse(text: str) -> Jws:
    """Read a compact JWS whose payload is a JSON object. Raises InvalidValue."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidValue(f"JWS of {len(text)} characters; at most {MAX_CHARACTERS}")
    parts = text.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise InvalidValue("not a JWS in compact serialisation")
    header = _json_object(parts[0], "header")
    if "crit" in header:
        raise InvalidValue("the JWS header names critical extensions; FSC has none")
    algorithm = header.get("alg")
    return Jws(
        algorithm=algorithm if isinstance(algorithm, str) else "",
        thumbprint=normal_certificate_thumbprint(header.get("x5t#S256")) or "",
        header=header,
        payload=_json_object(parts[1], "payload"),
        signing_input=f"{parts[0]}.{parts[1]}".encode(),
        signature=_decode(parts[2]),
    )


def verifies(jws: Jws, key: keys.PublicKey) -> bool:
    """True when ``key`` made this signature by an algorithm that fits the key."""
    algorithm = keys.ALGORITHMS.get(jws.algorithm)
    if algorithm is None:
        return False
    return keys.verifies(jws.signature, jws.signing_input, key, algorithm)


def sign(
    payload: Mapping[str, JsonValue], key: keys.SigningKey, thumbprint: str, *, kind: str = ""
) -> str:
    """A compact JWS over the canonical payload; the key decides the algorithm.

    ``kind`` is its ``typ``, for what is no contract or token of FSC. Source: RFC 8725, 3.11.
    """
    algorithm = keys.algorithm_of(key)
    header: dict[str, JsonValue] = {"alg": algorithm.name, "x5t#S256": thumbprint}
    if kind:
        header["typ"] = kind
    signing_input = f"{_encode(canonical(header))}.{_encode(canonical(payload))}"
    return f"{signing_input}.{_encode(keys.sign(signing_input.encode(), key, algorithm))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    if len(part) % 4 == 1:
        raise InvalidValue("a part of the JWS is not base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json_object(part: str, name: str) -> Mapping[str, JsonValue]:
    try:
        value = loads(_decode(part), max_bytes=MAX_CHARACTERS)
    except InvalidJson as error:
        raise InvalidValue(f"the JWS {name} is not JSON: {error}") from None
    if not isinstance(value, Mapping):
        raise InvalidValue(f"the JWS {name} is not a JSON object")
    return value
