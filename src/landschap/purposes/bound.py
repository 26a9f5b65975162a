# SPDX-License-Identifier: EUPL-1.2
"""The outer bound of a connection: the grant property ``processing.purpose_limitation``.

Two organisations write in their contract for which purposes, on which grounds and with which
fields a connection may be used. Contract, provider's policy and declaration must all hold; the
bound never permits by itself. Activities do not stand in it: they do not cross organisations.
Source: AVG art. 5 lid 1 sub b; FSC Core, "Properties"; house extension, documented for the Group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from landschap.purposes.model import ACTIONS, LEGAL_BASES, FieldSet
from landschap.vocabulary.ijson import InvalidJson, JsonValue, canonical
from landschap.vocabulary.problems import Fault, Refusal

PROPERTY = "processing.purpose_limitation"
MAX_BYTES = 2048
_KEYS = {"v", "purposes", "legal_bases", "actions", "field_set", "onward"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What the contract allows at most; without a field set it leaves the fields to policy.

    ``onward``: the provider may ask a third party, to answer, for another purpose than it was asked
    for, when a test of compatibility says so. For the same or a narrower one it always may.
    """

    purposes: tuple[str, ...]
    legal_bases: tuple[str, ...]
    actions: tuple[str, ...]
    field_set: str = ""
    field_set_digest: str = ""
    onward: bool = False

    @classmethod
    def of(
        cls,
        *,
        purposes: tuple[str, ...],
        legal_bases: tuple[str, ...],
        actions: tuple[str, ...] = ("raadplegen",),
        field_set: FieldSet | None = None,
        onward: bool = False,
    ) -> Bound:
        """The bound a proposer writes; the field set goes in with its digest."""
        return cls(
            purposes=purposes,
            legal_bases=legal_bases,
            actions=actions,
            field_set=field_set.key if field_set else "",
            field_set_digest=field_set.digest if field_set else "",
            onward=onward,
        )

    def as_property(self) -> dict[str, JsonValue]:
        """The value for ``properties`` of a grant, under the key `PROPERTY`."""
        value: dict[str, JsonValue] = {
            "v": 1,
            "purposes": list(self.purposes),
            "legal_bases": list(self.legal_bases),
            "actions": list(self.actions),
            "onward": self.onward,
        }
        if self.field_set:
            name, _, version = self.field_set.rpartition("@")
            value["field_set"] = {"id": name, "version": version, "digest": self.field_set_digest}
        return value


def read_bound(properties: Mapping[str, JsonValue]) -> Bound | Refusal | None:
    """The bound in a grant's properties (claim ``prp``), None when there is none.

    What is not understood is refused, because reading half a bound would widen it.
    """
    value = properties.get(PROPERTY)
    if value is None:
        return None
    try:
        return _read(value)
    except _BadBound as error:
        return Refusal(
            code="contract_bound_invalid",
            status=403,
            title="The purpose bound of the contract can not be used",
            detail=f"Property {PROPERTY} of the grant: {error}.",
            missing="a readable purpose bound in the contract",
            owner="both organisations, by signing a new contract",
            fault=Fault.PEER,
        )


class _BadBound(ValueError):
    pass


def _read(value: JsonValue) -> Bound:
    if not isinstance(value, Mapping):
        raise _BadBound("is not an object")
    if unknown := sorted(set(value) - _KEYS):
        raise _BadBound(f"unknown key {unknown[0]!r}")
    if value.get("v") != 1 or value.get("v") is True:
        raise _BadBound("only version 1 is understood")
    onward = value.get("onward", False)
    if not isinstance(onward, bool):
        raise _BadBound("onward is true or false")
    if _size(value) > MAX_BYTES:
        raise _BadBound(f"larger than {MAX_BYTES} bytes")
    name, digest = _field_set(value.get("field_set"))
    return Bound(
        purposes=_names(value, "purposes", None),
        legal_bases=_names(value, "legal_bases", LEGAL_BASES),
        actions=_names(value, "actions", ACTIONS),
        field_set=name,
        field_set_digest=digest,
        onward=onward,
    )


def _names(
    value: Mapping[str, JsonValue], key: str, known: tuple[str, ...] | None
) -> tuple[str, ...]:
    names = value.get(key)
    if not isinstance(names, list | tuple) or not names:
        raise _BadBound(f"{key} must be a list with at least one name")
    if not all(isinstance(name, str) for name in names):
        raise _BadBound(f"{key} must hold texts")
    texts = cast("tuple[str, ...]", tuple(names))
    if known is not None and (strange := [name for name in texts if name not in known]):
        raise _BadBound(f"{key} names {strange[0][:80]!r}, which is not on the list")
    return texts


def _field_set(value: JsonValue) -> tuple[str, str]:
    if value is None:
        return "", ""
    if not isinstance(value, Mapping) or set(value) != {"id", "version", "digest"}:
        raise _BadBound("field_set must hold id, version and digest")
    parts = [value["id"], value["version"], value["digest"]]
    if not all(isinstance(part, str) and part for part in parts):
        raise _BadBound("id, version and digest of field_set must be texts")
    return f"{parts[0]}@{parts[1]}", str(parts[2])


def _size(value: JsonValue) -> int:
    try:
        return len(canonical(value))
    except InvalidJson as error:
        raise _BadBound(str(error)) from None
