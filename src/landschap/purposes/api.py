# SPDX-License-Identifier: EUPL-1.2
"""The Permit at the door of one of our own services: opened the same way by all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from litestar import Request

from landschap.purposes.model import FieldSet
from landschap.purposes.permit import HEADER, Permit, open_permit
from landschap.vocabulary.problems import granted


class Opener(Protocol):
    """With what a Permit is opened: the keys of this organisation and its field sets."""

    @property
    def permit_key(self) -> bytes:
        """The key, when it does not change while this process runs."""

    @property
    def permit_keys(self) -> Callable[[], Sequence[bytes]] | None:
        """The keys of this moment, in place of the one."""

    @property
    def field_sets(self) -> Callable[[], Mapping[str, FieldSet]]:
        """The field sets by key, for Permits that name one."""


def permit_of(
    request: Request[Any, Any, Any], opener: Opener, service: str, now: datetime
) -> Permit:
    """The Permit that came with a request, for this very question. Raises ProblemError."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"]
    return granted(
        open_permit(
            request.headers.get(HEADER, ""),
            opener.permit_keys() if opener.permit_keys else opener.permit_key,
            now=now,
            method=request.method,
            target=path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else ""),
            service=service,
            field_sets=opener.field_sets(),
        )
    )
