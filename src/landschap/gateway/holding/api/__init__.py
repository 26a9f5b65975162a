# SPDX-License-Identifier: EUPL-1.2
"""The application between the Inway and services that do not know our Permit."""

from landschap.gateway.holding.api.app import HoldApp, HoldDeps

__all__ = ["HoldApp", "HoldDeps"]
