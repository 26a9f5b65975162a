# SPDX-License-Identifier: EUPL-1.2
"""The desk of open data: a permit of its own making, for open properties and for reading only.

No header of a client is looked at for it. The registers of this desk are open views, so the permit
can not hold what is closed even when it tried.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from landschap.platform.ids import uuid7
from landschap.purposes.model import HISTORY
from landschap.purposes.permit import LIFETIME, Permit
from landschap.registers.api.cases import AnyRequest, Case, Deps
from landschap.registers.api.desk import Desk
from landschap.registers.models import ObjectType, Registers
from landschap.registers.open.view import open_view, refuse_closed
from landschap.vocabulary.problems import ProblemError


class OpenDesk(Desk):
    """Questions of anybody. ``deps.registers`` are the whole registers."""

    def __init__(self, deps: Deps) -> None:
        self.whole = deps.registers
        super().__init__(replace(deps, registers=open_view(deps.registers)))
        types = [kind for each in self.registers.by_name.values() for kind in each.types.values()]
        # Types of one view may lead to each other; each of them has only its open properties.
        self._fields = tuple(sorted({path for kind in types for path in kind.paths()}))
        self._searchable = tuple(sorted({p for kind in types for p in kind.searchable_paths()}))

    @property
    def registers(self) -> Registers:
        """The open views."""
        return self.deps.registers

    def permit(
        self,
        register: str,
        request: AnyRequest,
        now: datetime,
        *,
        obeys: bool = False,  # noqa: ARG002
        looks_up: bool = False,  # noqa: ARG002
    ) -> Permit:
        """Reading of what is open, for whoever asks."""
        return Permit(
            transaction_id=uuid7(),
            service=register,
            method=request.method,
            target=request.url.path,
            peer="",
            purpose="",
            policy="",
            snapshot="",
            activity="",
            activity_version=0,
            fields=self._fields,
            searchable=self._searchable,
            history=HISTORY,
            expires_at=now + LIFETIME,
        )

    def case(self, kind: ObjectType, request: AnyRequest, **more: Any) -> Case:
        """A question about what is open; what names something closed is told so. Raises
        ProblemError.
        """
        whole = self.whole.type(kind.register, kind.name)
        refusal = refuse_closed(whole, kind, dict(request.query_params))
        if refusal is not None:
            raise ProblemError(refusal)
        return super().case(kind, request, **more)
