# SPDX-License-Identifier: EUPL-1.2
"""A register as the one document that is hashed: equal registers give equal bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from landschap.purposes.model import Register
from landschap.purposes.versions import without_absent


def document_of(register: Register) -> dict[str, object]:
    """The register as plain JSON, everything in a fixed order, so that order in files is free."""
    plain: dict[str, Any] = msgspec.to_builtins(_sorted(register))
    without_absent(plain)
    # Absent means no: so a register without these keeps the version it always had.
    for scheme in plain["schemes"]:
        if not scheme["version"]:
            del scheme["version"]
    for policy in plain["policies"]:
        if not policy["delegable"]:
            del policy["delegable"]
        for name in _NEW_IN_POLICY:
            if not policy[name]:
                del policy[name]
    for service in plain["services"]:
        if service["confidential"] is None:
            del service["confidential"]
        if not service["derived"]:
            del service["derived"]
    for name in ("decrees", "compatibilities"):
        if not plain[name]:
            del plain[name]
    return plain


_NEW_IN_POLICY = ("history", "rows", "needs", "despite", "obligations", "receiver", "decree")


def _sorted(register: Register) -> Register:
    return Register(
        owner=register.owner,
        schemes=tuple(sorted(register.schemes, key=lambda x: x.uri)),
        purposes=tuple(sorted(register.purposes, key=lambda x: (x.uri, x.version))),
        legal_bases=tuple(sorted(register.legal_bases, key=lambda x: x.id)),
        activities=tuple(sorted(register.activities, key=lambda x: (x.uri, x.version))),
        services=tuple(sorted(register.services, key=lambda x: (x.provider, x.name))),
        field_sets=tuple(sorted(register.field_sets, key=lambda x: (x.id, x.version))),
        groups=tuple(sorted(register.groups, key=lambda x: x.name)),
        policies=tuple(sorted(register.policies, key=lambda x: x.id)),
        decrees=tuple(sorted(register.decrees, key=lambda x: x.id)),
        compatibilities=tuple(sorted(register.compatibilities, key=lambda x: x.id)),
    )
