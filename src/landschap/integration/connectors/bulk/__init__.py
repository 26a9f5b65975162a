# SPDX-License-Identifier: EUPL-1.2
"""Carrying out an extract: sources read whole, an engine in a process of its own, a file."""
