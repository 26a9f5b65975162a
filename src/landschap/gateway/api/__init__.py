# SPDX-License-Identifier: EUPL-1.2
"""The decider: a process that nginx asks about every question at Inway and Outway."""

from landschap.gateway.api.decider import run_decider

__all__ = ["run_decider"]
