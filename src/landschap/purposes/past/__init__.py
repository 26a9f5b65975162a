# SPDX-License-Identifier: EUPL-1.2
"""Decisions of the past: read from their record, taken again, and compared with another moment."""
