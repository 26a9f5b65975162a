# SPDX-License-Identifier: EUPL-1.2
"""The catalogues of others, gathered by ourselves: through the door, as one that asks."""
