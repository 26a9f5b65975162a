# SPDX-License-Identifier: EUPL-1.2
"""The nouns every room shares. Pure: no sockets, files, clocks, randomness or environment."""
