# SPDX-License-Identifier: EUPL-1.2
"""A contract outside FSC, named in a grant: for a delegator that has no Manager of its own.

A plain connection or publication grant may hold a reference to an agreement that was made outside
FSC, in which somebody lets the peer act in its name. Nobody in FSC signs for that somebody, so who
receives such a contract looks outside FSC whether it exists, authorises the peer, is of that
somebody, and covers the service; if not, the contract is rejected.

| grant | property |
| --- | --- |
| connection | `delegation.connection.external_contract_reference` |
| publication | `delegation.publication.external_contract_reference` |

The value is ``{"reference": ..., "delegator_id": ..., "delegator_name": ...}``, all three texts.
Source: FSC External Contract Reference 1.0.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.fsc.grants import Grant, GrantType
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

PROPERTIES: Mapping[GrantType, str] = {
    GrantType.CONNECTION: "delegation.connection.external_contract_reference",
    GrantType.PUBLICATION: "delegation.publication.external_contract_reference",
}
_MEMBERS = ("reference", "delegator_id", "delegator_name")
_MAX_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalReference:
    """What a peer says of an agreement that FSC does not hold."""

    reference: str
    delegator_id: str
    delegator_name: str

    @classmethod
    def of(cls, *, reference: str, delegator_id: str, delegator_name: str) -> ExternalReference:
        """The reference in these texts. Raises InvalidValue."""
        texts = {
            "reference": reference, "delegator_id": delegator_id, "delegator_name": delegator_name,
        }  # fmt: skip
        for name, text in texts.items():
            if not 1 <= len(text) <= _MAX_CHARACTERS or not text.isprintable() or '"' in text:
                raise InvalidValue(
                    f"{name} of an external contract reference is not a text of 1 to "
                    f"{_MAX_CHARACTERS} printable characters without double quote"
                )
        return cls(**texts)

    def as_property(self) -> dict[str, JsonValue]:
        """The value for the grant property."""
        return {
            "reference": self.reference,
            "delegator_id": self.delegator_id,
            "delegator_name": self.delegator_name,
        }


def external_reference(grant: Grant) -> ExternalReference | None:
    """The reference in a grant, None when it has none.

    Raises InvalidValue for one that is malformed, or stands in a grant of a type that has none.
    """
    own = PROPERTIES.get(grant.type)
    for name in PROPERTIES.values():
        if name in grant.properties and name != own:
            raise InvalidValue(f"property {name} does not belong in a grant of type {grant.type}")
    return None if own is None else read_reference(grant.properties.get(own))


def read_reference(value: JsonValue) -> ExternalReference | None:
    """The reference in this value of the property. Raises InvalidValue."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != set(_MEMBERS):
        raise InvalidValue(f"an external contract reference holds {', '.join(_MEMBERS)}")
    match tuple(value[name] for name in _MEMBERS):
        case (str() as reference, str() as delegator_id, str() as delegator_name):
            return ExternalReference.of(
                reference=reference, delegator_id=delegator_id, delegator_name=delegator_name
            )
    raise InvalidValue(f"{', '.join(_MEMBERS)} of an external contract reference are texts")


def logged_with(properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What the transaction log holds of a connection's properties: the reference, if any.

    Source: FSC External Contract Reference, "Transaction log" (``additional_data``).
    """
    name = PROPERTIES[GrantType.CONNECTION]
    return {name: properties[name]} if name in properties else {}
