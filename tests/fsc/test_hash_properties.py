# SPDX-License-Identifier: EUPL-1.2
"""Canonical JSON and hashes, held against a second, plain implementation of the standards.

The second one walks the received tree and shares nothing with ours: RFC 8785 by its own words,
and the two generations of hashes as FSC Core describes them.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.fsc import drawn

from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.vocabulary.ijson import canonical, loads
from landschap.vocabulary.problems import Refusal

# A busy machine is no reason to fail.
calm = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
# Grant type and hash type are not the same number. Source: FSC Core, "Types".
NUMBERS = {
    "GRANT_TYPE_SERVICE_PUBLICATION": (1, 2),
    "GRANT_TYPE_SERVICE_CONNECTION": (2, 3),
    "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION": (3, 4),
    "GRANT_TYPE_DELEGATED_SERVICE_PUBLICATION": (4, 5),
}
SERVICE_NUMBERS = {"SERVICE_TYPE_SERVICE": 1, "SERVICE_TYPE_DELEGATED_SERVICE": 2}
SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(value: Any) -> str:
    """RFC 8785 as it is written, without a library."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return plain_number(value)
        case str():
            return '"' + "".join(map(plain_sign, value)) + '"'
        case list():
            return "[" + ",".join(map(plain, value)) + "]"
        case _:
            ordered = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{plain(key)}:{plain(value[key])}" for key in ordered) + "}"


def plain_sign(sign: str) -> str:
    if sign in SHORT:
        return SHORT[sign]
    return f"\\u{ord(sign):04x}" if sign < " " else sign


def plain_number(number: float) -> str:
    """Number::toString of ECMAScript, step by step."""
    if number == 0:
        return "0"
    if number < 0:
        return f"-{plain_number(-number)}"
    _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    k, n = len(text), len(text) + exponent
    if k <= n <= 21:
        return text + "0" * (n - k)
    if 0 < n <= 21:
        return f"{text[:n]}.{text[n:]}"
    if -6 < n <= 0:
        return f"0.{'0' * -n}{text}"
    fraction = f".{text[1:]}" if k > 1 else ""
    return f"{text[0]}{fraction}e{n - 1:+d}"


def written(kind: int, message: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha3_512(message).digest()).decode().rstrip("=")
    return f"$1${kind}${digest}"


def plain_second(tree: dict[str, Any]) -> tuple[str, list[str]]:
    """Content hash and grant hashes of the second generation."""
    content_hash = written(1, plain(tree).encode())
    return content_hash, [
        written(
            NUMBERS[grant["data"]["type"]][1],
            content_hash.encode() + plain(grant["data"]).encode(),
        )
        for grant in tree["grants"]
    ]


def plain_first(tree: dict[str, Any]) -> tuple[str, list[str]]:
    """Content hash and grant hashes of the first generation."""
    begin = tree["group_id"].encode() + UUID(tree["iv"]).bytes
    hashes = [plain_first_grant(begin, grant["data"]) for grant in tree["grants"]]
    validity = tree["validity"]
    times = (validity["not_before"], validity["not_after"], tree["created_at"])
    numbers = b"".join(moment.to_bytes(8, "little", signed=True) for moment in times)
    return written(1, begin + numbers + "".join(sorted(hashes)).encode()), hashes


def plain_first_grant(begin: bytes, data: dict[str, Any]) -> str:
    number, kind = NUMBERS[data["type"]]
    service = data["service"]
    message = begin + struct.pack("<i", number)
    if "directory" in data:
        texts = [data["directory"]["peer_id"], service["peer_id"], service["name"]]
        message += "".join([*texts, service["protocol"]]).encode()
    else:
        outway = data["outway"]
        known = outway.get("identification", outway)
        by = known.get("domain_name") or known["public_key_thumbprint"]
        message += (outway["peer_id"] + by).encode()
        message += struct.pack("<i", SERVICE_NUMBERS[service["type"]])
        message += (service["peer_id"] + service["name"]).encode()
        message += service.get("delegator", {"peer_id": ""})["peer_id"].encode()
    message += data.get("delegator", {"peer_id": ""})["peer_id"].encode()
    if data.get("properties"):
        message += hashlib.sha3_512(plain(data["properties"]).encode()).digest()
    return written(kind, message)


def read(tree: dict[str, Any], profile: Profile) -> Contract:
    contract = read_contract(tree, profile)
    assert not isinstance(contract, Refusal), contract
    return contract


def hashes(contract: Contract) -> tuple[str, list[str]]:
    return contract.hash.value, [each.hash.value for each in contract.grants]


@calm
@given(drawn.JSON)
def test_canonical_json_is_that_of_the_library_and_that_of_the_standards_words(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value) == plain(value).encode()


@calm
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_written_as_ecmascript_writes_it(number: float) -> None:
    assert canonical(number).decode() == plain_number(number)
    assert float(canonical(number)) == number


# The table of RFC 8785, appendix B: the bits of a double, and how it is written.
@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        (0xFFEFFFFFFFFFFFFF, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xC340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44B52D02C7E14AF5, "9.999999999999997e+22"),
        (0x44B52D02C7E14AF6, "1e+23"),
        (0x44B52D02C7E14AF7, "1.0000000000000001e+23"),
        (0x444B1AE4D6E2EF4E, "999999999999999700000"),
        (0x444B1AE4D6E2EF4F, "999999999999999900000"),
        (0x444B1AE4D6E2EF50, "1e+21"),
        (0x3EB0C6F7A0B5ED8C, "9.999999999999997e-7"),
        (0x3EB0C6F7A0B5ED8D, "0.000001"),
        (0x41B3DE4355555553, "333333333.3333332"),
        (0x41B3DE4355555554, "333333333.33333325"),
        (0x41B3DE4355555555, "333333333.3333333"),
        (0x41B3DE4355555556, "333333333.3333334"),
        (0x41B3DE4355555557, "333333333.33333343"),
        (0xBECBF647612F3696, "-0.0000033333333333333333"),
        (0x43143FF3C1CB0959, "1424953923781206.2"),
    ],
)
def test_the_numbers_that_the_standard_prints(bits: int, expected: str) -> None:
    (number,) = struct.unpack(">d", bits.to_bytes(8))
    assert canonical(number).decode() == plain_number(number) == expected


@calm
@given(drawn.contents(members=True))
def test_second_generation_hashes_are_those_of_a_plain_implementation(tree: Any) -> None:
    assert hashes(read(tree, Profile.FSC_2)) == plain_second(tree)


@calm
@given(drawn.contents())
def test_first_generation_hashes_are_those_of_a_plain_implementation(tree: Any) -> None:
    assert hashes(read(tree, Profile.FSC_1_1)) == plain_first(tree)


@pytest.mark.parametrize("profile", Profile)
@calm
@given(tree=drawn.contents(), data=st.data())
def test_every_changed_field_gives_another_content_hash(
    profile: Profile, tree: Any, data: st.DataObject
) -> None:
    path, values = data.draw(st.sampled_from(list(drawn.fields(tree))))
    value = data.draw(values)
    # The same value for the standard: 1.0 and 1 are one number.
    assume(plain(value) != plain(drawn.at(tree, path)))
    before, after = read(tree, profile), read(drawn.changed(tree, path, value), profile)
    assert before.hash != after.hash
    if path[0] == "grants":
        number = int(path[1])
        assert before.grants[number].hash != after.grants[number].hash
    elif profile is Profile.FSC_2 or path[0] in ("iv", "group_id"):
        # A grant hash names one grant in one contract.
        assert not {g.hash for g in before.grants} & {g.hash for g in after.grants}


@pytest.mark.parametrize("profile", Profile)
@calm
@given(tree=drawn.contents())
def test_the_order_of_keys_changes_no_hash(profile: Profile, tree: Any) -> None:
    assert hashes(read(tree, profile)) == hashes(read(drawn.turned(tree), profile))


@pytest.mark.parametrize("profile", Profile)
@calm
@given(tree=drawn.contents())
def test_hashes_survive_a_journey_as_text(profile: Profile, tree: Any) -> None:
    contract = read(tree, profile)
    arrived = loads(contract.canonical)
    assert isinstance(arrived, dict)
    assert hashes(read(arrived, profile)) == hashes(contract)


@calm
@given(tree=drawn.contents())
def test_the_first_generation_does_not_look_at_the_order_of_grants(tree: Any) -> None:
    other = tree | {"grants": tree["grants"][::-1]}
    first = read(tree, Profile.FSC_1_1), read(other, Profile.FSC_1_1)
    assert first[0].hash == first[1].hash
    second = read(tree, Profile.FSC_2), read(other, Profile.FSC_2)
    assert (second[0].hash == second[1].hash) == (len(tree["grants"]) == 1)
