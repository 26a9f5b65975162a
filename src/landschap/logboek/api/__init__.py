# SPDX-License-Identifier: EUPL-1.2
"""The processing log as a service of our own, on a listener of its own.

    writing     lines of other applications of this organisation, as JSON or by OTLP
    reading     lines, for an auditor and for the person they are about

Each module gives its routes; `log_app` makes one application of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from landschap.platform.http import AppShape, make_app

if TYPE_CHECKING:
    from litestar.types import ASGIApp, ControllerRouterHandler

MAX_BODY_BYTES = 4_000_000
VERSION = "1.0.0"


def log_app(routes: Sequence[ControllerRouterHandler]) -> ASGIApp:
    """The application that serves these routes."""
    return make_app(
        routes, AppShape(title="Logboek", version=VERSION, max_body_bytes=MAX_BODY_BYTES)
    )
