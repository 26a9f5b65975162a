# SPDX-License-Identifier: EUPL-1.2
"""How organisations agree: contracts, hashes, signatures, tokens, directory, Manager."""
