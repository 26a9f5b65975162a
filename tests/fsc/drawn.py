# SPDX-License-Identifier: EUPL-1.2
"""Contents of contracts by chance, and each of their fields with other values it may have."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from landschap.fsc.grants import SERVICE_NAME
from landschap.vocabulary.ijson import MAX_SAFE_INTEGER

Path = tuple[str | int, ...]
Field = tuple[Path, st.SearchStrategy[Any]]

# Letters of several alphabets, signs that JSON escapes, and one beyond the first 65,536.
TEXT = st.text(st.sampled_from(string.printable + "éßЖ漢\u2028\U0001f600\x7f\x00"), max_size=12)
# A whole number that a double holds but I-JSON does not promise is refused when it is read.
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not MAX_SAFE_INTEGER < abs(number) < 1e21
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
PEERS = st.text("0123456789", min_size=20, max_size=20) | st.text("abcé09-", min_size=1, max_size=8)
NAMES = st.from_regex(SERVICE_NAME, fullmatch=True)
THUMBPRINTS = st.text("0123456789abcdef", min_size=64, max_size=64)
DOMAINS = st.from_regex(r"[a-z][a-z0-9]{0,8}\.[a-z]{2,4}", fullmatch=True)
GROUPS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PROTOCOLS = st.sampled_from(["PROTOCOL_TCP_HTTP_1.1", "PROTOCOL_TCP_HTTP_2"])
PROPERTIES = st.dictionaries(TEXT, JSON, min_size=1, max_size=3)
BEGINS, MOMENTS = st.integers(0, 10**9), st.integers(0, 4 * 10**9)
ENDS = st.integers(10**9 + 1, 4 * 10**9)


@st.composite
def publications(draw: Callable[..., Any], *, delegated: bool) -> dict[str, Any]:
    """A publication grant."""
    data = {
        "type": f"GRANT_TYPE_{'DELEGATED_' * delegated}SERVICE_PUBLICATION",
        "directory": {"peer_id": draw(PEERS)},
        "service": {"peer_id": draw(PEERS), "name": draw(NAMES), "protocol": draw(PROTOCOLS)},
    }
    if delegated:
        data["delegator"] = {"peer_id": draw(PEERS)}
    return {"data": _with_properties(draw, data)}


@st.composite
def connections(draw: Callable[..., Any]) -> dict[str, Any]:
    """A connection grant of any kind, its outway known in any of the three ways."""
    how = draw(st.sampled_from(["plain", "key", "domain"]))
    outway: dict[str, Any] = {"peer_id": draw(PEERS)}
    kind = "OUTWAY_IDENTIFICATION_TYPE_"
    if how == "plain":
        outway["public_key_thumbprint"] = draw(THUMBPRINTS)
    elif how == "key":
        outway["identification"] = {
            "type": f"{kind}PUBLIC_KEY_THUMBPRINT",
            "public_key_thumbprint": draw(THUMBPRINTS),
        }
    else:
        outway["identification"] = {"type": f"{kind}DOMAIN_NAME", "domain_name": draw(DOMAINS)}
    service = {"type": "SERVICE_TYPE_SERVICE", "peer_id": draw(PEERS), "name": draw(NAMES)}
    if draw(st.booleans()):
        service |= {
            "type": "SERVICE_TYPE_DELEGATED_SERVICE",
            "delegator": {"peer_id": draw(PEERS)},
        }
    data = {"type": "GRANT_TYPE_SERVICE_CONNECTION", "outway": outway, "service": service}
    if draw(st.booleans()):
        data |= {
            "type": "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION",
            "delegator": {"peer_id": draw(PEERS)},
        }
    return {"data": _with_properties(draw, data)}


@st.composite
def contents(draw: Callable[..., Any], *, members: bool = False) -> dict[str, Any]:
    """A whole content; with ``members`` also members that no version of the standard knows."""
    kind = draw(
        st.sampled_from(
            [connections(), publications(delegated=False), publications(delegated=True)]
        )
    )
    tree = {
        "fsc_version": "2.0.0",
        "iv": str(draw(st.uuids())),
        "group_id": draw(GROUPS),
        "validity": {"not_before": draw(BEGINS), "not_after": draw(ENDS)},
        "grants": draw(st.lists(kind, min_size=1, max_size=3, unique_by=_text)),
        "hash_algorithm": "HASH_ALGORITHM_SHA3_512",
        "created_at": draw(MOMENTS),
    }
    if members:
        more = draw(st.dictionaries(TEXT.map(lambda text: f"x-{text}"), JSON, max_size=2))
        tree |= more
    return tree


def fields(tree: dict[str, Any]) -> Iterator[Field]:
    """Every field that both generations hash, with the values it may have."""
    yield ("group_id",), GROUPS
    yield ("iv",), st.uuids().map(str)
    yield ("validity", "not_before"), BEGINS
    yield ("validity", "not_after"), ENDS
    yield ("created_at",), MOMENTS
    for number, grant in enumerate(tree["grants"]):
        data = grant["data"]
        here: Path = ("grants", number, "data")
        yield (*here, "service", "peer_id"), PEERS
        yield (*here, "service", "name"), NAMES
        for holder in ("directory", "delegator", "outway"):
            if holder in data:
                yield (*here, holder, "peer_id"), PEERS
        if "protocol" in data["service"]:
            yield (*here, "service", "protocol"), PROTOCOLS
        if "delegator" in data["service"]:
            yield (*here, "service", "delegator", "peer_id"), PEERS
        if "outway" in data:
            yield _outway(here, data["outway"])
        if "properties" in data:
            yield (*here, "properties"), PROPERTIES


def changed(tree: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The tree with one value replaced."""
    made = copy.deepcopy(tree)
    holder: Any = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return made


def at(tree: dict[str, Any], path: Path) -> Any:
    """The value at a path."""
    value: Any = tree
    for step in path:
        value = value[step]
    return value


def turned(value: Any) -> Any:
    """The same value with the keys of every object in the other order."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    if isinstance(value, list):
        return [turned(inner) for inner in value]
    return value


def _outway(here: Path, outway: dict[str, Any]) -> Field:
    place: Path = (*here, "outway")
    if "identification" in outway:
        place = (*place, "identification")
    known = at({"o": outway}, ("o", *place[len(here) + 1 :]))
    if "domain_name" in known:
        return (*place, "domain_name"), DOMAINS
    return (*place, "public_key_thumbprint"), THUMBPRINTS


def _with_properties(draw: Callable[..., Any], data: dict[str, Any]) -> dict[str, Any]:
    if draw(st.booleans()):
        data["properties"] = draw(PROPERTIES)
    return data


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
