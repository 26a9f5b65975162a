# SPDX-License-Identifier: EUPL-1.2
"""What a law asks, as data, and what our own rooms can show of it."""
