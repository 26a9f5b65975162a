# SPDX-License-Identifier: EUPL-1.2
"""Corrections and who must hear of them: the log and the two time axes of a register together."""
