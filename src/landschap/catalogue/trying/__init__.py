# SPDX-License-Identifier: EUPL-1.2
"""Trying an API out: which fields, by which contract, for which purpose, and what may be sent."""
