# SPDX-License-Identifier: EUPL-1.2
"""Verifying the log because an officer asked: kept as a row, carried out by the worker."""
