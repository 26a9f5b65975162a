# SPDX-License-Identifier: EUPL-1.2
"""Asking for access to an API: what can be asked, the contract it becomes, and how far it is."""
