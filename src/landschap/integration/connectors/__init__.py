# SPDX-License-Identifier: EUPL-1.2
"""The doors to sources: registers of ours, REST services of others, rows in memory.

A new kind of source is one class with ``rows(question)`` and one line in `doors`.
"""
