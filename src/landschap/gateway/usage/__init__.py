# SPDX-License-Identifier: EUPL-1.2
"""Granted against used, from the rooms that know: register, contracts and log."""
