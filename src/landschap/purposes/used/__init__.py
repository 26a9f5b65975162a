# SPDX-License-Identifier: EUPL-1.2
"""Minimisation measured: what is granted against what is used, and a proposal to grant less."""
