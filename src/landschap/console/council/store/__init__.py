# SPDX-License-Identifier: EUPL-1.2
"""Counting a quarter, and keeping what was made of it."""
