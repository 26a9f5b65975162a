# SPDX-License-Identifier: EUPL-1.2
"""Develop once, use everywhere: the configuration of one organisation as one signed file."""
